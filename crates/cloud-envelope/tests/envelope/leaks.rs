//! Neither data nor keys nor the encryption context appear in errors, logs or `Debug`.

use cloud_core::ErrorCategory;
use cloud_core::testing::assert_no_leak_async;
use cloud_envelope::{DataKey, DataKeySource as _};

use crate::source::{Mood, builder, small_frames, source};

const CANARY: &str = "canary-of-the-envelope";

#[tokio::test]
async fn nothing_shows_data_or_context() {
    assert_no_leak_async(CANARY, || async {
        let source = source();
        let sealer = small_frames(&source);
        let context = [("table", CANARY), (CANARY, "x")];
        let message = sealer.seal(CANARY, &context).await.unwrap();
        let opened = sealer.open(&message).await.unwrap();
        let mut shown = vec![format!("{opened:?} {sealer:?} {:?}", builder(&source))];
        for place in [0, 2, 10, 40, 60, 120, message.len() - 20, message.len() - 1] {
            let mut forged = message.clone();
            forged[place] ^= 1;
            let error = sealer.open(&forged).await.unwrap_err();
            shown.push(format!("{error} {error:?}"));
        }
        let error = sealer.open_expecting(&message, &[(CANARY, CANARY)]).await.unwrap_err();
        shown.push(format!("{error} {error:?}"));
        let error = sealer.seal(CANARY, &[(CANARY, "1"), (CANARY, "2")]).await.unwrap_err();
        shown.push(format!("{error} {error:?}"));
        source.set(Mood::Refuses(ErrorCategory::Denied));
        sealer.invalidate("key-1");
        let error = sealer.open(&message).await.unwrap_err();
        shown.push(format!("{error} {error:?}"));
        shown
    })
    .await;
}

#[tokio::test]
async fn data_key_does_not_show_itself() {
    let key = DataKey::new(CANARY.as_bytes().to_vec(), b"wrapped".to_vec());
    assert!(!format!("{key:?}").contains(CANARY));
    let made = source().generate().await.unwrap().unwrap();
    assert!(!format!("{made:?}").contains("1, 1, 1"));
}

//! Properties of all messages, and of all bytes that are not messages.

use std::collections::BTreeMap;

use cloud_envelope::Sealer;
use proptest::prelude::*;

use crate::source::{builder, source};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn sealer(frame_length: u32) -> Sealer {
    builder(&source()).frame_length(frame_length).build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_sealed_is_opened(
        data in proptest::collection::vec(any::<u8>(), 0..2_000),
        context in proptest::collection::btree_map("[^a].{0,20}", ".{0,20}", 0..8),
        frame_length in 1_u32..500,
    ) {
        let context: BTreeMap<String, String> = context;
        let pairs: Vec<_> = context.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let sealer = sealer(frame_length);
        let (opened, streamed) = run(async {
            let message = sealer.seal(&data, &pairs).await.unwrap();
            let mut streamed = Vec::new();
            sealer.open_stream(message.as_slice(), &mut streamed).await.unwrap();
            (sealer.open(&message).await.unwrap(), streamed)
        });
        prop_assert_eq!(opened.data.expose_secret(), &data);
        prop_assert_eq!(streamed, data);
        prop_assert_eq!(opened.context.iter().collect::<Vec<_>>(), pairs);
    }

    #[test]
    fn other_bytes_are_an_error(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), begins in any::<bool>()) {
        if begins && bytes.len() > 3 {
            bytes[..3].copy_from_slice(&[2, 4, 0x78]);
        }
        let sealer = sealer(16);
        run(async {
            assert!(sealer.open(&bytes).await.is_err());
            let mut written = Vec::new();
            assert!(sealer.open_stream(bytes.as_slice(), &mut written).await.is_err());
            assert!(written.is_empty());
        });
    }

    /// Pieces of genuine messages, in any order, are not another message.
    #[test]
    fn pieces_of_messages_are_an_error(cuts in proptest::collection::vec((any::<bool>(), 0_usize..400, 0_usize..400), 1..6)) {
        let sealer = sealer(16);
        run(async {
            let data = [[b'a'; 60], [b'b'; 60]];
            let messages = [sealer.seal(data[0], &[]).await.unwrap(), sealer.seal(data[1], &[]).await.unwrap()];
            let mut bytes = Vec::new();
            for (which, start, end) in cuts {
                let message = &messages[usize::from(which)];
                bytes.extend_from_slice(message.get(start..end.min(message.len())).unwrap_or_default());
            }
            match sealer.open(&bytes).await {
                Ok(opened) => assert!(data.iter().any(|data| opened.data.expose_secret() == data)),
                Err(_) => assert!(messages.iter().all(|message| *message != bytes)),
            }
        });
    }
}

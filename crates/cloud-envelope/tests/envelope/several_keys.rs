//! Messages whose data key several services have wrapped.

use cloud_core::ErrorCategory;
use cloud_envelope::{ErrorKind, Sealer};

use crate::source::{CONTEXT, Mood, Source, builder};

fn two() -> (Source, Source) {
    (Source::new("seoul", "key-1", true), Source::new("busan", "key-2", false))
}

#[tokio::test]
async fn any_one_of_the_keys_opens_a_message() {
    let (one, other) = two();
    for sources in [[&one, &other], [&other, &one]] {
        let both = builder(sources[0]).also(sources[1].clone()).build().unwrap();
        let message = both.seal("data", CONTEXT).await.unwrap();
        for source in [&one, &other] {
            let opened = builder(source).build().unwrap().open(&message).await.unwrap();
            assert_eq!(opened.data.expose_secret(), b"data");
        }
        let stranger = builder(&Source::new("seoul", "key-3", true)).build().unwrap();
        assert_eq!(stranger.open(&message).await.unwrap_err().kind(), ErrorKind::NoKey);
    }
}

#[tokio::test]
async fn service_that_makes_no_data_keys_wraps_one_of_the_program() {
    let (_, other) = two();
    let sealer = builder(&other).build().unwrap();
    let message = sealer.seal("data", CONTEXT).await.unwrap();
    assert_eq!(other.counts(), [0, 1, 0]);
    assert_eq!(sealer.open(&message).await.unwrap().data.expose_secret(), b"data");
}

#[tokio::test]
async fn outage_of_one_service_leaves_messages_readable_but_makes_none() {
    let (one, other) = two();
    let both = || builder(&one).also(other.clone()).build().unwrap();
    let message = both().seal("data", CONTEXT).await.unwrap();
    for (down, up) in [(&one, &other), (&other, &one)] {
        down.set(Mood::IsDown);
        let sealer: Sealer = both();
        assert_eq!(sealer.open(&message).await.unwrap().data.expose_secret(), b"data");
        let error = sealer.seal("data", CONTEXT).await.unwrap_err();
        assert!(error.service_error().is_some_and(cloud_core::Error::is_transient), "{error:?}");
        // Opened by the second service once, then known.
        let before = up.counts();
        sealer.open(&message).await.unwrap();
        assert_eq!(up.counts(), before);
        down.set(Mood::Works);
    }
}

#[tokio::test]
async fn transient_error_is_preferred_to_permanent_one() {
    let (one, other) = two();
    let message = builder(&one).also(other.clone()).build().unwrap().seal("data", CONTEXT).await.unwrap();
    one.set(Mood::Refuses(ErrorCategory::Denied));
    other.set(Mood::IsDown);
    let error = builder(&one).also(other.clone()).build().unwrap().open(&message).await.unwrap_err();
    assert!(error.service_error().unwrap().is_transient());
    other.set(Mood::Refuses(ErrorCategory::NotFound));
    let error = builder(&one).also(other).build().unwrap().open(&message).await.unwrap_err();
    assert!(error.service_error().unwrap().is_denied(), "the first of those that will not");
}

#[tokio::test]
async fn refusal_of_one_key_leaves_what_the_other_has_opened() {
    let (one, other) = two();
    let of_one = builder(&one).build().unwrap().seal("one", CONTEXT).await.unwrap();
    let of_other = builder(&other).build().unwrap().seal("other", CONTEXT).await.unwrap();
    let another = builder(&one).build().unwrap().seal("another", CONTEXT).await.unwrap();
    let sealer = builder(&one).also(other.clone()).build().unwrap();
    sealer.open(&of_one).await.unwrap();
    sealer.open(&of_other).await.unwrap();
    one.set(Mood::Refuses(ErrorCategory::Conflict));
    sealer.open(&another).await.unwrap_err();
    other.set(Mood::IsDown);
    assert!(sealer.open(&of_one).await.is_err());
    assert!(sealer.open(&of_other).await.is_ok());
}

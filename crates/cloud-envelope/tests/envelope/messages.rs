//! Messages in memory: what is sealed is opened, and what the bytes are.

use cloud_envelope::{ErrorKind, Limits, Sealer};

use crate::source::{CONTEXT, builder, pattern, small_frames, source};

#[tokio::test]
async fn data_of_every_length_around_frames_is_opened_as_it_was_sealed() {
    let source = source();
    for frame_length in [1, 2, 16, 64 * 1024] {
        let sealer = builder(&source).frame_length(frame_length).build().unwrap();
        for length in [0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 1000, 65_535, 65_536, 65_537, 200_000] {
            if length / frame_length as usize > 2_000 {
                continue;
            }
            let (data, context) = (pattern(length), if length % 2 == 0 { CONTEXT } else { &[] });
            let message = sealer.seal(&data, context).await.unwrap();
            let opened = sealer.open(&message).await.unwrap();
            assert_eq!(opened.data.expose_secret(), data, "{length} bytes in frames of {frame_length}");
            assert_eq!(opened.context.len(), context.len());
            assert!(opened.context.expect(context).is_ok());
        }
    }
}

/// The places of a message's parts, as the specification's tables have them.
#[tokio::test]
async fn message_has_the_layout_of_the_specification() {
    let sealer = small_frames(&source());
    let message = sealer.seal(pattern(40), &[("b", "22"), ("a", "1")]).await.unwrap();
    let mut rest = message.as_slice();
    let mut take = |length: usize| {
        let (taken, after) = rest.split_at(length);
        rest = after;
        taken.to_vec()
    };
    assert_eq!(take(1), [2], "version");
    assert_eq!(take(2), [0x04, 0x78], "algorithm suite");
    let id = take(32);
    assert_eq!(take(2), [0, 15], "length of the context");
    assert_eq!(take(15), b"\0\x02\0\x01a\0\x011\0\x01b\0\x0222", "pairs, ordered by name");
    assert_eq!(take(2), [0, 1], "number of wrapped keys");
    assert_eq!(take(10), b"\0\x08test-kms", "provider");
    assert_eq!(take(7), b"\0\x05key-1", "key");
    assert_eq!(take(18), b"\0\x10test-kms:key-1:0", "wrapped key");
    assert_eq!(take(1), [2], "framed");
    assert_eq!(take(4), [0, 0, 0, 16], "frame length");
    take(32 + 16);
    for number in [1, 2] {
        assert_eq!(take(4), [0, 0, 0, number], "number of the frame");
        assert_eq!(take(12), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number], "IV");
        take(16 + 16);
    }
    assert_eq!(take(4), [0xFF; 4], "mark of the last frame");
    assert_eq!(take(4), [0, 0, 0, 3]);
    assert_eq!(take(12)[11], 3);
    assert_eq!(take(4), [0, 0, 0, 8], "length of the last frame");
    take(8 + 16);
    assert!(rest.is_empty());

    let again = sealer.seal(pattern(40), &[("b", "22"), ("a", "1")]).await.unwrap();
    assert_ne!(again[3..35], id, "each message has an ID of its own");
    let differing = message.iter().zip(&again).filter(|(one, other)| one != other).count();
    assert!(differing > 100, "and is encrypted with a key of its own: {differing} bytes differ");
}

#[tokio::test]
async fn context_that_is_expected_has_to_be_there() {
    let source = source();
    let sealer = small_frames(&source);
    let message = sealer.seal("data", CONTEXT).await.unwrap();
    for (pairs, fits) in [
        (&[("table", "orders")][..], true),
        (CONTEXT, true),
        (&[], true),
        (&[("table", "customers")], false),
        (&[("table", "orders"), ("column", "x")], false),
    ] {
        let opened = sealer.open_expecting(&message, pairs).await;
        assert_eq!(opened.is_ok(), fits, "{pairs:?}");
        assert!(opened.is_ok() || opened.unwrap_err().kind() == ErrorKind::Context);
    }
    let other = small_frames(&source);
    let before = source.counts();
    assert!(other.open_expecting(&message, &[("table", "x")]).await.is_err());
    assert_eq!(source.counts(), before, "a message with another context costs no request");
}

#[tokio::test]
async fn context_is_checked_before_anything_is_sent() {
    let source = source();
    let error = small_frames(&source).seal("x", &[("a", "1"), ("a", "2")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    let error = small_frames(&source).seal("x", &[("aws-crypto-x", "1")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert_eq!(source.counts(), [0, 0, 0]);
}

#[test]
fn settings_that_cannot_work_are_rejected() {
    type Change = fn(cloud_envelope::SealerBuilder) -> cloud_envelope::SealerBuilder;
    let cases: [(&str, Change); 8] = [
        ("messages", |builder| builder.reuse(Limits { messages: 0, ..Limits::default() })),
        ("messages", |builder| builder.reuse(Limits { messages: (1 << 32) + 1, ..Limits::default() })),
        ("bytes", |builder| builder.reuse(Limits { bytes: 0, ..Limits::default() })),
        ("frames", |builder| builder.frame_length(0)),
        ("frames", |builder| builder.max_frame_length(0)),
        ("max_frame_length", |builder| builder.frame_length(17 << 20)),
        ("same ID", |builder| builder.also(source())),
        ("more keys", |builder| builder.max_wrapped_keys(0)),
    ];
    for (word, change) in cases {
        let error = change(Sealer::builder(source())).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(Sealer::builder(crate::source::Source::new("test", "", true)).build().is_err(), "an empty ID");
}

#[tokio::test]
async fn rewrapped_message_is_sealed_again_with_the_same_context() {
    let source = source();
    let sealer = small_frames(&source);
    let old = sealer.seal(pattern(40), CONTEXT).await.unwrap();
    sealer.invalidate("key-1");
    let new = sealer.rewrap(&old).await.unwrap();
    assert_eq!(source.counts()[0], 2, "a new data key");
    assert_ne!(new[3..35], old[3..35], "another ID, so another key: no IV is used twice with one key");
    let opened = sealer.open_expecting(&new, CONTEXT).await.unwrap();
    assert_eq!(opened.data.expose_secret(), pattern(40));

    let mut streamed = Vec::new();
    assert_eq!(sealer.rewrap_stream(old.as_slice(), &mut streamed).await.unwrap(), 40);
    assert_ne!(streamed[3..35], old[3..35]);
    assert_eq!(sealer.open_expecting(&streamed, CONTEXT).await.unwrap().data.expose_secret(), pattern(40));
}

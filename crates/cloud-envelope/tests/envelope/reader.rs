//! What is not a genuine message is rejected, each fault with its own kind, in memory and as a stream.

use cloud_envelope::ErrorKind::{
    self, Foreign, Frame, Header, KeyService, Malformed, NoKey, Trailing, Truncated, Unsupported, WrongKey,
};
use cloud_envelope::Sealer;

use crate::source::{CONTEXT, builder, pattern, small_frames, source};

/// Opens a message both ways. What a stream wrote must be the beginning of the data, and all of it only on success.
async fn open_both(sealer: &Sealer, message: &[u8], data: &[u8]) -> [Result<(), ErrorKind>; 2] {
    let in_memory = sealer.open(message).await;
    if let Ok(opened) = &in_memory {
        assert_eq!(opened.data.expose_secret(), data);
    }
    let mut written = Vec::new();
    let streamed = sealer.open_stream(message, &mut written).await;
    assert!(data.starts_with(&written), "a stream wrote what was not sealed");
    if streamed.is_ok() {
        assert_eq!(written, data);
    }
    [in_memory.map(drop).map_err(|error| error.kind()), streamed.map(drop).map_err(|error| error.kind())]
}

/// The parts of a message that was sealed in frames of 16 bytes, with `CONTEXT`, of `pattern(24)`; and the kinds of
/// error that a flipped bit of each may give.
const PARTS: &[(&str, usize, &[ErrorKind])] = &[
    ("version", 1, &[Foreign]),
    ("algorithm suite", 2, &[Unsupported]),
    ("message ID", 32, &[WrongKey]),
    ("context length", 2, &[Malformed, Truncated, ErrorKind::Limit]),
    ("context count", 2, &[Malformed]),
    ("name length", 2, &[Malformed]),
    ("name", 3, &[Header, Malformed]),
    ("value length", 2, &[Malformed]),
    ("value", 1, &[Header, Malformed]),
    ("name length", 2, &[Malformed]),
    ("name", 5, &[Header, Malformed]),
    ("value length", 2, &[Malformed]),
    ("value", 6, &[Header, Malformed]),
    ("number of keys", 2, &[Malformed, ErrorKind::Limit, Truncated]),
    ("provider length", 2, &[Malformed, Truncated]),
    ("provider", 8, &[NoKey, Malformed]),
    ("key length", 2, &[Malformed, Truncated]),
    ("key", 5, &[NoKey]),
    ("wrapped key length", 2, &[Malformed, Unsupported, Truncated, Frame]),
    ("wrapped key", 16, &[KeyService]),
    ("content type", 1, &[Malformed]),
    ("frame length", 4, &[Truncated, Malformed, Header, Frame, ErrorKind::Limit]),
    ("commitment", 32, &[WrongKey]),
    ("header tag", 16, &[Header]),
    ("sequence", 4, &[Frame]),
    ("IV", 12, &[Frame]),
    ("content", 16, &[Frame]),
    ("tag", 16, &[Frame]),
    ("mark of the last frame", 4, &[Truncated, Frame]),
    ("sequence", 4, &[Frame]),
    ("IV", 12, &[Frame]),
    ("length", 4, &[Truncated, Frame, Trailing]),
    ("content", 8, &[Frame]),
    ("tag", 16, &[Frame]),
];

#[tokio::test]
async fn every_flipped_bit_is_rejected_as_what_it_is() {
    let source = source();
    let sealer = small_frames(&source);
    let data = pattern(24);
    let message = sealer.seal(&data, CONTEXT).await.unwrap();
    assert_eq!(message.len(), PARTS.iter().map(|(_, length, _)| length).sum::<usize>());
    assert_eq!(open_both(&sealer, &message, &data).await, [Ok(()), Ok(())]);
    let mut at = 0;
    for (part, length, kinds) in PARTS {
        for bit in at * 8..(at + length) * 8 {
            let mut forged = message.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            for outcome in open_both(&sealer, &forged, &data).await {
                let kind = outcome.expect_err(part);
                assert!(kinds.contains(&kind), "bit {bit}, {part}: {kind:?}");
            }
        }
        at += length;
    }
}

#[tokio::test]
async fn message_that_ends_early_is_never_a_short_success() {
    let sealer = small_frames(&source());
    for length in [0, 16, 40] {
        let data = pattern(length);
        let message = sealer.seal(&data, CONTEXT).await.unwrap();
        for end in 0..message.len() {
            let outcomes = open_both(&sealer, &message[..end], &data).await;
            assert_eq!(outcomes, [Err(Truncated), Err(Truncated)], "{end} of {} bytes", message.len());
        }
    }
}

#[tokio::test]
async fn bytes_after_the_end_are_rejected() {
    let sealer = small_frames(&source());
    let data = pattern(20);
    let mut message = sealer.seal(&data, CONTEXT).await.unwrap();
    message.push(0);
    assert_eq!(open_both(&sealer, &message, &data).await, [Err(Trailing), Err(Trailing)]);
    let twice = sealer.seal(&data, CONTEXT).await.unwrap().repeat(2);
    assert_eq!(open_both(&sealer, &twice, &data).await, [Err(Trailing), Err(Trailing)]);
}

#[tokio::test]
async fn frames_keep_their_place_and_their_message() {
    const FRAME: usize = 4 + 12 + 16 + 16;
    let sealer = small_frames(&source());
    let data = pattern(60);
    let message = sealer.seal(&data, CONTEXT).await.unwrap();
    let other = sealer.seal(&data, CONTEXT).await.unwrap();
    let body = message.len() - (3 * FRAME + 4 + 4 + 12 + 4 + 12 + 16);
    let (header, frames) = message.split_at(body);
    let frame = |number: usize| &frames[number * FRAME..(number + 1) * FRAME];
    let last = &frames[3 * FRAME..];
    let of_other = &other[body + FRAME..body + 2 * FRAME];
    let cases: [(&str, Vec<&[u8]>); 6] = [
        ("swapped", vec![frame(1), frame(0), frame(2), last]),
        ("repeated", vec![frame(0), frame(0), frame(1), frame(2), last]),
        ("left out", vec![frame(0), frame(2), last]),
        ("only the last", vec![last]),
        ("of another message", vec![frame(0), of_other, frame(2), last]),
        ("the last first", vec![last, frame(0), frame(1), frame(2)]),
    ];
    for (what, parts) in cases {
        let forged = [header, &parts.concat()].concat();
        let expected = if what == "the last first" { [Err(Trailing), Err(Frame)] } else { [Err(Frame); 2] };
        assert_eq!(open_both(&sealer, &forged, &data).await, expected, "{what}");
    }
    // A header with another message's body.
    let forged = [header, &other[body..]].concat();
    assert_eq!(open_both(&sealer, &forged, &data).await, [Err(Frame); 2]);
}

#[tokio::test]
async fn other_formats_are_named() {
    let sealer = small_frames(&source());
    let mut without_frames = sealer.seal("x", &[]).await.unwrap();
    let content_type = without_frames.iter().rposition(|byte| *byte == 2).unwrap();
    let place = 1 + 2 + 32 + 2 + 2 + 10 + 7 + 18;
    assert!(content_type >= place && without_frames[place] == 2);
    without_frames[place] = 1;
    let cases: [(&str, &[u8], ErrorKind); 6] = [
        ("nothing", b"", Truncated),
        ("Base64", b"AgR4NiBRFeMcBrpXpB1IqGwDXdpUpv", Foreign),
        ("gzip", &[0x1F, 0x8B, 8, 0], Foreign),
        ("version 1", &[1, 0x80, 0x03, 0x78], Unsupported),
        ("with a signature", &[2, 0x05, 0x78], Unsupported),
        ("without frames", &without_frames, Unsupported),
    ];
    for (what, bytes, kind) in cases {
        assert_eq!(open_both(&sealer, bytes, b"").await, [Err(kind), Err(kind)], "{what}");
    }
}

#[tokio::test]
async fn header_cannot_ask_for_more_than_the_limits() {
    let source = source();
    let sealer = builder(&source).frame_length(1024).max_frame_length(1024).build().unwrap();
    let data = pattern(20);
    let fits = builder(&source).frame_length(1024).build().unwrap().seal(&data, &[]).await.unwrap();
    let long = builder(&source).frame_length(1025).build().unwrap().seal(&data, &[]).await.unwrap();
    assert_eq!(open_both(&sealer, &fits, &data).await, [Ok(()), Ok(())]);
    // A message in memory is there already, so its frames cost nothing more.
    assert_eq!(open_both(&sealer, &long, &data).await, [Ok(()), Err(ErrorKind::Limit)]);
    let many = builder(&source).also(crate::source::Source::new("b", "b", false)).build().unwrap();
    let message = many.seal(&data, &[]).await.unwrap();
    let strict = builder(&source).max_wrapped_keys(1).build().unwrap();
    assert_eq!(open_both(&strict, &message, &data).await, [Err(ErrorKind::Limit); 2]);
}

#[tokio::test]
async fn damaged_body_costs_no_request() {
    let source = source();
    let message = small_frames(&source).seal(pattern(40), CONTEXT).await.unwrap();
    let fresh = small_frames(&source);
    for damaged in [&message[..message.len() - 1], &[message.as_slice(), b"x"].concat()] {
        assert!(fresh.open(damaged).await.unwrap_err().is_message_at_fault());
    }
    assert_eq!(source.counts()[2], 0);
}

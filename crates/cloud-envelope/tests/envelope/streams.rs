//! Streams: readers and writers that are slow, stop or fail.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use cloud_envelope::ErrorKind;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::source::{CONTEXT, builder, pattern, small_frames, source};

/// Returns at most `step` bytes at a time, is pending before each, and fails after all if told.
struct Slow<'a> {
    bytes: &'a [u8],
    step: usize,
    pending: bool,
    fails: Option<io::ErrorKind>,
}

impl<'a> Slow<'a> {
    fn new(bytes: &'a [u8], step: usize) -> Self {
        Self { bytes, step, pending: false, fails: None }
    }
}

impl AsyncRead for Slow<'_> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.pending = !self.pending;
        if self.pending {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let (true, Some(kind)) = (self.bytes.is_empty(), self.fails) {
            return Poll::Ready(Err(kind.into()));
        }
        let (now, later) = self.bytes.split_at(self.step.min(self.bytes.len()).min(buf.remaining()));
        buf.put_slice(now);
        self.bytes = later;
        Poll::Ready(Ok(()))
    }
}

/// Takes this many bytes, then fails.
struct Full(usize);

impl AsyncWrite for Full {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.0 == 0 {
            return Poll::Ready(Err(io::ErrorKind::StorageFull.into()));
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn stream_and_memory_read_each_other() {
    let sealer = small_frames(&source());
    for length in [0, 1, 15, 16, 17, 32, 33, 100, 1_000] {
        let data = pattern(length);
        for step in [1, 7, 16, 64, 5_000] {
            let mut message = Vec::new();
            let sealed = sealer.seal_stream(Slow::new(&data, step), &mut message, CONTEXT).await.unwrap();
            assert_eq!(sealed, length as u64);
            assert_eq!(sealer.open(&message).await.unwrap().data.expose_secret(), data);
            assert_eq!(message.len(), sealer.seal(&data, CONTEXT).await.unwrap().len(), "the same frames");
            let mut opened = Vec::new();
            let stream = sealer.open_stream(Slow::new(&message, step), &mut opened).await.unwrap();
            assert_eq!((stream.bytes, opened), (length as u64, data.clone()));
            assert!(stream.context.expect(CONTEXT).is_ok());
        }
    }
}

#[tokio::test]
async fn stream_of_many_frames_is_opened() {
    let sealer = builder(&source()).build().unwrap();
    let data = pattern(5_000_000);
    let (mut message, mut opened) = (Vec::new(), Vec::new());
    sealer.seal_stream(data.as_slice(), &mut message, CONTEXT).await.unwrap();
    sealer.open_stream(message.as_slice(), &mut opened).await.unwrap();
    assert!(opened == data);
}

#[tokio::test]
async fn reader_that_fails_is_an_error_and_leaves_no_message() {
    let sealer = small_frames(&source());
    let data = pattern(100);
    let message = sealer.seal(&data, CONTEXT).await.unwrap();
    for (end, kind) in [0, 1, 16, 32, 100]
        .into_iter()
        .zip([io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof].into_iter().cycle())
    {
        let mut written = Vec::new();
        let reader = Slow { fails: Some(kind), ..Slow::new(&data[..end], 7) };
        let error = sealer.seal_stream(reader, &mut written, CONTEXT).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(std::error::Error::source(&error).is_some() && !error.is_message_at_fault());
        assert_eq!(sealer.open(&written).await.unwrap_err().kind(), ErrorKind::Truncated, "after {end} bytes");
    }
    for end in 0..=message.len() {
        let mut written = Vec::new();
        let reader = Slow { fails: Some(io::ErrorKind::ConnectionReset), ..Slow::new(&message[..end], 7) };
        let error = sealer.open_stream(reader, &mut written).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(data.starts_with(&written) && written.len() < data.len(), "after {end} bytes");
        let reader = Slow { fails: Some(io::ErrorKind::ConnectionReset), ..Slow::new(&message[..end], 7) };
        let mut rewrapped = Vec::new();
        sealer.rewrap_stream(reader, &mut rewrapped).await.unwrap_err();
        assert_eq!(sealer.open(&rewrapped).await.unwrap_err().kind(), ErrorKind::Truncated, "after {end} bytes");
    }
}

#[tokio::test]
async fn writer_that_fails_is_an_error() {
    let sealer = small_frames(&source());
    let data = pattern(100);
    let message = sealer.seal(&data, CONTEXT).await.unwrap();
    for room in (0..message.len()).step_by(13) {
        let error = sealer.seal_stream(data.as_slice(), Full(room), CONTEXT).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
    }
    for room in 0..data.len() {
        let error = sealer.open_stream(message.as_slice(), Full(room)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
    }
    assert!(sealer.open_stream(message.as_slice(), Full(data.len())).await.is_ok());
}

#[tokio::test]
async fn nothing_is_written_if_the_context_is_another() {
    let sealer = small_frames(&source());
    let message = sealer.seal("data", CONTEXT).await.unwrap();
    let mut written = Vec::new();
    let outcome = sealer.open_stream_expecting(message.as_slice(), &mut written, &[("table", "x")]).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Context);
    assert!(written.is_empty());
}

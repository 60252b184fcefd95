//! A response body that comes in pieces, with pauses, and may end in the middle.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_core::Stream;
use tokio::time::Sleep;

/// The bytes of one piece of a huge body.
const PIECE: usize = 64 << 10;

/// How long the bytes before an abrupt end have to leave.
const LEAVE: Duration = Duration::from_millis(50);

#[derive(Debug)]
enum Step {
    Data(Bytes),
    Pause(Duration),
    Fail,
}

#[derive(Debug)]
struct Script {
    steps: VecDeque<Step>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Stream for Script {
    type Item = io::Result<Bytes>;

    #[allow(clippy::disallowed_methods, reason = "the pauses of a fault are real")]
    #[allow(clippy::disallowed_methods, reason = "the pause of a fault is real")]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                ready!(sleep.as_mut().poll(cx));
                self.sleep = None;
            }
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Data(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                Some(Step::Pause(pause)) => self.sleep = Some(Box::pin(tokio::time::sleep(pause))),
                Some(Step::Fail) => return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            }
        }
    }
}

fn play(steps: impl IntoIterator<Item = Step>) -> Body {
    Body::from_stream(Script { steps: steps.into_iter().collect(), sleep: None })
}

/// The first half, then the end of the connection.
pub(crate) fn truncated(bytes: &Bytes) -> Body {
    play([Step::Data(bytes.slice(..bytes.len() / 2)), Step::Pause(LEAVE), Step::Fail])
}

/// Eight pieces with a pause before each.
pub(crate) fn slow(bytes: &Bytes, pause: Duration) -> Body {
    let pieces = bytes.chunks(bytes.len().div_ceil(8).max(1)).map(|piece| Step::Data(bytes.slice_ref(piece)));
    play(pieces.flat_map(|piece| [Step::Pause(pause), piece]))
}

/// A JSON object of this many bytes.
pub(crate) fn huge(bytes: u64) -> Body {
    let (start, end) = ("{\"padding\":\"", "\"}");
    let padding = bytes.saturating_sub((start.len() + end.len()) as u64);
    Body::from_stream(Huge { start: Some(start), padding, piece: Bytes::from(vec![b'x'; PIECE]), end: Some(end) })
}

/// Made as it is read, so that it takes no memory here.
#[derive(Debug)]
struct Huge {
    start: Option<&'static str>,
    padding: u64,
    piece: Bytes,
    end: Option<&'static str>,
}

impl Stream for Huge {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = if let Some(start) = self.start.take() {
            Some(Bytes::from_static(start.as_bytes()))
        } else if self.padding > 0 {
            let length = usize::try_from(self.padding).map_or(PIECE, |left| left.min(PIECE));
            self.padding -= length as u64;
            Some(self.piece.slice(..length))
        } else {
            self.end.take().map(|end| Bytes::from_static(end.as_bytes()))
        };
        Poll::Ready(next.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn slow_body_is_complete() {
        for length in [0, 1, 7, 8, 100] {
            let bytes = Bytes::from(vec![b'a'; length]);
            assert_eq!(to_bytes(slow(&bytes, Duration::ZERO), usize::MAX).await.unwrap(), bytes);
        }
    }

    #[tokio::test]
    async fn huge_body_is_json_of_the_given_size() {
        let body = to_bytes(huge(200_000), usize::MAX).await.unwrap();
        assert_eq!(body.len(), 200_000);
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert!(value["padding"].is_string());
    }

    #[tokio::test]
    async fn truncated_body_ends_in_an_error() {
        assert!(to_bytes(truncated(&Bytes::from_static(b"0123456789")), usize::MAX).await.is_err());
    }
}

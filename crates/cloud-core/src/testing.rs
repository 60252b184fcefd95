//! A scripted transport, a manual clock, models from JSON and a search for leaks, for tests.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use crate::json::from_json;
use crate::runtime::{BoxFuture, Runtime};
use crate::transport::{Stage, Transport, TransportError};

mod capture;
mod leak;

pub use capture::{capture, capture_async};
pub use leak::{Shown, assert_no_leak, assert_no_leak_async, find_leak};

/// Decodes a model from the JSON of a response, as a client does: the payload without the vendor's envelope.
///
/// Models of responses cannot be built field by field, because new releases add fields.
///
/// # Errors
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) names the field that is missing or of another type.
pub fn response<T: DeserializeOwned>(json: &str) -> crate::Result<T> {
    from_json(json.as_bytes())
}

type Outcome = Result<http::Response<Bytes>, TransportError>;
/// A line of the script: an outcome, or none for one that never comes.
type Line = Box<dyn Fn() -> Option<Outcome> + Send>;

/// A transport that records requests and returns scripted responses.
///
/// The last response is repeated.
pub struct FakeTransport {
    script: Mutex<VecDeque<Line>>,
    sent: Mutex<Vec<http::Request<Bytes>>>,
}

impl FakeTransport {
    /// Creates a transport without a script: every request fails as not sent until a response is added.
    #[must_use]
    pub fn new() -> Self {
        Self { script: Mutex::default(), sent: Mutex::default() }
    }

    /// Adds a JSON response with this status.
    #[must_use]
    pub fn answer(self, status: u16, json: &str) -> Self {
        self.answer_with(status, &[("content-type", "application/json")], json)
    }

    /// Adds a response with these headers. Headers that HTTP does not allow are left out.
    #[must_use]
    pub fn answer_with(self, status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.outcome(move || {
            let mut answer = http::Response::new(body.clone());
            *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
            for (name, value) in &headers {
                if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value)) {
                    answer.headers_mut().append(name, value);
                }
            }
            Ok(answer)
        })
    }

    /// Adds a failure at this stage.
    #[must_use]
    pub fn fail(self, stage: Stage) -> Self {
        self.outcome(move || Err(TransportError::new(stage, "a failure of the test")))
    }

    /// Adds a response that never arrives.
    #[must_use]
    pub fn hang(self) -> Self {
        lock(&self.script).push_back(Box::new(|| None));
        self
    }

    fn outcome(self, outcome: impl Fn() -> Outcome + Send + 'static) -> Self {
        lock(&self.script).push_back(Box::new(move || Some(outcome())));
        self
    }

    /// Returns the requests sent so far.
    #[must_use]
    pub fn sent(&self) -> Vec<http::Request<Bytes>> {
        lock(&self.sent).clone()
    }
}

impl Default for FakeTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FakeTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeTransport").field("sent", &lock(&self.sent).len()).finish_non_exhaustive()
    }
}

impl Transport for FakeTransport {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Outcome> {
        lock(&self.sent).push(request);
        let mut script = lock(&self.script);
        let outcome = match script.len() {
            // The last response is repeated.
            0 | 1 => script.front().map(|last| last()),
            _ => script.pop_front().map(|next| next()),
        };
        drop(script);
        let outcome =
            outcome.unwrap_or_else(|| Some(Err(TransportError::new(Stage::Connect, "the test has no answer"))));
        match outcome {
            Some(outcome) => Box::pin(std::future::ready(outcome)),
            None => Box::pin(std::future::pending()),
        }
    }
}

/// A clock that moves only when told. Delays before retries are over at once, move the clock and are recorded; time
/// limits pass when the clock moves past them, by such a delay or by [`advance`](Self::advance).
#[derive(Debug)]
pub struct FakeRuntime {
    start: OffsetDateTime,
    clock: Arc<Mutex<Clock>>,
}

#[derive(Debug, Default)]
struct Clock {
    elapsed: Duration,
    waits: Vec<Duration>,
    random: u64,
    /// Who waits for a time limit.
    wakers: Vec<Waker>,
}

impl FakeRuntime {
    /// Creates a clock that shows `start`.
    #[must_use]
    pub fn new(start: OffsetDateTime) -> Self {
        Self { start, clock: Arc::default() }
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        let wakers = {
            let mut clock = lock(&self.clock);
            clock.elapsed += by;
            std::mem::take(&mut clock.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Sets the random number that is always returned. The default is 0.
    pub fn set_random(&self, random: u64) {
        lock(&self.clock).random = random;
    }

    /// Returns the delays between attempts so far.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        lock(&self.clock).waits.clone()
    }
}

impl Runtime for FakeRuntime {
    fn now(&self) -> OffsetDateTime {
        self.start + lock(&self.clock).elapsed
    }

    fn elapsed(&self) -> Duration {
        lock(&self.clock).elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        lock(&self.clock).waits.push(duration);
        self.advance(duration);
        Box::pin(std::future::ready(()))
    }

    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        let clock = Arc::clone(&self.clock);
        let end = lock(&clock).elapsed.saturating_add(limit);
        Box::pin(std::future::poll_fn(move |context| {
            let mut clock = lock(&clock);
            if clock.elapsed >= end {
                return Poll::Ready(());
            }
            if !clock.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                clock.wakers.push(context.waker().clone());
            }
            Poll::Pending
        }))
    }

    fn random(&self) -> u64 {
        lock(&self.clock).random
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

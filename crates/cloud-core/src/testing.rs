//! A transport and a clock for tests: answers from a script, time under control, and a search for leaks.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use time::OffsetDateTime;

use crate::runtime::{BoxFuture, Runtime};
use crate::transport::{Stage, Transport, TransportError};

mod capture;
mod leak;

pub use capture::{capture, capture_async};
pub use leak::{Shown, assert_no_leak, assert_no_leak_async, find_leak};

type Outcome = Result<http::Response<Bytes>, TransportError>;
/// A line of the script: an outcome, or none for one that never comes.
type Line = Box<dyn Fn() -> Option<Outcome> + Send>;

/// A transport that records what is sent and answers from a script.
///
/// When the script is used up, the last answer is given again.
pub struct FakeTransport {
    script: Mutex<VecDeque<Line>>,
    sent: Mutex<Vec<http::Request<Bytes>>>,
}

impl FakeTransport {
    /// A transport without a script: every request fails as never sent until an answer is added.
    #[must_use]
    pub fn new() -> Self {
        Self { script: Mutex::default(), sent: Mutex::default() }
    }

    /// Adds an answer of JSON with this status.
    #[must_use]
    pub fn answer(self, status: u16, json: &str) -> Self {
        self.answer_with(status, &[("content-type", "application/json")], json)
    }

    /// Adds an answer with these headers. Headers that HTTP does not allow are left out.
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

    /// Adds an answer that never comes.
    #[must_use]
    pub fn hang(self) -> Self {
        lock(&self.script).push_back(Box::new(|| None));
        self
    }

    fn outcome(self, outcome: impl Fn() -> Outcome + Send + 'static) -> Self {
        lock(&self.script).push_back(Box::new(move || Some(outcome())));
        self
    }

    /// What was sent so far.
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
            // The last answer is given again and again.
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

/// A clock that stands still. Waits of up to 14 seconds are over at once, move the clock and are recorded, as
/// waits between attempts are; longer ones never end, as time limits do not unless something is stuck.
#[derive(Debug)]
pub struct FakeRuntime {
    start: OffsetDateTime,
    state: Mutex<Clock>,
}

#[derive(Debug, Default)]
struct Clock {
    elapsed: Duration,
    waits: Vec<Duration>,
    random: u64,
}

impl FakeRuntime {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: OffsetDateTime) -> Self {
        Self { start, state: Mutex::default() }
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        lock(&self.state).elapsed += by;
    }

    /// The random number that is always drawn; 0 unless set.
    pub fn set_random(&self, random: u64) {
        lock(&self.state).random = random;
    }

    /// The waits between attempts so far.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        lock(&self.state).waits.clone()
    }
}

/// Waits below this are waits between attempts; longer ones are time limits. The defaults of limits are above it.
const LONGEST_WAIT: Duration = Duration::from_millis(14_999);

impl Runtime for FakeRuntime {
    fn now(&self) -> OffsetDateTime {
        self.start + lock(&self.state).elapsed
    }

    fn elapsed(&self) -> Duration {
        lock(&self.state).elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration > LONGEST_WAIT {
            return Box::pin(std::future::pending());
        }
        let mut state = lock(&self.state);
        state.elapsed += duration;
        state.waits.push(duration);
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> u64 {
        lock(&self.state).random
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Waiting until a service has finished what a call started: polls, an interval and a deadline.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::call::{Call, completed};
use crate::delivery::Delivery;
use crate::error::{Error, ErrorKind, Result};
use crate::exclusive::Exclusive;
use crate::redaction::line;
use crate::runtime::BoxFuture;

/// The interval of a [`Waiter`] unless set.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);
/// The deadline of a [`Waiter`] unless set.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(30 * 60);

/// What one poll saw. Each holds the state in the service's words, for errors; it must not contain a secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Observed<T> {
    /// Finished, with this result.
    Done(T),
    /// Not finished.
    Pending(String),
    /// Ended without success; polling again cannot help.
    Failed(String),
}

/// Polls until what was started has finished. `.await` runs it.
///
/// The first poll is immediate; the interval lies between the end of one poll and the start of the next. The wait ends
/// with an error as soon as the next poll would begin after the deadline. A poll is a call like any other: it has the
/// client's retries and timeouts, and never runs past the deadline. A poll that fails for good ends the wait.
///
/// Dropping the future ends the wait. Nothing runs in the background.
#[must_use = "a waiter does nothing until it is awaited"]
pub struct Waiter<T> {
    interval: Duration,
    deadline: Duration,
    run: Exclusive<Run<T>>,
}

/// The loop, with the types of the call and of its response out of sight.
type Run<T> = Box<dyn FnOnce(Limits) -> BoxFuture<'static, Result<T>> + Send>;

#[derive(Clone, Copy)]
struct Limits {
    interval: Duration,
    deadline: Duration,
}

impl<T: Send + 'static> Waiter<T> {
    /// Creates a waiter that sends this call again and again, and asks `judge` about each response.
    pub fn new<M>(call: impl Into<Call<M>>, judge: impl FnMut(M) -> Observed<T> + Send + 'static) -> Self
    where
        M: DeserializeOwned + Send + 'static,
    {
        let call = call.into();
        let run: Run<T> = Box::new(move |limits| Box::pin(poll(call, judge, limits)));
        Self { interval: DEFAULT_INTERVAL, deadline: DEFAULT_DEADLINE, run: Exclusive::new(run) }
    }

    /// Creates a waiter that fails with this error: its arguments are wrong.
    pub fn rejected(error: Error) -> Self {
        let run: Run<T> = Box::new(|_| Box::pin(std::future::ready(Err(error))));
        Self { interval: DEFAULT_INTERVAL, deadline: DEFAULT_DEADLINE, run: Exclusive::new(run) }
    }

    /// Sets the delay between two polls. The default is 10 s; zero is an error.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets the limit of the whole wait. The default is 30 min.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

impl<T> IntoFuture for Waiter<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    fn into_future(self) -> Self::IntoFuture {
        (self.run.into_inner())(Limits { interval: self.interval, deadline: self.deadline })
    }
}

impl<T> fmt::Debug for Waiter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter")
            .field("interval", &self.interval)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

async fn poll<M: DeserializeOwned, T>(
    call: Call<M>,
    mut judge: impl FnMut(M) -> Observed<T>,
    limits: Limits,
) -> Result<T> {
    let context = call.context();
    if limits.interval.is_zero() {
        return Err(Error::request("the interval of a waiter must not be zero").with_context(context));
    }
    let Some(runtime) = call.runtime() else { return Err(completed(context)) };
    let start = runtime.elapsed();
    let left = || limits.deadline.saturating_sub(runtime.elapsed().saturating_sub(start));
    // Only the call itself knows what is wrong with its arguments; copies of it do not.
    let copy = call.again();
    let mut next = Some(call);
    let mut last: Option<String> = None;
    let passed = |last: Option<&String>| {
        let seen = last.map_or_else(|| "no state was seen".to_owned(), |state| format!("last state {state}"));
        let text =
            format!("not finished within {} s: {seen}; wait longer with deadline()", limits.deadline.as_secs_f64());
        let delivery = if last.is_some() { Delivery::ResponseReceived } else { Delivery::NotSent };
        Error::new(ErrorKind::Timeout, text).with_context(context).with_transient(true).with_delivery(delivery)
    };
    loop {
        let poll = next.take().unwrap_or_else(|| copy.again());
        if left().is_zero() {
            return Err(passed(last.as_ref()));
        }
        let response = match poll.within(left()).await {
            Ok(response) => response,
            Err(error) if left().is_zero() && error.kind() == ErrorKind::Timeout => {
                let delivery = error.delivery();
                let passed = passed(last.as_ref());
                let delivery = delivery.max(passed.delivery());
                return Err(passed.with_delivery(delivery).with_source(error));
            }
            Err(error) => {
                let seen = last.map(|state| format!("last state seen: {state}"));
                return Err(if let Some(seen) = seen { error.with_note(&seen) } else { error });
            }
        };
        match judge(response) {
            Observed::Done(value) => return Ok(value),
            Observed::Pending(state) => last = Some(shown(&state)),
            Observed::Failed(state) => {
                let text = format!("ended in state {}", shown(&state));
                return Err(Error::new(ErrorKind::FailureState, text).with_context(context));
            }
        }
        if left() <= limits.interval {
            return Err(passed(last.as_ref()));
        }
        runtime.sleep(limits.interval).await;
    }
}

/// One short line: it comes from a response.
fn shown(state: &str) -> String {
    line(&state.chars().take(200).collect::<String>())
}

#[cfg(test)]
mod tests;

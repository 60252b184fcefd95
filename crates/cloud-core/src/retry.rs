//! Whether to retry, and after which delay: a pure decision.

use std::time::Duration;

use time::OffsetDateTime;

use crate::delivery::Delivery;
use crate::operation::Idempotency;

/// Limits on retries.
///
/// ```
/// use std::time::Duration;
///
/// use cloud_core::RetryPolicy;
///
/// let patient = RetryPolicy::default().with_max_attempts(5).with_max_backoff(Duration::from_secs(60));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The maximum number of attempts, including the first; 3 unless set.
    pub(crate) max_attempts: u32,
    /// The maximum delay before the first retry; 50 ms unless set. It doubles with each retry; the delay is random
    /// between zero and it.
    pub(crate) base: Duration,
    /// The same if the service is overloaded (429, 503); 1 s unless set.
    pub(crate) throttled_base: Duration,
    /// The maximum of all delays that the service does not ask for; 20 s unless set.
    pub(crate) cap: Duration,
    /// Whether an operation that is not idempotent is also sent again after status 429, with which a service refuses
    /// a request before executing it; false unless set.
    pub(crate) resend_throttled: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base: Duration::from_millis(50),
            throttled_base: Duration::from_secs(1),
            cap: Duration::from_secs(20),
            resend_throttled: false,
        }
    }
}

impl RetryPolicy {
    /// Returns a policy without retries.
    #[must_use]
    pub fn never() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// Sets the maximum number of attempts, including the first.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the maximum delay before the first retry: 50 ms unless set. It doubles with each retry, and the delay is
    /// random between zero and it.
    #[must_use]
    pub fn with_initial_backoff(mut self, delay: Duration) -> Self {
        self.base = delay;
        self
    }

    /// Sets the maximum delay before the first retry after 429 or 503, with which a service says that it is overloaded:
    /// 1 s unless set.
    #[must_use]
    pub fn with_throttled_backoff(mut self, delay: Duration) -> Self {
        self.throttled_base = delay;
        self
    }

    /// Sets the maximum of all delays that the service does not ask for: 20 s unless set.
    #[must_use]
    pub fn with_max_backoff(mut self, delay: Duration) -> Self {
        self.cap = delay;
        self
    }

    /// Sets whether an operation that is not idempotent is also sent again after status 429.
    #[must_use]
    pub fn with_resend_throttled(mut self, resend: bool) -> Self {
        self.resend_throttled = resend;
        self
    }
}

impl RetryPolicy {
    /// The policy in a line, for explanations.
    pub(crate) fn summary(&self) -> String {
        let Self { max_attempts, base, throttled_base, cap, resend_throttled } = self;
        if *max_attempts == 1 {
            return "1 attempt".to_owned();
        }
        let resend = if *resend_throttled { ", also of unsafe operations after 429" } else { "" };
        format!("{max_attempts} attempts{resend}, backoff {base:?} to {cap:?}, from {throttled_base:?} if throttled")
    }
}

mod outcome;
pub(crate) use outcome::AttemptOutcome;

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Stop,
    After(Duration),
}

/// Decides after attempt number `attempt` (from 1). `left` is the time left for the call.
pub(crate) fn decide(
    policy: &RetryPolicy,
    idempotency: Idempotency,
    attempt: u32,
    outcome: AttemptOutcome,
    hint: Option<Duration>,
    left: Duration,
    random: u64,
) -> Decision {
    if attempt >= policy.max_attempts || !outcome.is_transient() {
        return Decision::Stop;
    }
    let unexecuted = outcome.delivery == Delivery::NotSent || outcome.refused && policy.resend_throttled;
    if idempotency == Idempotency::Unsafe && !unexecuted {
        return Decision::Stop;
    }
    let base = if outcome.is_throttled() { policy.throttled_base } else { policy.base };
    let ceiling = base.saturating_mul(2_u32.saturating_pow(attempt - 1)).min(policy.cap);
    // Full jitter: callers that failed together do not retry together.
    let backoff = ceiling.mul_f64(fraction(random));
    let wait = match hint {
        Some(hint) if hint > ceiling.saturating_add(MAX_HINT) => return Decision::Stop,
        Some(hint) => hint.max(backoff),
        None => backoff,
    };
    if wait >= left { Decision::Stop } else { Decision::After(wait) }
}

/// Decides after a call has waited `waits` times for a file descriptor. That is no retry: nothing was sent, and no
/// service is loaded, so only the time left for the call ends it.
pub(crate) fn wait_for_descriptor(waits: u32, left: Duration, random: u64) -> Decision {
    let ceiling = SHORT_WAIT.saturating_mul(2_u32.saturating_pow(waits)).min(LONG_WAIT);
    // Never zero, so that callers do not spin.
    let wait = ceiling.mul_f64(0.5 + fraction(random) / 2.0);
    if wait >= left { Decision::Stop } else { Decision::After(wait) }
}

/// A number from 0 to below 1.
#[allow(clippy::cast_precision_loss, reason = "a fraction needs no more than 53 bits")]
fn fraction(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

/// The first wait for a file descriptor, and the longest.
const SHORT_WAIT: Duration = Duration::from_millis(10);
const LONG_WAIT: Duration = Duration::from_millis(500);

/// How far beyond its own delay a client follows `Retry-After`; the error reports a longer one.
const MAX_HINT: Duration = Duration::from_secs(5);

/// Returns the delay of a `Retry-After` header: seconds, or an HTTP date by a clock that shows `now`.
#[must_use]
pub fn retry_after(value: &str, now: OffsetDateTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    Some(Duration::try_from(http_date(value)? - now).unwrap_or_default())
}

/// Parses an HTTP date in any of its three forms.
pub(crate) fn http_date(value: &str) -> Option<OffsetDateTime> {
    httpdate::parse_http_date(value).ok().map(OffsetDateTime::from)
}

#[cfg(test)]
mod proptests;

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const LOST: AttemptOutcome = AttemptOutcome::transient(Delivery::PossiblySent);
    const NOT_SENT: AttemptOutcome = AttemptOutcome::transient(Delivery::NotSent);
    const NO_CREDENTIALS: AttemptOutcome = AttemptOutcome::throttled(Delivery::NotSent);

    fn answered(status: u16) -> AttemptOutcome {
        AttemptOutcome::response(status, false)
    }

    fn waits(idempotency: Idempotency, attempt: u32, outcome: AttemptOutcome) -> bool {
        let decision = decide(&RetryPolicy::default(), idempotency, attempt, outcome, None, Duration::MAX, u64::MAX);
        decision != Decision::Stop
    }

    #[test]
    fn unsafe_operations_are_retried_only_if_not_sent() {
        use Idempotency::{Idempotent, Safe, Unsafe};
        for (outcome, safe, unsafe_) in [
            (NOT_SENT, true, true),
            (NO_CREDENTIALS, true, true),
            (LOST, true, false),
            (answered(429), true, false),
            (answered(502), true, false),
            (answered(503), true, false),
            (answered(504), true, false),
            (AttemptOutcome::response(200, true), true, false),
            (answered(500), false, false),
            (answered(400), false, false),
            (AttemptOutcome::permanent(Delivery::NotSent), false, false),
            (AttemptOutcome::permanent(Delivery::ResponseReceived), false, false),
        ] {
            assert_eq!(waits(Safe, 1, outcome), safe, "{outcome:?}");
            assert_eq!(waits(Idempotent, 1, outcome), safe, "{outcome:?}");
            assert_eq!(waits(Unsafe, 1, outcome), unsafe_, "{outcome:?}");
            assert!(!waits(Safe, 3, outcome), "{outcome:?}");
        }
    }

    #[test]
    fn unsafe_operations_are_resent_after_429_if_asked() {
        let policy = RetryPolicy::default().with_resend_throttled(true);
        let resends =
            |outcome| decide(&policy, Idempotency::Unsafe, 1, outcome, None, Duration::MAX, u64::MAX) != Decision::Stop;
        assert!(resends(answered(429)));
        for outcome in [LOST, answered(502), answered(503), answered(504), AttemptOutcome::response(200, true)] {
            assert!(!resends(outcome), "{outcome:?}");
        }
    }

    #[test]
    fn delays_grow_and_stay_within_their_limits() {
        let policy = RetryPolicy::default().with_max_attempts(100);
        let wait = |attempt, outcome, hint, left: Option<Duration>, random| {
            let left = left.unwrap_or(Duration::MAX);
            decide(&policy, Idempotency::Safe, attempt, outcome, hint, left, random)
        };
        let most = |attempt, outcome| match wait(attempt, outcome, None, None, u64::MAX) {
            Decision::After(wait) => wait.as_millis(),
            Decision::Stop => 0,
        };
        assert_eq!([most(1, LOST), most(2, LOST), most(3, LOST), most(50, LOST)], [50, 100, 200, 20_000]);
        assert_eq!([most(1, answered(429)), most(2, answered(503))], [1000, 2000]);
        assert_eq!(most(1, NO_CREDENTIALS), 1000, "as long as for any service that is overloaded");
        assert_eq!(wait(1, LOST, None, None, 0), Decision::After(Duration::ZERO));
        let s = Duration::from_secs;
        assert_eq!(wait(1, answered(429), Some(s(4)), None, 0), Decision::After(s(4)));
        assert_eq!(wait(1, answered(429), Some(s(60)), None, 0), Decision::Stop);
        assert_eq!(wait(1, answered(429), Some(s(4)), Some(s(4)), 0), Decision::Stop);
    }

    #[test]
    fn waits_for_a_file_descriptor_grow_and_end_with_the_call() {
        let most = |waits| wait_for_descriptor(waits, Duration::MAX, u64::MAX);
        let least = |waits| wait_for_descriptor(waits, Duration::MAX, 0);
        for (waits, longest) in [(0, 10_u32), (1, 20), (5, 320), (6, 500), (1000, 500)] {
            let Decision::After(wait) = most(waits) else { panic!("no wait") };
            assert!(
                wait <= Duration::from_millis(longest.into()) && wait.as_millis() + 1 >= longest.into(),
                "{wait:?}"
            );
            assert_eq!(least(waits), Decision::After(Duration::from_millis(5) * (longest / 10)));
        }
        assert_eq!(wait_for_descriptor(0, Duration::from_millis(5), 0), Decision::Stop);
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = datetime!(2026-01-01 00:00:00 UTC);
        let check = |text: &str, wanted: Option<u64>| {
            assert_eq!(retry_after(text, now), wanted.map(Duration::from_secs), "{text}");
        };
        check("7", Some(7));
        check(" 0 ", Some(0));
        check("Thu, 01 Jan 2026 00:00:30 GMT", Some(30));
        check("Wed, 31 Dec 2025 23:59:30 GMT", Some(0));
        check("99999999999999999999999", Some(u64::MAX));
        check("Thursday, 01-Jan-26 00:00:30 GMT", Some(30));
        check("Thu Jan  1 00:00:30 2026", Some(30));
        check("Thu, 32 Jan 2026 00:00:30 GMT", None);
        check("-1", None);
        check("soon", None);
        check("", None);
    }
}

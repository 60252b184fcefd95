//! When to try again, and after how long: a pure decision.

use std::time::Duration;

use time::OffsetDateTime;

use crate::operation::Idempotency;

/// Limits on trying again.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The most times that a request is sent, the first included; 3 unless set.
    pub max_attempts: u32,
    /// The longest first wait; 50 ms unless set. It doubles with each attempt, and the wait is a random part of it.
    pub base: Duration,
    /// The longest first wait after the service said that it is overloaded (429, 503); 1 s unless set.
    pub throttled_base: Duration,
    /// The longest wait of all; 20 s unless set.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base: Duration::from_millis(50),
            throttled_base: Duration::from_secs(1),
            cap: Duration::from_secs(20),
        }
    }
}

impl RetryPolicy {
    /// One attempt, never another.
    #[must_use]
    pub fn never() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// The same limits with this many attempts in all.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }
}

/// How an attempt ended without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptOutcome {
    /// The service has seen nothing of it.
    NeverSent,
    /// The service has seen nothing of it, since whoever issues its credentials said that it is overloaded.
    NoCredentials,
    /// The service may have acted on it: broken connection or time limit.
    MaybeSent,
    /// The service answered that it failed.
    Answered { status: u16, transient: bool },
    /// Another try would end the same way.
    Final,
}

impl AttemptOutcome {
    /// Whether the service said that it is overloaded.
    pub(crate) fn is_throttled(self) -> bool {
        matches!(self, Self::NoCredentials | Self::Answered { status: 429 | 503, .. })
    }

    /// Whether it is certain that the service has seen nothing of it.
    fn is_unsent(self) -> bool {
        matches!(self, Self::NeverSent | Self::NoCredentials)
    }
}

/// What to do after an attempt that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Stop,
    After(Duration),
}

/// Whether such an ending may pass by itself, whoever decides to try again.
pub(crate) fn may_pass(ending: AttemptOutcome) -> bool {
    match ending {
        AttemptOutcome::NeverSent | AttemptOutcome::NoCredentials | AttemptOutcome::MaybeSent => true,
        AttemptOutcome::Answered { status, transient } => transient || matches!(status, 408 | 429 | 502 | 503 | 504),
        AttemptOutcome::Final => false,
    }
}

/// The decision after attempt number `attempt` (from 1). `left` is the time that the call still has.
pub(crate) fn decide(
    policy: &RetryPolicy,
    idempotency: Idempotency,
    attempt: u32,
    ending: AttemptOutcome,
    hint: Option<Duration>,
    left: Option<Duration>,
    random: u64,
) -> Decision {
    if attempt >= policy.max_attempts || !may_pass(ending) {
        return Decision::Stop;
    }
    if !ending.is_unsent() && idempotency == Idempotency::Unsafe {
        return Decision::Stop;
    }
    let base = if ending.is_throttled() { policy.throttled_base } else { policy.base };
    let ceiling = base.saturating_mul(2_u32.saturating_pow(attempt - 1)).min(policy.cap);
    // Full jitter: anything from nothing to the ceiling, so that callers who failed together do not return together.
    #[allow(clippy::cast_precision_loss, reason = "a fraction needs no more than 53 bits")]
    let backoff = ceiling.mul_f64((random >> 11) as f64 / (1_u64 << 53) as f64);
    let wait = match hint {
        Some(hint) if hint > ceiling.saturating_add(MAX_HINT) => return Decision::Stop,
        Some(hint) => hint.max(backoff),
        None => backoff,
    };
    match left {
        Some(left) if wait >= left => Decision::Stop,
        _ => Decision::After(wait),
    }
}

/// How far beyond its own wait a client follows the service's; a longer one is handed to the caller.
const MAX_HINT: Duration = Duration::from_secs(5);

/// The wait that the value of a `Retry-After` header asks for: seconds, or an HTTP date by a clock that shows `now`.
#[must_use]
pub fn retry_after(value: &str, now: OffsetDateTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    Some(Duration::try_from(http_date(value)? - now).unwrap_or_default())
}

/// A date as HTTP writes it, in any of its three forms.
pub(crate) fn http_date(value: &str) -> Option<OffsetDateTime> {
    httpdate::parse_http_date(value).ok().map(OffsetDateTime::from)
}

#[cfg(test)]
mod proptests;

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const LOST: AttemptOutcome = AttemptOutcome::MaybeSent;

    fn answered(status: u16) -> AttemptOutcome {
        AttemptOutcome::Answered { status, transient: false }
    }

    fn waits(idempotency: Idempotency, attempt: u32, ending: AttemptOutcome) -> bool {
        let decision = decide(&RetryPolicy::default(), idempotency, attempt, ending, None, None, u64::MAX);
        decision != Decision::Stop
    }

    #[test]
    fn unsafe_operations_are_sent_again_only_if_never_sent() {
        use Idempotency::{Idempotent, Safe, Unsafe};
        for (ending, safe, unsafe_) in [
            (AttemptOutcome::NeverSent, true, true),
            (AttemptOutcome::NoCredentials, true, true),
            (LOST, true, false),
            (answered(429), true, false),
            (answered(502), true, false),
            (answered(503), true, false),
            (answered(504), true, false),
            (AttemptOutcome::Answered { status: 200, transient: true }, true, false),
            (answered(500), false, false),
            (answered(400), false, false),
            (AttemptOutcome::Final, false, false),
        ] {
            assert_eq!(waits(Safe, 1, ending), safe, "{ending:?}");
            assert_eq!(waits(Idempotent, 1, ending), safe, "{ending:?}");
            assert_eq!(waits(Unsafe, 1, ending), unsafe_, "{ending:?}");
            assert!(!waits(Safe, 3, ending), "{ending:?}");
        }
    }

    #[test]
    fn waits_grow_and_stay_within_their_limits() {
        let policy = RetryPolicy::default().with_max_attempts(100);
        let wait = |attempt, ending, hint, left, random| {
            decide(&policy, Idempotency::Safe, attempt, ending, hint, left, random)
        };
        let most = |attempt, ending| match wait(attempt, ending, None, None, u64::MAX) {
            Decision::After(wait) => wait.as_millis(),
            Decision::Stop => 0,
        };
        assert_eq!([most(1, LOST), most(2, LOST), most(3, LOST), most(50, LOST)], [50, 100, 200, 20_000]);
        assert_eq!([most(1, answered(429)), most(2, answered(503))], [1000, 2000]);
        assert_eq!(most(1, AttemptOutcome::NoCredentials), 1000, "as long as for any service that is overloaded");
        assert_eq!(wait(1, LOST, None, None, 0), Decision::After(Duration::ZERO));
        let s = Duration::from_secs;
        assert_eq!(wait(1, answered(429), Some(s(4)), None, 0), Decision::After(s(4)));
        assert_eq!(wait(1, answered(429), Some(s(60)), None, 0), Decision::Stop);
        assert_eq!(wait(1, answered(429), Some(s(4)), Some(s(4)), 0), Decision::Stop);
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

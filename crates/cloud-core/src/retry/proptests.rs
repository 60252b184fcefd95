//! Properties of the decision to try again: no wait beyond the cap, the hint or the time left, and no unsafe operation twice.

use proptest::prelude::*;

use time::format_description::well_known::Rfc2822;

use super::*;

fn wait() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0..100_000_u64).prop_map(Duration::from_millis),
        (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos)),
    ]
}

fn policy() -> impl Strategy<Value = RetryPolicy> {
    let fields = (any::<u32>(), wait(), wait(), wait(), any::<bool>());
    fields.prop_map(|(max_attempts, base, throttled_base, cap, resend_throttled)| RetryPolicy {
        max_attempts,
        base,
        throttled_base,
        cap,
        resend_throttled,
    })
}

fn outcome() -> impl Strategy<Value = AttemptOutcome> {
    let delivery = || prop::sample::select(vec![Delivery::NotSent, Delivery::PossiblySent, Delivery::ResponseReceived]);
    prop_oneof![
        delivery().prop_map(AttemptOutcome::permanent),
        delivery().prop_map(AttemptOutcome::transient),
        delivery().prop_map(AttemptOutcome::throttled),
        (100..600_u16, any::<bool>()).prop_map(|(status, transient)| AttemptOutcome::response(status, transient)),
        (prop::sample::select(vec![408, 429, 502, 503, 504]), any::<bool>())
            .prop_map(|(status, transient)| AttemptOutcome::response(status, transient)),
    ]
}

fn idempotency() -> impl Strategy<Value = Idempotency> {
    prop::sample::select(vec![Idempotency::Safe, Idempotency::Idempotent, Idempotency::Unsafe])
}

proptest! {
    #![proptest_config(crate::proptests::settings())]

    #[test]
    fn no_wait_is_longer_than_allowed(
        policy in policy(),
        idempotency in idempotency(),
        attempt in 1..=u32::MAX,
        outcome in outcome(),
        hint in prop::option::of(wait()),
        left in wait(),
        random in any::<u64>(),
    ) {
        let Decision::After(wait) = decide(&policy, idempotency, attempt, outcome, hint, left, random) else {
            return Ok(());
        };
        prop_assert!(attempt < policy.max_attempts);
        prop_assert!(outcome.is_transient());
        prop_assert!(wait < left, "{wait:?} is all the time that is left");
        prop_assert!(hint.is_none_or(|hint| wait >= hint), "{wait:?} is shorter than the service asks");
        let most = policy.cap.saturating_add(if hint.is_some() { MAX_HINT } else { Duration::ZERO });
        prop_assert!(wait <= most, "{wait:?} is beyond the cap");
        let refused = policy.resend_throttled && outcome.refused;
        let repeatable = outcome.delivery == Delivery::NotSent || refused || idempotency != Idempotency::Unsafe;
        prop_assert!(repeatable, "it may have been done");
    }

    #[test]
    fn unsafe_operation_is_never_repeated_once_it_may_have_been_sent(
        policy in policy(),
        attempt in 1..100_u32,
        outcome in outcome(),
        hint in prop::option::of(wait()),
        random in any::<u64>(),
    ) {
        prop_assume!(outcome.delivery != Delivery::NotSent && !(policy.resend_throttled && outcome.refused));
        let decision = decide(&policy, Idempotency::Unsafe, attempt, outcome, hint, Duration::MAX, random);
        prop_assert_eq!(decision, Decision::Stop);
    }

    #[test]
    fn more_luck_is_never_a_longer_wait_than_the_ceiling(attempt in 1..40_u32, random in any::<u64>()) {
        let policy = RetryPolicy::default().with_max_attempts(u32::MAX);
        let ceiling = policy.base.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX)).min(policy.cap);
        let decision = decide(&policy, Idempotency::Safe, attempt, AttemptOutcome::transient(Delivery::PossiblySent), None, Duration::MAX, random);
        let Decision::After(wait) = decision else { return Err(TestCaseError::fail("no other try")) };
        prop_assert!(wait <= ceiling, "{wait:?} of {ceiling:?}");
    }

    #[test]
    fn hints_are_read_or_ignored(text in "\\PC{0,40}", seconds in any::<u64>(), ahead in 0..4_000_000_000_i64) {
        let now = OffsetDateTime::UNIX_EPOCH;
        let _ = retry_after(&text, now);
        prop_assert_eq!(retry_after(&seconds.to_string(), now), Some(Duration::from_secs(seconds)));
        let date = now + time::Duration::seconds(ahead);
        let written = date.format(&Rfc2822).unwrap().replace("+0000", "GMT");
        prop_assert_eq!(retry_after(&written, now), Some(Duration::from_secs(ahead.unsigned_abs())), "{}", written);
        prop_assert_eq!(retry_after(&written, date + Duration::from_secs(1)), Some(Duration::ZERO), "{}", written);
    }
}

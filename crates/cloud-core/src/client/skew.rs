//! The difference between the local clock and the service's, measured by its `Date` headers.

use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;
use http::header::{AGE, DATE};
use time::{Duration, OffsetDateTime};

use crate::retry::http_date;

/// The correction with which the service last accepted a signature; zero while the clock is trusted.
#[derive(Debug, Default)]
pub(super) struct Skew(AtomicI64);

/// The seconds to add to the local clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Correction(i64);

/// Any signature is accepted within this difference, so a smaller one is not corrected.
const TOLERANCE: Duration = Duration::minutes(4);

/// The largest difference that is corrected: a clock set to local time is off by up to 14 hours. A date beyond it is
/// not believed, since it would have signatures made for a distant future.
const FARTHEST: Duration = Duration::hours(15);

impl Skew {
    pub(super) fn known(&self) -> Correction {
        Correction(self.0.load(Ordering::Relaxed))
    }

    /// Keeps a correction with which the service accepted a signature. A measured one alone is not kept: the refusal
    /// may have another cause, and its date may be wrong.
    pub(super) fn remember(&self, correction: Correction) {
        self.0.store(correction.0, Ordering::Relaxed);
    }
}

impl Correction {
    /// Returns whether an accepted response's date agrees with this correction; one without a date does.
    pub(super) fn agrees(self, headers: &HeaderMap, now: impl FnOnce() -> OffsetDateTime) -> bool {
        self.0 == 0 || date(headers).is_none_or(|date| (date - self.apply(now())).abs() <= TOLERANCE)
    }

    /// Returns the estimated time of the service.
    pub(super) fn apply(self, now: OffsetDateTime) -> OffsetDateTime {
        now.checked_add(Duration::seconds(self.0)).unwrap_or(now)
    }

    /// Returns the correction that the `Date` of a refused request's response suggests, if it differs enough from this
    /// one, with which the request was signed, for a new signature to succeed. `sent` and `received` are times of the
    /// local clock.
    pub(super) fn better(self, headers: &HeaderMap, sent: OffsetDateTime, received: OffsetDateTime) -> Option<Self> {
        let measured = measure(headers, sent, received).filter(|measured| measured.abs() <= FARTHEST)?;
        let correction = if measured.abs() > TOLERANCE { measured.whole_seconds() } else { 0 };
        (Duration::seconds(correction - self.0).abs() > TOLERANCE).then_some(Self(correction))
    }
}

/// Returns how far the local clock and the response's date are apart, in hours, if that is too far for a correction.
pub(super) fn too_far(headers: &HeaderMap, sent: OffsetDateTime, received: OffsetDateTime) -> Option<i64> {
    let apart = measure(headers, sent, received)?.abs();
    (apart > FARTHEST).then(|| apart.whole_hours())
}

fn measure(headers: &HeaderMap, sent: OffsetDateTime, received: OffsetDateTime) -> Option<Duration> {
    // The service made the date somewhere between sending and receiving.
    let middle = sent + (received - sent) / 2;
    Some(date(headers)? - middle)
}

/// Returns the date of a response, unless it came from a cache.
pub(super) fn date(headers: &HeaderMap) -> Option<OffsetDateTime> {
    if headers.contains_key(AGE) {
        return None;
    }
    http_date(headers.get(DATE)?.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

    fn check(used: i64, date: &'static str, age: bool, wanted: Option<i64>) {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, HeaderValue::from_static(date));
        if age {
            headers.insert(AGE, HeaderValue::from_static("600"));
        }
        let better = Correction(used).better(&headers, NOON, NOON + Duration::seconds(2));
        assert_eq!(better.map(|correction| correction.0), wanted, "{date} after {used}");
        if let Some(correction) = better {
            assert_eq!(correction.apply(NOON), NOON + Duration::seconds(correction.0));
        }
    }

    #[test]
    fn clock_is_corrected_only_if_far_off() {
        check(0, "Thu, 01 Jan 2026 12:03:00 GMT", false, None);
        check(0, "Thu, 01 Jan 2026 11:56:02 GMT", false, None);
        check(0, "Thu, 01 Jan 2026 11:00:00 GMT", true, None);
        check(0, "at noon", false, None);
        check(0, "Thu, 01 Jan 2026 13:00:01 GMT", false, Some(3600));
        // A known difference changes nothing, and a clock that was set meanwhile is trusted again.
        check(3600, "Thu, 01 Jan 2026 13:00:01 GMT", false, None);
        check(3600, "Thu, 01 Jan 2026 12:00:01 GMT", false, Some(0));
        check(3600, "Thu, 01 Jan 2026 11:50:01 GMT", false, Some(-600));
    }

    #[test]
    fn distant_date_is_not_believed() {
        check(0, "Fri, 02 Jan 2026 02:59:00 GMT", false, Some(53_939));
        check(0, "Fri, 02 Jan 2026 03:01:00 GMT", false, None);
        check(0, "Wed, 01 Jan 2098 12:00:00 GMT", false, None);
        check(0, "Thu, 01 Jan 1970 00:00:00 GMT", false, None);
    }

    #[test]
    fn correction_is_checked_against_the_date_of_an_accepted_response() {
        let agrees = |correction, date: &'static str| {
            Correction(correction).agrees(&HeaderMap::from_iter([(DATE, HeaderValue::from_static(date))]), || NOON)
        };
        assert!(agrees(3600, "Thu, 01 Jan 2026 13:03:00 GMT"));
        assert!(!agrees(3600, "Thu, 01 Jan 2026 12:00:00 GMT"));
        assert!(agrees(0, "Wed, 01 Jan 2098 12:00:00 GMT"), "there is nothing to forget");
        assert!(Correction(3600).agrees(&HeaderMap::new(), || NOON));
    }

    #[test]
    fn correction_is_kept_once_accepted() {
        let skew = Skew::default();
        assert_eq!(skew.known().apply(NOON), NOON);
        skew.remember(Correction(-60));
        assert_eq!(skew.known().apply(NOON), NOON - Duration::minutes(1));
        assert_eq!(Correction(i64::MAX).apply(NOON), NOON, "beyond all dates");
    }
}

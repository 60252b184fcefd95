//! How far this machine's clock is from the service's, learned from the service's own dates.

use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;
use http::header::{AGE, DATE};
use time::format_description::well_known::Rfc2822;
use time::{Duration, OffsetDateTime};

/// The correction of one client, in seconds; 0 while the clock is trusted.
#[derive(Debug, Default)]
pub(super) struct Skew(AtomicI64);

/// Clocks this near are good enough for any signature; correcting them could only make them worse.
const TOLERANCE: Duration = Duration::minutes(4);

impl Skew {
    /// The time that the service has, as far as is known.
    pub(super) fn correct(&self, now: OffsetDateTime) -> OffsetDateTime {
        let seconds = self.0.load(Ordering::Relaxed);
        now.checked_add(Duration::seconds(seconds)).unwrap_or(now)
    }

    /// Learns from the answer to a refused request that left at `sent` and came back at `received` by this machine's
    /// clock. Returns whether the correction changed so much that another signature may be accepted.
    pub(super) fn learn(&self, headers: &HeaderMap, sent: OffsetDateTime, received: OffsetDateTime) -> bool {
        let Some(date) = date(headers) else { return false };
        // The service made the date somewhere between sending and receiving.
        let middle = sent + (received - sent) / 2;
        let measured: Duration = date - middle;
        let correction = if measured.abs() > TOLERANCE { measured } else { Duration::ZERO };
        let old = self.0.swap(correction.whole_seconds(), Ordering::Relaxed);
        (correction - Duration::seconds(old)).abs() > TOLERANCE
    }
}

/// The date of an answer, unless it was made earlier and kept by a cache.
pub(super) fn date(headers: &HeaderMap) -> Option<OffsetDateTime> {
    if headers.contains_key(AGE) {
        return None;
    }
    let text = headers.get(DATE)?.to_str().ok()?;
    OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

    fn check(skew: &Skew, date: &'static str, age: bool, learned: bool, corrected: OffsetDateTime) {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, HeaderValue::from_static(date));
        if age {
            headers.insert(AGE, HeaderValue::from_static("600"));
        }
        assert_eq!(skew.learn(&headers, NOON, NOON + Duration::seconds(2)), learned, "{date}");
        assert_eq!(skew.correct(NOON), corrected, "{date}");
    }

    #[test]
    fn only_clocks_that_are_far_off_are_corrected() {
        let skew = Skew::default();
        check(&skew, "Thu, 01 Jan 2026 12:03:00 GMT", false, false, NOON);
        check(&skew, "Thu, 01 Jan 2026 11:00:00 GMT", true, false, NOON);
        check(&skew, "at noon", false, false, NOON);
        let hour = NOON + Duration::seconds(3600);
        check(&skew, "Thu, 01 Jan 2026 13:00:01 GMT", false, true, hour);
        check(&skew, "Thu, 01 Jan 2026 13:00:01 GMT", false, false, hour);
        check(&skew, "Thu, 01 Jan 2026 12:00:01 GMT", false, true, NOON);
        check(&skew, "Thu, 01 Jan 2026 11:50:01 GMT", false, true, NOON - Duration::minutes(10));
    }
}

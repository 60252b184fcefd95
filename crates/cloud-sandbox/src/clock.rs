//! The one place where the time is read, so that a test may own it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// Where the sandbox reads the time: the machine, or what a test hands in, and how far it was moved on.
#[derive(Clone)]
pub(crate) struct Clock {
    source: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    /// Where the sandbox's time started, apart from its callers', in milliseconds.
    shift_millis: i64,
    ahead_millis: Arc<AtomicU64>,
}

impl Clock {
    pub(crate) fn new(source: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { source: Arc::new(source), shift_millis: 0, ahead_millis: Arc::default() }
    }

    /// Shows this time now and goes on from there, while callers keep the clock that they have.
    pub(crate) fn start_at(&mut self, start: SystemTime) {
        let source = (self.source)();
        let millis = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(0);
        self.start_ahead(start.duration_since(source).map_or_else(|error| -millis(error.duration()), millis));
    }

    /// Goes on so many milliseconds ahead of the callers' clock, or behind it when negative.
    pub(crate) fn start_ahead(&mut self, millis: i64) {
        self.shift_millis = millis.clamp(-FARTHEST_SHIFT, FARTHEST_SHIFT);
    }

    /// How many milliseconds the sandbox's time is ahead of its callers'.
    pub(crate) fn ahead_of_callers(&self) -> i64 {
        self.shift_millis.saturating_add_unsigned(self.ahead_millis.load(Ordering::Relaxed))
    }

    /// The callers' time, wrong by so many seconds, in the form of a `Date` header.
    pub(crate) fn http_date(&self, wrong_by: i64) -> Option<HeaderValue> {
        let form =
            format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
        let date = OffsetDateTime::from((self.source)()).checked_add(time::Duration::seconds(wrong_by))?;
        date.format(form).ok().and_then(|text| text.parse().ok())
    }

    /// The same source, not advanced yet.
    pub(crate) fn detached(&self) -> Self {
        let ahead = self.ahead_millis.load(Ordering::Relaxed);
        Self { ahead_millis: Arc::new(AtomicU64::new(ahead)), ..self.clone() }
    }

    /// Moves the time of everything that is stored; it never goes back.
    pub(crate) fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let add = |ahead: u64| Some(ahead.saturating_add(millis).min(FARTHEST));
        // The update cannot fail: the function always gives a value.
        let _ = self.ahead_millis.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Shows the time again as if it had never been moved on.
    #[cfg(feature = "_fuzzing")]
    pub(crate) fn rewind(&self) {
        self.ahead_millis.store(0, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> SystemTime {
        let ahead = Duration::from_millis(self.ahead_millis.load(Ordering::Relaxed));
        let source = (self.source)();
        let shift = Duration::from_millis(self.shift_millis.unsigned_abs());
        let shifted = if self.shift_millis < 0 { source.checked_sub(shift) } else { source.checked_add(shift) };
        shifted.and_then(|time| time.checked_add(ahead)).unwrap_or(source)
    }

    /// The sandbox's time as a date in UTC.
    pub(crate) fn utc(&self) -> OffsetDateTime {
        OffsetDateTime::from(self.now())
    }

    /// Milliseconds of the source alone: the clocks of callers do not move with the sandbox's.
    pub(crate) fn callers_unix_millis(&self) -> i128 {
        let since = (self.source)().duration_since(UNIX_EPOCH);
        since.map_or(0, |d: Duration| i128::try_from(d.as_millis()).unwrap_or(i128::MAX))
    }

    /// The time as gateways print it.
    pub(crate) fn rfc3339(&self) -> String {
        self.utc().format(&Rfc3339).unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned())
    }
}

/// A century: the most that the clock can be moved, so that years keep four digits.
const FARTHEST: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

/// So far from its callers' the sandbox's time may start.
const FARTHEST_SHIFT: i64 = FARTHEST.cast_signed() * 2;

impl Default for Clock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed() -> Clock {
        Clock::new(|| UNIX_EPOCH + Duration::from_millis(1_605_290_625_682))
    }

    #[test]
    fn clock_prints_the_given_time() {
        assert_eq!(fixed().callers_unix_millis(), 1_605_290_625_682);
        assert_eq!(fixed().rfc3339(), "2020-11-13T18:03:45.682Z");
    }

    #[test]
    fn clock_advances_independently_of_detached_copies() {
        let clock = fixed();
        let other = clock.detached();
        clock.advance(Duration::from_secs(86_400));
        assert_eq!(clock.rfc3339(), "2020-11-14T18:03:45.682Z");
        assert_eq!(clock.callers_unix_millis(), 1_605_290_625_682);
        assert_eq!(other.rfc3339(), "2020-11-13T18:03:45.682Z");
        clock.advance(Duration::MAX);
        assert_eq!(clock.utc().year(), 2121);
    }

    #[test]
    fn http_date_can_be_skewed() {
        assert_eq!(fixed().http_date(-4).unwrap(), "Fri, 13 Nov 2020 18:03:41 GMT");
        assert!(fixed().http_date(i64::MAX).is_none());
    }

    #[test]
    fn clock_starts_at_the_given_time() {
        for start in ["1999-12-31T23:59:59Z", "2040-01-01T00:00:00Z"] {
            let mut clock = fixed();
            clock.start_at(OffsetDateTime::parse(start, &Rfc3339).unwrap().into());
            assert_eq!(clock.rfc3339(), start);
            assert_eq!(clock.callers_unix_millis(), 1_605_290_625_682);
            clock.advance(Duration::from_secs(1));
            assert_ne!(clock.rfc3339(), start);
        }
    }
}

//! The one place where the time is read, so that a test may own it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Where the sandbox reads the time: the machine, or what a test hands in, and how far it was moved on.
#[derive(Clone)]
pub(crate) struct Clock {
    source: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    ahead_millis: Arc<AtomicU64>,
}

impl Clock {
    pub(crate) fn new(source: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { source: Arc::new(source), ahead_millis: Arc::default() }
    }

    /// The same source, moved by nobody yet.
    pub(crate) fn detached(&self) -> Self {
        let ahead = self.ahead_millis.load(Ordering::Relaxed);
        Self { source: Arc::clone(&self.source), ahead_millis: Arc::new(AtomicU64::new(ahead)) }
    }

    /// Moves the time of everything that is stored; it never goes back.
    pub(crate) fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let add = |ahead: u64| Some(ahead.saturating_add(millis).min(FARTHEST));
        // The update cannot fail: the function always gives a value.
        let _ = self.ahead_millis.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(crate) fn now(&self) -> SystemTime {
        let ahead = Duration::from_millis(self.ahead_millis.load(Ordering::Relaxed));
        let source = (self.source)();
        source.checked_add(ahead).unwrap_or(source)
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

/// A century: as far as the clock can be moved, so that dates stay within four digits.
const FARTHEST: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

impl Default for Clock {
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
    fn prints_the_time_it_was_given() {
        assert_eq!(fixed().callers_unix_millis(), 1_605_290_625_682);
        assert_eq!(fixed().rfc3339(), "2020-11-13T18:03:45.682Z");
    }

    #[test]
    fn moves_on_apart_from_its_callers_and_its_copies() {
        let clock = fixed();
        let other = clock.detached();
        clock.advance(Duration::from_secs(86_400));
        assert_eq!(clock.rfc3339(), "2020-11-14T18:03:45.682Z");
        assert_eq!(clock.callers_unix_millis(), 1_605_290_625_682);
        assert_eq!(other.rfc3339(), "2020-11-13T18:03:45.682Z");
        clock.advance(Duration::MAX);
        assert_eq!(clock.utc().year(), 2121);
    }
}

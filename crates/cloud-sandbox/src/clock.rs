//! The one place where the time is read, so that a test may own it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Where the sandbox reads the time: the machine, or what a test hands in.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    pub(crate) fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.0)()
    }

    /// Whole milliseconds since the epoch; a time before it counts as the epoch.
    pub(crate) fn unix_millis(&self) -> i128 {
        let since = self.now().duration_since(UNIX_EPOCH);
        since.map_or(0, |d: Duration| i128::try_from(d.as_millis()).unwrap_or(i128::MAX))
    }

    /// The time as gateways print it.
    pub(crate) fn rfc3339(&self) -> String {
        let now = OffsetDateTime::from(self.now());
        now.format(&Rfc3339).unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned())
    }
}

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

    #[test]
    fn prints_the_time_it_was_given() {
        let clock = Clock::new(|| UNIX_EPOCH + Duration::from_millis(1_605_290_625_682));
        assert_eq!(clock.unix_millis(), 1_605_290_625_682);
        assert_eq!(clock.rfc3339(), "2020-11-13T18:03:45.682Z");
    }
}

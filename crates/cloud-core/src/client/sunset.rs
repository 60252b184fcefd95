//! API versions past the end of their life: a warning for each version, or an error.

use std::sync::{Mutex, PoisonError};

use time::{OffsetDateTime, UtcOffset};

use crate::error::{Error, Result};
use crate::operation::ApiVersion;
use crate::types::Timestamp;

/// The versions that a client has warned about.
#[derive(Debug, Default)]
pub(super) struct SunsetWarnings(Mutex<Vec<&'static ApiVersion>>);

impl SunsetWarnings {
    /// Warns once about a version that is past its sunset date. The clock is read only if there is such a date.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) instead of the warning if such versions are denied.
    pub(super) fn check(
        &self,
        version: &'static ApiVersion,
        now: impl FnOnce() -> OffsetDateTime,
        deny: bool,
    ) -> Result<()> {
        let Some(sunset) = version.sunset.and_then(|day| Some(Timestamp::from(day).to_date_time().ok()?.date())) else {
            return Ok(());
        };
        if now().to_offset(UtcOffset::UTC).date() < sunset {
            return Ok(());
        }
        if deny {
            return Err(Error::config(format!(
                "{version} is past its sunset date {sunset}, and deny_sunset_versions() is set; use a newer version"
            )));
        }
        // The lock is released before logging: a slow subscriber must not block other calls.
        if self.is_first(version) {
            let ApiVersion { vendor, service, number, .. } = version;
            tracing::warn!(vendor, service, version = number, sunset = %sunset, "this API version is past its sunset date");
        }
        Ok(())
    }

    fn is_first(&self, version: &'static ApiVersion) -> bool {
        // A poisoned lock only means that a warning may be logged twice.
        let mut warned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = !warned.contains(&version);
        if first {
            warned.push(version);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use time::macros::datetime;
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;
    use crate::Lifecycle;

    /// Looks at the lock whenever something is logged.
    struct Probe {
        warnings: Arc<SunsetWarnings>,
        unlocked: Arc<AtomicU32>,
    }

    impl Subscriber for Probe {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event<'_>) {
            self.unlocked.fetch_add(u32::from(self.warnings.0.try_lock().is_ok()), Ordering::SeqCst);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    static OLD: ApiVersion = ApiVersion::new("scp", "kms", "1.0").status(Lifecycle::Deprecated).sunset("2025-12-31");

    #[test]
    fn slow_log_does_not_hold_the_lock() {
        let (warnings, unlocked) = (Arc::new(SunsetWarnings::default()), Arc::new(AtomicU32::new(0)));
        let probe = Probe { warnings: Arc::clone(&warnings), unlocked: Arc::clone(&unlocked) };
        let now = || datetime!(2026-01-01 0:00 UTC);
        tracing::subscriber::with_default(probe, || {
            warnings.check(&OLD, now, false).unwrap();
            warnings.check(&OLD, now, false).unwrap();
        });
        assert_eq!(unlocked.load(Ordering::SeqCst), 1, "logged once, without the lock");
    }
}

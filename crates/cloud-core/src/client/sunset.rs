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

//! Times as those of `time`.

use time::{OffsetDateTime, PrimitiveDateTime};

use super::{Timestamp, UnixSeconds, written};
use crate::error::{Error, Result};

impl From<OffsetDateTime> for Timestamp {
    /// Writes the instant with its offset, as RFC 3339 does.
    fn from(instant: OffsetDateTime) -> Self {
        written(instant)
    }
}

impl TryFrom<&Timestamp> for OffsetDateTime {
    type Error = Error;

    /// As [`Timestamp::to_offset_date_time`]: an error if the string names no zone.
    fn try_from(stamp: &Timestamp) -> Result<Self> {
        stamp.to_offset_date_time()
    }
}

impl TryFrom<&Timestamp> for PrimitiveDateTime {
    type Error = Error;

    /// As [`Timestamp::to_date_time`]: an error if the string names a zone, which would be lost.
    fn try_from(stamp: &Timestamp) -> Result<Self> {
        stamp.to_date_time()
    }
}

impl TryFrom<UnixSeconds> for OffsetDateTime {
    type Error = Error;

    /// As [`UnixSeconds::to_offset_date_time`].
    fn try_from(seconds: UnixSeconds) -> Result<Self> {
        seconds.to_offset_date_time()
    }
}

//! A period between two instants, for operations that require both.

use cloud_core::{Error, Result};
use time::OffsetDateTime;

/// A period from one instant to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    from: OffsetDateTime,
    to: OffsetDateTime,
}

impl Period {
    /// Creates the period from `from` to `to`.
    ///
    /// # Errors
    /// [`ErrorKind::Request`](cloud_core::ErrorKind::Request) if `to` is before `from`.
    pub fn new(from: OffsetDateTime, to: OffsetDateTime) -> Result<Self> {
        if to < from {
            return Err(Error::request("the period ends before it begins"));
        }
        Ok(Self { from, to })
    }

    /// Returns the first instant.
    #[must_use]
    pub fn from(&self) -> OffsetDateTime {
        self.from
    }

    /// Returns the last instant.
    #[must_use]
    pub fn to(&self) -> OffsetDateTime {
        self.to
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn period_that_ends_before_it_begins_returns_error() {
        let (a, b) = (datetime!(2025-01-01 0:00 UTC), datetime!(2025-01-02 0:00 UTC));
        assert!(Period::new(a, b).is_ok() && Period::new(a, a).is_ok());
        assert_eq!(Period::new(b, a).unwrap_err().to_string(), "the period ends before it begins");
    }
}

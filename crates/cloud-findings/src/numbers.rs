//! The numbers of OCSF: newtypes with constants, so that a value of a later version is kept.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use cloud_core::UnixSeconds;

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident { $($constant:ident = $number:literal, $caption:literal;)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            $(
                #[doc = concat!($caption, ": ", $number, ".")]
                pub const $constant: Self = Self($number);
            )+

            /// Returns the caption in the schema, or `None` for a number that this version of the crate does not know.
            #[must_use]
            pub fn caption(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($caption),)+
                    _ => None,
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.caption() {
                    Some(caption) => f.write_str(caption),
                    None => self.0.fmt(f),
                }
            }
        }
    )+};
}

numbers! {
    /// The class of an event: `class_uid`.
    Class {
        COMPLIANCE_FINDING = 2003, "Compliance Finding";
        DETECTION_FINDING = 2004, "Detection Finding";
        CLOUD_RESOURCES_INVENTORY_INFO = 5023, "Cloud Resources Inventory Info";
    }
    /// How grave an event is: `severity_id`.
    Severity {
        UNKNOWN = 0, "Unknown";
        INFORMATIONAL = 1, "Informational";
        LOW = 2, "Low";
        MEDIUM = 3, "Medium";
        HIGH = 4, "High";
        CRITICAL = 5, "Critical";
        FATAL = 6, "Fatal";
        OTHER = 99, "Other";
    }
    /// The state of a finding in its lifecycle: `status_id` of an event of the findings category.
    Status {
        UNKNOWN = 0, "Unknown";
        NEW = 1, "New";
        IN_PROGRESS = 2, "In Progress";
        SUPPRESSED = 3, "Suppressed";
        RESOLVED = 4, "Resolved";
        OTHER = 99, "Other";
    }
    /// The result of a compliance check: `compliance.status_id`.
    ComplianceStatus {
        UNKNOWN = 0, "Unknown";
        PASS = 1, "Pass";
        WARNING = 2, "Warning";
        FAIL = 3, "Fail";
        OTHER = 99, "Other";
    }
}

/// What happened to a finding or an inventory: `activity_id`. Its captions depend on the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Activity(pub u32);

impl Activity {
    /// A finding was created, or is read for the first time.
    pub const CREATE: Self = Self(1);
    /// A finding was changed.
    pub const UPDATE: Self = Self(2);
    /// A finding is resolved.
    pub const CLOSE: Self = Self(3);
    /// An inventory was collected by a scan. The number is that of `UPDATE` in another category.
    pub const COLLECT: Self = Self(2);

    /// Returns the caption in a class, if it is known.
    #[must_use]
    pub fn caption(self, class: Class) -> Option<&'static str> {
        let captions: &[&str] = match class {
            Class::CLOUD_RESOURCES_INVENTORY_INFO => &["Unknown", "Log", "Collect"],
            _ => &["Unknown", "Create", "Update", "Close"],
        };
        captions.get(usize::try_from(self.0).ok()?).copied()
    }
}

/// A point in time in milliseconds since 1970-01-01 00:00:00 UTC: the unit of every time in OCSF.
///
/// It is made from instants and from seconds, never from a bare number: the schema does not notice seconds in place of
/// milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(i64);

impl Millis {
    /// Returns the number of milliseconds.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

impl From<OffsetDateTime> for Millis {
    fn from(instant: OffsetDateTime) -> Self {
        // Every instant of `time` fits into 64 bits of milliseconds.
        Self(i64::try_from(instant.unix_timestamp_nanos().div_euclid(1_000_000)).unwrap_or_default())
    }
}

impl From<UnixSeconds> for Millis {
    /// Seconds beyond the range of 64-bit milliseconds become its end.
    fn from(seconds: UnixSeconds) -> Self {
        Self(seconds.0.saturating_mul(1000))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_are_milliseconds_whatever_they_come_from() {
        let instant = datetime!(2025-07-17 11:42:20.123456 +9);
        assert_eq!(Millis::from(instant).get(), 1_752_720_140_123);
        assert_eq!(Millis::from(UnixSeconds(1_752_720_140)).get(), 1_752_720_140_000);
        assert_eq!(Millis::from(datetime!(1969-12-31 23:59:59.9995 UTC)).get(), -1);
        assert_eq!(Millis::from(UnixSeconds(i64::MAX)).get(), i64::MAX);
    }

    #[test]
    fn numbers_of_later_versions_are_kept() {
        let severity: Severity = serde_json::from_str("42").unwrap();
        assert_eq!((severity.caption(), serde_json::to_string(&severity).unwrap()), (None, "42".to_owned()));
        assert_eq!((format!("{severity:?}"), format!("{:?}", Severity::HIGH)), ("42".to_owned(), "High".to_owned()));
        assert_eq!(Activity::UPDATE.caption(Class::COMPLIANCE_FINDING), Some("Update"));
        assert_eq!(Activity::COLLECT.caption(Class::CLOUD_RESOURCES_INVENTORY_INFO), Some("Collect"));
        assert_eq!(Activity(99).caption(Class::DETECTION_FINDING), None);
    }
}

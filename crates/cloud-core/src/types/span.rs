//! Numbers of a named unit.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $unit:literal, $seconds:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(
            #[doc = concat!("The number of ", $unit, ".")]
            #[serde(with = "crate::codegen::As::<crate::codegen::LenientInt>")]
            pub i64,
        );

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{} ", $unit), self.0)
            }
        }

        impl From<$name> for Duration {
            /// A negative number, which no request has, is no time at all.
            fn from(span: $name) -> Self {
                Self::from_secs(u64::try_from(span.0).unwrap_or(0).saturating_mul($seconds))
            }
        }
    };
}

unit! {
    /// A number of days.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cloud_core::Days;
    ///
    /// assert_eq!(Duration::from(Days(7)), Duration::from_secs(7 * 86_400));
    /// ```
    Days, "days", 86_400
}

unit! {
    /// A number of hours.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cloud_core::Hours;
    ///
    /// assert_eq!(Duration::from(Hours(3)), Duration::from_secs(3 * 3_600));
    /// ```
    Hours, "hours", 3_600
}

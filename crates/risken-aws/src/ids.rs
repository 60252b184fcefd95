//! IDs: a type for each kind, so that the compiler finds swapped ones.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use cloud_core::codegen::{PathValue, QueryValue};
use cloud_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::present::present;

/// Project, account and data source IDs have 32 bits at the service.
const WIDE: u64 = u32::MAX as u64;
/// IDs of findings have 64 bits there; JSON and the service's language write them with a sign.
const WIDER: u64 = i64::MAX as u64;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $field:literal, $most:ident;)+) => {$(
        $(#[$doc])*
        ///
        /// At least 1: the service treats 0 as no filter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// Creates the ID from its number.
            ///
            /// # Errors
            /// [`ErrorKind::Request`](crate::ErrorKind::Request) if the number is not an ID.
            pub fn new(number: i64) -> Result<Self> {
                let whole = u64::try_from(number).ok().filter(|number| *number <= $most).and_then(NonZeroU64::new);
                whole.map(Self).ok_or_else(|| {
                    Error::request(format!(concat!("`", $field, "` must be at least 1 and at most {}"), $most))
                })
            }

            /// Returns the number.
            #[must_use]
            pub fn get(self) -> i64 {
                i64::try_from(self.0.get()).unwrap_or(i64::MAX)
            }

            /// The ID in a response. The service omits a 0.
            #[allow(dead_code, reason = "a build can have one service only")]
            pub(crate) fn from_response(number: Option<i64>) -> Result<Self> {
                let number = *present(number.as_ref().filter(|number| **number != 0), $field)?;
                let invalid = |_| Error::new(ErrorKind::Decode, concat!("the response has an invalid `", $field, "`"));
                Self::new(number).map_err(invalid)
            }
        }

        impl TryFrom<i64> for $name {
            type Error = Error;

            fn try_from(number: i64) -> Result<Self> {
                Self::new(number)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.get()
            }
        }

        impl FromStr for $name {
            type Err = Error;

            /// Reads decimal digits.
            fn from_str(text: &str) -> Result<Self> {
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                // 0 is invalid, so it is used for text that is not a number.
                Self::new(text.parse().ok().filter(|_| digits).unwrap_or(0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl QueryValue for $name {
            fn write(&self, out: &mut String) {
                QueryValue::write(&self.get(), out);
            }
        }

        impl PathValue for $name {
            fn write(&self, out: &mut String) -> std::result::Result<(), &'static str> {
                PathValue::write(&self.get(), out)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.0.get())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let number = i64::deserialize(deserializer)?;
                Self::new(number).map_err(|error| de::Error::custom(error.message()))
            }
        }
    )+};
}

ids! {
    /// The ID of a project.
    ///
    /// ```
    /// use risken_aws::ProjectId;
    ///
    /// let project = ProjectId::new(1001)?;
    /// assert_eq!("1001".parse::<ProjectId>()?, project);
    /// assert!(ProjectId::new(0).is_err());
    /// # Ok::<(), risken_aws::Error>(())
    /// ```
    ProjectId: "project_id", WIDE;
    /// The ID of an AWS account in RISKEN, which is not its AWS account number.
    AwsId: "aws_id", WIDE;
    /// The ID of a data source of AWS.
    AwsDataSourceId: "aws_data_source_id", WIDE;
    /// The ID of a finding.
    FindingId: "finding_id", WIDER;
    /// The ID of a tag at its finding.
    FindingTagId: "finding_tag_id", WIDER;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_no_id_are_rejected() {
        for number in [0, -1, i64::MIN, i64::from(u32::MAX) + 1, i64::MAX] {
            let error = AwsId::new(number).unwrap_err();
            assert_eq!(error.to_string(), "`aws_id` must be at least 1 and at most 4294967295", "{number}");
            let error = AwsId::from_response(Some(number)).unwrap_err();
            let wanted =
                if number == 0 { "the response has no `aws_id`" } else { "the response has an invalid `aws_id`" };
            assert_eq!((error.kind(), error.message()), (ErrorKind::Decode, wanted), "{number}");
        }
        assert_eq!(AwsId::new(i64::from(u32::MAX)).unwrap().get(), 4_294_967_295);
        assert_eq!(FindingId::new(i64::MAX).unwrap().get(), i64::MAX);
        assert!(FindingId::new(0).is_err() && FindingId::from_response(None).is_err());
        for text in ["", "0", "-1", "+1", " 1", "1.0", "x", "4294967296", "99999999999999999999"] {
            let error = text.parse::<ProjectId>().unwrap_err().to_string();
            assert!(error.starts_with("`project_id` must be at least 1") && !error.contains("x"), "{text:?}: {error}");
        }
    }

    #[test]
    fn id_is_a_number_on_the_wire() {
        let id = FindingTagId::try_from(7).unwrap();
        assert_eq!((serde_json::to_string(&id).unwrap(), id.to_string(), i64::from(id)), ("7".into(), "7".into(), 7));
        assert_eq!(serde_json::from_str::<FindingTagId>("7").unwrap(), id);
        for odd in ["0", "-7", "\"7\"", "7.5", "null"] {
            assert!(serde_json::from_str::<FindingTagId>(odd).is_err(), "{odd}");
        }
        let mut query = String::new();
        QueryValue::write(&id, &mut query);
        assert_eq!(query, "7");
    }
}

//! The order of a list.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The order of a list by one field, such as `created_at:desc`.
///
/// ```
/// use cloud_core::Sort;
///
/// assert_eq!(Sort::descending("created_at").to_string(), "created_at:desc");
/// assert_eq!("name:asc".parse::<Sort>()?, Sort::ascending("name"));
/// assert!("name".parse::<Sort>().is_err());
/// # Ok::<(), cloud_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    field: String,
    descending: bool,
}

impl Sort {
    /// Sorts by a field, the least value first.
    #[must_use]
    pub fn ascending(field: impl Into<String>) -> Self {
        Self { field: field.into(), descending: false }
    }

    /// Sorts by a field, the greatest value first.
    #[must_use]
    pub fn descending(field: impl Into<String>) -> Self {
        Self { field: field.into(), descending: true }
    }

    /// Returns the field.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Returns whether the greatest value comes first.
    #[must_use]
    pub fn is_descending(&self) -> bool {
        self.descending
    }

    /// Why no service reads it as one field and a direction.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | ',');
        (self.field.is_empty() || self.field.contains(odd)).then_some("must name one field to sort by")
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.field, if self.descending { "desc" } else { "asc" })
    }
}

impl FromStr for Sort {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let sort = text.split_once(':').and_then(|(field, direction)| match direction {
            "asc" => Some(Self::ascending(field)),
            "desc" => Some(Self::descending(field)),
            _ => None,
        });
        sort.filter(|sort| sort.problem().is_none())
            .ok_or_else(|| Error::request("a sort order must have the form `created_at:asc` or `created_at:desc`"))
    }
}

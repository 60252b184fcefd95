//! Where a list with markers continues.

use std::fmt;

/// Where a list with markers continues.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NextMarker {
    /// This page is the last.
    End,
    /// The marker of the next page. Empty if the response announces a next page without a marker.
    Marker(String),
    /// The response does not say whether another page follows.
    Unknown,
}

impl fmt::Debug for NextMarker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A marker is a query value.
        f.write_str(match self {
            Self::End => "End",
            Self::Marker(_) => "Marker([redacted])",
            Self::Unknown => "Unknown",
        })
    }
}

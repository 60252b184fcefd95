//! The result of a list: complete, or incomplete with the reason and where to resume.

use std::error::Error as StdError;
use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// The items of a list, and whether they are all of them.
///
/// ```
/// # fn show(listing: cloud_core::Listing<String>) -> cloud_core::Result<()> {
/// if let Some(why) = listing.incomplete() {
///     eprintln!("{why}; {} items came", listing.items().len());
/// }
/// let all: Vec<String> = listing.into_complete()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a list may be incomplete: `into_complete` turns that into an error"]
pub struct Listing<T> {
    pub(super) items: Vec<T>,
    pub(super) incomplete: Option<Incomplete>,
}

impl<T> Listing<T> {
    /// Returns the items received, complete or not.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Converts into the items received, and drops whether they are all. [`incomplete`](Self::incomplete) tells.
    #[must_use]
    pub fn into_partial(self) -> Vec<T> {
        self.items
    }

    /// Converts into the items of a complete list.
    ///
    /// # Errors
    /// [`ErrorKind::Incomplete`] if the list is not complete, or the error that ended it.
    pub fn into_complete(self) -> Result<Vec<T>> {
        match self.incomplete {
            None => Ok(self.items),
            Some(incomplete) => Err(incomplete.into_error()),
        }
    }

    /// Converts into the items of a list that was started at a later page, if it is complete from there on.
    ///
    /// # Errors
    /// As [`into_complete`](Self::into_complete), but not for [`IncompleteReason::StartedLater`].
    pub fn into_rest(self) -> Result<Vec<T>> {
        match self.incomplete {
            Some(Incomplete { reason: IncompleteReason::StartedLater, .. }) | None => Ok(self.items),
            Some(incomplete) => Err(incomplete.into_error()),
        }
    }

    /// Returns whether all items were received.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.incomplete.is_none()
    }

    /// Returns why the list is incomplete.
    #[must_use]
    pub fn incomplete(&self) -> Option<&Incomplete> {
        self.incomplete.as_ref()
    }
}

/// Why a list is incomplete, and where to resume.
#[non_exhaustive]
pub struct Incomplete {
    /// What happened.
    pub reason: IncompleteReason,
    /// The value of the page or marker parameter from which to resume, if known.
    pub resume: Option<String>,
}

/// What made a list incomplete.
#[derive(Debug)]
#[non_exhaustive]
pub enum IncompleteReason {
    /// Fewer items were received than announced.
    Short {
        /// The number of items received.
        received: u64,
        /// The number of items announced.
        total: u64,
    },
    /// The announced total changed between pages, or was exceeded: items may be missing or duplicated.
    TotalMoved {
        /// The total on the first page.
        first: u64,
        /// The total on a later page, or the number of items received.
        last: u64,
    },
    /// An item was received twice, so another may be missing.
    RepeatedItem,
    /// A page contained only items received before.
    RepeatedPage,
    /// The service returned a marker that was already followed.
    RepeatedMarker,
    /// The service announced another page without a marker.
    NoMarker,
    /// The service reported neither whether another page follows nor how many items there are.
    NoLinks,
    /// The list was started at a later page than the first, so the items before it are missing.
    StartedLater,
    /// The maximum number of pages was reached.
    PageCap(u32),
    /// A page could not be fetched.
    Failed(Error),
}

impl Incomplete {
    pub(super) fn into_error(self) -> Error {
        let text = self.to_string();
        match self.reason {
            IncompleteReason::Failed(error) => error,
            _ => Error::new(ErrorKind::Incomplete, text),
        }
    }
}

impl StdError for Incomplete {
    /// Returns the cause of a page's error. The error itself is part of the text.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.reason {
            IncompleteReason::Failed(error) => error.source(),
            _ => None,
        }
    }
}

impl From<Incomplete> for Error {
    fn from(incomplete: Incomplete) -> Self {
        incomplete.into_error()
    }
}

impl fmt::Debug for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A marker is a query value.
        let resume = self.resume.as_ref().map(|_| "[redacted]");
        f.debug_struct("Incomplete").field("reason", &self.reason).field("resume", &resume).finish()
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list is incomplete: ")?;
        match &self.reason {
            IncompleteReason::Short { received, total } => write!(f, "it ended after {received} of {total} items")?,
            IncompleteReason::TotalMoved { first, last } => {
                write!(f, "it changed while it was read, from {first} to {last} items")?;
            }
            IncompleteReason::RepeatedItem => f.write_str("an item came twice, so others may be missing")?,
            IncompleteReason::RepeatedPage => f.write_str("the service sent the same page again")?,
            IncompleteReason::NoMarker => {
                f.write_str("the service announced another page and gave no marker for it")?
            }
            IncompleteReason::NoLinks => {
                f.write_str("the service told neither whether another page follows nor how many items there are")?;
            }
            IncompleteReason::StartedLater => f.write_str("it was started at a later page than the first")?,
            IncompleteReason::RepeatedMarker => f.write_str("the service sent the same marker again")?,
            IncompleteReason::PageCap(cap) => write!(f, "there are more than the {cap} pages that are allowed")?,
            IncompleteReason::Failed(error) => write!(f, "{error}")?,
        }
        if self.resume.is_some() {
            f.write_str("; it can be resumed")?;
        }
        Ok(())
    }
}

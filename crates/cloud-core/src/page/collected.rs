//! What a list came to: whole, or cut short, why, and where to go on.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// The items of a list, and whether they are all of them.
///
/// ```
/// # fn show(collected: cloud_core::Collected<String>) -> cloud_core::Result<()> {
/// if let Some(why) = collected.incomplete() {
///     eprintln!("{why}; {} items came", collected.items().len());
/// }
/// let all: Vec<String> = collected.into_complete()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a list may be incomplete: `into_complete` turns that into an error"]
pub struct Collected<T> {
    pub(super) items: Vec<T>,
    pub(super) incomplete: Option<Incomplete>,
}

impl<T> Collected<T> {
    /// What came, complete or not.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// What came, complete or not.
    #[must_use]
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// All items.
    ///
    /// # Errors
    /// [`ErrorKind::Incomplete`] if the list is not complete, or the error that ended it.
    pub fn into_complete(self) -> Result<Vec<T>> {
        match self.incomplete {
            None => Ok(self.items),
            Some(incomplete) => Err(incomplete.into_error()),
        }
    }

    /// Whether everything came.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.incomplete.is_none()
    }

    /// Why the list is not complete.
    #[must_use]
    pub fn incomplete(&self) -> Option<&Incomplete> {
        self.incomplete.as_ref()
    }
}

/// Why a list is not complete, and where to go on.
#[derive(Debug)]
#[non_exhaustive]
pub struct Incomplete {
    /// What happened.
    pub reason: Reason,
    /// The value of the list's page or marker parameter that asks for what is missing, where that is known.
    pub resume: Option<String>,
}

/// What made a list incomplete.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The list ended before as many items had come as were announced.
    Short {
        /// How many came.
        received: u64,
        /// How many the service said there are.
        total: u64,
    },
    /// The announced number changed between pages, or more items came than were announced, so items may have been skipped or have come twice.
    TotalMoved {
        /// What the first page announced.
        first: u64,
        /// What a later page announced, or how many came.
        last: u64,
    },
    /// An item came twice, so another may have been skipped.
    RepeatedItem,
    /// A page held nothing that had not come before.
    RepeatedPage,
    /// A marker came that had been followed before.
    RepeatedMarker,
    /// The service announced another page, and how to ask for it was missing.
    NoMarker,
    /// As many pages came as are allowed.
    PageCap(u32),
    /// A page could not be fetched.
    Failed(Error),
}

impl Incomplete {
    pub(super) fn into_error(self) -> Error {
        let text = self.to_string();
        match self.reason {
            Reason::Failed(error) => error,
            _ => Error::new(ErrorKind::Incomplete, text),
        }
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list is incomplete: ")?;
        match &self.reason {
            Reason::Short { received, total } => write!(f, "it ended after {received} of {total} items")?,
            Reason::TotalMoved { first, last } => {
                write!(f, "it changed while it was read, from {first} to {last} items")?;
            }
            Reason::RepeatedItem => f.write_str("an item came twice, so others may be missing")?,
            Reason::RepeatedPage => f.write_str("the service sent the same page again")?,
            Reason::NoMarker => f.write_str("the service announced another page and gave no marker for it")?,
            Reason::RepeatedMarker => f.write_str("the service sent the same marker again")?,
            Reason::PageCap(cap) => write!(f, "there are more than the {cap} pages that are allowed")?,
            Reason::Failed(error) => write!(f, "{error}")?,
        }
        if self.resume.is_some() {
            f.write_str("; it can be resumed")?;
        }
        Ok(())
    }
}

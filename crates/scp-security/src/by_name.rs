//! Lookups by the whole name: the vendor does not say whether its filters compare a part of it.

use cloud_core::error::ErrorCategory;
use cloud_core::{Error, ErrorKind, Items, Page, Result};
use serde::de::DeserializeOwned;

/// Returns the only item of a complete list that has the name.
pub(crate) async fn only<P: Page + DeserializeOwned>(
    what: &str,
    items: Items<P>,
    has_name: impl Fn(&P::Item) -> bool,
) -> Result<P::Item> {
    let mut found = items.try_collect().await?;
    found.retain(|item| has_name(item));
    match (found.pop(), found.len()) {
        (Some(item), 0) => Ok(item),
        (None, _) => {
            let error = Error::builder(ErrorKind::Lookup, format!("no {what} has this name"));
            Err(error.category(ErrorCategory::NotFound).build())
        }
        (Some(_), more) => {
            let text = format!("{} {what}s have this name: list them and choose one by its ID", more + 1);
            Err(Error::new(ErrorKind::Lookup, text))
        }
    }
}

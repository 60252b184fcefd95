//! Lookups by the whole name: the vendor does not say whether its filters compare a part of it.

use cloud_core::{Items, Page, Result};
use serde::de::DeserializeOwned;

/// Returns the only item of a complete list that has the name.
pub(crate) async fn only<P: Page + DeserializeOwned>(
    what: &str,
    items: Items<P>,
    has_name: impl Fn(&P::Item) -> bool,
) -> Result<P::Item> {
    let mut found = items.try_collect().await?;
    found.retain(|item| has_name(item));
    cloud_core::codegen::only(what, found)
}

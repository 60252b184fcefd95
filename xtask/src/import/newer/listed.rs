//! The versions that the newer reference lists, with those that it describes no operation of.

use std::collections::BTreeMap;

use super::super::{ImportError, Listing};
use super::source;

/// The list of each service.
pub(in crate::import) fn listed(text: &str) -> Result<BTreeMap<String, Listing>, ImportError> {
    let file: source::File =
        serde_json::from_str(text).map_err(|error| ImportError::new(error.line(), error.to_string()))?;
    let listing = |service: &source::Service| {
        let mut versions: Vec<String> = service.versions.iter().map(|own| own.version.0.clone()).collect();
        versions.sort_by_key(|number| crate::names::version_parts(number));
        let current = service.versions.iter().find(|own| own.status == "CURRENT");
        Listing { versions, current: current.map(|own| own.version.0.clone()) }
    };
    Ok(file.services.iter().map(|(name, service)| (name.clone(), listing(service))).collect())
}

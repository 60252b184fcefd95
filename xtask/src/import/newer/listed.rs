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
        // What the reference describes has state and date in its document.
        let listed = || service.operations.iter().filter(|own| own.listed_version.is_some());
        let described = |own: &&source::Version| listed().any(|operation| operation.versions.contains(&own.version));
        let others = service.versions.iter().filter(|own| !described(own));
        let mut listing = Listing { versions, current: current.map(|own| own.version.0.clone()), ..Listing::default() };
        for own in others {
            let number = own.version.0.clone();
            listing.deprecated.extend((own.status == "DEPRECATED").then(|| number.clone()));
            listing.ends.extend(own.date.as_ref().map(|day| (number, day.0.clone())));
        }
        listing.deprecated.sort_by_key(|number| crate::names::version_parts(number));
        listing
    };
    Ok(file.services.iter().map(|(name, service)| (name.clone(), listing(service))).collect())
}

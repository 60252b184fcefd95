//! The vendors that the sandbox emulates.

use crate::nhn::Nhn;
use crate::risken::Risken;
use crate::scp::Scp;
use crate::vendor::Vendor;

/// Every vendor. The paths that they serve do not overlap.
pub(crate) static VENDORS: [&dyn Vendor; 3] = [&Scp, &Nhn, &Risken];

/// The vendor to which a path belongs.
pub(crate) fn serving(path: &str) -> Option<&'static dyn Vendor> {
    VENDORS.into_iter().find(|vendor| vendor.serves(path))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::engine::Services;
    use crate::spec::Catalogue;

    fn handled<V: Services>() -> impl Iterator<Item = (String, String)> {
        V::SERVICES.iter().flat_map(|(service, handlers)| {
            handlers.iter().map(|(operation, _)| ((*service).to_owned(), (*operation).to_owned()))
        })
    }

    #[test]
    fn every_operation_has_a_handler_and_every_handler_an_operation() {
        let catalogue = Catalogue::embedded().unwrap();
        let documented: BTreeSet<_> = catalogue
            .operations()
            .flat_map(|operation| {
                assert!(VENDORS.iter().any(|vendor| vendor.name() == operation.document.vendor));
                let service = operation.document.service.clone();
                let names = [Some(&operation.name), operation.split.as_ref().map(|split| &split.name)];
                names.into_iter().flatten().map(move |name| (service.clone(), name.clone()))
            })
            .collect();
        let handled: BTreeSet<_> = handled::<Scp>().chain(handled::<Nhn>()).chain(handled::<Risken>()).collect();
        let missing: Vec<_> = documented.difference(&handled).collect();
        let stray: Vec<_> = handled.difference(&documented).collect();
        assert!(missing.is_empty() && stray.is_empty(), "missing {missing:?}, stray {stray:?}");
    }
}

//! Which function performs which operation: one for each, whatever the version.

use crate::call::Handler;
use crate::catalogue::Vendor;
use crate::{nhn, risken, scp};

/// The handlers of one service by operation name.
pub(crate) type Handlers = &'static [(&'static str, Handler)];

/// Every service with what performs its operations.
const SERVICES: &[(Vendor, &str, Handlers)] = &[
    (Vendor::Scp, "kms", scp::kms::HANDLERS),
    (Vendor::Scp, "secretsmanager", scp::secrets::HANDLERS),
    (Vendor::Scp, "secretvault", scp::vault::HANDLERS),
    (Vendor::Scp, "certificatemanager", scp::certificates::HANDLERS),
    (Vendor::Scp, "configinspection", scp::inspection::HANDLERS),
    (Vendor::Nhn, "security-advisor", nhn::advisor::HANDLERS),
    (Vendor::Nhn, "server-security-check", nhn::check::HANDLERS),
    (Vendor::Nhn, "secure-key-manager", nhn::skm::HANDLERS),
    (Vendor::Risken, "aws", risken::HANDLERS),
];

/// The handler of an operation.
pub(crate) fn find(vendor: Vendor, service: &str, operation: &str) -> Option<Handler> {
    let (_, _, handlers) = SERVICES.iter().find(|(v, s, _)| *v == vendor && *s == service)?;
    handlers.iter().find(|(name, _)| *name == operation).map(|(_, handler)| *handler)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn every_operation_has_a_handler_and_every_handler_an_operation() {
        let catalogue = Catalogue::embedded().unwrap();
        let documented: BTreeSet<_> = catalogue
            .operations()
            .flat_map(|operation| {
                let service = operation.document.service.clone();
                let names = [Some(&operation.name), operation.split.as_ref().map(|split| &split.name)];
                names.into_iter().flatten().map(move |name| (service.clone(), name.clone()))
            })
            .collect();
        let handled: BTreeSet<_> = SERVICES
            .iter()
            .flat_map(|(_, service, list)| list.iter().map(|(name, _)| ((*service).to_owned(), (*name).to_owned())))
            .collect();
        let missing: Vec<_> = documented.difference(&handled).collect();
        let stray: Vec<_> = handled.difference(&documented).collect();
        assert!(missing.is_empty() && stray.is_empty(), "missing {missing:?}, stray {stray:?}");
    }
}

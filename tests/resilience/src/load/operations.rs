//! All operations of the SDKs by the sandbox's names.

use std::collections::HashMap;

use cloud_core::CallContext;

/// Operations by `vendor/service/operation/version`.
#[derive(Clone, Debug)]
pub(crate) struct Operations(HashMap<String, CallContext>);

impl Default for Operations {
    fn default() -> Self {
        let calls = conformance::VERSIONS.iter().flat_map(|(version, operations)| {
            operations.iter().map(move |operation| CallContext::new(operation, version))
        });
        Self(calls.map(|call| (name(call), call)).collect())
    }
}

impl Operations {
    /// Returns the operation with this name.
    #[must_use]
    pub(crate) fn find(&self, name: &str) -> Option<CallContext> {
        self.0.get(name).copied()
    }

    /// Returns all names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }
}

/// Returns the sandbox's name of an operation.
#[must_use]
pub(crate) fn name(call: CallContext) -> String {
    let CallContext { operation, version, .. } = call;
    format!("{}/{}/{}/{}", version.vendor, version.service, operation.name, version.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_by_name() {
        let operations = Operations::default();
        assert_eq!(operations.names().count(), conformance::entries().count());
        assert!(operations.find("scp/kms/encrypt/1.4").is_some());
        assert!(operations.find("risken/aws/invoke_scan/1").is_some());
        assert!(operations.find("nhn/secure-key-manager/sign/1.0").is_some());
    }
}

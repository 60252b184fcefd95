//! Every operation of the SDKs by the name that the sandbox gives it.

use std::collections::HashMap;

use cloud_core::{ApiVersion, CallContext, Operation};
use nhn_security::{secure_key_manager, security_advisor, server_security_check};
use risken_aws::aws;
use scp_security::{certificate_manager, config_inspection, kms, secret_vault, secrets_manager};

/// Operations by `vendor/service/operation/version`.
#[derive(Clone, Debug)]
pub(crate) struct Operations(HashMap<String, CallContext>);

impl Default for Operations {
    fn default() -> Self {
        let all: [(&'static ApiVersion, &'static [&'static Operation]); 15] = [
            (certificate_manager::v1_0::Client::VERSION, certificate_manager::v1_0::Client::OPERATIONS),
            (certificate_manager::v1_1::Client::VERSION, certificate_manager::v1_1::Client::OPERATIONS),
            (config_inspection::v1_0::Client::VERSION, config_inspection::v1_0::Client::OPERATIONS),
            (config_inspection::v1_1::Client::VERSION, config_inspection::v1_1::Client::OPERATIONS),
            (kms::v1_0::Client::VERSION, kms::v1_0::Client::OPERATIONS),
            (kms::v1_1::Client::VERSION, kms::v1_1::Client::OPERATIONS),
            (kms::v1_2::Client::VERSION, kms::v1_2::Client::OPERATIONS),
            (secret_vault::v1_0::Client::VERSION, secret_vault::v1_0::Client::OPERATIONS),
            (secrets_manager::v1_0::Client::VERSION, secrets_manager::v1_0::Client::OPERATIONS),
            (secrets_manager::v1_1::Client::VERSION, secrets_manager::v1_1::Client::OPERATIONS),
            (secure_key_manager::v1_0::Client::VERSION, secure_key_manager::v1_0::Client::OPERATIONS),
            (secure_key_manager::v1_1::Client::VERSION, secure_key_manager::v1_1::Client::OPERATIONS),
            (security_advisor::v1_0::Client::VERSION, security_advisor::v1_0::Client::OPERATIONS),
            (server_security_check::v1_0::Client::VERSION, server_security_check::v1_0::Client::OPERATIONS),
            (aws::v1::Client::VERSION, aws::v1::Client::OPERATIONS),
        ];
        let calls = all.into_iter().flat_map(|(version, operations)| {
            operations.iter().map(move |operation| CallContext::new(operation, version))
        });
        Self(calls.map(|call| (name(call), call)).collect())
    }
}

impl Operations {
    /// The operation of this name.
    #[must_use]
    pub(crate) fn find(&self, name: &str) -> Option<CallContext> {
        self.0.get(name).copied()
    }

    /// The names of all.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }
}

/// The name under which the sandbox knows an operation.
#[must_use]
pub(crate) fn name(call: CallContext) -> String {
    let CallContext { operation, version, .. } = call;
    format!("{}/{}/{}/{}", version.vendor, version.service, operation.name, version.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_operations_are_known() {
        let operations = Operations::default();
        assert_eq!(operations.names().count(), 151);
        assert!(operations.find("scp/kms/encrypt/1.2").is_some());
        assert!(operations.find("risken/aws/invoke_scan/1").is_some());
        assert!(operations.find("nhn/secure-key-manager/sign/1.0").is_some());
    }
}

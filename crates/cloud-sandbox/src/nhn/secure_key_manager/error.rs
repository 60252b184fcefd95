//! The refusals of Secure Key Manager, told apart by the names that its guide gives them.

use super::access::Denied;
use super::crypto::Fault;
use crate::nhn::error::{BAD_REQUEST, ErrorResponse};

/// What the message of a refusal names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// No key of this kind has the id.
    KeyId,
    /// No key store has the number.
    KeyStoreId,
    /// No key store has the name.
    NamedKeyStore,
    /// The key store still has keys.
    KeyStoreStatus,
    /// Another key, key store or credential has the name.
    Duplicate,
    /// The key store lists no such credential.
    Credential,
    /// The credential waits for its deletion, or does not yet.
    CredentialStatus,
    /// The key has no such version.
    KeyVersion,
    /// The key waits for its deletion, or does not yet.
    KeyStatus,
    /// The version is switched off.
    KeyVersionStatus,
    /// The ciphertext or signature is malformed.
    UserData,
    /// The address is not let in.
    Ipv4,
    /// The MAC address is not let in.
    Mac,
    /// The client certificate is not let in.
    Certificate,
    /// The client certificate was issued by another authority.
    CertificateIssuer,
    /// The client certificate is past its date.
    CertificateExpired,
    /// The sandbox holds a key that is none.
    Broken,
}

impl From<Denied> for Name {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Ipv4 => Self::Ipv4,
            Denied::Mac => Self::Mac,
            Denied::Certificate => Self::Certificate,
            Denied::Issuer => Self::CertificateIssuer,
            Denied::Expired => Self::CertificateExpired,
        }
    }
}

impl From<Fault> for Name {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Data => Self::UserData,
            Fault::Key | Fault::NeedsKey => Self::Broken,
        }
    }
}

/// The refusal that carries a name. Its status shows only where the sandbox was told to use real ones.
pub(super) fn refuse(name: impl Into<Name>) -> ErrorResponse {
    let (status, message) = match name.into() {
        Name::KeyId => (404, "Invalid Key Id"),
        Name::KeyStoreId => (404, "Invalid Key Store Id"),
        Name::NamedKeyStore => (404, "Invalid Key Store Name"),
        Name::KeyStoreStatus => (400, "Invalid Key Store Status"),
        Name::Duplicate => (400, "Duplicate Name"),
        Name::Credential => (404, "Invalid Auth Value"),
        Name::CredentialStatus => (400, "Invalid Auth Status"),
        Name::KeyVersion => (404, "Invalid Key Version"),
        Name::KeyStatus => (400, "Invalid Key Status"),
        Name::KeyVersionStatus => (400, "Invalid Key Version Status"),
        Name::UserData => (400, "Invalid User Data"),
        Name::Ipv4 => (403, "IPv4 Auth Failure"),
        Name::Mac => (403, "MAC Auth Failure"),
        Name::Certificate => (403, "Certificate Auth Failure"),
        Name::CertificateIssuer => (403, "Certificate Auth Failure: wrong issuer"),
        Name::CertificateExpired => (403, "Certificate Auth Failure: expired"),
        Name::Broken => (500, "the key in the sandbox's seed is not usable"),
    };
    ErrorResponse::new(status, BAD_REQUEST, message)
}

/// The refusal of a request that the service reads and does not accept.
pub(super) fn invalid(message: &str) -> ErrorResponse {
    ErrorResponse::new(400, BAD_REQUEST, message)
}

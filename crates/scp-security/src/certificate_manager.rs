//! Certificate Manager: X.509 certificates, own and self-signed, with their states and expiry.

use cloud_core::{Error, ErrorKind, Result};

pub use crate::generated::certificate_manager::*;

impl types::CheckDuplicateNameResponse {
    /// Returns an error if certificate, chain and private key do not belong together. For the response of
    /// `validate_certificate` in version 1.0.
    ///
    /// # Errors
    /// [`ErrorKind::Service`] if the service found them invalid.
    pub fn require_valid(&self) -> Result<()> {
        crate::verdict::require(self.result, INVALID)
    }

    /// Returns whether another certificate has the name. For the response of `check_duplicate_name`; the vendor does not
    /// say which way round the answer is, and true is assumed to mean that the name is taken.
    ///
    /// # Errors
    /// None today. It is a `Result` as for keys, whose response can leave the answer out.
    pub fn is_taken(&self) -> Result<bool> {
        Ok(self.result)
    }
}

impl types::ValidateCertificateResponse {
    /// Returns an error if certificate, chain and private key do not belong together.
    ///
    /// # Errors
    /// [`ErrorKind::Service`] if the service found them invalid; [`ErrorKind::Decode`] if the response has no verdict.
    pub fn require_valid(&self) -> Result<()> {
        let verdict = self.validate_check.ok_or_else(|| {
            Error::new(ErrorKind::Decode, "the response does not say whether the certificate is valid")
        })?;
        crate::verdict::require(verdict, INVALID)
    }
}

const INVALID: &str = "certificate, chain and private key do not belong together";

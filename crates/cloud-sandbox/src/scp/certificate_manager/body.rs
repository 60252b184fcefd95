//! The certificate, chain and private key of a request body.

use super::material::{Material, Unreadable};
use crate::call::Call;
use crate::scp::error::ErrorResponse;

/// Reads certificate, chain and key of a request body, or refuses the one that cannot be read.
pub(super) fn read(call: &Call<'_>) -> Result<Material, ErrorResponse> {
    let text = |name: &str| call.text(name).unwrap_or_default();
    Material::read(text("cert_body"), call.text("cert_chain"), text("private_key")).map_err(|unreadable| {
        let (what, detail) = match unreadable {
            Unreadable::Body => ("cert-body", "cert_body must be one X.509 certificate as PEM"),
            Unreadable::Chain => ("cert-chain", "cert_chain must be X.509 certificates as PEM"),
            Unreadable::PrivateKey => {
                ("private-key", "private_key must be one RSA, P-256, P-384 or Ed25519 key as PEM, without a passphrase")
            }
        };
        ErrorResponse::new(400, format!("scp-security.certificate.pem-format-{what}-error"), detail)
    })
}

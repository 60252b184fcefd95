//! The certificate, chain and private key of a request body.

use super::material::{Material, Unreadable};
use crate::call::Call;
use crate::scp::error::ErrorResponse;

/// What the service says to private keys that it does not take.
const NO_PEM: &str = "This private key is not a PEM format";

/// Reads certificate, chain and key of a request body, or refuses the one that cannot be read or is self-signed.
pub(super) fn read(call: &Call<'_>) -> Result<Material, ErrorResponse> {
    let text = |name: &str| call.text(name).unwrap_or_default();
    let read = Material::read(text("cert_body"), call.text("cert_chain"), text("private_key"));
    // The service blames the key, however that is written.
    let read = read.and_then(|one| if one.is_self_signed() { Err(Unreadable::PrivateKey) } else { Ok(one) });
    read.map_err(|unreadable| {
        let (what, detail) = match unreadable {
            Unreadable::Body => ("cert-body", "cert_body must be one X.509 certificate as PEM"),
            Unreadable::Chain => ("cert-chain", "cert_chain must be X.509 certificates as PEM"),
            Unreadable::PrivateKey => ("private-key", NO_PEM),
        };
        ErrorResponse::new(400, format!("scp-security.certificate.pem-format-{what}-error"), detail)
    })
}

//! What reqwest's errors mean: how far the request got, and what to do.

use std::error::Error;

use http::Uri;
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::transport::{Stage, TransportError};

/// Classifies an error of a request to `uri`, sent through `proxy` if there is one.
pub(super) fn failure(error: reqwest::Error, uri: &Uri, proxy: Option<&str>) -> TransportError {
    let (stage, text) = if error.is_connect() {
        let target = uri.authority().map_or("the host", |authority| authority.as_str());
        let through = proxy.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
        match tls(&error) {
            Some(what) => (Stage::Handshake, format!("no TLS connection to {target}{through}: {what}")),
            None => (Stage::Connect, format!("could not connect to {target}{through}")),
        }
    } else if error.is_builder() {
        (Stage::Invalid, "the request cannot be sent".to_owned())
    } else if error.is_body() || error.is_decode() {
        (Stage::PossiblySent, "the response was truncated".to_owned())
    } else {
        (Stage::PossiblySent, "the connection ended without a response".to_owned())
    };
    TransportError::new(stage, text).with_source(error.without_url())
}

/// What a TLS error means that another attempt would meet again.
fn tls(error: &reqwest::Error) -> Option<&'static str> {
    use rustls::Error as Tls;
    match find(error)? {
        Tls::InvalidMessage(InvalidMessage::InvalidContentType) => {
            Some("the server does not speak TLS on this port; is it an http endpoint?")
        }
        Tls::InvalidCertificate(why) => Some(match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the server's certificate has expired, or this machine's clock is wrong"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the server's certificate is not valid yet, or this machine's clock is wrong"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the server's certificate is for another host"
            }
            CertificateError::UnknownIssuer => {
                "the server's certificate is not trusted: no trusted authority has issued it; for an authority of \
                 your own, use root_certificates_pem()"
            }
            CertificateError::Revoked => "the server's certificate is revoked",
            CertificateError::Other(_) => {
                "the server's certificate is not one of a server, such as an authority's own or one without its names"
            }
            _ => "the server's certificate is not valid",
        }),
        Tls::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::BadCertificate) => {
            Some("the server asks for a client certificate, or does not accept the one that was presented")
        }
        Tls::AlertReceived(AlertDescription::UnrecognisedName) => Some("the server does not know this host name"),
        Tls::AlertReceived(AlertDescription::ProtocolVersion) | Tls::PeerIncompatible(_) => {
            Some("the server offers neither TLS 1.2 nor TLS 1.3 with a cipher suite in common")
        }
        Tls::PeerMisbehaved(_) | Tls::InvalidMessage(_) => Some("the server does not follow the TLS protocol"),
        _ => None,
    }
}

/// The TLS error in the chain; an `io::Error` does not name what it wraps as its source.
fn find<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

//! What an HTTP client's errors mean: how far the request got, and what to do.

use std::error::Error;

use http::Uri;
use http::uri::Authority;
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::Via;
use crate::transport::{Stage, TransportError};

/// Where an HTTP client reports that it failed.
#[derive(Clone, Copy, Debug)]
pub(in crate::transport) enum Failure {
    /// Before there was a connection.
    Connect,
    /// The request is one that cannot be sent.
    #[cfg(feature = "reqwest-no-provider")]
    Request,
    /// The connection was made, but no response arrived.
    Send,
    /// Within the response's body.
    Body,
}

/// What an error says about where a request was sent.
pub(in crate::transport) struct Target<'a> {
    authority: Option<Authority>,
    /// Host and port of the proxy, and the variable that names them.
    proxy: Option<&'a str>,
}

impl<'a> Target<'a> {
    pub(in crate::transport) fn new(uri: &Uri, via: Option<&Via<'a>>) -> Self {
        Self { authority: uri.authority().cloned(), proxy: via.map(|via| via.name) }
    }
}

/// Classifies an error. It must not show a query.
pub(in crate::transport) fn failure<E>(at: Failure, error: E, target: &Target<'_>) -> TransportError
where
    E: Error + Send + Sync + 'static,
{
    let (stage, text) = match at {
        Failure::Connect => connect(&error, target),
        #[cfg(feature = "reqwest-no-provider")]
        Failure::Request => (Stage::Invalid, "the request cannot be sent".to_owned()),
        Failure::Send => (Stage::PossiblySent, "the connection ended without a response".to_owned()),
        Failure::Body => (Stage::PossiblySent, "the response was truncated".to_owned()),
    };
    TransportError::new(stage, text).with_source(error)
}

fn connect(error: &(dyn Error + 'static), Target { authority, proxy }: &Target<'_>) -> (Stage, String) {
    let target = authority.as_ref().map_or("the host", Authority::as_str);
    let through = proxy.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
    match tls(error) {
        Some(what) => (Stage::Handshake, format!("no TLS connection to {target}{through}: {what}")),
        None if is_exhausted(error) => {
            let help = "raise the limit of open files (`ulimit -n`), or make fewer calls at once";
            (Stage::Exhausted, format!("no file descriptor left to connect to {target}{through}; {help}"))
        }
        None => (Stage::Connect, format!("could not connect to {target}{through}")),
    }
}

/// Returns the text of a TLS error that a retry would not fix.
fn tls(error: &(dyn Error + 'static)) -> Option<&'static str> {
    use rustls::Error as Tls;
    match causes(error).find_map(|cause| cause.downcast_ref::<Tls>())? {
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
                "the server's certificate is not trusted: no trusted authority has issued it; for a private \
                 authority, use root_certificates_pem()"
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

/// Whether the process or the machine has as many open files as it may have.
fn is_exhausted(error: &(dyn Error + 'static)) -> bool {
    #[cfg(windows)]
    const CODES: [i32; 1] = [10024];
    #[cfg(not(windows))]
    const CODES: [i32; 2] = [23, 24];
    let mut codes = causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>()?.raw_os_error());
    // A name that could not be looked up for this reason counts as unknown, so a descriptor is asked for.
    let asked = || std::net::UdpSocket::bind(("127.0.0.1", 0)).err().and_then(|error| error.raw_os_error());
    codes.next().or_else(asked).is_some_and(|code| CODES.contains(&code))
}

/// The error and what it wraps; an `io::Error` does not name what it wraps as its source.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

//! The Bearer token.

use std::fmt;

use bytes::Bytes;
use cloud_core::auth::{Generation, SignContext};
use cloud_core::{BoxFuture, Error, ExposeSecret, Result, SecretString, Signer, secret};
use http::HeaderValue;
use http::header::AUTHORIZATION;

/// Sends a fixed access token.
pub(crate) struct BearerSigner(HeaderValue);

impl BearerSigner {
    /// `place` is where the token came from, for the error.
    pub(crate) fn new(token: &SecretString, place: &str) -> Result<Self> {
        // Tokens are pasted, often with a line break at their end.
        let token = token.expose_secret().trim();
        if token.is_empty() {
            return Err(Error::config(format!("{place}: the access token is empty")));
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::config(format!(
                "{place}: the access token holds blanks, control characters or non-ascii characters"
            )));
        }
        let bearer = secret::join(&["Bearer ", token]);
        let value = secret::header(bearer.expose_secret())
            .map_err(|_| Error::config(format!("{place}: the access token cannot stand in a header")))?;
        Ok(Self(value))
    }
}

impl Signer for BearerSigner {
    fn sign<'a>(
        &'a self,
        _: SignContext<'a>,
        request: &'a mut http::Request<Bytes>,
    ) -> BoxFuture<'a, Result<Generation>> {
        request.headers_mut().insert(AUTHORIZATION, self.0.clone());
        Box::pin(std::future::ready(Ok(Generation::default())))
    }
}

impl fmt::Debug for BearerSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerSigner([redacted])")
    }
}

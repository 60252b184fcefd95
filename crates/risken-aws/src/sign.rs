//! The Bearer token.

use std::fmt;

use bytes::Bytes;
use cloud_core::auth::{Generation, SignContext, SignaturePlan};
use cloud_core::config::Value;
use cloud_core::{BoxFuture, Result, Signer, secret};
use http::HeaderValue;
use http::header::AUTHORIZATION;

/// Sends a fixed access token.
pub(crate) struct BearerSigner(HeaderValue);

impl BearerSigner {
    pub(crate) fn new(token: &Value) -> Result<Self> {
        let bearer = secret::join(&["Bearer ", token.as_str()]);
        let value =
            secret::header(bearer.expose_secret()).map_err(|_| token.error("the value is not a valid header value"))?;
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

    fn plan(&self, _: SignContext<'_>, request: &mut http::Request<Bytes>) -> Result<SignaturePlan> {
        request.headers_mut().insert(AUTHORIZATION, self.0.clone());
        Ok(SignaturePlan::new(&["RISKEN_ACCESS_TOKEN"]).header(AUTHORIZATION, "Bearer $RISKEN_ACCESS_TOKEN"))
    }
}

impl fmt::Debug for BearerSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerSigner([redacted])")
    }
}

//! The parts of a request that routes read, and the responses they return.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use secrecy::zeroize::Zeroizing;
use serde::Serialize;

use crate::body::LONGEST;
use crate::failure::{Failure, Result};
use crate::policy::{Capability, Token};
use crate::reply::Reply;
use crate::request::Query;

/// The parts of a request that routes read.
pub(crate) struct Context<'a> {
    /// Vault's ID of this request.
    pub(crate) id: &'a str,
    pub(crate) query: &'a Query,
    pub(crate) token: &'a Token,
    /// The path as policies write it.
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
    /// Taken by the route that reads it.
    pub(crate) body: Mutex<Option<Body>>,
}

impl Context<'_> {
    /// A response with data.
    pub(crate) fn data<T: Serialize>(&self, mount: &str, data: &T) -> Result<Reply> {
        Reply::data(self.id, mount, data)
    }

    /// A response with data and warnings.
    pub(crate) fn data_with<T: Serialize>(&self, mount: &str, data: &T, warnings: &[&str]) -> Result<Reply> {
        Reply::with_warnings(self.id, mount, data, warnings)
    }

    /// Requires that the policy permits this on the path.
    pub(crate) fn require(&self, capability: Capability) -> Result<()> {
        if self.token.may(self.path, capability) { Ok(()) } else { Err(Failure::denied()) }
    }

    pub(crate) fn require_content_type(&self, wanted: &str) -> Result<()> {
        let own = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let plain = own.split(';').next().unwrap_or_default().trim();
        match plain.eq_ignore_ascii_case(wanted) {
            true => Ok(()),
            false => {
                Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("the content type must be {wanted}")))
            }
        }
    }

    /// The body, in a buffer that is wiped.
    pub(crate) async fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
        let announced = self.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > LONGEST) {
            return Err(too_long());
        }
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut body) = body else { return Ok(Zeroizing::default()) };
        let mut bytes = Zeroizing::new(Vec::with_capacity(announced.unwrap_or_default()));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Failure::invalid("the body ended early"))?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > LONGEST {
                return Err(too_long());
            }
            append(&mut bytes, &data);
        }
        Ok(bytes)
    }
}

/// A vector that grows by itself may move and leave what it held behind.
fn append(bytes: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    let wanted = bytes.len() + more.len();
    if wanted > bytes.capacity() {
        let mut grown = Zeroizing::new(Vec::with_capacity(wanted.max(bytes.capacity() * 2)));
        grown.extend_from_slice(bytes);
        *bytes = grown;
    }
    bytes.extend_from_slice(more);
}

fn too_long() -> Failure {
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is longer than {LONGEST} bytes"))
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("id", &self.id).field("token", &self.token.name).finish_non_exhaustive()
    }
}

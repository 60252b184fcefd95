//! Responses in Vault's envelope, in buffers that are wiped.

use std::time::Duration;

use bytes::Bytes;
use cloud_core::SecretString;
use cloud_core::codegen::{self, Exposed};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::{Serialize, Serializer};

use crate::failure::{Failure, Result};

/// What a route returns.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
    retry_after: Option<Duration>,
}

/// Writes a secret into a response.
pub(crate) fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    Exposed(secret).serialize(serializer)
}

/// The members of each response of Vault; clients rely on those that are always null here, too.
#[derive(Serialize)]
struct Envelope<'a, T, A> {
    request_id: &'a str,
    lease_id: &'static str,
    renewable: bool,
    lease_duration: u64,
    data: T,
    wrap_info: (),
    warnings: Option<&'a [&'a str]>,
    auth: A,
    mount_type: &'a str,
}

#[derive(Serialize)]
struct Errors<'a> {
    errors: &'a [&'a str],
}

const JSON: &str = "application/json";

impl Reply {
    /// A response with data. `mount` is the type of the mount that responds: `kv`, `transit`, `system` or `token`.
    pub(crate) fn data<T: Serialize>(id: &str, mount: &str, data: &T) -> Result<Self> {
        Self::with_warnings(id, mount, data, &[])
    }

    pub(crate) fn with_warnings<T: Serialize>(id: &str, mount: &str, data: &T, warnings: &[&str]) -> Result<Self> {
        Self::whole(id, mount, data, &(), warnings)
    }

    /// A response about a token.
    pub(crate) fn auth<A: Serialize>(id: &str, auth: &A) -> Result<Self> {
        Self::whole(id, "token", &(), auth, &[])
    }

    fn whole<T: Serialize, A: Serialize>(id: &str, mount: &str, data: &T, auth: &A, warnings: &[&str]) -> Result<Self> {
        Self::plain(&Envelope {
            request_id: id,
            lease_id: "",
            renewable: false,
            lease_duration: 0,
            data,
            wrap_info: (),
            warnings: Some(warnings).filter(|texts| !texts.is_empty()),
            auth,
            mount_type: mount,
        })
    }

    /// A response that is not in an envelope.
    pub(crate) fn plain<T: Serialize>(body: &T) -> Result<Self> {
        let body = codegen::json(body).map_err(Failure::from)?;
        Ok(Self { status: StatusCode::OK, content_type: JSON, body, retry_after: None })
    }

    /// A response that is text in another format.
    pub(crate) fn text(content_type: &'static str, text: String) -> Self {
        Self { status: StatusCode::OK, content_type, body: text.into(), retry_after: None }
    }

    /// A response without a body.
    pub(crate) fn empty() -> Self {
        Self { status: StatusCode::NO_CONTENT, content_type: JSON, body: Bytes::new(), retry_after: None }
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with the delay after which the client is to come back.
    pub(crate) fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn into_response(self) -> Response<axum::body::Body> {
        let mut response = Response::new(axum::body::Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(delay) = self.retry_after {
            let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The response for a failure.
pub(crate) fn failed(failure: &Failure) -> Response<axum::body::Body> {
    let text = failure.text();
    let errors = Errors { errors: text.as_slice() };
    // Strings can always be written.
    let body = failure.body().cloned().or_else(|| codegen::json(&errors).ok()).unwrap_or_default();
    let (status, retry_after) = (failure.status(), failure.retry_after());
    Reply { status, content_type: JSON, body, retry_after }.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_has_every_member_of_vaults() {
        let reply = Reply::data("1-2", "kv", &serde_json::json!({"a": 1})).unwrap();
        assert_eq!(
            reply.body(),
            r#"{"request_id":"1-2","lease_id":"","renewable":false,"lease_duration":0,"data":{"a":1},"wrap_info":null,"warnings":null,"auth":null,"mount_type":"kv"}"#
        );
        let reply = Reply::with_warnings("1", "kv", &(), &["careful"]).unwrap();
        assert!(
            reply
                .body()
                .ends_with(br#""data":null,"wrap_info":null,"warnings":["careful"],"auth":null,"mount_type":"kv"}"#)
        );
    }

    #[test]
    fn failures_are_lists_of_errors() {
        let response = failed(&Failure::not_found());
        assert_eq!(
            (response.status(), response.headers()[CACHE_CONTROL].to_str().unwrap()),
            (StatusCode::NOT_FOUND, "no-store")
        );
    }
}

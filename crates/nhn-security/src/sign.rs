//! What an operation asks of the User Access Key: nothing, the key itself, or a token for it.

use std::fmt;

use bytes::Bytes;
use cloud_core::auth::{Generation, SignContext, SignaturePlan};
use cloud_core::client::Shared;
use cloud_core::{Authentication, BoxFuture, Endpoint, Error, Operation, Result, Signer, secret};
use http::{HeaderName, HeaderValue};

use crate::token::{AccessKey, KEY_VARIABLES, TokenSigner};

const ID: HeaderName = HeaderName::from_static("x-tc-authentication-id");
const SECRET: HeaderName = HeaderName::from_static("x-tc-authentication-secret");

/// Authenticates with a User Access Key, as the operation asks for.
pub(crate) struct AccessKeySigner {
    token: TokenSigner,
    id: HeaderValue,
    secret: HeaderValue,
}

impl AccessKeySigner {
    /// Creates a signer for this key, which requests tokens from `endpoint` when an operation needs one.
    pub(crate) fn new(key: &AccessKey, endpoint: Endpoint, shared: &Shared) -> Result<Self> {
        let header = |text: &str| {
            secret::header(text).map_err(|_| Error::config("the user access key is not a valid header value"))
        };
        let (id, secret) = (header(&key.id)?, header(key.secret.expose_secret())?);
        Ok(Self { token: TokenSigner::new(key, endpoint, shared)?, id, secret })
    }

    fn add_key(&self, request: &mut http::Request<Bytes>) {
        request.headers_mut().insert(ID, self.id.clone());
        request.headers_mut().insert(SECRET, self.secret.clone());
    }
}

/// Whether the operation takes the User Access Key itself and no token.
pub(crate) fn takes_access_key(operation: &Operation) -> bool {
    matches!(operation.authentication, Authentication::Scheme("UserAccessKeyId"))
}

impl Signer for AccessKeySigner {
    fn sign<'a>(
        &'a self,
        context: SignContext<'a>,
        request: &'a mut http::Request<Bytes>,
    ) -> BoxFuture<'a, Result<Generation>> {
        if !takes_access_key(context.operation) {
            return self.token.sign(context, request);
        }
        self.add_key(request);
        Box::pin(std::future::ready(Ok(Generation::default())))
    }

    fn plan(&self, context: SignContext<'_>, request: &mut http::Request<Bytes>) -> Result<SignaturePlan> {
        if !takes_access_key(context.operation) {
            return self.token.plan(context, request);
        }
        self.add_key(request);
        let [id, secret] = KEY_VARIABLES;
        Ok(SignaturePlan::new(&KEY_VARIABLES).header(ID, format!("${id}")).header(SECRET, format!("${secret}")))
    }

    fn invalidate(&self, operation: &'static Operation, credentials: Generation) -> bool {
        !takes_access_key(operation) && self.token.invalidate(operation, credentials)
    }
}

impl fmt::Debug for AccessKeySigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKeySigner").field("token", &self.token).finish_non_exhaustive()
    }
}

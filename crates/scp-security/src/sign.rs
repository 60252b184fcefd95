//! The request signature: HMAC-SHA256 over method, exact URL, timestamp, key id and client type.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cloud_core::auth::{Generation, SignContext, SignaturePlan, Signer};
use cloud_core::{Authentication, BoxFuture, Error, ErrorKind, Operation, Result, SecretString};
use http::{HeaderName, HeaderValue};

use crate::credentials::{Credentials, Keys};
use crate::signing_key::CLIENT_TYPE;

/// The names of the four headers of a signature.
struct Names {
    key: HeaderName,
    signature: HeaderName,
    timestamp: HeaderName,
    client_type: HeaderName,
}

const API: Names = Names {
    key: HeaderName::from_static("scp-accesskey"),
    signature: HeaderName::from_static("scp-signature"),
    timestamp: HeaderName::from_static("scp-timestamp"),
    client_type: HeaderName::from_static("scp-clienttype"),
};

const VAULT: Names = Names {
    key: HeaderName::from_static("svaccesskey"),
    signature: HeaderName::from_static("svsignature"),
    timestamp: HeaderName::from_static("svtimestamp"),
    client_type: HeaderName::from_static("svclienttype"),
};

/// Signs with an access key, and the temporary key of Secret Vault with a vault token.
pub(crate) struct ScpSigner {
    /// `None` for the client that only fetches temporary keys.
    pub(crate) credentials: Option<Keys>,
    pub(crate) vault_token: Option<Arc<Credentials>>,
}

impl ScpSigner {
    fn for_vault(operation: &'static Operation) -> bool {
        // The fixture names the security scheme of the one operation that a vault token signs.
        matches!(operation.authentication, Authentication::Scheme(name) if name.starts_with("Sv"))
    }

    fn token(&self) -> Result<&Credentials> {
        self.vault_token.as_deref().ok_or_else(|| {
            let text = "no vault token: set `.vault_token()` or SCP_VAULT_TOKEN_ID and SCP_VAULT_TOKEN_SECRET";
            Error::new(ErrorKind::Credentials, text)
        })
    }
}

impl Signer for ScpSigner {
    fn sign<'a>(
        &'a self,
        context: SignContext<'a>,
        request: &'a mut http::Request<Bytes>,
    ) -> BoxFuture<'a, Result<Generation>> {
        Box::pin(async move {
            if Self::for_vault(context.operation) {
                let token = self.token()?;
                add(&VAULT, &context, token, request)?;
                return Ok(Generation::FIXED);
            }
            match &self.credentials {
                None => Err(no_keys()),
                Some(Keys::Fixed(credentials)) => {
                    add(&API, &context, credentials, request)?;
                    Ok(Generation::FIXED)
                }
                Some(Keys::Renewed(source)) => {
                    let (credentials, generation) = source.credentials(context.now).await?;
                    add(&API, &context, &credentials, request)?;
                    Ok(generation)
                }
            }
        })
    }

    fn plan(&self, context: SignContext<'_>, request: &mut http::Request<Bytes>) -> Result<SignaturePlan> {
        if Self::for_vault(context.operation) {
            add(&VAULT, &context, self.token()?, request)?;
            return Ok(in_shell(&VAULT, ["SCP_VAULT_TOKEN_ID", "SCP_VAULT_TOKEN_SECRET"], context.operation));
        }
        let plan = in_shell(&API, ["SCP_ACCESS_KEY", "SCP_SECRET_KEY"], context.operation);
        let current = match &self.credentials {
            None => return Err(no_keys()),
            Some(Keys::Fixed(credentials)) => {
                add(&API, &context, credentials, request)?;
                return Ok(plan);
            }
            Some(Keys::Renewed(source)) => source.valid(context.now),
        };
        let pending = current.is_none();
        let credentials = current.unwrap_or_else(|| Arc::new(Credentials::new("requested-by-the-call", "")));
        add(&API, &context, &credentials, request)?;
        Ok(plan.pending(pending))
    }

    fn invalidate(&self, operation: &'static Operation, credentials: Generation) -> bool {
        match &self.credentials {
            Some(Keys::Renewed(source)) if !Self::for_vault(operation) => source.invalidate(credentials),
            _ => false,
        }
    }

    fn secrets(&self, operation: &'static Operation) -> Vec<SecretString> {
        if Self::for_vault(operation) {
            return self.vault_token.iter().map(|token| token.secret_key().clone()).collect();
        }
        match &self.credentials {
            None => Vec::new(),
            Some(Keys::Fixed(keys)) => vec![keys.secret_key().clone()],
            Some(Keys::Renewed(source)) => source.current().iter().map(|keys| keys.secret_key().clone()).collect(),
        }
    }

    fn signs_time(&self, _: &'static Operation) -> bool {
        true
    }
}

fn no_keys() -> Error {
    Error::new(ErrorKind::Credentials, "this client only fetches temporary keys")
}

/// The signature as a shell makes it, from the variables of a key and its secret.
fn in_shell(names: &Names, [key, secret]: [&'static str; 2], operation: &Operation) -> SignaturePlan {
    let method = operation.method.as_str();
    SignaturePlan::new(&[key, secret])
        .step("timestamp=$(date +%s)000")
        .step(format!(
            "signature=$(printf '%s' \"{method}$url$timestamp${{{key}}}{CLIENT_TYPE}\" | \
             openssl dgst -sha256 -hmac \"${secret}\" -binary | openssl base64 -A)"
        ))
        // The status of a pipe is that of its last program.
        .step(": \"${signature:?no signature: check openssl}\"")
        .header(names.key.clone(), format!("${key}"))
        .header(names.signature.clone(), "$signature")
        .header(names.timestamp.clone(), "$timestamp")
}

fn add(
    names: &Names,
    context: &SignContext<'_>,
    credentials: &Credentials,
    request: &mut http::Request<Bytes>,
) -> Result<()> {
    let timestamp = (context.now.unix_timestamp_nanos() / 1_000_000).to_string();
    let key = credentials.access_key();
    let method = context.operation.method.as_str();
    let signature = credentials.signing_key().sign(method, context.url, &timestamp, key);
    let bad =
        |_| Error::new(ErrorKind::Credentials, "the access key holds characters that are not allowed in a header");
    let headers = request.headers_mut();
    let mut sensitive = |name: &HeaderName, text: &str| -> Result<()> {
        let mut value = HeaderValue::from_str(text).map_err(bad)?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    };
    sensitive(&names.key, key)?;
    sensitive(&names.signature, &signature)?;
    headers.insert(&names.timestamp, HeaderValue::from_str(&timestamp).map_err(bad)?);
    headers.insert(&names.client_type, HeaderValue::from_static(CLIENT_TYPE));
    Ok(())
}

impl fmt::Debug for ScpSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScpSigner")
            .field("credentials", &self.credentials)
            .field("vault_token", &self.vault_token.is_some())
            .finish_non_exhaustive()
    }
}

//! The request signature: HMAC-SHA256 over method, exact URL, timestamp, key id and client type.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cloud_core::auth::{Generation, SignContext, Signer};
use cloud_core::{Authentication, BoxFuture, Error, ErrorKind, ExposeSecret, Operation, Result, SecretString};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, HeaderValue};
use sha2::Sha256;

use crate::credentials::{Credentials, ProvideCredentials};

const CLIENT_TYPE: &str = "Openapi";

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
    pub(crate) credentials: Option<Arc<dyn ProvideCredentials>>,
    pub(crate) vault_token: Option<Arc<Credentials>>,
    /// Where credentials were looked for, for the error when there are none.
    pub(crate) looked_for: String,
}

impl ScpSigner {
    fn for_vault(operation: &'static Operation) -> bool {
        // The fixture names the security scheme of the one operation that a vault token signs.
        matches!(operation.authentication, Authentication::Scheme(name) if name.starts_with("Sv"))
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
                let token = self.vault_token.as_deref().ok_or_else(|| {
                    Error::new(
                        ErrorKind::Credentials,
                        "no vault token: set `.vault_token()` or SCP_VAULT_TOKEN_ID and SCP_VAULT_TOKEN_SECRET",
                    )
                })?;
                add(&VAULT, &context, token, request)?;
                return Ok(Generation::default());
            }
            let provider = self
                .credentials
                .as_deref()
                .ok_or_else(|| Error::new(ErrorKind::Credentials, self.looked_for.clone()))?;
            let (credentials, generation) = provider.credentials(context.now).await?;
            add(&API, &context, &credentials, request)?;
            Ok(generation)
        })
    }

    fn invalidate(&self, operation: &'static Operation, credentials: Generation) -> bool {
        let provider = self.credentials.as_deref().filter(|_| !Self::for_vault(operation));
        provider.is_some_and(|provider| provider.invalidate(credentials))
    }

    fn secrets(&self, operation: &'static Operation) -> Vec<SecretString> {
        if Self::for_vault(operation) {
            return self.vault_token.iter().map(|token| token.secret_key().clone()).collect();
        }
        self.credentials
            .iter()
            .filter_map(|provider| provider.current())
            .map(|keys| keys.secret_key().clone())
            .collect()
    }

    fn signs_time(&self, _: &'static Operation) -> bool {
        true
    }
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
    let bad = |_| Error::new(ErrorKind::Credentials, "the access key holds characters that cannot stand in a header");
    let headers = request.headers_mut();
    let mut sensitive = |name: &HeaderName, text: &str| {
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

/// HMAC-SHA256 keyed by a secret key as it is displayed, kept so that the key is hashed once. Zeroized on drop.
#[derive(Clone)]
pub(crate) struct SigningKey(Option<Hmac<Sha256>>);

impl SigningKey {
    pub(crate) fn new(secret: &SecretString) -> Self {
        // A key of any length is accepted, so there is always one; an empty signature would be refused by the service.
        Self(Hmac::new_from_slice(secret.expose_secret().as_bytes()).ok())
    }

    /// The signature: Base64 of the code over these parts.
    fn sign(&self, method: &str, url: &str, timestamp: &str, key: &str) -> String {
        let Some(mut mac) = self.0.clone() else { return String::new() };
        for part in [method, url, timestamp, key, CLIENT_TYPE] {
            mac.update(part.as_bytes());
        }
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

impl fmt::Debug for ScpSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScpSigner")
            .field("credentials", &self.credentials)
            .field("vault_token", &self.vault_token.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";
    const SECRET: &str = "11111111-2222-3333-4444-555555555555";
    const CM: &str = "https://certificatemanager.kr-west1.e.samsungsdscloud.com/v1/certificatemanager";

    fn check(method: &str, url: &str, key: &str, secret: &str, wanted: &str) {
        let signing_key = SigningKey::new(&SecretString::from(secret));
        assert_eq!(signing_key.sign(method, url, "1605290625682", key), wanted, "{url}");
    }

    #[test]
    fn vectors() {
        let kms = "https://kms.kr-west1.e.samsungsdscloud.com/v1/kms";
        check("GET", &format!("{kms}/transit"), KEY, SECRET, "10Ag+9aYC2SwsNN1LXBq+uzINcatb4dNUT9PzIlYi0I=");
        let encrypt = format!("{kms}/openapi/encrypt/0fdd87aab8cb46f59b7c1f81ed03fb3e");
        check("POST", &encrypt, KEY, SECRET, "2IiZnA9X5/rd0gnNOKXg88JAI/ZZ0Qu0qrHrl4Icm9c=");
        let sorted = format!("{CM}?page=0&size=20&sort=created_at:desc");
        check("GET", &sorted, KEY, SECRET, "BBOzd+KH5S7phoGfVW282R4I1OZiQCTCTFLX0PvuEIQ=");
        let named = format!("{CM}?name=%ED%95%9C%EA%B8%80%20a%2Bb%26c%3Dd%2Fe%3Ff%3Ag&page=0&size=20");
        check("GET", &named, KEY, SECRET, "fGscbHelKoqbYyfeigWjhFiODATl5V+JkPSvjjjkAX8=");
        let endpoints = "https://iam.e.samsungsdscloud.com/v1/endpoints";
        check("GET", endpoints, KEY, SECRET, "FIy2Spwh4l3KqiGp+6JV6dGNnnlsbhczEWncR8ETR7g=");
        let temporary =
            "https://secretvault.kr-west1.e.samsungsdscloud.com/v1/temporarykey/3265ab469f0d406d83073da3e11e7a6c";
        let (id, token) = ("5dbd99e4-aad4-e822-9ab3-89b10cf7c9ef", "6171392c-5fd9-43db-9e15-e14af0068f96");
        check("GET", temporary, id, token, "9vAeCsH0Sfg0Hev/lze1H340dM3SXuYeqjEf9o/D/NM=");
    }
}

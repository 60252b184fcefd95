//! Data keys for envelope encryption: wrapped and unwrapped by one symmetric key.

use cloud_core::{BoxFuture, DataKeySource, Error, ErrorKind, Result, SecretBytes, WrappedKey};

use super::types::{DecryptRequest, EncryptRequest};
use crate::dialect::{KEY_VERSION, KEY_VERSION_STATUS};

/// A symmetric key of Secure Key Manager as a [`DataKeySource`]. Made by `key` of each client that encrypts, such as
/// [`Client::key`](super::Client::key).
///
/// Data keys are made by the program and wrapped with `encrypt`: the vendor does not document what `decrypt` returns for
/// the keys of `create-local-key`. Old versions of the key still unwrap after a rotation.
///
/// ```no_run
/// # async fn run(key_id: &str) -> nhn_security::Result<()> {
/// use nhn_security::{DataKeySource as _, SecretBytes};
///
/// let key = nhn_security::Nhn::from_env()?.secure_key_manager()?.key(key_id);
/// let wrapped = key.wrap_key(&SecretBytes::from([7; 32])).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct WrappingKey<C> {
    client: C,
    id: String,
}

// `inline`: compiled where it is used, so that a program without envelope encryption does not wait for it.
macro_rules! keys {
    ($($version:ident),* $(,)?) => {$(
        impl super::$version::Client {
            /// Returns the symmetric key with this ID as a source of data keys, for envelope encryption.
            pub fn key(self, id: impl Into<String>) -> WrappingKey<Self> {
                WrappingKey { client: self, id: id.into() }
            }
        }

        impl DataKeySource for WrappingKey<super::$version::Client> {
            fn provider(&self) -> &str {
                "nhn-skm"
            }

            fn key_id(&self) -> &str {
                &self.id
            }

            #[inline]
            fn wrap_key<'a>(&'a self, key: &'a SecretBytes) -> BoxFuture<'a, Result<Vec<u8>>> {
                Box::pin(async {
                    let body = EncryptRequest::from_bytes(key.clone());
                    Ok(self.client.encrypt(&self.id, &body).await?.ciphertext.into_bytes())
                })
            }

            #[inline]
            fn unwrap_key<'a>(&'a self, key: &'a WrappedKey, _: &'a [u8]) -> BoxFuture<'a, Result<SecretBytes>> {
                Box::pin(async {
                    let ciphertext = text(&key.ciphertext)?;
                    let opened = self.client.decrypt(&self.id, &DecryptRequest::new(ciphertext)).await;
                    opened.map_err(of_ciphertext)?.to_bytes()
                })
            }
        }
    )*};
}

keys!(v1_0, v1_2, v1_3);

/// The ciphertext names the version of the key. A refusal of this version is not one of the key, whose other versions
/// may still be used. The hint tells, since the service's text may be hidden.
fn of_ciphertext(error: Error) -> Error {
    let is_of_version = [KEY_VERSION_STATUS, KEY_VERSION].iter().any(|hint| error.message().contains(hint));
    if is_of_version { error.without_category() } else { error }
}

/// The service's ciphertexts are text, so anything else was not wrapped by it.
fn text(ciphertext: &[u8]) -> Result<&str> {
    let foreign = |_| Error::new(ErrorKind::Request, "the wrapped data key is not a ciphertext of this service");
    std::str::from_utf8(ciphertext).map_err(foreign)
}

#[cfg(test)]
mod tests {
    use cloud_core::testing::FakeTransport;
    use cloud_core::{ErrorCategory, RetryPolicy};

    use super::*;
    use crate::Nhn;

    /// A source of each version, whose service refuses every request with this message.
    fn refused(message: &str) -> [Box<dyn DataKeySource>; 3] {
        let header = format!(r#"{{"isSuccessful":false,"resultCode":-1,"resultMessage":"{message}"}}"#);
        let body = format!(r#"{{"header":{header},"body":null}}"#);
        let nhn = |transport| {
            let builder = Nhn::builder()
                .secure_key_manager_app_key("app-key")
                .user_access_key("the-access-key", "the-secret-key");
            builder.retry(RetryPolicy::never()).transport(transport).build().unwrap()
        };
        let answer = || FakeTransport::new().answer(200, &body);
        // Version 1.3 needs a token first.
        let token = r#"{"access_token":"token","token_type":"Bearer","expires_in":"86400"}"#;
        let with_token = FakeTransport::new().answer(200, token).answer(200, &body);
        [
            Box::new(nhn(answer()).secure_key_manager_v1_0().unwrap().key("key-1")),
            Box::new(nhn(answer()).secure_key_manager_v1_2().unwrap().key("key-1")),
            Box::new(nhn(with_token).secure_key_manager_v1_3().unwrap().key("key-1")),
        ]
    }

    #[tokio::test]
    async fn refusal_of_a_version_is_no_refusal_of_the_key() {
        use ErrorCategory::{Conflict, Denied, InvalidCredentials, NotFound};
        // What the refusal means to unwrap a key, and to wrap one, which takes the current version.
        for (message, unwrap, wrap) in [
            ("Invalid Key Version", None, Some(NotFound)),
            ("Invalid Key Version Status", None, Some(Conflict)),
            ("INVALID_KEY_VERSION_STATUS", None, Some(Conflict)),
            // Not shown where the credential is sent.
            ("Invalid Key Version Status: the-secret-key", None, Some(Conflict)),
            ("Invalid Key Status", Some(Conflict), Some(Conflict)),
            ("Invalid Key Id", Some(NotFound), Some(NotFound)),
            ("Invalid Appkey", Some(InvalidCredentials), Some(InvalidCredentials)),
            ("IPv4 Auth Failure", Some(Denied), Some(Denied)),
            ("Invalid User Data", None, None),
        ] {
            for source in refused(message) {
                let error = source.unwrap_key(&WrappedKey::new("nhn-skm", "key-1", "AAAA"), &[]).await.unwrap_err();
                assert_eq!(error.category(), unwrap, "{error}");
                let text = error.to_string();
                assert!(text.contains(message) || text.contains("text is not shown"), "{error}");
            }
            for source in refused(message) {
                let error = source.wrap_key(&SecretBytes::from([7; 32])).await.unwrap_err();
                assert_eq!(error.category(), wrap, "{error}");
            }
        }
    }
}

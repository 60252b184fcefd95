//! Data keys for envelope encryption: wrapped and unwrapped by one symmetric key.

use cloud_core::{BoxFuture, DataKeySource, Error, ErrorKind, Result, SecretBytes, WrappedKey};

use super::types::{DecryptRequest, EncryptRequest};

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
                    self.client.decrypt(&self.id, &DecryptRequest::new(ciphertext)).await?.to_bytes()
                })
            }
        }
    )*};
}

keys!(v1_0, v1_2, v1_3);

/// The service's ciphertexts are text, so anything else was not wrapped by it.
fn text(ciphertext: &[u8]) -> Result<&str> {
    let foreign = |_| Error::new(ErrorKind::Request, "the wrapped data key is not a ciphertext of this service");
    std::str::from_utf8(ciphertext).map_err(foreign)
}

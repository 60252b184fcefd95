//! The source of data keys for envelope encryption.

use std::fmt;
use std::sync::Arc;

use super::SecretBytes;
use crate::error::Result;
use crate::runtime::BoxFuture;

/// A key of a service that makes, wraps and unwraps data keys.
///
/// The SDKs implement it: `scp-security` for keys of Key Management Service, `nhn-security` for symmetric keys of Secure
/// Key Manager. `cloud-envelope` encrypts data under the data keys.
///
/// A data key is 32 random bytes. Wrapped, it may be stored beside the data: it can be unwrapped only by the service.
///
/// ```
/// use cloud_core::{BoxFuture, DataKeySource, Result, SecretBytes, WrappedKey};
///
/// /// One data key, wrapped by nothing, for a test.
/// #[derive(Debug)]
/// struct Fixed;
///
/// impl DataKeySource for Fixed {
///     fn provider(&self) -> &str {
///         "test"
///     }
///
///     fn key_id(&self) -> &str {
///         "key-1"
///     }
///
///     fn wrap_key<'a>(&'a self, _: &'a SecretBytes) -> BoxFuture<'a, Result<Vec<u8>>> {
///         Box::pin(async { Ok(b"wrapped".to_vec()) })
///     }
///
///     fn unwrap_key<'a>(&'a self, _: &'a WrappedKey, _: &'a [u8]) -> BoxFuture<'a, Result<SecretBytes>> {
///         Box::pin(async { Ok(SecretBytes::from([7; 32])) })
///     }
/// }
/// ```
pub trait DataKeySource: fmt::Debug + Send + Sync {
    /// Returns the name of the service, such as `scp-kms`. It is written into each message.
    fn provider(&self) -> &str;

    /// Returns the ID of the key. It is written into each message, as UTF-8.
    fn key_id(&self) -> &str;

    /// Returns whether this source can unwrap a key: by default if provider and key ID are equal.
    fn can_unwrap(&self, key: &WrappedKey) -> bool {
        key.provider == self.provider() && key.info == self.key_id().as_bytes()
    }

    /// Makes a data key of 32 bytes. Returns `None`, as by default, if the service makes none: the caller then makes one
    /// and wraps it.
    ///
    /// # Errors
    /// The errors of the request.
    fn generate(&self) -> BoxFuture<'_, Result<Option<DataKey>>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Wraps a data key that was made elsewhere.
    ///
    /// # Errors
    /// The errors of the request.
    fn wrap_key<'a>(&'a self, key: &'a SecretBytes) -> BoxFuture<'a, Result<Vec<u8>>>;

    /// Unwraps a data key. `context` is the serialized encryption context of the message, for keys that others have bound to
    /// it. `cloud-envelope` reuses data keys for messages with other contexts: it binds no data key to one, and does not
    /// ask again for a data key that is known.
    ///
    /// # Errors
    /// The errors of the request. The categories denied, invalid credentials, not found and conflict mean that the key
    /// may no longer be used. An error of this wrapped key alone has none of them.
    fn unwrap_key<'a>(&'a self, key: &'a WrappedKey, context: &'a [u8]) -> BoxFuture<'a, Result<SecretBytes>>;
}

impl<T: DataKeySource + ?Sized> DataKeySource for Arc<T> {
    fn provider(&self) -> &str {
        T::provider(self)
    }

    fn key_id(&self) -> &str {
        T::key_id(self)
    }

    fn can_unwrap(&self, key: &WrappedKey) -> bool {
        T::can_unwrap(self, key)
    }

    fn generate(&self) -> BoxFuture<'_, Result<Option<DataKey>>> {
        T::generate(self)
    }

    fn wrap_key<'a>(&'a self, key: &'a SecretBytes) -> BoxFuture<'a, Result<Vec<u8>>> {
        T::wrap_key(self, key)
    }

    fn unwrap_key<'a>(&'a self, key: &'a WrappedKey, context: &'a [u8]) -> BoxFuture<'a, Result<SecretBytes>> {
        T::unwrap_key(self, key, context)
    }
}

/// A new data key, in both forms.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DataKey {
    /// The key itself.
    pub plaintext: SecretBytes,
    /// The key as the service has encrypted it, in the form that its `decrypt` takes.
    pub wrapped: Vec<u8>,
}

impl DataKey {
    /// Creates a data key from its two forms.
    #[must_use]
    pub fn new(plaintext: impl Into<SecretBytes>, wrapped: impl Into<Vec<u8>>) -> Self {
        Self { plaintext: plaintext.into(), wrapped: wrapped.into() }
    }
}

/// A wrapped data key as a message carries it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct WrappedKey {
    /// The name of the service that wrapped it.
    pub provider: String,
    /// Which key of the service wrapped it: its ID, for the sources of these crates.
    pub info: Vec<u8>,
    /// The encrypted data key.
    pub ciphertext: Vec<u8>,
}

impl WrappedKey {
    /// Creates a wrapped key from its parts.
    #[must_use]
    pub fn new(provider: impl Into<String>, info: impl Into<Vec<u8>>, ciphertext: impl Into<Vec<u8>>) -> Self {
        Self { provider: provider.into(), info: info.into(), ciphertext: ciphertext.into() }
    }
}

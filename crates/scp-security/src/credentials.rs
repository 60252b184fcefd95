//! Access keys: fixed ones, and temporary ones that are issued for a vault token.

use std::fmt;
use std::sync::Arc;

use cloud_core::auth::Generation;
use cloud_core::{BoxFuture, Result, SecretString};
use time::OffsetDateTime;

use crate::signing_key::SigningKey;

#[cfg(feature = "secret-vault")]
mod vault;
#[cfg(feature = "secret-vault")]
pub(crate) use vault::VaultProvider;

/// An access key with its secret key, or a vault token with its secret.
#[derive(Clone)]
pub struct Credentials {
    access_key: String,
    secret_key: SecretString,
    signing_key: SigningKey,
}

impl Credentials {
    /// Creates a pair of keys as the console displays them.
    #[must_use]
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<SecretString>) -> Self {
        let secret_key = secret_key.into();
        let signing_key = SigningKey::new(&secret_key);
        Self { access_key: access_key.into(), secret_key, signing_key }
    }

    /// Returns the ID of the key, which is sent with each request.
    #[must_use]
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    /// Returns the secret key, which signs and is never sent.
    #[must_use]
    pub fn secret_key(&self) -> &SecretString {
        &self.secret_key
    }

    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.signing_key
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

/// Provides the keys that sign requests.
///
/// Implement it to read keys from your own store. It is called for every attempt, so it should cache.
pub trait ProvideCredentials: fmt::Debug + Send + Sync {
    /// Returns the keys to sign with at `now`, and their generation: a number that changes with each new pair.
    ///
    /// # Errors
    /// [`ErrorKind::Credentials`](cloud_core::ErrorKind::Credentials) if no keys are available.
    fn credentials(&self, now: OffsetDateTime) -> BoxFuture<'_, Result<(Arc<Credentials>, Generation)>>;

    /// Returns the keys at hand, without a request, so that an error text that repeats part of one is not shown.
    fn current(&self) -> Option<Arc<Credentials>> {
        None
    }

    /// Reports that the service refused these keys. Returns whether new ones may be available.
    fn invalidate(&self, generation: Generation) -> bool {
        let _ = generation;
        false
    }
}

impl<T: ProvideCredentials + ?Sized> ProvideCredentials for Arc<T> {
    fn credentials(&self, now: OffsetDateTime) -> BoxFuture<'_, Result<(Arc<Credentials>, Generation)>> {
        T::credentials(self, now)
    }

    fn current(&self) -> Option<Arc<Credentials>> {
        T::current(self)
    }

    fn invalidate(&self, generation: Generation) -> bool {
        T::invalidate(self, generation)
    }
}

/// One fixed pair of keys.
#[derive(Clone, Debug)]
pub(crate) struct Fixed(pub(crate) Arc<Credentials>);

impl ProvideCredentials for Fixed {
    fn credentials(&self, _: OffsetDateTime) -> BoxFuture<'_, Result<(Arc<Credentials>, Generation)>> {
        Box::pin(std::future::ready(Ok((Arc::clone(&self.0), Generation::default()))))
    }

    fn current(&self) -> Option<Arc<Credentials>> {
        Some(Arc::clone(&self.0))
    }
}

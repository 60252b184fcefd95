//! Access keys: fixed ones, and temporary ones that a vault token buys.

use std::fmt;
use std::sync::Arc;

use cloud_core::auth::Generation;
use cloud_core::{BoxFuture, Result, SecretString};
use time::OffsetDateTime;

#[cfg(feature = "secret-vault")]
mod vault;
#[cfg(feature = "secret-vault")]
pub(crate) use vault::VaultProvider;

/// An access key with its secret key, or a vault token with its secret.
#[derive(Clone)]
pub struct Credentials {
    access_key: String,
    secret_key: SecretString,
}

impl Credentials {
    /// A pair of keys as the console displays them.
    #[must_use]
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<SecretString>) -> Self {
        Self { access_key: access_key.into(), secret_key: secret_key.into() }
    }

    /// The key's id, which is sent along with each request.
    #[must_use]
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    /// The key itself, which signs and is never sent.
    #[must_use]
    pub fn secret_key(&self) -> &SecretString {
        &self.secret_key
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

/// Where the keys that sign requests come from.
///
/// Implement it to bring keys from a store of your own; it is asked on every attempt, so it should cache.
pub trait ProvideCredentials: fmt::Debug + Send + Sync {
    /// The keys to sign with at `now`, and which of all those handed out so far they are.
    ///
    /// # Errors
    /// [`ErrorKind::Credentials`](cloud_core::ErrorKind::Credentials) if there are none.
    fn credentials(&self, now: OffsetDateTime) -> BoxFuture<'_, Result<(Arc<Credentials>, Generation)>>;

    /// Told that the service did not accept these keys. Returns whether other ones may be had.
    fn refused(&self, generation: Generation) -> bool {
        let _ = generation;
        false
    }
}

impl<T: ProvideCredentials + ?Sized> ProvideCredentials for Arc<T> {
    fn credentials(&self, now: OffsetDateTime) -> BoxFuture<'_, Result<(Arc<Credentials>, Generation)>> {
        T::credentials(self, now)
    }

    fn refused(&self, generation: Generation) -> bool {
        T::refused(self, generation)
    }
}

/// One fixed pair of keys.
#[derive(Clone, Debug)]
pub(crate) struct Fixed(pub(crate) Arc<Credentials>);

impl ProvideCredentials for Fixed {
    fn credentials(&self, _: OffsetDateTime) -> BoxFuture<'_, Result<(Arc<Credentials>, Generation)>> {
        Box::pin(std::future::ready(Ok((Arc::clone(&self.0), Generation::default()))))
    }
}

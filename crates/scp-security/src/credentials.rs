//! Access keys: fixed ones, and temporary ones that are issued for a vault token.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::auth::Generation;
use cloud_core::credentials::{CredentialCache, Expiring};
use cloud_core::{BoxFuture, Error, ErrorKind, Result, Runtime, SecretString};
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

/// Keys from a provider, and until when they are valid.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provided {
    credentials: Credentials,
    expires: Option<OffsetDateTime>,
}

impl Provided {
    /// Creates keys that are kept until a service refuses them.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials, expires: None }
    }

    /// Sets when the keys end. New ones are asked for shortly before.
    #[must_use]
    pub fn with_expiry(mut self, expires: OffsetDateTime) -> Self {
        self.expires = Some(expires);
        self
    }
}

/// Provides the keys that sign requests, from a store of your own.
///
/// It only reads the keys. The SDK keeps them: it asks again shortly before they expire and after a service has refused
/// them, with one request at a time for all callers.
///
/// ```
/// use scp_security::cloud_core::BoxFuture;
/// use scp_security::credentials::{Credentials, ProvideCredentials, Provided};
/// use scp_security::Result;
///
/// #[derive(Debug)]
/// struct FromFile;
///
/// impl ProvideCredentials for FromFile {
///     fn provide(&self) -> BoxFuture<'_, Result<Provided>> {
///         Box::pin(async { Ok(Provided::new(Credentials::new("an-access-key", "its-secret-key"))) })
///     }
/// }
/// ```
pub trait ProvideCredentials: fmt::Debug + Send + Sync {
    /// Reads the keys.
    ///
    /// # Errors
    /// [`ErrorKind::Credentials`] if no keys are available.
    fn provide(&self) -> BoxFuture<'_, Result<Provided>>;
}

impl<T: ProvideCredentials + ?Sized> ProvideCredentials for Arc<T> {
    fn provide(&self) -> BoxFuture<'_, Result<Provided>> {
        T::provide(self)
    }
}

/// The keys of a signer.
#[derive(Debug)]
pub(crate) enum Keys {
    /// One pair that never changes.
    Fixed(Credentials),
    /// Pairs that take the place of each other.
    Renewed(Arc<dyn KeySource>),
}

/// Where a signer gets its keys from.
pub(crate) trait KeySource: fmt::Debug + Send + Sync {
    /// Returns the keys to sign with at `now`, and their generation: a number that changes with each new pair.
    fn credentials(&self, now: OffsetDateTime) -> BoxFuture<'_, Result<(Arc<Credentials>, Generation)>>;

    /// Returns the keys at hand, without a request, so that an error text that repeats part of one is not shown.
    fn current(&self) -> Option<Arc<Credentials>>;

    /// Returns the keys at hand unless they have expired at `now`, without a request.
    fn valid(&self, now: OffsetDateTime) -> Option<Arc<Credentials>>;

    /// Reports that the service refused these keys. Returns whether new ones may be available.
    fn invalidate(&self, generation: Generation) -> bool;
}

/// The keys of the caller's provider, kept until they expire or are refused.
pub(crate) struct Cached {
    provider: Arc<dyn ProvideCredentials>,
    cache: CredentialCache<Credentials>,
}

/// For keys without an expiry.
const UNTIL_REFUSED: Duration = Duration::MAX;

impl Cached {
    pub(crate) fn new(provider: Arc<dyn ProvideCredentials>, runtime: Arc<dyn Runtime>) -> Self {
        Self { provider, cache: CredentialCache::new(runtime) }
    }
}

impl KeySource for Cached {
    fn credentials(&self, now: OffsetDateTime) -> BoxFuture<'_, Result<(Arc<Credentials>, Generation)>> {
        let provider = Arc::clone(&self.provider);
        Box::pin(self.cache.get(now, move || async move {
            let Provided { credentials, expires } = provider.provide().await?;
            let lifetime = match expires.map(|expires| Duration::try_from(expires - now)) {
                None => UNTIL_REFUSED,
                Some(Ok(left)) if !left.is_zero() => left,
                Some(_) => {
                    return Err(Error::new(
                        ErrorKind::Credentials,
                        "the keys of the credentials provider have expired",
                    ));
                }
            };
            Ok(Expiring::new(credentials, lifetime))
        }))
    }

    fn current(&self) -> Option<Arc<Credentials>> {
        self.cache.current()
    }

    fn valid(&self, now: OffsetDateTime) -> Option<Arc<Credentials>> {
        self.cache.valid(now)
    }

    fn invalidate(&self, generation: Generation) -> bool {
        self.cache.invalidate(generation)
    }
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached").field("provider", &self.provider).field("cache", &self.cache).finish()
    }
}

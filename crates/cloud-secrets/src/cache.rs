//! The handle of a cache.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

#[cfg(doc)]
use cloud_core::ErrorKind;
use cloud_core::{Result, SecretRef, SecretSource, SecretString};
use serde::de::DeserializeOwned;

use crate::builder::SecretCacheBuilder;
use crate::inner::{Inner, Served};
use crate::login::Login;
use crate::metrics::{Metrics, count};
use crate::slot::Mode;
use crate::watch::Watch;

/// What a login has until `retry_if` is called.
type NoRetry<E> = fn(&E) -> bool;

/// A cache of secrets. Cloning is cheap and shares what is cached.
///
/// No task runs in the background: requests are driven by the callers that wait for them. Within its TTL, a value is
/// returned at once. When a refresh is due, the first caller starts it and waits for it at most a second; the others do
/// not wait. A caller that is dropped or no longer polled does not block the others.
///
/// ```no_run
/// # async fn run(source: impl cloud_secrets::SecretSource + 'static) -> cloud_secrets::Result<()> {
/// let cache = cloud_secrets::SecretCache::builder(source).build();
/// let value = cache.get("db-password").await?;
/// assert_eq!(format!("{value:?}"), "SecretString([redacted])");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SecretCache(Arc<Inner>);

impl SecretCache {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    /// Creates a builder of a cache of the secrets of this service.
    pub fn builder(source: impl SecretSource + 'static) -> SecretCacheBuilder {
        SecretCacheBuilder::new(Arc::new(source))
    }

    /// Returns the value of a secret: from the cache, or from the service if the cache has none that may be used.
    ///
    /// The value is shared, and wiped from memory when the cache and all callers have dropped it.
    ///
    /// # Errors
    /// The service's error if it refused the secret, or cannot be asked and there is no value that
    /// [`stale_on_outage`](SecretCacheBuilder::stale_on_outage) permits. [`ErrorKind::Lookup`] if no secret or more than
    /// one has the name. Errors are kept for a while, so that an outage does not turn into more requests.
    pub async fn get<'a>(&self, secret: impl Into<SecretRef<'a>>) -> Result<Arc<SecretString>> {
        let secret = secret.into();
        let counters = &self.0.counters;
        if let Some(value) = self.0.hit(secret) {
            count(&counters.hits);
            return Ok(value);
        }
        // Boxed, so that the future of a hit is small.
        let outcome = Box::pin(self.0.get(secret, Mode::Get)).await;
        count(match &outcome {
            Ok((_, Served::Cached)) => &counters.hits,
            Ok((_, Served::Stale)) => &counters.stale,
            Ok((_, Served::Fetched)) | Err(_) => &counters.misses,
        });
        outcome.map(|(value, _)| value)
    }

    /// Returns the value of a secret that is JSON, as your own type.
    ///
    /// ```no_run
    /// use cloud_secrets::SecretString;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct DbLogin {
    ///     username: String,
    ///     password: SecretString,
    /// }
    ///
    /// # async fn run(cache: &cloud_secrets::SecretCache) -> cloud_secrets::Result<()> {
    /// let login: DbLogin = cache.get_as("db-login").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`ErrorKind::Decode`] if the value does not fit: the error names the field and shows no
    /// value.
    pub async fn get_as<'a, T: DeserializeOwned>(&self, secret: impl Into<SecretRef<'a>>) -> Result<T> {
        let value = self.get(secret).await?;
        value.parse_json()
    }

    /// Fetches a secret now, and returns the new value.
    ///
    /// The value is never from a request that was sent before the call. If one is in flight, this waits for it and then
    /// sends another, which all callers share that came meanwhile. The delay after failures does not apply.
    ///
    /// # Errors
    /// The service's error. A refusal evicts the value; after any other error the cache keeps it.
    pub async fn refresh<'a>(&self, secret: impl Into<SecretRef<'a>>) -> Result<Arc<SecretString>> {
        Ok(Box::pin(self.0.get(secret.into(), Mode::Force)).await?.0)
    }

    /// Removes a secret, and the ID of its name. The next caller fetches it; requests in flight are not stored.
    ///
    /// A name that this cache has not resolved refers to nothing yet: a value that was cached by its ID stays.
    pub fn invalidate<'a>(&self, secret: impl Into<SecretRef<'a>>) {
        self.0.invalidate(secret.into());
    }

    /// Removes everything.
    pub fn invalidate_all(&self) {
        self.0.invalidate_all();
    }

    /// Returns a stream of the rotations of a secret from now on.
    ///
    /// The stream fetches the value when it is due, as long as it is polled. It also sees what other callers fetch. It
    /// outlives errors: after a refusal, the next value that the service returns counts as a rotation, if the stream was
    /// polled in between. It holds the value that it saw last.
    ///
    /// Outside a tokio runtime the stream fetches nothing, and only sees what other callers fetch.
    ///
    /// ```no_run
    /// # async fn run(cache: cloud_secrets::SecretCache) {
    /// let mut changes = cache.watch("db-password");
    /// loop {
    ///     let rotation = changes.changed().await;
    ///     println!("rotated; had a value before: {}", rotation.previous.is_some());
    /// }
    /// # }
    /// ```
    pub fn watch<'a>(&self, secret: impl Into<SecretRef<'a>>) -> Watch {
        Watch::new(Arc::clone(&self.0), secret.into())
    }

    /// Logs in to something whose password is a secret, also while the password is being rotated.
    ///
    /// A database often changes its password a minute before or after the service moves the label. So `.await` tries the
    /// current value, then the previous one, and then reads the secret again until the limit. `connect` is called with
    /// each value; whether its error means that the password is wrong is decided by [`retry_if`](Login::retry_if).
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// # use std::sync::Arc;
    /// # use cloud_secrets::SecretString;
    /// # struct Pool;
    /// # #[derive(Debug)]
    /// # enum DbError { Auth, Io }
    /// # async fn connect(password: Arc<SecretString>) -> Result<Pool, DbError> { Ok(Pool) }
    ///
    /// # async fn run(cache: cloud_secrets::SecretCache) -> Result<(), cloud_secrets::LoginError<DbError>> {
    /// let pool = cache
    ///     .login("db-password", |password| connect(password))
    ///     .retry_if(|error| matches!(error, DbError::Auth))
    ///     .within(Duration::from_secs(90))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn login<'a, C, F, T, E>(
        &'a self,
        secret: impl Into<SecretRef<'a>>,
        mut connect: C,
    ) -> Login<'a, impl FnMut(Arc<SecretString>) -> Result<F>, NoRetry<E>>
    where
        C: FnMut(Arc<SecretString>) -> F,
        F: Future<Output = Result<T, E>>,
    {
        Login::new(&self.0, secret.into(), move |value| Ok(connect(value)), |_| false)
    }

    /// Logs in as [`login`](Self::login) does, with a secret that is JSON: `connect` is called with each value as your
    /// own type.
    ///
    /// A value that is not of the type ends the login with [`LoginError::Secret`](crate::LoginError::Secret). A previous
    /// value that is not is skipped.
    ///
    /// ```no_run
    /// # use cloud_secrets::SecretString;
    /// # struct Pool;
    /// # #[derive(Debug)]
    /// # enum DbError { Auth, Io }
    /// # async fn connect(_: DbLogin) -> Result<Pool, DbError> { Ok(Pool) }
    /// #[derive(serde::Deserialize)]
    /// struct DbLogin {
    ///     username: String,
    ///     password: SecretString,
    /// }
    ///
    /// # async fn run(cache: cloud_secrets::SecretCache) -> Result<(), cloud_secrets::LoginError<DbError>> {
    /// let pool = cache
    ///     .login_as("db-login", |login: DbLogin| connect(login))
    ///     .retry_if(|error| matches!(error, DbError::Auth))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn login_as<'a, D, C, F, T, E>(
        &'a self,
        secret: impl Into<SecretRef<'a>>,
        mut connect: C,
    ) -> Login<'a, impl FnMut(Arc<SecretString>) -> Result<F>, NoRetry<E>>
    where
        D: DeserializeOwned,
        C: FnMut(D) -> F,
        F: Future<Output = Result<T, E>>,
    {
        let parse = move |value: Arc<SecretString>| value.parse_json().map(&mut connect);
        Login::new(&self.0, secret.into(), parse, |_| false)
    }

    /// Returns the counters.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.0.metrics()
    }
}

impl fmt::Debug for SecretCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.0.settings;
        f.debug_struct("SecretCache").field("settings", &settings).field("metrics", &self.metrics()).finish()
    }
}

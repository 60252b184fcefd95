//! Logging in with a secret that may be rotated at that moment.

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

use cloud_core::runtime::within;
use cloud_core::{BoxFuture, Error, ErrorKind, SecretRef, SecretString};

use crate::inner::Inner;
use crate::slot::{Mode, is_refusal};
use crate::store::{Value, same};

/// The limit unless set.
const LIMIT: Duration = Duration::from_secs(90);
/// A value that was fetched within this time is not read again, so that many logins that fail at once share a request.
const YOUNG: Duration = Duration::from_secs(1);
/// The longest pause between two rounds. It starts at [`YOUNG`] and doubles.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long before the limit the last try starts.
const LAST: Duration = Duration::from_secs(1);

/// A login that survives a rotation; see [`SecretCache::login`](crate::SecretCache::login). `.await` runs it.
///
/// `C` takes a value and returns the future of a try, or the error of a value that it cannot read.
///
/// Dropping the future ends it. Nothing runs in the background.
#[must_use = "a login does nothing until it is awaited"]
pub struct Login<'a, C, P> {
    inner: &'a Arc<Inner>,
    secret: SecretRef<'a>,
    connect: C,
    retry_if: P,
    limit: Duration,
}

/// Why a login failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginError<E> {
    /// The secret could not be read, or is not of the type that `login_as` wants.
    Secret(Error),
    /// The limit passed before any try had an outcome.
    Timeout(Error),
    /// The error of the last try.
    Login(E),
}

impl<'a, C, P> Login<'a, C, P> {
    pub(crate) fn new(inner: &'a Arc<Inner>, secret: SecretRef<'a>, connect: C, retry_if: P) -> Self {
        Self { inner, secret, connect, retry_if, limit: LIMIT }
    }

    /// Sets which errors mean that the password is wrong, so that another value may help. By default none does: the
    /// first error ends the login.
    pub fn retry_if<F, T, E, Q>(self, retry_if: Q) -> Login<'a, C, Q>
    where
        C: FnMut(Arc<SecretString>) -> Result<F, Error>,
        F: Future<Output = Result<T, E>>,
        Q: FnMut(&E) -> bool,
    {
        let Self { inner, secret, connect, limit, .. } = self;
        Login { inner, secret, connect, retry_if, limit }
    }

    /// Sets the limit of the whole login, with all tries. The default is 90 seconds. The last try starts a second before
    /// it; a try that is running when it passes is dropped.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
}

impl<'a, C, F, T, E, P> IntoFuture for Login<'a, C, P>
where
    C: FnMut(Arc<SecretString>) -> Result<F, Error> + Send + 'a,
    F: Future<Output = Result<T, E>> + Send + 'a,
    P: FnMut(&E) -> bool + Send + 'a,
    T: Send + 'a,
    E: Send + 'a,
{
    type Output = Result<T, LoginError<E>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { inner, secret, connect, retry_if, limit } = self;
            let mut last = None;
            let tries = Tries { inner, secret, connect, retry_if, last: &mut last, limit };
            let outcome = within(std::pin::pin!(tries.run()), || inner.runtime.deadline(limit)).await;
            let done = outcome.and_then(Result::transpose);
            done.unwrap_or_else(|| Err(last.map_or_else(|| LoginError::Timeout(passed(limit)), LoginError::Login)))
        })
    }
}

struct Tries<'a, C, P, E> {
    inner: &'a Arc<Inner>,
    secret: SecretRef<'a>,
    connect: C,
    retry_if: P,
    /// The error of the last try.
    last: &'a mut Option<E>,
    limit: Duration,
}

impl<C, F, T, E, P> Tries<'_, C, P, E>
where
    C: FnMut(Arc<SecretString>) -> Result<F, Error>,
    F: Future<Output = Result<T, E>>,
    P: FnMut(&E) -> bool,
{
    /// Returns none if the limit leaves no time for another try.
    async fn run(mut self) -> Result<Option<T>, LoginError<E>> {
        let runtime = &self.inner.runtime;
        let start = runtime.elapsed();
        let mut value = self.inner.get(self.secret, Mode::Get).await.map_err(LoginError::Secret)?.0;
        let mut tried: Vec<Value> = Vec::new();
        let mut pause = YOUNG;
        // A value that changes with each read must not be tried without end: the database may lock the account.
        let mut hurried = false;
        loop {
            if let Some(done) = self.attempt(&value).await? {
                return Ok(Some(done));
            }
            note(&mut tried, &value);
            // One that was tried before stays wrong: a database does not go back to it.
            let before = self.inner.previous(self.secret);
            if let Some(before) = before.filter(|before| !tried.iter().any(|tried| same(tried, before))) {
                match self.attempt(&before).await {
                    // One that cannot be read is of no use; the next value may be.
                    Ok(None) | Err(LoginError::Secret(_)) => {}
                    done => return done,
                }
                note(&mut tried, &before);
            }
            let next = read_again(self.inner, self.secret, &value).await.map_err(LoginError::Secret)?;
            let changed = !same(&next, &value);
            value = next;
            if changed && !std::mem::replace(&mut hurried, true) {
                continue;
            }
            // The last try starts this long before the limit, and not with a pause that would end after it.
            let left = self.limit.saturating_sub(runtime.elapsed().saturating_sub(start)).saturating_sub(LAST);
            if left.is_zero() {
                return Ok(None);
            }
            runtime.sleep(pause.min(left)).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            hurried = false;
            value = read_again(self.inner, self.secret, &value).await.map_err(LoginError::Secret)?;
        }
    }

    /// Tries a value. Returns none if another value may help.
    async fn attempt(&mut self, value: &Value) -> Result<Option<T>, LoginError<E>> {
        match (self.connect)(Arc::clone(value)).map_err(LoginError::Secret)?.await {
            Ok(done) => Ok(Some(done)),
            Err(error) if (self.retry_if)(&error) => {
                *self.last = Some(error);
                Ok(None)
            }
            Err(error) => Err(LoginError::Login(error)),
        }
    }
}

/// Reads the secret again. Only a refusal ends the login: in an outage the value stays.
async fn read_again(inner: &Arc<Inner>, secret: SecretRef<'_>, value: &Value) -> Result<Value, Error> {
    match inner.get(secret, Mode::NotOlder(YOUNG)).await {
        Ok((value, _)) => Ok(value),
        Err(error) if is_refusal(&error) => Err(error),
        Err(_) => Ok(Arc::clone(value)),
    }
}

/// Remembers a value that was tried.
fn note(tried: &mut Vec<Value>, value: &Value) {
    if !tried.iter().any(|tried| same(tried, value)) {
        tried.push(Arc::clone(value));
    }
}

fn passed(limit: Duration) -> Error {
    let text = format!("no login within {} s; wait longer with within()", limit.as_secs_f64());
    Error::builder(ErrorKind::Timeout, text).transient(true).build()
}

impl<E> fmt::Display for LoginError<E> {
    /// Does not show the error of the login, which is the source.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "login failed: the secret could not be read",
            Self::Timeout(_) => "login timed out",
            Self::Login(_) => "login failed",
        })
    }
}

impl<E: StdError + 'static> StdError for LoginError<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Secret(error) | Self::Timeout(error) => Some(error),
            Self::Login(error) => Some(error),
        }
    }
}

impl<C, P> fmt::Debug for Login<'_, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("secret", &self.secret).field("limit", &self.limit).finish_non_exhaustive()
    }
}

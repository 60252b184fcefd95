//! The data keys in use: to seal, until a limit is reached, and to open, by their wrapped form.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_core::{DataKeySource, Error as ServiceError, ErrorCategory, Runtime, SecretBytes, WrappedKey};

use crate::error::{Error, ErrorKind, Result};
use crate::header;
use crate::limits::Limits;
use crate::suite::{self, DATA_KEY_LENGTH};

mod requests;
mod sealing_key;
mod state;

#[cfg(feature = "parquet")]
pub(crate) use requests::panicked;
use requests::{Joined, outcome};
pub(crate) use sealing_key::SealingKey;
use state::{Fetched, Made, Question, Refusals, SealingRequests, State, Unwrapped};

/// How often a request is repeated whose data key cannot be used once it has arrived.
const REPEATS: usize = 2;

/// What a request for a data key returns. Errors are those of the services.
type Outcome<T> = cloud_core::Result<T>;

pub(crate) struct Keys {
    sources: Vec<Arc<dyn DataKeySource>>,
    runtime: Arc<dyn Runtime>,
    limits: Limits,
    capacity: usize,
    state: Mutex<State>,
}

/// Which data keys are forgotten.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Sealing,
    Opening,
    Both,
}

impl Keys {
    pub(crate) fn new(
        sources: Vec<Arc<dyn DataKeySource>>,
        runtime: Arc<dyn Runtime>,
        limits: Limits,
        capacity: usize,
    ) -> Self {
        Self { sources, runtime, limits, capacity, state: Mutex::default() }
    }

    /// Returns a data key to seal a message with this many bytes.
    pub(crate) async fn to_seal(self: &Arc<Self>, bytes: u64) -> Result<Arc<SealingKey>> {
        // The message uses its data key up, so it is not for others.
        let alone = self.limits.messages == 1 || bytes > self.limits.bytes;
        let mut discarded = 0;
        loop {
            let request = {
                let now = self.runtime.elapsed();
                let mut state = self.lock();
                state.purge(now, self.limits.age);
                if !alone {
                    if let Some(key) = state.sealing.as_ref().filter(|key| key.reserve(bytes, self.limits)) {
                        return Ok(Arc::clone(key));
                    }
                    state.sealing = None;
                }
                let refusals = state.refusals.sealing;
                let request = || -> Result<_> {
                    // Made here, so that a lack of random numbers is no error of a service.
                    let key = suite::data_key()?;
                    Ok(Arc::clone(self).request_sealing(key, now, refusals, !alone))
                };
                match alone {
                    true => requests::request(Box::pin(request()?)),
                    false => state.sealing_requests.join(bytes, self.limits, || Ok(Box::pin(request()?)))?,
                }
            };
            let fetched = outcome(request).await.map_err(Error::service)?;
            if self.is_usable(&fetched, |refusals| refusals.sealing) {
                if fetched.key.reserve(bytes, self.limits) {
                    return Ok(fetched.key);
                }
                // Others have used it up: they were served, so this comes to an end.
                continue;
            }
            if discarded == REPEATS {
                return Err(Error::service(overtaken()));
            }
            discarded += 1;
        }
    }

    /// Whether a data key that has arrived may be used, however late its caller looks.
    fn is_usable<K>(&self, fetched: &Fetched<K>, refusals: impl FnOnce(&Refusals) -> u64) -> bool {
        let refused = refusals(&self.lock().refusals) != fetched.refusals;
        !refused && fetched.is_young(self.runtime.elapsed(), self.limits.age)
    }

    async fn request_sealing(
        self: Arc<Self>,
        key: SecretBytes,
        now: Duration,
        refusals: u64,
        shared: bool,
    ) -> Outcome<Made> {
        let key = Arc::new(self.make(key, now).await?);
        let fetched = Fetched { key, refusals, requested: now, received: self.runtime.elapsed() };
        let mut state = self.lock();
        if shared && state.refusals.sealing == refusals {
            state.keep_sealing(&fetched, self.limits.age);
        }
        Ok(fetched)
    }

    /// Makes a data key, and wraps it with each source. `own` is used if the first makes none.
    async fn make(&self, own: SecretBytes, now: Duration) -> Outcome<SealingKey> {
        let mut wrapped = Vec::with_capacity(self.sources.len());
        let mut sources = self.sources.iter().enumerate().peekable();
        let made = match sources.peek() {
            Some((index, first)) => self.checked(*index, Use::Sealing, first.generate().await)?,
            None => None,
        };
        let plaintext = match made {
            Some(made) => {
                if let Some((_, first)) = sources.next() {
                    wrapped.push(WrappedKey::new(first.provider(), first.key_id(), made.wrapped));
                }
                complete(made.plaintext)?
            }
            None => own,
        };
        for (index, source) in sources {
            let ciphertext = self.checked(index, Use::Sealing, source.wrap_key(&plaintext).await)?;
            wrapped.push(WrappedKey::new(source.provider(), source.key_id(), ciphertext));
        }
        let too_long = |error: Error| ServiceError::new(cloud_core::ErrorKind::Decode, error.to_string());
        Ok(SealingKey::new(plaintext, header::write_keys(&wrapped).map_err(too_long)?, now))
    }

    /// Returns the data key of a message: one that is known, or the first that a service unwraps.
    pub(crate) async fn to_open(self: &Arc<Self>, keys: &[WrappedKey], context: &[u8]) -> Result<Arc<SecretBytes>> {
        let known = {
            let now = self.runtime.elapsed();
            let mut state = self.lock();
            state.purge(now, self.limits.age);
            keys.iter().find_map(|key| state.known(key, now, self.limits.age))
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let mut failure: Option<ServiceError> = None;
        for (number, key) in keys.iter().enumerate() {
            // A forged message may repeat a key, to cost requests.
            if keys.iter().take(number).any(|earlier| earlier == key) {
                continue;
            }
            let sources = self.sources.iter().enumerate();
            for (index, _) in sources.filter(|(_, source)| source.can_unwrap(key)) {
                match self.unwrap(index, key, context).await {
                    Ok(opened) => return Ok(opened),
                    // A transient error is preferred, since a retry may help.
                    Err(error)
                        if failure.as_ref().is_none_or(|known| error.is_transient() && !known.is_transient()) =>
                    {
                        failure = Some(error);
                    }
                    Err(_) => {}
                }
            }
        }
        let none = || Error::new(ErrorKind::NoKey, "none of the sealer's keys has wrapped the data key of the message");
        Err(failure.map_or_else(none, Error::service))
    }

    async fn unwrap(self: &Arc<Self>, source: usize, key: &WrappedKey, context: &[u8]) -> Outcome<Arc<SecretBytes>> {
        let mut same_context = false;
        let mut discarded = 0;
        loop {
            let Joined { request, has_context } = {
                let now = self.runtime.elapsed();
                let mut state = self.lock();
                // A request may have ended since it was looked for.
                if let Some(known) = state.known(key, now, self.limits.age) {
                    return Ok(known);
                }
                let refusals = state.refusals.of(source);
                let request = || {
                    let question = (source, key.clone(), context.to_vec());
                    Ok::<_, ServiceError>(Box::pin(Arc::clone(self).request_opening(question, now, refusals)) as _)
                };
                state.opening_requests(source, key).join(context, same_context, request)?
            };
            match outcome(request).await {
                // Also if it was asked with another context: a data key is bound to none, and each header authenticates
                // the context of its message.
                Ok(fetched) if self.is_usable(&fetched, |refusals| refusals.of(source)) => return Ok(fetched.key),
                Ok(_) if discarded == REPEATS => return Err(overtaken()),
                Ok(_) => discarded += 1,
                Err(error) if !has_context && may_depend_on_context(&error) => same_context = true,
                Err(error) => return Err(error),
            }
        }
    }

    async fn request_opening(self: Arc<Self>, question: Question, now: Duration, refusals: u64) -> Outcome<Unwrapped> {
        let (source, key, context) = question;
        let opened = match self.sources.get(source) {
            Some(service) => self.checked(source, Use::Opening, service.unwrap_key(&key, &context).await)?,
            None => SecretBytes::default(),
        };
        let opened = Arc::new(complete(opened)?);
        let fetched = Fetched { key: opened, refusals, requested: now, received: self.runtime.elapsed() };
        let mut state = self.lock();
        if state.refusals.of(source) == refusals {
            state.keep_opened(key, source, &fetched, self.limits.age);
            state.evict(self.capacity);
        }
        Ok(fetched)
    }

    /// Forgets the keys of a source once its service has refused one.
    fn checked<T>(&self, source: usize, which: Use, outcome: Outcome<T>) -> Outcome<T> {
        use ErrorCategory::{Conflict, Denied, InvalidCredentials, NotFound};
        match outcome.as_ref().err().and_then(ServiceError::category) {
            // A permission is that of one operation.
            Some(Denied) => self.forget(&[source], which),
            Some(Conflict | InvalidCredentials | NotFound) => self.forget(&[source], Use::Both),
            _ => {}
        }
        outcome
    }

    /// Forgets the data keys of a service's key.
    pub(crate) fn invalidate(&self, key_id: &str) {
        let sources = self.sources.iter().enumerate().filter(|(_, source)| source.key_id() == key_id);
        let sources: Vec<_> = sources.map(|(index, _)| index).collect();
        if !sources.is_empty() {
            self.forget(&sources, Use::Both);
        }
    }

    fn forget(&self, sources: &[usize], which: Use) {
        let mut state = self.lock();
        if which != Use::Opening {
            // Each source has wrapped it.
            state.sealing = None;
            state.sealing_requests = SealingRequests::default();
            state.refusals.sealing += 1;
        }
        if which != Use::Sealing {
            state.opened.retain(|_, opened| !sources.contains(&opened.source));
            state.leave_opening_requests(sources);
            for source in sources {
                *state.refusals.opening.entry(*source).or_default() += 1;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent whenever the lock is released, so a poisoned lock is usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks the length of a data key.
fn complete(key: SecretBytes) -> Outcome<SecretBytes> {
    if key.expose_secret().len() == DATA_KEY_LENGTH {
        return Ok(key);
    }
    Err(ServiceError::new(cloud_core::ErrorKind::Decode, "the data key of the service does not have 32 bytes"))
}

/// Whether another encryption context may help: other writers bind data keys to theirs.
fn may_depend_on_context(error: &ServiceError) -> bool {
    !error.is_transient() && matches!(error.category(), None | Some(ErrorCategory::Denied))
}

/// A retry may help: what overtook the requests does not go on for ever.
fn overtaken() -> ServiceError {
    let text = "each data key was refused, invalidated or too old before it could be used";
    ServiceError::builder(cloud_core::ErrorKind::FailureState, text).transient(true).build()
}

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

use requests::{Requests, outcome};
pub(crate) use sealing_key::SealingKey;
use state::{Made, Opened, Question, State, Unwrapped};

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
        loop {
            let now = self.runtime.elapsed();
            let request = {
                let mut state = self.lock();
                state.purge(now, self.limits.age);
                if let Some(key) = state.sealing.as_ref().filter(|key| self.allows(key, now, bytes)) {
                    return Ok(Arc::clone(key));
                }
                state.sealing = None;
                let refusals = state.refusals.sealing;
                state.sealing_requests.join(|| Box::pin(Arc::clone(self).request_sealing(now, refusals)))
            };
            let (key, refusals) = outcome(request).await.map_err(Error::service)?;
            if self.lock().refusals.sealing != refusals {
                continue;
            }
            // It is the newest there is. Others that waited may have used it up: then each makes one of its own.
            if key.reserve(bytes, self.limits) {
                return Ok(key);
            }
            let (key, refusals) = Arc::clone(self).request_sealing(now, refusals).await.map_err(Error::service)?;
            if self.lock().refusals.sealing == refusals && key.reserve(bytes, self.limits) {
                return Ok(key);
            }
        }
    }

    fn allows(&self, key: &SealingKey, now: Duration, bytes: u64) -> bool {
        now.saturating_sub(key.requested()) < self.limits.age && key.reserve(bytes, self.limits)
    }

    async fn request_sealing(self: Arc<Self>, now: Duration, refusals: u64) -> Outcome<Made> {
        let key = Arc::new(self.make(now).await?);
        let mut state = self.lock();
        // One that seals a single message is not for others.
        if state.refusals.sealing == refusals && self.limits.messages > 1 {
            state.sealing = Some(Arc::clone(&key));
        }
        Ok((key, refusals))
    }

    /// Makes a data key, and wraps it with each source.
    async fn make(&self, now: Duration) -> Outcome<SealingKey> {
        let mut made = None;
        let mut wrapped = Vec::with_capacity(self.sources.len());
        for (index, source) in self.sources.iter().enumerate() {
            let ciphertext = match &made {
                Some(key) => self.checked(index, Use::Sealing, source.wrap_key(key).await)?,
                None => match self.checked(index, Use::Sealing, source.generate().await)? {
                    Some(key) => {
                        made = Some(complete(key.plaintext)?);
                        key.wrapped
                    }
                    None => {
                        let key = made.insert(suite::data_key().map_err(unavailable)?);
                        self.checked(index, Use::Sealing, source.wrap_key(key).await)?
                    }
                },
            };
            wrapped.push(WrappedKey::new(source.provider(), source.key_id(), ciphertext));
        }
        let wrapped = header::write_keys(&wrapped).map_err(unavailable)?;
        let none = || ServiceError::new(cloud_core::ErrorKind::Config, "the sealer has no key");
        Ok(SealingKey::new(made.ok_or_else(none)?, wrapped, now))
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
        loop {
            let now = self.runtime.elapsed();
            let request = {
                let mut state = self.lock();
                // A request may have ended since it was looked for.
                if let Some(known) = state.known(key, now, self.limits.age) {
                    return Ok(known);
                }
                let refusals = state.refusals.of(source);
                let question = (source, key.clone(), context.to_vec());
                state.opening_requests.retain(|other, requests| *other == question || !requests.is_idle());
                let requests = state.opening_requests.entry(question.clone()).or_default();
                requests.join(|| Box::pin(Arc::clone(self).request_opening(question, now, refusals)))
            };
            let (opened, refusals) = outcome(request).await?;
            if self.lock().refusals.of(source) == refusals {
                return Ok(opened);
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
        let mut state = self.lock();
        state.uses += 1;
        if state.refusals.of(source) == refusals {
            let entry = Opened { key: Arc::clone(&opened), source, requested: now, used: state.uses };
            state.opened.insert(key, entry);
            state.evict(self.capacity);
        }
        Ok((opened, refusals))
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
            state.sealing_requests = Requests::default();
            state.refusals.sealing += 1;
        }
        if which != Use::Sealing {
            state.opened.retain(|_, opened| !sources.contains(&opened.source));
            state.opening_requests.retain(|(source, ..), _| !sources.contains(source));
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

fn unavailable(error: Error) -> ServiceError {
    ServiceError::new(cloud_core::ErrorKind::Config, error.to_string())
}

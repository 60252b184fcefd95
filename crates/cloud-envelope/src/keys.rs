//! The data keys in use: to seal, until a limit is reached, and to open, by their wrapped form.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use cloud_core::credentials::shared_request::SharedRequest;
use cloud_core::runtime::{self, RuntimeId};
use cloud_core::{BoxFuture, DataKeySource, Error as ServiceError, ErrorCategory, Runtime, SecretBytes, WrappedKey};

use crate::error::{Error, ErrorKind, Result};
use crate::header;
use crate::limits::Limits;
use crate::suite::{self, DATA_KEY_LENGTH};

mod sealing_key;

pub(crate) use sealing_key::SealingKey;

type Shared<T> = SharedRequest<T>;

/// What a request for a data key returns. Errors are those of the services.
type Outcome<T> = cloud_core::Result<T>;

pub(crate) struct Keys {
    sources: Vec<Arc<dyn DataKeySource>>,
    runtime: Arc<dyn Runtime>,
    limits: Limits,
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sealing: Option<Arc<SealingKey>>,
    sealing_requests: Requests<Arc<SealingKey>>,
    opened: HashMap<WrappedKey, Opened>,
    opening_requests: HashMap<WrappedKey, Requests<Arc<SecretBytes>>>,
    /// How often a key was refused or invalidated. What was requested before is not kept.
    epoch: u64,
    /// Counts uses, to find what was not used for longest.
    uses: u64,
}

/// A data key that was unwrapped.
struct Opened {
    key: Arc<SecretBytes>,
    /// Which source unwrapped it.
    source: usize,
    /// When it was requested, by the monotonic clock.
    requested: Duration,
    used: u64,
}

/// The requests in flight for one thing: one for each runtime, since a runtime may be idle.
struct Requests<T>(Vec<(Option<RuntimeId>, Weak<Shared<T>>)>);

impl<T> Default for Requests<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Requests<T> {
    /// Returns the request of this runtime, or makes one.
    fn join(&mut self, request: impl FnOnce() -> BoxFuture<'static, Outcome<T>>) -> Arc<Shared<T>> {
        let here = runtime::current();
        self.0.retain(|(_, shared)| shared.strong_count() > 0);
        let joined = self.0.iter().filter(|(runtime, _)| *runtime == here).find_map(|(_, shared)| shared.upgrade());
        joined.filter(|shared| !shared.is_complete()).unwrap_or_else(|| {
            let shared = SharedRequest::new(asks_itself, request());
            self.0.push((here, Arc::downgrade(&shared)));
            shared
        })
    }

    fn is_idle(&self) -> bool {
        self.0.iter().all(|(_, shared)| shared.strong_count() == 0)
    }
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
            let request = {
                let mut state = self.lock();
                let now = self.runtime.elapsed();
                let young = |key: &Arc<SealingKey>| now.saturating_sub(key.requested()) < self.limits.age;
                if let Some(key) = state.sealing.as_ref().filter(|key| young(key) && key.reserve(bytes, self.limits)) {
                    return Ok(Arc::clone(key));
                }
                state.sealing = None;
                let epoch = state.epoch;
                state.sealing_requests.join(|| Box::pin(Self::request_sealing(Arc::clone(self), now, epoch)))
            };
            let key = wait(request).await?;
            // It is the newest there is. Others that waited may have used it up.
            if key.reserve(bytes, self.limits) {
                return Ok(key);
            }
        }
    }

    async fn request_sealing(self: Arc<Self>, now: Duration, epoch: u64) -> Outcome<Arc<SealingKey>> {
        let key = Arc::new(self.make(now).await?);
        let mut state = self.lock();
        if state.epoch == epoch {
            state.sealing = Some(Arc::clone(&key));
        }
        Ok(key)
    }

    /// Makes a data key, and wraps it with each source.
    async fn make(&self, now: Duration) -> Outcome<SealingKey> {
        let mut made = None;
        let mut wrapped = Vec::with_capacity(self.sources.len());
        for (index, source) in self.sources.iter().enumerate() {
            let ciphertext = match &made {
                Some(key) => self.checked(index, source.wrap(key).await)?,
                None => match self.checked(index, source.generate().await)? {
                    Some(key) => {
                        made = Some(complete(key.plaintext)?);
                        key.wrapped
                    }
                    None => {
                        let key = made.insert(suite::data_key().map_err(unavailable)?);
                        self.checked(index, source.wrap(key).await)?
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
        if let Some(known) = keys.iter().find_map(|key| self.known(key)) {
            return Ok(known);
        }
        let mut failure: Option<ServiceError> = None;
        for key in keys {
            let sources = self.sources.iter().enumerate();
            for (index, _) in sources.filter(|(_, source)| source.can_unwrap(key)) {
                match self.unwrap(index, key, context).await {
                    Ok(opened) => return Ok(opened),
                    // One that may pass says more than one that will not.
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

    fn known(&self, key: &WrappedKey) -> Option<Arc<SecretBytes>> {
        let mut state = self.lock();
        let now = self.runtime.elapsed();
        state.uses += 1;
        let used = state.uses;
        let opened = state.opened.get_mut(key)?;
        if now.saturating_sub(opened.requested) >= self.limits.age {
            state.opened.remove(key);
            return None;
        }
        opened.used = used;
        Some(Arc::clone(&opened.key))
    }

    async fn unwrap(self: &Arc<Self>, source: usize, key: &WrappedKey, context: &[u8]) -> Outcome<Arc<SecretBytes>> {
        let request = {
            let mut state = self.lock();
            let (now, epoch) = (self.runtime.elapsed(), state.epoch);
            state.opening_requests.retain(|other, requests| other == key || !requests.is_idle());
            let requests = state.opening_requests.entry(key.clone()).or_default();
            let (keys, key, context) = (Arc::clone(self), key.clone(), context.to_vec());
            requests.join(move || Box::pin(keys.request_opening(source, key, context, now, epoch)))
        };
        wait_for(request).await
    }

    async fn request_opening(
        self: Arc<Self>,
        source: usize,
        key: WrappedKey,
        context: Vec<u8>,
        now: Duration,
        epoch: u64,
    ) -> Outcome<Arc<SecretBytes>> {
        let opened = match self.sources.get(source) {
            Some(service) => self.checked(source, service.unwrap(&key, &context).await)?,
            None => SecretBytes::default(),
        };
        let opened = Arc::new(complete(opened)?);
        let mut state = self.lock();
        state.uses += 1;
        if state.epoch == epoch {
            let entry = Opened { key: Arc::clone(&opened), source, requested: now, used: state.uses };
            state.opened.insert(key, entry);
            state.evict(self.capacity);
        }
        Ok(opened)
    }

    /// Forgets the keys of a source once its service has refused one.
    fn checked<T>(&self, source: usize, outcome: Outcome<T>) -> Outcome<T> {
        use ErrorCategory::{Conflict, Denied, InvalidCredentials, NotFound};
        let category = outcome.as_ref().err().and_then(ServiceError::category);
        if matches!(category, Some(Conflict | Denied | InvalidCredentials | NotFound)) {
            self.forget(|index| index == source);
        }
        outcome
    }

    /// Forgets the data keys of a service's key.
    pub(crate) fn invalidate(&self, key_id: &str) {
        self.forget(|index| self.sources.get(index).is_some_and(|source| source.key_id() == key_id));
    }

    fn forget(&self, is_source: impl Fn(usize) -> bool) {
        let mut state = self.lock();
        state.epoch += 1;
        state.opened.retain(|_, opened| !is_source(opened.source));
        // Each source has wrapped it.
        if (0..self.sources.len()).any(is_source) {
            state.sealing = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent whenever the lock is released, so a poisoned lock is usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn evict(&mut self, capacity: usize) {
        while self.opened.len() > capacity {
            let oldest = self.opened.iter().min_by_key(|(_, opened)| opened.used).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.opened.remove(&oldest);
        }
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

fn asks_itself() -> ServiceError {
    ServiceError::new(
        cloud_core::ErrorKind::FailureState,
        "the source of a data key opens a message that needs the key",
    )
}

async fn wait<T: Clone + Send + Sync + 'static>(request: Arc<Shared<T>>) -> Result<T> {
    wait_for(request).await.map_err(Error::service)
}

async fn wait_for<T: Clone + Send + Sync + 'static>(request: Arc<Shared<T>>) -> Outcome<T> {
    let panicked = || ServiceError::new(cloud_core::ErrorKind::FailureState, "the source of the data keys panicked");
    request.join().await.unwrap_or_else(|| Err(panicked()))
}

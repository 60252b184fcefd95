//! The plugin: encrypts with all of its keys, decrypts with any, and knows from its own round trips whether they work.

use std::collections::VecDeque;
use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::runtime::{TokioRuntime, within};
use cloud_core::{Error, Result, Runtime, SecretBytes};
use http::StatusCode;
use tokio::task::JoinSet;

use super::ciphertext;
use super::state::{State, key_id};
use crate::failure::{Failure, Result as Outcome};
use crate::keys::{Keys, Versioned};
use crate::random;

/// How long a request may take, whatever number of keys it needs: the API server gives the plugin three seconds.
pub(super) const LIMIT: Duration = Duration::from_millis(2_500);

/// How long a key has to decrypt before the next one is asked as well.
const HEDGE: Duration = Duration::from_millis(500);

/// How long after a round trip the next one begins.
const INTERVAL: Duration = Duration::from_secs(30);

/// The longest plaintext. The API server sends 32 bytes or little more.
const LONGEST: usize = 256;

/// The bytes of the seed of a round trip: as many as the API server's, so that its ciphertexts have the same size.
const SEED: usize = 32;

/// A plugin that Kubernetes' API server asks to encrypt and decrypt its data key seeds. Cloning is cheap.
#[derive(Clone)]
pub struct KmsPlugin(Arc<Inner>);

struct Inner {
    keys: Vec<(Arc<dyn Keys>, String)>,
    /// A text for each key, such as `scp:ID`.
    labels: Vec<String>,
    state: State,
    runtime: Arc<dyn Runtime>,
}

/// Builds a [`KmsPlugin`].
#[must_use = "a builder does nothing until `build` is called"]
#[derive(Default)]
pub struct KmsPluginBuilder {
    keys: Vec<(Arc<dyn Keys>, String)>,
    labels: Vec<String>,
    runtime: Option<Arc<dyn Runtime>>,
}

impl KmsPluginBuilder {
    /// Adds a key by its ID. The label names it in ciphertexts, such as `scp:ID`: it must stay the same as long as
    /// ciphertexts are kept.
    pub fn key(mut self, label: impl Into<String>, keys: Arc<dyn Keys>, id: impl Into<String>) -> Self {
        self.keys.push((keys, id.into()));
        self.labels.push(label.into());
        self
    }

    /// Sets clock and timers, for tests.
    pub fn runtime(mut self, runtime: impl Runtime + 'static) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Builds the plugin. Nothing is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) if there is no key, if there are so many that their
    /// ciphertexts cannot fit into the 1,000 bytes that Kubernetes allows (more than seven with labels such as `scp:ID`),
    /// or if a label comes twice or has other characters than letters, digits, `:`, `@`, `-`, `_` and `.`.
    pub fn build(self) -> Result<KmsPlugin> {
        let Self { keys, labels, runtime } = self;
        if labels.is_empty() {
            return Err(Error::config("a plugin needs a key"));
        }
        if !ciphertext::can_fit(&labels) {
            return Err(Error::config("the ciphertexts of so many keys do not fit into the 1,000 bytes of Kubernetes"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '@' | '-' | '_' | '.');
        for (index, label) in labels.iter().enumerate() {
            let valid = !label.is_empty() && label.len() <= 100 && label.chars().all(plain);
            if !valid || labels[..index].contains(label) {
                return Err(Error::config(format!("the key {label:?} comes twice, or cannot be named so")));
            }
        }
        let runtime = runtime.unwrap_or_else(|| Arc::new(TokioRuntime::default()));
        let state = State::new(labels.len());
        Ok(KmsPlugin(Arc::new(Inner { keys, labels, state, runtime })))
    }
}

impl KmsPlugin {
    /// Creates a builder of a plugin without keys.
    pub fn builder() -> KmsPluginBuilder {
        KmsPluginBuilder::default()
    }

    /// Returns `ok` while a round trip of any key has worked in the last 90 seconds and all have worked together since the
    /// start. Otherwise it returns which keys do not work, and why. Asks no cloud.
    #[must_use]
    pub fn health(&self) -> String {
        self.0.state.health(&self.0.labels, self.0.runtime.elapsed())
    }

    /// Returns the ID for Kubernetes: all keys and their versions. It is empty until all keys have worked together, and
    /// changes only when they have done so again.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.0.state.key_id(&self.0.labels)
    }

    /// Encrypts with all keys, and returns the ciphertext and the ID of the keys.
    ///
    /// # Errors
    /// If a key cannot be used now, or the plaintext is longer than 256 bytes.
    pub async fn encrypt(&self, plaintext: SecretBytes) -> Outcome<(Vec<u8>, String)> {
        if plaintext.expose_secret().is_empty() || plaintext.expose_secret().len() > LONGEST {
            return Err(Failure::invalid(format!("the plaintext must have 1 to {LONGEST} bytes")));
        }
        let encrypt = |keys: Arc<dyn Keys>, id: String| {
            let plaintext = plaintext.clone();
            async move { keys.encrypt(&id, plaintext).await }
        };
        let made = self.with_all(LIMIT, encrypt).await.into_iter().collect::<Outcome<Vec<Versioned>>>()?;
        let joined = self.join(&made).ok_or_else(too_long)?;
        let versions: Vec<u64> = made.iter().map(|made| made.version).collect();
        let id = key_id(&self.0.labels, &versions);
        if !self.0.state.publish(versions) {
            return Err(older());
        }
        Ok((joined, id))
    }

    fn join(&self, made: &[Versioned]) -> Option<Vec<u8>> {
        let parts = self.0.labels.iter().zip(made).map(|(label, made)| (label.clone(), made.text.clone()));
        ciphertext::join(&parts.collect::<Vec<_>>())
    }

    /// Calls all keys at the same time. Each failure names its key.
    async fn with_all<T, F>(&self, limit: Duration, call: impl Fn(Arc<dyn Keys>, String) -> F) -> Vec<Outcome<T>>
    where
        T: Send + 'static,
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let mut limit = self.0.runtime.deadline(limit);
        let mut running = JoinSet::new();
        for (index, (keys, id)) in self.0.keys.iter().enumerate() {
            let called = call(Arc::clone(keys), id.clone());
            running.spawn(async move { (index, called.await) });
        }
        let mut outcomes: Vec<Outcome<T>> = self.0.keys.iter().map(|_| Err(too_slow())).collect();
        loop {
            tokio::select! {
                ended = running.join_next() => match ended {
                    Some(Ok((index, outcome))) => {
                        if let Some(place) = outcomes.get_mut(index) {
                            *place = outcome;
                        }
                    }
                    Some(Err(_)) => {}
                    None => break,
                },
                () = &mut limit => break,
            }
        }
        let named = |(outcome, label): (Outcome<T>, &String)| outcome.map_err(|failure| failure.of(label));
        outcomes.into_iter().zip(&self.0.labels).map(named).collect()
    }

    /// Decrypts with any key. It asks first the one that worked last, and after half a second the next one as well.
    ///
    /// # Errors
    /// If the ciphertext is not one of the plugin's keys, or none of them can be used now.
    pub async fn decrypt(&self, ciphertext: &[u8]) -> Outcome<SecretBytes> {
        let parts = ciphertext::split(ciphertext);
        let parts = parts.ok_or_else(|| Failure::invalid("the ciphertext is not one of this plugin"))?;
        let text_of = |index: usize| {
            let label = self.0.labels.get(index)?;
            parts.iter().find(|(own, _)| own == label).map(|(_, text)| (index, (*text).to_owned()))
        };
        let own: VecDeque<_> = self.0.state.best_first().into_iter().filter_map(text_of).collect();
        if own.is_empty() {
            return Err(Failure::invalid("the ciphertext is of none of the configured keys"));
        }
        let first = Box::pin(self.first(own));
        within(first, || self.0.runtime.deadline(LIMIT)).await.unwrap_or_else(|| Err(too_slow()))
    }

    /// The plaintext of the first key that decrypts its text.
    async fn first(&self, mut waiting: VecDeque<(usize, String)>) -> Outcome<SecretBytes> {
        let mut running = JoinSet::new();
        let mut last = None;
        loop {
            if let Some((index, text)) = waiting.pop_front()
                && let Some((keys, id)) = self.0.keys.get(index).cloned()
            {
                running.spawn(async move { keys.decrypt(&id, &text).await });
            }
            // After a failure the next key is asked at once.
            let hedge =
                async { if waiting.is_empty() { pending().await } else { self.0.runtime.deadline(HEDGE).await } };
            tokio::select! {
                ended = running.join_next() => match ended {
                    Some(Ok(Ok(plaintext))) => return Ok(plaintext),
                    Some(Ok(Err(failure))) => last = Some(failure),
                    Some(Err(_)) => {}
                    None if waiting.is_empty() => return Err(last.unwrap_or_else(too_slow)),
                    None => {}
                },
                () = hedge => {}
            }
        }
    }

    /// Encrypts and decrypts with each key once, to know whether it works and which version is the newest.
    pub async fn probe(&self) {
        let seed = match random::bytes(SEED) {
            Ok(seed) => seed,
            Err(failure) => {
                (0..self.0.keys.len()).for_each(|index| self.0.state.failed(index, failure.to_string()));
                return;
            }
        };
        // A round trip is two requests.
        let call = |keys, id| round_trip(keys, id, seed.clone(), Arc::clone(&self.0.runtime));
        let outcomes = self.with_all(LIMIT * 2, call).await;
        let joined = outcomes.iter().map(|outcome| outcome.as_ref().ok().cloned()).collect::<Option<Vec<_>>>();
        let fits = joined.as_ref().is_none_or(|made| self.join(made).is_some());
        let versions = |made: Vec<Versioned>| made.iter().map(|made| made.version).collect();
        let newest = joined.filter(|_| fits).is_none_or(|made| self.0.state.publish(versions(made)));
        for (index, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(_) if fits && newest => self.0.state.worked(index, self.0.runtime.elapsed()),
                outcome => {
                    let failure = outcome.err().unwrap_or_else(if fits { older } else { too_long });
                    tracing::warn!(key = self.0.labels[index], error = %failure, "a key does not work");
                    self.0.state.failed(index, failure.to_string());
                }
            }
        }
    }

    /// Probes again and again, until the future is dropped.
    pub async fn keep_probing(&self) {
        loop {
            self.probe().await;
            self.0.runtime.sleep(INTERVAL).await;
        }
    }
}

/// Each half has the limit of a call of the API server: a key that is slower does not work.
async fn round_trip(
    keys: Arc<dyn Keys>,
    id: String,
    seed: SecretBytes,
    runtime: Arc<dyn Runtime>,
) -> Outcome<Versioned> {
    let encrypted = within(keys.encrypt(&id, seed.clone()), || runtime.deadline(LIMIT)).await;
    let made = encrypted.unwrap_or_else(|| Err(too_slow()))?;
    let decrypted = within(keys.decrypt(&id, &made.text), || runtime.deadline(LIMIT)).await;
    let decrypted = decrypted.unwrap_or_else(|| Err(too_slow()))?;
    match decrypted.expose_secret() == seed.expose_secret() {
        true => Ok(made),
        false => Err(Failure::new(StatusCode::BAD_GATEWAY, "the cloud decrypts to something else")),
    }
}

fn too_slow() -> Failure {
    Failure::new(StatusCode::GATEWAY_TIMEOUT, "the cloud took too long")
}

/// A replica of the cloud may lag behind.
fn older() -> Failure {
    Failure::new(StatusCode::SERVICE_UNAVAILABLE, "a key has encrypted with an older version than before: try again")
}

fn too_long() -> Failure {
    Failure::invalid("the ciphertexts of all keys have more than 1,000 bytes together: use fewer keys")
}

impl fmt::Debug for KmsPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsPlugin").field("keys", &self.0.labels).finish_non_exhaustive()
    }
}

impl fmt::Debug for KmsPluginBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsPluginBuilder").field("keys", &self.labels).finish_non_exhaustive()
    }
}

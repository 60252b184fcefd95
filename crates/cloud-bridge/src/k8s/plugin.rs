//! The plugin: encrypts with all of its keys, decrypts with any, and knows from its own round trips whether they work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::runtime::{TokioRuntime, within};
use cloud_core::{Error, Result, Runtime, SecretBytes};

use super::ciphertext;
use super::state::State;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::random;

/// How long a call of a cloud may take: the API server gives the plugin three seconds.
const LIMIT: Duration = Duration::from_millis(2_500);

/// How long after a round trip the next one begins.
const INTERVAL: Duration = Duration::from_secs(30);

/// The longest plaintext. The API server sends 32 bytes or little more.
const LONGEST: usize = 256;

/// The most keys.
const MOST: usize = 8;

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
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) if there are no or more than eight keys, or a label comes
    /// twice or has other characters than letters, digits, `:`, `@`, `-`, `_` and `.`.
    pub fn build(self) -> Result<KmsPlugin> {
        let Self { keys, labels, runtime } = self;
        if labels.is_empty() || labels.len() > MOST {
            return Err(Error::config(format!("a plugin needs 1 to {MOST} keys")));
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

    /// Returns `ok` while a round trip of any key has worked in the last 90 seconds, or else why none has. Asks no cloud.
    #[must_use]
    pub fn health(&self) -> String {
        self.0.state.health(&self.0.labels, self.0.runtime.elapsed())
    }

    /// Returns the ID for Kubernetes: keys and their versions. It is empty until a key has worked.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.0.state.key_id(&self.0.labels)
    }

    /// Encrypts with all keys, and returns the ciphertext and the ID of the keys.
    ///
    /// # Errors
    /// If a key cannot be used now, or the plaintext is longer than 256 bytes.
    pub async fn encrypt(&self, plaintext: SecretBytes) -> std::result::Result<(Vec<u8>, String), Failure> {
        if plaintext.expose_secret().is_empty() || plaintext.expose_secret().len() > LONGEST {
            return Err(Failure::invalid(format!("the plaintext must have 1 to {LONGEST} bytes")));
        }
        let mut parts = Vec::new();
        for index in 0..self.0.keys.len() {
            parts.push((self.0.labels[index].clone(), self.encrypt_with(index, plaintext.clone()).await?));
        }
        let joined = ciphertext::join(&parts).ok_or_else(|| Failure::invalid("the ciphertext is too long"))?;
        Ok((joined, self.key_id()))
    }

    async fn encrypt_with(&self, index: usize, plaintext: SecretBytes) -> std::result::Result<String, Failure> {
        let (keys, id) = &self.0.keys[index];
        let made = self.limited(keys.encrypt(id, plaintext)).await?;
        if !self.0.state.saw(index, made.version) {
            let text = format!("{} has encrypted with an older version than before: try again", self.0.labels[index]);
            return Err(Failure::new(http::StatusCode::SERVICE_UNAVAILABLE, text));
        }
        Ok(made.text)
    }

    /// Decrypts with the first key that can.
    ///
    /// # Errors
    /// If the ciphertext is not one of the plugin's keys, or none of them can be used now.
    pub async fn decrypt(&self, ciphertext: &[u8]) -> std::result::Result<SecretBytes, Failure> {
        let parts = ciphertext::split(ciphertext);
        let parts = parts.ok_or_else(|| Failure::invalid("the ciphertext is not one of this plugin"))?;
        let mut last = Failure::invalid("the ciphertext is of none of the configured keys");
        for (label, text) in parts {
            let Some(index) = self.0.labels.iter().position(|own| own == label) else { continue };
            let (keys, id) = &self.0.keys[index];
            match self.limited(keys.decrypt(id, text)).await {
                Ok(plaintext) => return Ok(plaintext),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    async fn limited<T>(
        &self,
        call: cloud_core::BoxFuture<'_, crate::failure::Result<T>>,
    ) -> std::result::Result<T, Failure> {
        let ended = within(call, || self.0.runtime.deadline(LIMIT)).await;
        ended.unwrap_or_else(|| Err(Failure::new(http::StatusCode::GATEWAY_TIMEOUT, "the cloud took too long")))
    }

    /// Encrypts and decrypts with each key once, to know whether it works and which version is the newest.
    pub async fn probe(&self) {
        for index in 0..self.0.keys.len() {
            match self.round_trip(index).await {
                Ok(()) => self.0.state.worked(index, self.0.runtime.elapsed()),
                Err(failure) => {
                    tracing::warn!(key = self.0.labels[index], error = %failure, "a key does not work");
                    self.0.state.failed(index, failure.to_string());
                }
            }
        }
    }

    async fn round_trip(&self, index: usize) -> std::result::Result<(), Failure> {
        let plaintext = random::bytes(16)?;
        let text = self.encrypt_with(index, plaintext.clone()).await?;
        let (keys, id) = &self.0.keys[index];
        let decrypted = self.limited(keys.decrypt(id, &text)).await?;
        match decrypted.expose_secret() == plaintext.expose_secret() {
            true => Ok(()),
            false => Err(Failure::new(http::StatusCode::BAD_GATEWAY, "the cloud decrypts to something else")),
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

//! Makes RSA keys away from the state's lock and from the threads that serve: each takes a good part of a second.

use std::sync::Arc;
use std::thread::available_parallelism;

use rsa::PrivateKey as RsaPrivateKey;
use tokio::sync::Semaphore;

use crate::rng::Rng;

/// The bits of all RSA keys that are made here.
const BITS: usize = 2048;

type Make = dyn Fn(&mut Rng) -> Result<RsaPrivateKey, String> + Send + Sync;

/// Keys that were made ahead of a call, and whether it asked for one more.
#[derive(Default)]
pub(crate) struct ReadyKeys {
    ready: Vec<RsaPrivateKey>,
    missing: bool,
}

impl ReadyKeys {
    /// Takes a key; where none is ready, the call is to be repeated with one more.
    pub(crate) fn take(&mut self) -> Option<RsaPrivateKey> {
        let key = self.ready.pop();
        self.missing |= key.is_none();
        key
    }

    /// Whether a key was asked for and none was ready; asking resets it.
    pub(crate) fn take_missing(&mut self) -> bool {
        std::mem::take(&mut self.missing)
    }

    pub(crate) fn add(&mut self, key: RsaPrivateKey) {
        self.ready.push(key);
    }
}

/// Makes keys, a few at a time.
pub(crate) struct KeyGenerator {
    /// Others wait, so that a processor is left for calls that need no key.
    places: Arc<Semaphore>,
    make: Arc<Make>,
}

impl KeyGenerator {
    /// Makes keys in this way instead.
    #[cfg(test)]
    pub(crate) fn with(make: impl Fn(&mut Rng) -> Result<RsaPrivateKey, String> + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(make), ..Self::default() }
    }

    /// A key that depends on the source of chance only.
    pub(crate) async fn key(&self, mut rng: Rng) -> Result<RsaPrivateKey, String> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|error| error.to_string())?;
        let make = Arc::clone(&self.make);
        let made = tokio::task::spawn_blocking(move || {
            // A key that was begun is made to its end, also when its caller has gone.
            let _place = place;
            make(&mut rng)
        });
        made.await.map_err(|error| format!("no RSA key: {error}"))?
    }
}

impl Default for KeyGenerator {
    fn default() -> Self {
        let spare = available_parallelism().map_or(1, |count| count.get().saturating_sub(1).max(1));
        Self { places: Arc::new(Semaphore::new(spare)), make: Arc::new(rsa) }
    }
}

/// A key made here and now.
pub(crate) fn rsa(rng: &mut Rng) -> Result<RsaPrivateKey, String> {
    RsaPrivateKey::new(rng.source(), BITS).map_err(|error| format!("no RSA key: {error}"))
}

//! A service that wraps data keys, scripted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cloud_core::testing::FakeRuntime;
use cloud_core::{BoxFuture, Error, ErrorCategory, ErrorKind, Result};
use cloud_envelope::{DataKey, DataKeySource, Limits, Sealer, SealerBuilder, SecretBytes, WrappedKey};
use tokio::sync::Semaphore;

pub(crate) const CONTEXT: &[(&str, &str)] = &[("table", "orders"), ("row", "7")];

/// What a service does with requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Works,
    Refuses(ErrorCategory),
    /// Refuses without saying what it means, unless the encryption context contains this.
    Demands(&'static str),
    IsDown,
    Panics,
}

#[derive(Debug)]
pub(crate) struct Service {
    provider: &'static str,
    id: &'static str,
    /// Whether it makes data keys itself.
    makes: bool,
    pub(crate) mood: Mutex<Mood>,
    /// The length of the data keys that it makes and unwraps.
    pub(crate) length: Mutex<usize>,
    wrapped: Mutex<HashMap<Vec<u8>, SecretBytes>>,
    pub(crate) generated: AtomicUsize,
    pub(crate) wraps: AtomicUsize,
    pub(crate) unwraps: AtomicUsize,
    /// How many requests were answered, also with an error.
    pub(crate) asked: AtomicUsize,
    /// How many requests wait for a permit.
    pub(crate) waiting: AtomicUsize,
    /// A sealer whose keys are invalidated with each response.
    pub(crate) overtakes: Mutex<Option<Sealer>>,
    /// Requests wait for a permit each.
    pub(crate) permits: Semaphore,
}

/// The service's key as the sealer sees it.
#[derive(Clone, Debug)]
pub(crate) struct Source(pub(crate) Arc<Service>);

impl std::ops::Deref for Source {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.0
    }
}

impl Source {
    pub(crate) fn new(provider: &'static str, id: &'static str, makes: bool) -> Self {
        Self(Arc::new(Service {
            provider,
            id,
            makes,
            mood: Mutex::new(Mood::Works),
            length: Mutex::new(32),
            wrapped: Mutex::default(),
            generated: AtomicUsize::new(0),
            wraps: AtomicUsize::new(0),
            unwraps: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            overtakes: Mutex::default(),
            permits: Semaphore::new(Semaphore::MAX_PERMITS),
        }))
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// How often it generated, wrapped and unwrapped.
    pub(crate) fn counts(&self) -> [usize; 3] {
        [&self.generated, &self.wraps, &self.unwraps].map(|count| count.load(Ordering::Relaxed))
    }
}

impl Service {
    async fn respond(&self, context: &[u8]) -> Result<()> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.permits.acquire().await.unwrap().forget();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.asked.fetch_add(1, Ordering::Relaxed);
        if let Some(sealer) = &*self.overtakes.lock().unwrap() {
            sealer.invalidate(self.id);
        }
        let failed = |category| Error::builder(ErrorKind::Service, "refused").status(400).category(category).build();
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Works => Ok(()),
            Mood::Refuses(category) => Err(failed(Some(category))),
            Mood::Demands(text) if context.windows(text.len()).any(|window| window == text.as_bytes()) => Ok(()),
            Mood::Demands(_) => Err(failed(None)),
            Mood::IsDown => Err(Error::new(ErrorKind::Connect, "no connection")),
            Mood::Panics => panic!("the service panics"),
        }
    }

    fn keep(&self, key: SecretBytes) -> Vec<u8> {
        let mut wrapped = self.wrapped.lock().unwrap();
        let ciphertext = format!("{}:{}:{}", self.provider, self.id, wrapped.len()).into_bytes();
        wrapped.insert(ciphertext.clone(), key);
        ciphertext
    }
}

impl DataKeySource for Source {
    fn provider(&self) -> &str {
        self.provider
    }

    fn key_id(&self) -> &str {
        self.id
    }

    fn generate(&self) -> BoxFuture<'_, Result<Option<DataKey>>> {
        Box::pin(async {
            if !self.makes {
                return Ok(None);
            }
            self.respond(&[]).await?;
            let number = self.generated.fetch_add(1, Ordering::Relaxed);
            // Never zeros, which a key that was wiped has too.
            let byte = u8::try_from(1 + number % 200).unwrap();
            let key = SecretBytes::from(vec![byte; *self.length.lock().unwrap()]);
            Ok(Some(DataKey::new(key.clone(), self.keep(key))))
        })
    }

    fn wrap_key<'a>(&'a self, key: &'a SecretBytes) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async {
            self.respond(&[]).await?;
            self.wraps.fetch_add(1, Ordering::Relaxed);
            Ok(self.keep(key.clone()))
        })
    }

    fn unwrap_key<'a>(&'a self, key: &'a WrappedKey, context: &'a [u8]) -> BoxFuture<'a, Result<SecretBytes>> {
        Box::pin(async {
            self.respond(context).await?;
            self.unwraps.fetch_add(1, Ordering::Relaxed);
            let known = self.wrapped.lock().unwrap().get(&key.ciphertext).cloned();
            let unknown = || Error::builder(ErrorKind::Service, "not a ciphertext").status(400).build();
            let opened = known.ok_or_else(unknown)?;
            let length = (*self.length.lock().unwrap()).min(opened.expose_secret().len());
            Ok(SecretBytes::from(&opened.expose_secret()[..length.min(32)]))
        })
    }
}

/// A source that makes data keys.
pub(crate) fn source() -> Source {
    Source::new("test-kms", "key-1", true)
}

pub(crate) fn runtime() -> Arc<FakeRuntime> {
    Arc::new(FakeRuntime::new(time::macros::datetime!(2026-11-01 00:00 UTC)))
}

pub(crate) fn builder(source: &Source) -> SealerBuilder {
    Sealer::builder(source.clone()).runtime(runtime())
}

/// A sealer whose frames have 16 bytes.
pub(crate) fn small_frames(source: &Source) -> Sealer {
    builder(source).frame_length(16).build().unwrap()
}

pub(crate) fn limits(messages: u64, bytes: u64) -> Limits {
    Limits { messages, bytes, ..Limits::default() }
}

/// Data of this length.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

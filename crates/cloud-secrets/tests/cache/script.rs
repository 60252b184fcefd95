//! A source that answers as the test says, and counts.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cloud_core::testing::FakeRuntime;
use cloud_core::{BoxFuture, Error, ErrorCategory, ErrorKind, Result, SecretSource, SecretString};
use cloud_secrets::{SecretCache, SecretCacheBuilder};
use time::macros::datetime;

/// What the source answers to a request for a value.
#[derive(Clone)]
pub(crate) enum Answer {
    Value(String),
    Fail(fn() -> Error),
    Panic,
}

#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    names: HashMap<String, Vec<String>>,
    answers: HashMap<String, Answer>,
    /// Whether requests for a value wait, and those for the ID of a name; and who is to be woken.
    closed: bool,
    names_closed: bool,
    wakers: Vec<Waker>,
    fetches: usize,
    resolves: usize,
    /// How many requests were dropped before their end.
    dropped: usize,
}

impl Script {
    /// Creates a source with one secret: name `db`, ID `id-db`.
    pub(crate) fn new(value: &str) -> Self {
        let script = Self::default();
        script.name("db", &["id-db"]);
        script.value(value);
        script
    }

    pub(crate) fn name(&self, name: &str, ids: &[&str]) {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        self.0.lock().unwrap().names.insert(name.to_owned(), ids);
    }

    pub(crate) fn answer(&self, id: &str, answer: Answer) {
        self.0.lock().unwrap().answers.insert(id.to_owned(), answer);
    }

    pub(crate) fn value(&self, value: &str) {
        self.answer("id-db", Answer::Value(value.to_owned()));
    }

    pub(crate) fn fail(&self, error: fn() -> Error) {
        self.answer("id-db", Answer::Fail(error));
    }

    /// Makes requests for a value wait until [`open`](Self::open).
    pub(crate) fn close(&self) {
        self.0.lock().unwrap().closed = true;
    }

    pub(crate) fn open(&self) {
        self.let_go(|state| state.closed = false);
    }

    /// Makes requests for the ID of a name wait until [`open_names`](Self::open_names).
    pub(crate) fn close_names(&self) {
        self.0.lock().unwrap().names_closed = true;
    }

    pub(crate) fn open_names(&self) {
        self.let_go(|state| state.names_closed = false);
    }

    fn let_go(&self, change: impl FnOnce(&mut State)) {
        let wakers = {
            let mut state = self.0.lock().unwrap();
            change(&mut state);
            std::mem::take(&mut state.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn fetches(&self) -> usize {
        self.0.lock().unwrap().fetches
    }

    pub(crate) fn resolves(&self) -> usize {
        self.0.lock().unwrap().resolves
    }

    pub(crate) fn dropped(&self) -> usize {
        self.0.lock().unwrap().dropped
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}

impl SecretSource for Script {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
        self.0.lock().unwrap().resolves += 1;
        Box::pin(std::future::poll_fn(move |context| {
            let mut state = self.0.lock().unwrap();
            if state.names_closed {
                state.wakers.push(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(match state.names.get(name).map_or(&[][..], |ids| ids) {
                [id] => Ok(id.clone()),
                [] => Err(Error::builder(ErrorKind::Lookup, "no secret has this name")
                    .category(ErrorCategory::NotFound)
                    .build()),
                _ => Err(Error::new(ErrorKind::Lookup, "2 secrets have this name")),
            })
        }))
    }

    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        self.0.lock().unwrap().fetches += 1;
        let mut flight = Flight(Some(self.clone()));
        Box::pin(std::future::poll_fn(move |context| {
            let Some(script) = &flight.0 else { return Poll::Pending };
            let answer = {
                let mut state = script.0.lock().unwrap();
                if state.closed {
                    state.wakers.push(context.waker().clone());
                    return Poll::Pending;
                }
                state.answers.get(id).cloned()
            };
            flight.0 = None;
            Poll::Ready(match answer {
                Some(Answer::Value(value)) => Ok(value.into()),
                Some(Answer::Fail(error)) => Err(error()),
                Some(Answer::Panic) => panic!("the source panics"),
                None => Err(not_found()),
            })
        }))
    }
}

/// Counts a request that is dropped before its end.
struct Flight(Option<Script>);

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(script) = &self.0 {
            script.0.lock().unwrap().dropped += 1;
        }
    }
}

pub(crate) fn refused(category: ErrorCategory) -> Error {
    Error::builder(ErrorKind::Service, "refused").status(403).category(category).build()
}

pub(crate) fn not_found() -> Error {
    refused(ErrorCategory::NotFound)
}

pub(crate) fn denied() -> Error {
    refused(ErrorCategory::Denied)
}

pub(crate) fn outage() -> Error {
    Error::builder(ErrorKind::Service, "unavailable").status(503).transient(true).build()
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A cache over the script: TTL 100 s, stale for 1,000 s, refusals kept for 10 s, and no jitter: refreshed after 50 s.
pub(crate) fn cache(script: &Script) -> (SecretCache, Arc<FakeRuntime>) {
    let (builder, runtime) = builder(script);
    (builder.build(), runtime)
}

pub(crate) fn builder(script: &Script) -> (SecretCacheBuilder, Arc<FakeRuntime>) {
    builder_of(script.clone())
}

/// The same over any source.
pub(crate) fn builder_of(source: impl SecretSource + 'static) -> (SecretCacheBuilder, Arc<FakeRuntime>) {
    let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
    let builder = SecretCache::builder(source)
        .ttl(secs(100))
        .stale_on_outage(secs(1_000))
        .negative_ttl(secs(10))
        .runtime(Arc::clone(&runtime));
    (builder, runtime)
}

/// Polls a future that does not wait.
#[track_caller]
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}

/// Polls a future once.
pub(crate) fn poll<T>(future: std::pin::Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What a get returns: the value or the message of the error.
#[track_caller]
pub(crate) fn got(cache: &SecretCache) -> Result<String, String> {
    now(cache.get("db")).map(|value| value.expose_secret().to_owned()).map_err(|error| error.to_string())
}

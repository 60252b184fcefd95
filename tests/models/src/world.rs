//! A cache of credentials and the service that issues them: what the scenarios have in common.
#![allow(clippy::panic, reason = "a scenario that fails panics")]

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cloud_core::auth::Generation;
use cloud_core::{Error, ErrorKind, Result};
use shuttle::rand::Rng as _;
use shuttle::sync::atomic::{AtomicU64, Ordering};
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

use crate::credentials::{CredentialCache, Expiring};
use crate::runtime::{Clock, Runtime as _, current};

/// How long credentials are valid.
pub const LIFETIME: Duration = Duration::from_secs(3600);

/// A call for credentials that may move between threads.
pub type Call = Pin<Box<dyn Future<Output = Result<(u64, Generation)>> + Send>>;

/// What the service does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Issues credentials.
    Issue,
    /// Fails.
    Fail,
    /// The request panics while it is polled.
    Panic,
    /// Never comes.
    Never,
}

/// Credentials that ask their cache when they are dropped.
#[derive(Debug)]
pub struct Issued {
    number: u64,
    cache: CredentialCache<Self>,
}

impl Drop for Issued {
    fn drop(&mut self) {
        // Would deadlock, were it called under the cache's lock.
        let _ = self.cache.held(Generation::new(u64::MAX));
    }
}

/// A cache, its clock and its service.
#[derive(Clone, Debug)]
pub struct World {
    /// The cache.
    pub cache: CredentialCache<Issued>,
    /// The clock.
    pub clock: Clock,
    service: Arc<Service>,
}

#[derive(Debug, Default)]
struct Service {
    asked: AtomicU64,
    refused: AtomicU64,
    /// How many requests may lose all their waiters.
    may_leave: AtomicU64,
    /// The requests in flight by runtime.
    flying: [AtomicU64; 3],
}

/// A request in flight; more than one of a runtime at a time is an error. One that is dropped with its last waiter may
/// still be on its way out when the next begins.
struct Flight(Arc<Service>, usize);

impl Flight {
    fn begin(service: &Arc<Service>) -> Self {
        let runtime = current().unwrap_or_default() as usize;
        let others = service.flying[runtime].fetch_add(1, Ordering::SeqCst);
        let leaving = service.may_leave.load(Ordering::SeqCst);
        assert!(others <= leaving, "two requests of a runtime at once");
        Self(Arc::clone(service), runtime)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.flying[self.1].fetch_sub(1, Ordering::SeqCst);
    }
}

/// A message from another thread, such as that of a runtime's driver.
#[derive(Default)]
struct Message(Mutex<(bool, Option<Waker>)>);

impl Message {
    fn send(&self) {
        let waker = self.0.lock().map(|mut message| {
            message.0 = true;
            message.1.take()
        });
        if let Ok(Some(waker)) = waker {
            waker.wake();
        }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let Ok(mut message) = self.0.lock() else { return Poll::Ready(()) };
        if message.0 {
            return Poll::Ready(());
        }
        message.1 = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Waits for a thread that may run at any time.
async fn round_trip() {
    let message = Arc::new(Message::default());
    let sent = Arc::clone(&message);
    thread::spawn(move || sent.send());
    poll_fn(|context| message.poll(context)).await;
}

impl World {
    /// Creates an empty cache.
    #[must_use]
    pub fn new() -> Self {
        let clock = Clock::default();
        Self { cache: CredentialCache::new(Arc::new(clock.clone())), clock, service: Arc::default() }
    }

    /// Asks for credentials. If a request is needed, this is what it meets.
    #[must_use]
    pub fn get(&self, answer: Answer) -> Call {
        let (world, now) = (self.clone(), self.clock.now());
        let issuing = world.clone();
        let issue = move || issuing.issue(answer);
        Box::pin(async move {
            let (issued, generation) = world.cache.get(now, issue).await?;
            Ok((issued.number, generation))
        })
    }

    async fn issue(self, answer: Answer) -> Result<Expiring<Issued>> {
        let _flight = Flight::begin(&self.service);
        let number = self.service.asked.fetch_add(1, Ordering::SeqCst) + 1;
        for _ in 0..shuttle::rand::thread_rng().gen_range(1..3) {
            round_trip().await;
        }
        match answer {
            Answer::Issue => Ok(Expiring::new(Issued { number, cache: self.cache.clone() }, LIFETIME)),
            Answer::Fail => Err(Error::new(ErrorKind::Credentials, "the service fails")),
            // Without the panic hook, which would report each.
            Answer::Panic => std::panic::resume_unwind(Box::new("a panic of the scenario")),
            Answer::Never => std::future::pending().await,
        }
    }

    /// A request that asks for the credentials that it is to provide.
    #[must_use]
    pub fn get_by_asking_itself(&self) -> Call {
        let (world, now) = (self.clone(), self.clock.now());
        let inner = world.clone();
        let issue = move || async move {
            round_trip().await;
            let asked = inner.clone();
            let (issued, _) = inner.cache.get(now, move || asked.issue(Answer::Issue)).await?;
            Ok(Expiring::new(Issued { number: issued.number, cache: inner.cache.clone() }, LIFETIME))
        };
        Box::pin(async move {
            let (issued, generation) = world.cache.get(now, issue).await?;
            Ok((issued.number, generation))
        })
    }

    /// A call as the request loop makes it: the service refuses all that [`refuse`](Self::refuse) names, and a refused
    /// call is repeated once.
    pub async fn call(&self) -> u64 {
        for _ in 0..2 {
            let outcome = self.get(Answer::Issue).await;
            let Ok((number, generation)) = outcome else { panic!("the service issues") };
            if number > self.service.refused.load(Ordering::SeqCst) {
                return number;
            }
            assert!(self.cache.invalidate(generation), "credentials were issued, so new ones may help");
        }
        panic!("refused twice, though credentials were revoked once")
    }

    /// Allows a request to lose all its waiters.
    pub fn allow_leaving(&self) {
        self.service.may_leave.fetch_add(1, Ordering::SeqCst);
    }

    /// Revokes all credentials that were issued so far.
    pub fn refuse(&self) {
        self.service.refused.store(self.asked(), Ordering::SeqCst);
    }

    /// How many requests for credentials the service has received.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.service.asked.load(Ordering::SeqCst)
    }

    /// Drops what the cache holds, which otherwise holds the cache.
    pub fn end(&self) {
        for generation in 0..16 {
            let _ = self.cache.invalidate(Generation::new(generation));
        }
        assert!(self.cache.current().is_none());
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Polls a call once.
pub fn poll_once(call: &mut Call) -> bool {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

//! Measures the cache of secrets: a hit, many callers of one secret, and many gets while the service often fails.
//!
//! `-- --check` fails where a target is missed.
#![allow(clippy::print_stdout, reason = "prints a table")]
#![allow(clippy::disallowed_methods, clippy::cast_precision_loss, reason = "measures real time, shown with few digits")]

use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use allocation_counter::measure;
use bench::by_hand::Result;
use cloud_core::{BoxFuture, Error, ErrorCategory, ErrorKind, Runtime, SecretString};
use cloud_secrets::{SecretCache, SecretRef, SecretSource};
use time::OffsetDateTime;
use tokio::runtime::{Builder, Runtime as Tokio};
use tokio::task::JoinSet;

const ID: &str = "3265ab469f0d406d83073da3e11e7a6c";
const NAME: &str = "db-password";

/// Gets in one sample of a hit, and samples.
const HITS: u32 = 1_000;
const SAMPLES: usize = 1_001;
const CALLERS: usize = 1_000;
/// How long the service takes while the callers wait.
const LATENCY: Duration = Duration::from_millis(20);

/// Gets while the service fails, in rounds that each end with a refusal and an outage after it.
const GETS: u64 = 1_000_000;
const ROUNDS: u64 = 100;
/// Gets in the outage after a refusal.
const OUTAGE: u64 = 50;
/// Of 100 requests, how many fail.
const FAILURES: u64 = 5;

/// The targets.
const HIT_NANOS: f64 = 150.0;
const HIT_ALLOCATIONS: u64 = 0;

const FAILS_SOMETIMES: u8 = 0;
const REFUSES: u8 = 1;
const IS_DOWN: u8 = 2;

/// A service that fails as it is told, and returns another value each time.
#[derive(Debug, Default)]
struct Service {
    requests: AtomicU64,
    failed: AtomicU64,
    mode: AtomicU8,
    latency: Duration,
    failures: u64,
}

/// The shared service, as the cache takes it.
#[derive(Debug)]
struct Source(Arc<Service>);

impl SecretSource for Source {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, cloud_core::Result<String>> {
        Box::pin(async { Ok(ID.to_owned()) })
    }

    fn fetch<'a>(&'a self, _: &'a str) -> BoxFuture<'a, cloud_core::Result<SecretString>> {
        Box::pin(async {
            let number = self.0.requests.fetch_add(1, Ordering::SeqCst);
            if self.0.latency > Duration::ZERO {
                tokio::time::sleep(self.0.latency).await;
            }
            let mode = self.0.mode.load(Ordering::SeqCst);
            if mode == REFUSES {
                let refusal = Error::builder(ErrorKind::Service, "denied").category(ErrorCategory::Denied);
                return Err(refusal.build());
            }
            if mode == IS_DOWN || mixed(number) % 100 < self.0.failures {
                self.0.failed.fetch_add(1, Ordering::SeqCst);
                return Err(Error::new(ErrorKind::Transport, "no connection"));
            }
            Ok(format!("password {number}").into())
        })
    }
}

/// SplitMix64: the same failures in each run.
fn mixed(number: u64) -> u64 {
    let seed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

/// A clock that moves when told.
#[derive(Debug, Default)]
struct Clock {
    millis: AtomicU64,
    drawn: AtomicU64,
}

impl Clock {
    fn advance(&self, by: Duration) {
        self.millis.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}

impl Runtime for Clock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn deadline(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn random(&self) -> u64 {
        mixed(self.drawn.fetch_add(1, Ordering::SeqCst))
    }
}

/// Prints a figure with its target, and remembers whether it was missed.
#[derive(Default)]
struct Report {
    missed: Vec<String>,
}

impl Report {
    fn row(&mut self, what: &str, figure: f64, unit: &str, target: Option<f64>) {
        let shown = target.map_or_else(String::new, |target| format!("{target:.0}"));
        println!("{what:<44} {figure:>12.1} {unit:<4} {shown:>8}");
        if target.is_some_and(|target| figure > target) {
            self.missed.push(what.to_owned());
        }
    }

    fn count(&mut self, what: &str, figure: u64, target: Option<u64>) {
        let shown = target.map_or_else(String::new, |target| target.to_string());
        println!("{what:<44} {figure:>12} {:<4} {shown:>8}", "");
        if target.is_some_and(|target| figure > target) {
            self.missed.push(what.to_owned());
        }
    }
}

fn main() -> Result<()> {
    let check = std::env::args().any(|argument| argument == "--check");
    let mut report = Report::default();
    println!("{:<44} {:>12} {:<4} {:>8}", "", "", "", "target");
    hit(&mut report)?;
    cold(&mut report)?;
    failing(&mut report)?;
    match (check, report.missed.is_empty()) {
        (true, false) => Err(format!("missed: {}", report.missed.join(", ")).into()),
        _ => Ok(()),
    }
}

fn hit(report: &mut Report) -> Result<()> {
    let tokio = current_thread()?;
    let cache = SecretCache::builder(Source(Arc::default())).ttl(Duration::from_secs(3_600)).build();
    for (how, secret) in [("by ID", SecretRef::id(ID)), ("by name", SecretRef::name(NAME))] {
        tokio.block_on(cache.get(secret))?;
        let mut all = true;
        let mut samples: Vec<_> = (0..SAMPLES).map(|_| sample(&cache, secret, &mut all)).collect();
        samples.sort_by(f64::total_cmp);
        let spent = measure(|| {
            sample(&cache, secret, &mut all);
        });
        if !all {
            return Err("a get was no hit".into());
        }
        let median = samples.get(SAMPLES / 2).copied().unwrap_or(f64::NAN);
        report.row(&format!("a hit {how}, median"), median, "ns", Some(HIT_NANOS));
        report.count(&format!("a hit {how}, allocations of {HITS}"), spent.count_total, Some(HIT_ALLOCATIONS));
    }
    Ok(())
}

/// Nanoseconds for each of some gets that must be hits.
fn sample(cache: &SecretCache, secret: SecretRef<'_>, all: &mut bool) -> f64 {
    let mut context = Context::from_waker(Waker::noop());
    let start = Instant::now();
    for _ in 0..HITS {
        let poll = pin!(cache.get(secret)).poll(&mut context);
        *all &= matches!(black_box(poll), Poll::Ready(Ok(_)));
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(HITS)
}

fn cold(report: &mut Report) -> Result<()> {
    let tokio = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let service = Arc::new(Service { latency: LATENCY, ..Service::default() });
    let cache = SecretCache::builder(Source(Arc::clone(&service))).build();
    let start = Instant::now();
    tokio.block_on(async {
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let cache = cache.clone();
            callers.spawn(async move { cache.get(SecretRef::id(ID)).await.map(drop) });
        }
        while let Some(outcome) = callers.join_next().await {
            outcome??;
        }
        Result::Ok(())
    })?;
    let spent = start.elapsed().as_secs_f64() * 1e3;
    report.count(
        &format!("{CALLERS} callers of a cold ID, requests"),
        service.requests.load(Ordering::SeqCst),
        Some(1),
    );
    report.row(&format!("the same, time for a request of {} ms", LATENCY.as_millis()), spent, "ms", None);
    Ok(())
}

fn failing(report: &mut Report) -> Result<()> {
    let tokio = current_thread()?;
    let (service, clock) = (Arc::new(Service { failures: FAILURES, ..Service::default() }), Arc::new(Clock::default()));
    let cache = SecretCache::builder(Source(Arc::clone(&service)))
        .ttl(Duration::from_secs(10))
        .stale_on_outage(Duration::from_secs(86_400))
        .runtime(Arc::clone(&clock))
        .build();
    let (mut errors, mut revived) = (0, 0);
    let start = Instant::now();
    tokio.block_on(async {
        for _ in 0..ROUNDS {
            // A value to begin with: without one, a failed request is an error of the get.
            while cache.refresh(SecretRef::id(ID)).await.is_err() {}
            for _ in 0..GETS / ROUNDS - OUTAGE {
                errors += u64::from(cache.get(SecretRef::id(ID)).await.is_err());
                clock.advance(Duration::from_secs(1));
            }
            service.mode.store(REFUSES, Ordering::SeqCst);
            revived += u64::from(cache.refresh(SecretRef::id(ID)).await.is_ok());
            service.mode.store(IS_DOWN, Ordering::SeqCst);
            for _ in 0..OUTAGE {
                revived += u64::from(cache.get(SecretRef::id(ID)).await.is_ok());
                clock.advance(Duration::from_secs(1));
            }
            service.mode.store(FAILS_SOMETIMES, Ordering::SeqCst);
        }
    });
    let (spent, metrics) = (start.elapsed(), cache.metrics());
    let failed = service.failed.load(Ordering::SeqCst);
    report.count(&format!("{GETS} gets: requests"), metrics.fetches, None);
    report.count("requests that failed", failed, None);
    report.count("requests that were refused", metrics.refusals, None);
    report.count("gets with a stale value", metrics.stale, None);
    report.count("errors while a value was permitted", errors, Some(0));
    report.count("values after a refusal", revived, Some(0));
    report.row("time for all", spent.as_secs_f64() * 1e3, "ms", None);
    if failed == 0 || metrics.stale == 0 || metrics.refusals < ROUNDS {
        return Err("the service did not fail, so nothing was measured".into());
    }
    Ok(())
}

fn current_thread() -> Result<Tokio> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

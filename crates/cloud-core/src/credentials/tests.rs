//! Tests of the cache: renewal ahead, failures, panics, and callers who leave or are left.
#![allow(clippy::disallowed_methods, reason = "the tests of concurrency need tasks that wait")]

use std::sync::atomic::{AtomicU64, Ordering};

use time::macros::datetime;

use super::*;
use crate::error::ErrorKind;
use crate::testing::FakeRuntime;

const START: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

fn new_cache<T>() -> CredentialCache<T> {
    CredentialCache::new(Arc::new(FakeRuntime::new(START)))
}

struct Issuer {
    cache: CredentialCache<u64>,
    asked: Arc<AtomicU64>,
    lifetime: u64,
}

impl Issuer {
    fn new(lifetime: u64) -> Self {
        Self { cache: new_cache(), asked: Arc::default(), lifetime }
    }

    async fn get(&self, after: i64, works: bool) -> Result<u64> {
        let (asked, lifetime) = (Arc::clone(&self.asked), Duration::from_secs(self.lifetime));
        let issue = move || async move {
            let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::task::yield_now().await;
            match works {
                true => Ok(Expiring { value: number, lifetime }),
                false => Err(Error::new(ErrorKind::Credentials, "no")),
            }
        };
        self.cache.get(START + time::Duration::seconds(after), issue).await.map(|(value, _)| *value)
    }
}

#[tokio::test]
async fn credentials_are_renewed_before_they_expire() {
    for (lifetime, last_old, first_new) in [(60, 47, 48), (3600, 3299, 3300), (86_400, 86_099, 86_100)] {
        let issuer = Issuer::new(lifetime);
        assert_eq!(issuer.get(0, true).await.unwrap(), 1);
        assert_eq!(issuer.get(last_old, true).await.unwrap(), 1, "{lifetime}");
        assert_eq!(issuer.get(first_new, true).await.unwrap(), 2, "{lifetime}");
    }
}

#[tokio::test]
async fn lifetime_beyond_the_calendar_does_not_end() {
    let issuer = Issuer::new(i64::MAX.unsigned_abs());
    assert_eq!(issuer.get(0, true).await.unwrap(), 1);
    assert_eq!(issuer.get(1_000_000, true).await.unwrap(), 1);
}

#[tokio::test]
async fn valid_credentials_survive_a_failed_renewal() {
    let issuer = Issuer::new(60);
    issuer.get(0, true).await.unwrap();
    assert_eq!(issuer.get(50, false).await.unwrap(), 1);
    assert_eq!(issuer.get(59, false).await.unwrap(), 1);
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 2, "not asked again at once");
    assert!(issuer.get(60, false).await.is_err());
}

#[tokio::test]
async fn pause_after_a_failure_ends_with_the_credentials() {
    let issuer = Issuer::new(60);
    issuer.get(0, true).await.unwrap();
    assert_eq!(issuer.get(58, false).await.unwrap(), 1);
    assert!(issuer.get(61, false).await.is_err(), "no longer good");
    assert_eq!(issuer.get(62, true).await.unwrap(), 4);
}

#[tokio::test]
async fn renewal_that_hangs_blocks_one_caller_only() {
    let issuer = Issuer::new(3600);
    issuer.get(0, true).await.unwrap();
    let now = START + time::Duration::seconds(3400);
    let hang = std::future::pending::<Result<Expiring<u64>>>;
    {
        let mut leader = Box::pin(issuer.cache.get(now, hang));
        std::future::poll_fn(|context| {
            assert!(leader.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        assert_eq!(issuer.get(3400, true).await.unwrap(), 1, "others go on with what is good");
    }
    // The caller gave up. Those who come next do not all have to find out for themselves.
    assert_eq!(issuer.get(3409, true).await.unwrap(), 1);
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1);
    // The request may yet succeed; after a while it is given up.
    assert_eq!(issuer.get(3459, true).await.unwrap(), 1);
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1);
    assert_eq!(issuer.get(3460, true).await.unwrap(), 2);
}

#[tokio::test]
async fn caller_with_valid_credentials_waits_for_new_ones_only_briefly() {
    let runtime = Arc::new(FakeRuntime::new(START));
    let cache = CredentialCache::new(Arc::clone(&runtime) as Arc<dyn Runtime>);
    let issue = |value: u64| move || std::future::ready(Ok(Expiring { value, lifetime: Duration::from_secs(3600) }));
    let get = |after: i64, value| cache.get(START + time::Duration::seconds(after), issue(value));
    assert_eq!(*get(0, 1).await.unwrap().0, 1);
    let (answer, answered) = tokio::sync::oneshot::channel::<u64>();
    let slow = || async { Ok(Expiring { value: answered.await.unwrap(), lifetime: Duration::from_secs(3600) }) };
    let renewing = cache.get(START + time::Duration::seconds(3400), slow);
    let (waited, ()) = tokio::join!(renewing, async { runtime.advance(BRIEF) });
    assert_eq!(*waited.unwrap().0, 1, "the caller goes on with what is good");
    assert_eq!(*get(3401, 9).await.unwrap().0, 1);
    assert_eq!(*get(3411, 9).await.unwrap().0, 1, "the request is left alone, and no second one is made");
    answer.send(2).unwrap();
    assert_eq!(*get(3412, 9).await.unwrap().0, 2, "the request of the first caller was kept");
}

#[tokio::test]
async fn renewal_that_nobody_waits_for_is_not_waited_for_after_the_end() {
    let issuer = Issuer::new(60);
    issuer.get(0, true).await.unwrap();
    let hang = std::future::pending::<Result<Expiring<u64>>>;
    let mut leader = Box::pin(issuer.cache.get(START + time::Duration::seconds(50), hang));
    let polled = std::future::poll_fn(|context| Poll::Ready(leader.as_mut().poll(context).is_pending())).await;
    assert!(polled);
    drop(leader);
    assert_eq!(issuer.get(61, true).await.unwrap(), 2);
}

#[tokio::test]
async fn panic_in_a_request_leaves_the_cache_usable() {
    for held in [false, true] {
        let issuer = Issuer::new(60);
        if held {
            issuer.get(0, true).await.unwrap();
        }
        let panics = || async {
            tokio::task::yield_now().await;
            panic!("while asking")
        };
        let now = START + time::Duration::seconds(60);
        let alone = issuer.cache.get(now, panics).await.map(drop).unwrap_err();
        assert_eq!(
            (alone.kind(), alone.message()),
            (ErrorKind::Credentials, "the request for credentials was aborted; call again")
        );
        let (asking, waiting) = tokio::join!(issuer.cache.get(now, panics), issuer.get(60, true));
        let number = if held { 2 } else { 1 };
        assert_eq!(waiting.unwrap(), number, "the waiter makes its own request");
        assert_eq!(*asking.unwrap().0, number, "and for the other");
        assert_eq!(issuer.get(61, true).await.unwrap(), number);
        assert!(!format!("{:?}", issuer.cache).is_empty());
    }
}

#[tokio::test]
async fn caller_that_is_no_longer_polled_blocks_nobody() {
    let issuer = Issuer::new(60);
    let mut stuck = Box::pin(issuer.get(0, true));
    std::future::poll_fn(|context| {
        assert!(stuck.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    assert_eq!(issuer.get(0, true).await.unwrap(), 1);
    assert_eq!(stuck.await.unwrap(), 1, "the same request");
}

#[tokio::test]
async fn invalidate_drops_only_the_refused_generation() {
    let issuer = Issuer::new(60);
    assert!(!issuer.cache.invalidate(Generation::new(0)), "nothing was issued yet");
    issuer.get(0, true).await.unwrap();
    assert!(issuer.cache.held(Generation::new(1)).is_some());
    assert!(issuer.cache.invalidate(Generation::new(1)));
    assert!(issuer.cache.held(Generation::new(1)).is_none());
    assert_eq!(issuer.get(0, true).await.unwrap(), 2);
    assert!(issuer.cache.held(Generation::new(1)).is_none() && issuer.cache.held(Generation::new(2)).is_some());
    assert!(issuer.cache.invalidate(Generation::new(1)), "already replaced");
    assert_eq!(issuer.get(0, true).await.unwrap(), 2);
}

#[tokio::test]
async fn concurrent_callers_share_one_request() {
    for works in [true, false] {
        let (cache, gate) = (new_cache(), Arc::new(tokio::sync::Semaphore::new(0)));
        let asked = Arc::new(AtomicU64::new(0));
        let ask = |now| {
            let (cache, gate, asked) = (cache.clone(), Arc::clone(&gate), Arc::clone(&asked));
            let issue = move || async move {
                asked.fetch_add(1, Ordering::SeqCst);
                let _open = gate.acquire().await;
                match works {
                    true => Ok(Expiring { value: 7, lifetime: Duration::from_secs(60) }),
                    false => Err(Error::new(ErrorKind::Credentials, "no").with_source(std::io::Error::other("why"))),
                }
            };
            async move { cache.get(now, issue).await.map(|(value, _)| *value) }
        };
        let callers: Vec<_> = (0..100).map(|_| tokio::spawn(ask(START))).collect();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(1);
        let mut causes = 0;
        for caller in callers {
            match caller.await.unwrap() {
                Ok(value) => assert!(works && value == 7),
                Err(error) => {
                    assert!(!works && error.message() == "no");
                    causes += usize::from(std::error::Error::source(&error).is_some());
                }
            }
        }
        assert_eq!((asked.load(Ordering::SeqCst), causes), (1, usize::from(!works)));
        assert_eq!(ask(START).await.is_ok(), works);
        assert_eq!(asked.load(Ordering::SeqCst), if works { 1 } else { 2 }, "a failed request is repeated");
    }
}

#[tokio::test]
async fn dropped_caller_leaves_the_cache_usable() {
    let issuer = Issuer::new(60);
    {
        let mut abandoned = Box::pin(issuer.get(0, true));
        std::future::poll_fn(|context| {
            assert!(abandoned.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    assert_eq!(issuer.get(0, true).await.unwrap(), 2);
}

#[test]
fn threads_that_share_a_request_miss_no_wake_up() {
    let (cache, asked) = (new_cache(), Arc::new(AtomicU64::new(0)));
    let work = |number: u64| {
        let (cache, asked) = (cache.clone(), Arc::clone(&asked));
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                for round in 0..200 {
                    let asked = Arc::clone(&asked);
                    let issue = move || async move {
                        // A timer of one thread's runtime, and waits that are over at once.
                        tokio::time::sleep(Duration::from_micros(round % 3)).await;
                        tokio::task::yield_now().await;
                        let value = asked.fetch_add(1, Ordering::SeqCst);
                        let fails = value % 7 == 6;
                        let issued = Expiring { value, lifetime: Duration::from_secs(60) };
                        if fails { Err(Error::new(ErrorKind::Credentials, "no")) } else { Ok(issued) }
                    };
                    let outcome = tokio::time::timeout(Duration::from_secs(60), cache.get(START, issue)).await;
                    let outcome = outcome.expect("a caller was never woken");
                    if let Ok((_, generation)) = outcome
                        && (round + number).is_multiple_of(2)
                    {
                        cache.invalidate(generation);
                    }
                }
            });
        }
    };
    let threads: Vec<_> = (0..4).map(|number| std::thread::spawn(work(number))).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!((100..=800).contains(&asked.load(Ordering::SeqCst)));
}

/// Credentials whose destructor asks the cache that held them.
struct Nosy(Option<CredentialCache<Self>>);

impl Drop for Nosy {
    fn drop(&mut self) {
        assert!(self.0.take().is_none_or(|cache| cache.held(Generation::new(0)).is_none()));
    }
}

#[tokio::test]
async fn credentials_are_dropped_outside_the_lock() {
    let cache = new_cache::<Nosy>();
    let issue = |cache: &CredentialCache<Nosy>| {
        let value = Nosy(Some(cache.clone()));
        || std::future::ready(Ok(Expiring { value, lifetime: Duration::from_secs(60) }))
    };
    let start = OffsetDateTime::UNIX_EPOCH;
    let (first, _) = cache.get(start, issue(&cache)).await.unwrap();
    drop(first);
    // The renewal drops the first, the invalidation the second.
    let (second, generation) = cache.get(start + Duration::from_secs(120), issue(&cache)).await.unwrap();
    drop(second);
    assert!(cache.invalidate(generation));
    assert!(cache.current().is_none());
}

#[tokio::test]
async fn ended_credentials_are_not_given_when_a_renewal_fails() {
    let issuer = Issuer::new(60);
    issuer.get(0, true).await.unwrap();
    let (answer, answered) = tokio::sync::oneshot::channel::<()>();
    let fails = || async move {
        let _ = answered.await;
        Err(Error::new(ErrorKind::Credentials, "the service is down"))
    };
    // Starts a renewal half a second before the end; another caller waits for the same request after the end.
    let mut early = Box::pin(issuer.cache.get(START + time::Duration::milliseconds(59_500), fails));
    let mut late = Box::pin(issuer.get(61, true));
    let pending = std::future::poll_fn(|context| {
        let early = early.as_mut().poll(context).is_pending();
        Poll::Ready(early && late.as_mut().poll(context).is_pending())
    });
    assert!(pending.await);
    drop(early);
    answer.send(()).unwrap();
    assert!(late.await.is_err());
}

#[tokio::test]
async fn older_request_does_not_replace_newer_credentials() {
    let issuer = Issuer::new(3600);
    issuer.get(0, true).await.unwrap();
    let request = |number| {
        let issued = Expiring { value: number, lifetime: Duration::from_secs(3600) };
        lock(&issuer.cache.state)
            .complete(number, START, Ok(issued))
            .0
            .map(|(value, generation)| (*value, generation.number()))
    };
    assert_eq!(request(3).unwrap(), (3, 2));
    assert_eq!(request(2).unwrap(), (3, 2), "the newer one, which is stored");
    assert_eq!(issuer.get(0, true).await.unwrap(), 3);
}

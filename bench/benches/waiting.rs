//! Counts how often callers and a request are polled while all of them wait for one token, and the processor time.
//!
//! Needs Linux, for the processor time of a thread. `-- 5000 3` sets the number of callers and how many seconds the
//! token takes.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "waits for real and prints what it counts")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bench::by_hand::Result;
use bench::processor;
use cloud_core::credentials::{CredentialCache, Expiring};
use cloud_core::runtime::{Runtime as _, TokioRuntime};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

const WORKERS: usize = 2;

/// Counts the polls of a future.
async fn counted<T>(count: Arc<AtomicU64>, future: impl Future<Output = T> + Send) -> T {
    let mut future = pin!(future);
    poll_fn(move |context| {
        count.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(context)
    })
    .await
}

fn main() -> Result<()> {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let (callers, seconds) = (numbers.next().unwrap_or(1000), numbers.next().unwrap_or(1));
    // The token is answered in five steps, as by a connection: each wakes the request.
    let step = Duration::from_secs(seconds) / 5;
    let clock = Arc::new(TokioRuntime::default());
    let cache = CredentialCache::new(Arc::clone(&clock) as _);
    let (calls, requests) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let now = clock.now();
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let (spent, start) = (processor::nanos()?, Instant::now());
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let (cache, requests) = (cache.clone(), Arc::clone(&requests));
            let issue = move || {
                counted(requests, async move {
                    for _ in 0..5 {
                        tokio::time::sleep(step).await;
                    }
                    Ok(Expiring::new((), Duration::from_secs(3600)))
                })
            };
            tasks.spawn(counted(Arc::clone(&calls), async move { cache.get(now, issue).await.map(drop) }));
        }
        while let Some(outcome) = tasks.join_next().await {
            outcome??;
        }
        Result::Ok(())
    })?;
    let (wall, spent) = (start.elapsed(), processor::nanos()? - spent);
    println!("{callers} callers, {WORKERS} workers, a token that takes {seconds} s and wakes the request 5 times");
    println!("polls of callers    {:>10}", calls.load(Ordering::Relaxed));
    println!("polls of the request{:>10}", requests.load(Ordering::Relaxed));
    println!("wall time           {:>10.1} ms", wall.as_secs_f64() * 1e3);
    println!("processor time      {:>10.1} ms", Duration::from_nanos(spent).as_secs_f64() * 1e3);
    Ok(())
}

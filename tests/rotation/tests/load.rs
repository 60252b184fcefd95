//! A secret that is rotated while many tasks read it.
#![cfg(test)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cloud_core::SecretString;
use rotation::{SCP_SECRET, World, cache, rotate};
use tokio::task::JoinSet;

const ROTATIONS: usize = 20;
const READERS: usize = 50;

/// The number in `{"password":"p7"}`.
fn number(value: &SecretString) -> usize {
    let digits: String = value.expose_secret().chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_rotations_in_their_order_and_no_error() {
    let world = World::start().await;
    rotate(&world, "p0").await;
    let (cache, runtime) = cache(world.scp.secrets_manager());
    assert_eq!(number(&cache.get(SCP_SECRET.0).await.unwrap()), 0);
    let mut watch = cache.watch(SCP_SECRET.0);
    let ended = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (cache, ended) = (cache.clone(), Arc::clone(&ended));
        readers.spawn(async move {
            let (mut last, mut reads) = (0, 0_usize);
            while !ended.load(Ordering::SeqCst) {
                let seen = number(&cache.get(SCP_SECRET.0).await.unwrap());
                assert!(seen >= last, "{seen} after {last}");
                last = seen;
                reads += 1;
                tokio::task::yield_now().await;
            }
            assert_eq!(number(&cache.get(SCP_SECRET.0).await.unwrap()), ROTATIONS);
            reads
        });
    }
    let watcher = tokio::spawn(async move {
        let mut seen = Vec::new();
        while seen.last() != Some(&ROTATIONS) {
            let rotation = watch.changed().await;
            assert_eq!(number(rotation.previous.as_ref().unwrap()), seen.last().copied().unwrap_or(0));
            seen.push(number(&rotation.value));
        }
        seen
    });
    for rotation in 1..=ROTATIONS {
        rotate(&world, &format!("p{rotation}")).await;
        // A refresh is due; the readers drive it.
        runtime.advance(Duration::from_secs(60));
        while number(&cache.get(SCP_SECRET.0).await.unwrap()) != rotation {
            tokio::task::yield_now().await;
        }
    }
    let seen = watcher.await.unwrap();
    ended.store(true, Ordering::SeqCst);
    while let Some(reader) = readers.join_next().await {
        assert!(reader.unwrap() > 0);
    }
    assert!(seen.is_sorted() && seen.len() <= ROTATIONS, "{seen:?}");
    let metrics = cache.metrics();
    assert_eq!((metrics.rotations, metrics.errors, metrics.stale), (ROTATIONS as u64, 0, 0));
    // One request for each rotation and the first value, however many read.
    let requests = world.count("/show_secret_value");
    assert_eq!((metrics.fetches, requests), (ROTATIONS as u64 + 1, ROTATIONS + 1));
}

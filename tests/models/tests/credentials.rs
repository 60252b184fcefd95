//! Threads that share a cache of credentials, in many of their interleavings.
//!
//! `MODELS_SCHEDULES` sets how many; a failing schedule is printed, and `shuttle::replay` runs it again.

#![cfg(test)]

use models::runtime::enter;
use models::world::{Answer, LIFETIME, World, poll_once};
use shuttle::future::block_on;
use shuttle::thread;

/// Runs a scenario with threads chosen at random, and with few forced switches.
#[allow(clippy::disallowed_methods, reason = "the number of schedules is a setting of the run")]
fn check(scenario: fn()) {
    let given = std::env::var("MODELS_SCHEDULES").ok().and_then(|count| count.parse().ok());
    let schedules = given.unwrap_or(300);
    shuttle::check_random(scenario, schedules);
    shuttle::check_pct(scenario, schedules, 3);
}

/// A thread of this runtime.
fn spawn<T: Send + 'static>(runtime: u32, work: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    thread::spawn(move || {
        enter(runtime);
        work()
    })
}

fn join<T>(threads: Vec<thread::JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn callers_share_one_request() {
    check(|| {
        let world = World::new();
        let callers = (0..3).map(|_| {
            let world = world.clone();
            spawn(1, move || block_on(world.call()))
        });
        assert_eq!(join(callers.collect()), [1, 1, 1]);
        assert_eq!(world.asked(), 1);
        world.end();
    });
}

#[test]
fn dropped_caller_holds_up_nobody() {
    check(|| {
        let world = World::new();
        world.allow_leaving();
        let (stays, leaves) = (world.clone(), world.clone());
        let threads = vec![
            spawn(1, move || assert!(block_on(stays.call()) > 0)),
            spawn(1, move || {
                let mut call = leaves.get(Answer::Issue);
                poll_once(&mut call);
                thread::yield_now();
                drop(call);
            }),
        ];
        join(threads);
        assert!(world.asked() <= 2);
        world.end();
    });
}

#[test]
fn caller_that_moves_to_another_thread_is_woken_there() {
    check(|| {
        let world = World::new();
        let (stays, moves) = (world.clone(), world.clone());
        let mut call = moves.get(Answer::Issue);
        enter(1);
        if poll_once(&mut call) {
            return world.end();
        }
        let threads = vec![
            spawn(1, move || block_on(stays.call())),
            spawn(1, move || block_on(call).map(|(number, _)| number).unwrap()),
        ];
        assert_eq!(join(threads), [1, 1]);
        world.end();
    });
}

#[test]
fn caller_that_is_kept_unpolled_holds_up_nobody() {
    check(|| {
        let world = World::new();
        enter(1);
        let mut kept = world.get(Answer::Issue);
        if poll_once(&mut kept) {
            return world.end();
        }
        let callers = (0..2).map(|_| {
            let world = world.clone();
            spawn(1, move || block_on(world.call()))
        });
        assert_eq!(join(callers.collect()), [1, 1], "the request of the first is shared");
        drop(kept);
        world.end();
    });
}

#[test]
fn refused_credentials_are_not_given_again() {
    check(|| {
        let world = World::new();
        enter(1);
        block_on(world.call());
        let revoking = world.clone();
        let mut threads: Vec<_> = (0..2)
            .map(|_| {
                let world = world.clone();
                spawn(1, move || assert!(block_on(world.call()) > 0))
            })
            .collect();
        threads.push(spawn(1, move || revoking.refuse()));
        join(threads);
        assert!(world.asked() <= 2, "the refusal costs one request");
        world.end();
    });
}

#[test]
fn refusal_during_a_renewal_drops_no_newer_credentials() {
    check(|| {
        let world = World::new();
        enter(1);
        let (_, first) = block_on(world.get(Answer::Issue)).unwrap();
        world.clock.reach(LIFETIME - std::time::Duration::from_secs(100));
        let (renewing, refused) = (world.clone(), world.clone());
        let threads = vec![
            spawn(1, move || block_on(renewing.get(Answer::Issue)).unwrap().0),
            spawn(1, move || {
                assert!(refused.cache.invalidate(first));
                let (number, generation) = block_on(refused.get(Answer::Issue)).unwrap();
                assert_ne!(generation, first, "refused credentials were given again");
                number
            }),
        ];
        let given = join(threads);
        // The first caller may go on with what it found before the refusal. It may also leave the renewal, which is then
        // repeated.
        assert!(given[1] == world.asked() && world.asked() <= 3, "{given:?}, {} requests", world.asked());
        world.end();
    });
}

#[test]
fn failing_renewal_leaves_valid_credentials() {
    check(|| {
        let world = World::new();
        enter(1);
        block_on(world.get(Answer::Issue)).unwrap();
        world.clock.reach(LIFETIME - std::time::Duration::from_secs(100));
        let callers = (0..3).map(|_| {
            let world = world.clone();
            spawn(1, move || block_on(world.get(Answer::Fail)).unwrap().0)
        });
        assert_eq!(join(callers.collect()), [1, 1, 1]);
        assert_eq!(world.asked(), 2, "one attempt to renew");
        world.clock.reach(LIFETIME);
        assert!(block_on(world.get(Answer::Fail)).is_err(), "they have ended");
        world.end();
    });
}

#[test]
fn hanging_renewal_holds_up_one_caller_only_briefly() {
    check(|| {
        let world = World::new();
        enter(1);
        block_on(world.get(Answer::Issue)).unwrap();
        world.clock.reach(LIFETIME - std::time::Duration::from_secs(100));
        let callers = (0..2).map(|_| {
            let world = world.clone();
            spawn(1, move || block_on(world.get(Answer::Never)).unwrap().0)
        });
        assert_eq!(join(callers.collect()), [1, 1]);
        world.end();
    });
}

#[test]
fn failing_request_fails_all_who_wait_for_it() {
    check(|| {
        let world = World::new();
        let callers = (0..2).map(|_| {
            let world = world.clone();
            spawn(1, move || block_on(world.get(Answer::Fail)).is_err())
        });
        assert_eq!(join(callers.collect()), [true, true]);
        enter(1);
        assert!(block_on(world.get(Answer::Issue)).is_ok());
        world.end();
    });
}

#[test]
fn panic_in_a_request_leaves_the_cache_usable() {
    check(|| {
        let world = World::new();
        let (panics, waits) = (world.clone(), world.clone());
        let threads = vec![
            spawn(1, move || block_on(panics.get(Answer::Panic)).is_ok()),
            spawn(1, move || block_on(waits.get(Answer::Issue)).is_ok()),
        ];
        assert!(join(threads)[1], "another caller makes its own request");
        assert!(world.asked() <= 2);
        world.end();
    });
}

#[test]
fn request_that_asks_for_itself_fails() {
    check(|| {
        let world = World::new();
        let callers = (0..2).map(|_| {
            let world = world.clone();
            spawn(1, move || block_on(world.get_by_asking_itself()).unwrap_err().to_string())
        });
        for text in join(callers.collect()) {
            assert!(text.contains("asks for the credentials that it provides"), "{text}");
        }
        world.end();
    });
}

#[test]
fn runtimes_share_a_request_or_make_their_own() {
    check(|| {
        let world = World::new();
        let callers = (0..4).map(|number| {
            let world = world.clone();
            spawn(1 + number % 2, move || block_on(world.call()))
        });
        join(callers.collect());
        assert!(world.asked() <= 2, "at most one request of each runtime");
        world.end();
    });
}

#[test]
fn request_of_an_idle_runtime_holds_up_no_other() {
    check(|| {
        let world = World::new();
        enter(1);
        let mut kept = world.get(Answer::Issue);
        if poll_once(&mut kept) {
            return world.end();
        }
        let callers = (0..2).map(|_| {
            let world = world.clone();
            spawn(2, move || block_on(world.call()))
        });
        let given = join(callers.collect());
        assert_eq!((given, world.asked()), (vec![2, 2], 2));
        // The idle runtime goes on; what was requested later stays.
        assert_eq!(block_on(kept).unwrap().0, 2);
        assert_eq!(block_on(world.call()), 2);
        world.end();
    });
}

//! Compares the SDK with the calls by hand in turns, so that other load affects both sides equally.
//!
//! Prints medians and the median ratio with its target; `--check` makes a missed target an error.
#![allow(clippy::print_stdout, reason = "prints a table")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bench::by_hand::Result;
use bench::setup::Setup;

/// How often each side takes its turn.
const ROUNDS: usize = 400;

struct Pair<'a> {
    name: &'static str,
    target: f64,
    /// The number of calls in a turn.
    calls: u32,
    left: &'a mut dyn FnMut() -> bool,
    right: &'a mut dyn FnMut() -> bool,
}

fn main() -> Result<()> {
    let check = std::env::args().any(|argument| argument == "--check");
    let setup = Setup::new()?;
    println!("{:<34} {:>12} {:>12} {:>8} {:>8}", "", "left us", "right us", "ratio", "target");
    let mut missed = Vec::new();
    let pairs = [
        Pair {
            name: "encrypt: sdk / by hand",
            target: 1.10,
            calls: 50,
            left: &mut || setup.encrypt_with_sdk().map(black_box).is_ok(),
            right: &mut || setup.encrypt_by_hand().map(black_box).is_ok(),
        },
        Pair {
            name: "encrypt: sdk / by hand, no limit",
            target: 1.10,
            calls: 50,
            left: &mut || setup.encrypt_with_sdk().map(black_box).is_ok(),
            right: &mut || setup.encrypt_by_hand_without_limit().map(black_box).is_ok(),
        },
        Pair {
            name: "encrypt: sdk / by hand, hyper",
            target: 1.25,
            calls: 50,
            left: &mut || setup.encrypt_with_sdk_on_hyper().map(black_box).is_ok(),
            right: &mut || setup.encrypt_by_hand_on_hyper().map(black_box).is_ok(),
        },
        Pair {
            name: "list_keys: sdk / by hand",
            target: 1.00,
            calls: 4,
            left: &mut || setup.list_with_sdk().map(black_box).is_ok(),
            right: &mut || setup.list_by_hand().map(black_box).is_ok(),
        },
        Pair {
            name: "decode: sdk / by hand",
            target: 0.85,
            calls: 4,
            left: &mut || setup.decode_timestamps().map(black_box).is_ok(),
            right: &mut || setup.decode_strings().map(black_box).is_ok(),
        },
        Pair {
            name: "noise: by hand / by hand",
            target: 1.00,
            calls: 50,
            left: &mut || setup.encrypt_by_hand().map(black_box).is_ok(),
            right: &mut || setup.encrypt_by_hand().map(black_box).is_ok(),
        },
    ];
    for pair in pairs {
        let name = pair.name;
        if !compare(pair)? {
            missed.push(name);
        }
    }
    if check && !missed.is_empty() {
        return Err(format!("over the target: {}", missed.join(", ")).into());
    }
    Ok(())
}

/// Prints one line and returns whether the target is met, with 0.02 tolerance.
fn compare(mut pair: Pair<'_>) -> Result<bool> {
    let (mut left, mut right, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS + ROUNDS / 10 {
        // The side that begins alternates.
        let (a, b) = if round % 2 == 0 {
            let a = turn(pair.calls, &mut pair.left)?;
            (a, turn(pair.calls, &mut pair.right)?)
        } else {
            let b = turn(pair.calls, &mut pair.right)?;
            (turn(pair.calls, &mut pair.left)?, b)
        };
        // The first rounds open connections and fill caches.
        if round >= ROUNDS / 10 {
            left.push(a.as_secs_f64() * 1e6 / f64::from(pair.calls));
            right.push(b.as_secs_f64() * 1e6 / f64::from(pair.calls));
            ratios.push(a.as_secs_f64() / b.as_secs_f64());
        }
    }
    let ratio = median(&mut ratios);
    println!(
        "{:<34} {:>12.2} {:>12.2} {:>8.3} {:>8.2}",
        pair.name,
        median(&mut left),
        median(&mut right),
        ratio,
        pair.target
    );
    Ok(ratio <= pair.target + 0.02)
}

#[allow(clippy::disallowed_methods, reason = "the benchmark measures real time")]
fn turn(calls: u32, call: &mut dyn FnMut() -> bool) -> Result<Duration> {
    let start = Instant::now();
    for _ in 0..calls {
        if !call() {
            return Err("a call failed".into());
        }
    }
    Ok(start.elapsed())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

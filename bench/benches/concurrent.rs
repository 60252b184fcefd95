//! Compares 32 callers of the SDK with 32 callers by hand in turns, on reqwest and on hyper: calls per second, and processor time per call.
//!
//! The server runs in a process of its own, so that its processor time is not counted. Prints medians and the median
//! ratio with its target; `--runs 5` does so five times and then prints the medians of the ratios, and `--check` makes a
//! missed target an error. Needs Linux, for the processor time of a thread.
#![allow(clippy::print_stdout, reason = "prints a table")]

use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bench::by_hand::Result;
use bench::setup::{self, Clients};
use bench::{data, processor, server};
use scp_security::kms::Client;
use scp_security::kms::types::EncryptRequest;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const CALLERS: usize = 32;
const WORKERS: usize = 2;

/// How many calls one side makes before the other takes its turn.
const CALLS: u64 = 8_000;

/// How often each side takes its turn, and how many turns before that are not counted.
const ROUNDS: usize = 40;
const WARM_UP: usize = 4;

const SERVER: &str = "--server";

fn main() -> Result<()> {
    if std::env::args().any(|argument| argument == SERVER) {
        return serve();
    }
    let check = std::env::args().any(|argument| argument == "--check");
    let (_server, base) = start_server()?;
    let Clients { sdk, hand, sdk_hyper, hand_hyper } = setup::clients(&base)?;
    let (hand, hand_hyper) = (Arc::new(hand), Arc::new(hand_hyper));
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let mut sdk = || turn_of_sdk(&runtime, &sdk);
    let mut sdk_hyper = || turn_of_sdk(&runtime, &sdk_hyper);
    let by_hand = move || {
        let hand = Arc::clone(&hand);
        async move {
            black_box(hand.encrypt(data::KEY_ID, data::PLAINTEXT).await?);
            Ok(())
        }
    };
    let by_hand_hyper = move || {
        let hand = Arc::clone(&hand_hyper);
        async move {
            black_box(hand.encrypt(data::KEY_ID, data::PLAINTEXT).await?);
            Ok(())
        }
    };
    let mut left = || turn(&runtime, by_hand.clone());
    let mut right = || turn(&runtime, by_hand.clone());
    let mut hyper = || turn(&runtime, by_hand_hyper.clone());
    println!("{:<42} {:>10} {:>10} {:>8} {:>8}", "encrypt, 32 callers", "left", "right", "ratio", "target");
    let mut ratios = [const { Vec::new() }; PAIRS.len()];
    for _ in 0..runs()? {
        let [reqwest, on_hyper, clients, noise] = PAIRS;
        ratios[0].push(compare(reqwest, &mut sdk, &mut right)?);
        ratios[1].push(compare(on_hyper, &mut sdk_hyper, &mut hyper)?);
        ratios[2].push(compare(clients, &mut hyper, &mut right)?);
        ratios[3].push(compare(noise, &mut left, &mut right)?);
    }
    let good = PAIRS.iter().zip(&ratios).map(|(pair, ratios)| summary(pair, ratios)).fold(true, |good, met| good & met);
    if check && !good {
        return Err("a target is missed".into());
    }
    Ok(())
}

/// How often all pairs are compared.
fn runs() -> Result<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--runs");
    match (arguments.next(), arguments.next()) {
        (None, _) => Ok(1),
        (_, Some(runs)) if runs.parse().is_ok_and(|runs: usize| runs > 0) => Ok(runs.parse()?),
        _ => Err("--runs needs a number".into()),
    }
}

/// Prints the medians of several runs, and returns whether the targets are met.
fn summary((name, targets): &(&str, Targets), ratios: &[Ratios]) -> bool {
    let of = |ratio: fn(&Ratios) -> f64| median(ratios.iter().map(ratio).collect());
    let (rate, processor) = (of(|ratios| ratios.calls_per_second), of(|ratios| ratios.processor));
    if ratios.len() > 1 {
        let name = format!("{name}, median of {} runs", ratios.len());
        println!("{name:<55} calls per second {rate:>6.3}, processor time {processor:>6.3}");
    }
    targets.0.is_none_or(|(least, most)| rate >= least && processor <= most)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A turn of the SDK.
fn turn_of_sdk(runtime: &Runtime, kms: &Client) -> Result<Turn> {
    let kms = kms.clone();
    turn(runtime, move || {
        let kms = kms.clone();
        async move {
            let request = EncryptRequest::new(data::PLAINTEXT);
            black_box(kms.encrypt(data::KEY_ID, &request).await?);
            Ok(())
        }
    })
}

/// The least calls per second and the most processor time per call, as ratios.
#[derive(Clone, Copy)]
struct Targets(Option<(f64, f64)>);

impl Targets {
    const REQWEST: Self = Self(Some((0.98, 1.05)));
    const HYPER: Self = Self(Some((0.80, 1.25)));
    const NONE: Self = Self(None);
}

/// What is compared with what.
const PAIRS: [(&str, Targets); 4] = [
    ("sdk / by hand", Targets::REQWEST),
    ("sdk / by hand, hyper", Targets::HYPER),
    ("by hand, hyper / reqwest", Targets::NONE),
    ("noise: by hand / by hand", Targets::NONE),
];

/// The median ratios of a run.
struct Ratios {
    calls_per_second: f64,
    processor: f64,
}

/// What one side needed for its turn.
struct Turn {
    calls_per_second: f64,
    processor_micros_per_call: f64,
}

/// Makes [`CALLS`] calls with [`CALLERS`] tasks.
#[allow(clippy::disallowed_methods, clippy::cast_precision_loss, reason = "measures real time, shown with few digits")]
fn turn<F, C>(runtime: &Runtime, call: F) -> Result<Turn>
where
    F: Fn() -> C + Clone + Send + 'static,
    C: Future<Output = Result<()>> + Send,
{
    let made = Arc::new(AtomicU64::new(0));
    let (processor, start) = (processor::nanos()?, Instant::now());
    runtime.block_on(async {
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (call, made) = (call.clone(), Arc::clone(&made));
            callers.spawn(async move {
                while made.fetch_add(1, Ordering::Relaxed) < CALLS {
                    call().await?;
                }
                Result::Ok(())
            });
        }
        while let Some(ended) = callers.join_next().await {
            ended??;
        }
        Result::Ok(())
    })?;
    let (wall, processor) = (start.elapsed(), processor::nanos()? - processor);
    Ok(Turn {
        calls_per_second: CALLS as f64 / wall.as_secs_f64(),
        processor_micros_per_call: processor as f64 / 1e3 / CALLS as f64,
    })
}

/// Prints two lines and returns the ratios.
fn compare(
    (name, targets): (&str, Targets),
    left: &mut dyn FnMut() -> Result<Turn>,
    right: &mut dyn FnMut() -> Result<Turn>,
) -> Result<Ratios> {
    let mut turns = Vec::with_capacity(ROUNDS);
    for round in 0..WARM_UP + ROUNDS {
        // The side that begins alternates.
        let pair = if round % 2 == 0 {
            let first = left()?;
            (first, right()?)
        } else {
            let first = right()?;
            (left()?, first)
        };
        if round >= WARM_UP {
            turns.push(pair);
        }
    }
    let (least, most) = targets.0.map_or((None, None), |(least, most)| (Some(least), Some(most)));
    let calls_per_second = print(&format!("{name}, calls per second"), &turns, |turn| turn.calls_per_second, least);
    let processor = print(&format!("{name}, cpu us per call"), &turns, |turn| turn.processor_micros_per_call, most);
    Ok(Ratios { calls_per_second, processor })
}

/// Prints the medians of one figure and returns the median ratio.
fn print(name: &str, turns: &[(Turn, Turn)], figure: fn(&Turn) -> f64, target: Option<f64>) -> f64 {
    let target = target.map_or_else(String::new, |target| format!("{target:.2}"));
    let median_of = |value: &dyn Fn(&(Turn, Turn)) -> f64| median(turns.iter().map(value).collect());
    let (left, right) = (median_of(&|(left, _)| figure(left)), median_of(&|(_, right)| figure(right)));
    let ratio = median_of(&|(left, right)| figure(left) / figure(right));
    println!("{name:<42} {left:>10.2} {right:>10.2} {ratio:>8.3} {target:>8}");
    ratio
}

/// The server's process; it ends when its standard input closes.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // The process may have ended already.
        let _ = self.0.wait();
    }
}

fn start_server() -> Result<(Server, String)> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut server = Server(command.arg(SERVER).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
    let output = server.0.stdout.take().ok_or("the server has no output")?;
    let mut address = String::new();
    BufReader::new(output).read_line(&mut address)?;
    Ok((server, format!("http://{}", address.trim())))
}

fn serve() -> Result<()> {
    let address = server::start(data::ENCRYPTED, "{}")?;
    let mut output = std::io::stdout();
    writeln!(output, "{address}")?;
    output.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

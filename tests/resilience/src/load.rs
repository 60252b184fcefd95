//! Load and soak tests: many concurrent calls, with and without faults.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

mod admin;
mod clients;
mod connections;
mod fast_runtime;
mod inject;
mod latency;
mod memory;
mod operations;
mod options;
mod random;
mod run;
mod scenarios;
mod server;
pub mod soak;

pub use clients::Variables;
pub use memory::Samples;
pub use options::Options;

use admin::Admin;
use clients::Clients;
use inject::FaultInjector;
use random::SeededRandom;
use run::{Run, Session};
use server::Server;

const HELP: &str = "\
Makes many mixed calls to a sandbox and prints rates, latencies, errors and memory.

usage: resilience load [OPTION...]

  --calls N        calls of a round (default 10000)
  --rounds N       rounds on one sandbox (default 3)
  --concurrency N  scenarios at a time (default 64)
  --seed N         seed of the random numbers (default 1)
  --sandbox FILE   the sandbox's binary (default: beside this program)

Build both first: cargo build --release -p cloud-sandbox -p resilience.
The exit status is 1 if a call failed or the sandbox's memory does not level off.";

const DEFAULTS: Options = Options { calls: 10_000, rounds: 3, concurrency: 64, seed: 1, sandbox: None };

/// How far the sandbox's clock advances at each tenth of a round, so that tokens expire: eight days.
const STEP_SECONDS: u64 = 8 * 24 * 60 * 60;

/// How often the progress is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The command `load`.
///
/// # Errors
/// If it cannot run, a call failed, or the sandbox's memory does not level off.
pub fn command(words: &[String]) -> Result<String, String> {
    let Some(options) = DEFAULTS.read(words)? else { return Ok(HELP.to_owned()) };
    block_on(load(&options))?
}

/// Runs the future on all processors.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    Ok(runtime.map_err(|error| format!("no runtime: {error}"))?.block_on(work))
}

async fn load(options: &Options) -> Result<String, String> {
    let server = Server::start(&options.binary()?, options.seed).await?;
    let admin = Admin::new(server.endpoint())?;
    let clients = Clients::new(server.variables(), None).map_err(|error| error.to_string())?;
    let run = Arc::new(Run::new(None));
    let mut text = String::new();
    let mut memory = Samples::default();
    for round in 1..=options.rounds {
        let (before, start) = (run.calls(), Instant::now());
        drive(&run, &clients, options, round, async |_| {
            memory.add(memory::resident_kib(server.process()));
            admin.advance(STEP_SECONDS).await
        })
        .await;
        let (calls, took) = (run.calls() - before, start.elapsed().as_secs_f64());
        #[allow(clippy::cast_precision_loss, reason = "one digit is shown")]
        let rate = calls as f64 / took;
        // Writing into a string cannot fail.
        let _ = writeln!(text, "round {round}: {calls} calls in {took:.1} s, {rate:.0} a second");
    }
    let requests = admin.requests().await?;
    server.stop().await?;
    let (count, problems) = run.problems();
    let _ = writeln!(text, "{} operations, {requests} requests, {count} errors\n", run.operations());
    let _ = write!(text, "{}\nmemory of the sandbox at each tenth: {memory}", run.latencies().table());
    for problem in &problems {
        let _ = write!(text, "\nerror: {problem}");
    }
    if count == 0 && memory.level_off() != Some(false) { Ok(text) } else { Err(text) }
}

/// Runs scenarios concurrently until a round's calls are made; calls `at_tenth` at each tenth.
async fn drive(
    run: &Arc<Run>,
    clients: &Clients,
    options: &Options,
    round: u64,
    mut at_tenth: impl AsyncFnMut(u64) -> Result<(), String>,
) {
    let start = run.calls();
    let end = start.saturating_add(options.calls);
    let number = Arc::new(AtomicU64::new(0));
    let mut scenarios = JoinSet::new();
    for slot in 0..options.concurrency {
        let (run, clients, number, seed) = (Arc::clone(run), clients.clone(), Arc::clone(&number), options.seed);
        scenarios.spawn(async move {
            while run.calls() < end {
                let number = number.fetch_add(1, Ordering::Relaxed);
                let mut session = session(&run, &clients, seed, round, number);
                session.slot = slot;
                scenarios::play(&mut session).await;
            }
        });
    }
    for tenth in 1..=10 {
        let until = start + options.calls * tenth / 10;
        while run.calls() < until && !scenarios.is_empty() {
            // A task ends before the round does only by a panic.
            if let Ok(Some(Err(error))) = tokio::time::timeout(POLL_INTERVAL, scenarios.join_next()).await {
                run.problem(format!("a scenario: {error}"));
            }
        }
        scenarios::exchange(&mut session(run, clients, options.seed, round, u64::MAX - tenth)).await;
        if let Err(why) = at_tenth(tenth).await {
            run.problem(why);
        }
    }
    while let Some(ended) = scenarios.join_next().await {
        if let Err(error) = ended {
            run.problem(format!("a scenario: {error}"));
        }
    }
}

fn session(run: &Arc<Run>, clients: &Clients, seed: u64, round: u64, number: u64) -> Session {
    Session {
        run: Arc::clone(run),
        clients: clients.clone(),
        random: SeededRandom::new(seed.wrapping_add(round), number),
        // The suffix keeps one tag from being a part of another.
        tag: format!("r{round}n{number}e"),
        slot: 0,
    }
}

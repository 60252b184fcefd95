//! Many mixed calls at once, with and without faults, and what they leave behind.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

mod admin;
mod brisk;
mod chance;
mod clients;
mod connections;
mod memory;
mod meter;
mod mix;
mod operations;
mod options;
mod run;
mod server;
pub mod soak;
mod strike;

pub use clients::Variables;
pub use memory::Samples;
pub use options::Options;

use admin::Admin;
use chance::Chance;
use clients::Clients;
use run::{Run, Turn};
use server::Server;
use strike::Strikes;

const HELP: &str = "\
Puts a load of mixed calls on a sandbox and prints rates, latencies, errors and memory.

usage: resilience load [OPTION...]

  --calls N        calls of a round (default 10000)
  --rounds N       rounds on one sandbox (default 3)
  --concurrency N  scenarios at a time (default 64)
  --seed N         what the mix comes from (default 1)
  --sandbox FILE   the sandbox's binary (default: beside this program)

Build both first: cargo build --release -p cloud-sandbox -p resilience.
The exit status is 1 if a call failed or the sandbox's memory does not level off.";

const DEFAULTS: Options = Options { calls: 10_000, rounds: 3, concurrency: 64, seed: 1, sandbox: None };

/// How far the sandbox's time moves at each tenth of a round, so that waiting times and tokens end: eight days.
const STEP_SECONDS: u64 = 8 * 24 * 60 * 60;

/// How often it is looked how far the calls have come.
const LOOK: Duration = Duration::from_millis(20);

/// The command `load`.
///
/// # Errors
/// When it cannot run, a call failed, or the sandbox's memory does not level off.
pub fn command(words: &[String]) -> Result<String, String> {
    let Some(options) = DEFAULTS.read(words)? else { return Ok(HELP.to_owned()) };
    block_on(load(&options))?
}

/// Runs on all processors.
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
        let (before, begun) = (run.calls(), Instant::now());
        drive(&run, &clients, options, round, async |_| {
            memory.add(memory::resident_kib(server.process()));
            admin.advance(STEP_SECONDS).await
        })
        .await;
        let (calls, took) = (run.calls() - before, begun.elapsed().as_secs_f64());
        #[allow(clippy::cast_precision_loss, reason = "one digit is shown")]
        let rate = calls as f64 / took;
        // Writing into a string cannot fail.
        let _ = writeln!(text, "round {round}: {calls} calls in {took:.1} s, {rate:.0} a second");
    }
    let requests = admin.requests().await?;
    server.stop().await?;
    let (count, problems) = run.problems();
    let _ = writeln!(text, "{} operations, {requests} requests, {count} errors\n", run.operations());
    let _ = write!(text, "{}\nmemory of the sandbox at each tenth: {memory}", run.meter().table());
    for problem in &problems {
        let _ = write!(text, "\nerror: {problem}");
    }
    if count == 0 && memory.level_off() != Some(false) { Ok(text) } else { Err(text) }
}

/// Plays scenarios side by side until a round's calls are made; `at_tenth` is told each tenth that has passed.
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
                let mut turn = turn(&run, &clients, seed, round, number);
                turn.slot = slot;
                mix::play(&mut turn).await;
            }
        });
    }
    for tenth in 1..=10 {
        let until = start + options.calls * tenth / 10;
        while run.calls() < until && !scenarios.is_empty() {
            // Whoever ended did so in a panic, as there is more to do.
            if let Ok(Some(Err(error))) = tokio::time::timeout(LOOK, scenarios.join_next()).await {
                run.problem(format!("a scenario: {error}"));
            }
        }
        mix::exchange(&mut turn(run, clients, options.seed, round, u64::MAX - tenth)).await;
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

fn turn(run: &Arc<Run>, clients: &Clients, seed: u64, round: u64, number: u64) -> Turn {
    Turn {
        run: Arc::clone(run),
        clients: clients.clone(),
        chance: Chance::new(seed.wrapping_add(round), number),
        // No tag is a part of another.
        tag: format!("r{round}n{number}e"),
        slot: 0,
    }
}

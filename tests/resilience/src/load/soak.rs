//! A long run of mixed calls, some of them struck by faults: every call ends as it should, and nothing is left behind.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::brisk::BriskRuntime;
use super::memory::{Samples, resident_kib};
use super::{Admin, Clients, Options, Run, STEP_SECONDS, Server, Strikes, Variables, block_on, connections, drive};

const HELP: &str = "\
Makes many mixed calls, 5 % of them struck by faults of the sandbox, and prints what became of them.

usage: resilience soak [OPTION...]

  --calls N        calls (default 200000)
  --rounds N       rounds on one sandbox (default 1)
  --concurrency N  scenarios at a time (default 64)
  --seed N         what the mix comes from (default 1)
  --sandbox FILE   the sandbox's binary (default: beside this program)

Build both first: cargo build --release -p cloud-sandbox -p resilience.
The exit status is 1 if a call ended as it must not, memory does not level off, or a task or connection is left.";

const DEFAULTS: Options = Options { calls: 200_000, rounds: 1, concurrency: 64, seed: 1, sandbox: None };

/// The share of calls that are struck.
const STRUCK_PER_MILLE: u64 = 50;

/// How long connections and their tasks may take to end once nobody needs them.
const PATIENCE: Duration = Duration::from_secs(10);

/// The command `soak`.
///
/// # Errors
/// When it cannot run, or something is not as it should be.
pub fn command(words: &[String]) -> Result<String, String> {
    let Some(options) = DEFAULTS.read(words)? else { return Ok(HELP.to_owned()) };
    block_on(run(&options))?
}

async fn run(options: &Options) -> Result<String, String> {
    let server = Server::start(&options.binary()?, options.seed).await?;
    let outcome = soak(server.endpoint(), server.variables(), server.process(), options, STRUCK_PER_MILLE).await?;
    server.stop().await?;
    let (text, good) = (outcome.to_string(), outcome.is_good());
    if good { Ok(text) } else { Err(text) }
}

/// What became of a soak.
#[derive(Debug)]
pub struct Outcome {
    /// How many calls were made, and how long they took.
    pub calls: u64,
    /// The seconds that they took.
    pub took: Duration,
    /// Operations that were called.
    pub operations: usize,
    /// How many unsafe calls were compared with what the service has of them.
    pub counted: u64,
    /// Kinds of faults with the calls that they struck: those that succeeded, and those that failed.
    pub struck: Vec<(&'static str, [u64; 2])>,
    /// Everything that should not have happened: how often, and the first of it in words.
    pub problems: (u64, Vec<String>),
    /// Requests that the sandbox received.
    pub requests: u64,
    /// Memory of this process and of the sandbox.
    pub memory: [Samples; 2],
    /// Connections that were idle when all calls were over, and those that were left when the clients were gone.
    pub connections: [Option<usize>; 2],
    /// The most connections that may be idle: as many as there were scenarios at a time, for each pool.
    pub most_idle: u64,
    /// Tasks that were left when the clients were gone.
    pub tasks: usize,
}

/// Runs a soak against a sandbox whose admin path is served.
///
/// # Errors
/// When the clients cannot be built or the sandbox cannot be reached.
pub async fn soak(
    endpoint: &str,
    variables: Variables,
    process: Option<u32>,
    options: &Options,
    per_mille: u64,
) -> Result<Outcome, String> {
    let tasks = Handle::current().metrics().num_alive_tasks();
    let port = endpoint.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0);
    let admin = Admin::new(endpoint)?;
    let clients =
        Clients::new(variables, Some(Arc::new(BriskRuntime::default()))).map_err(|error| error.to_string())?;
    let run = Arc::new(Run::new(Some(Strikes::new(admin.clone(), per_mille))));
    let mut memory = [Samples::default(), Samples::default()];
    let begun = Instant::now();
    for round in 1..=options.rounds {
        drive(&run, &clients, options, round, async |_| {
            memory[0].add(resident_kib(None));
            memory[1].add(process.and_then(|process| resident_kib(Some(process))));
            // A fault that strikes the refusal of a token that has just ended would leave the call itself alone.
            let advance = async {
                admin.advance(STEP_SECONDS).await?;
                clients.renew().await.map_err(|error| error.to_string())
            };
            match run.strikes() {
                Some(strikes) => strikes.alone(advance).await,
                None => advance.await,
            }
        })
        .await;
    }
    let took = begun.elapsed();
    let requests = admin.requests().await?;
    let idle = connections::to_port(port);
    let strikes = run.strikes().map(|strikes| (strikes.counts(), strikes.troubles()));
    let (struck, troubles) = strikes.unwrap_or_default();
    for trouble in troubles {
        run.problem(trouble);
    }
    let mut outcome = Outcome {
        calls: run.calls(),
        took,
        operations: run.operations(),
        counted: run.counted(),
        struck: struck.into_iter().collect(),
        problems: run.problems(),
        requests,
        memory,
        connections: [idle, None],
        // The pool that the vendors share, and the admin path's.
        most_idle: options.concurrency * 2,
        tasks: 0,
    };
    drop((run, clients, admin));
    let end = Instant::now() + PATIENCE;
    loop {
        outcome.connections[1] = connections::to_port(port);
        outcome.tasks = Handle::current().metrics().num_alive_tasks().saturating_sub(tasks);
        let gone = outcome.tasks == 0 && outcome.connections[1].is_none_or(|left| left == 0);
        if gone || Instant::now() > end {
            return Ok(outcome);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

impl Outcome {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let [idle, left] = self.connections;
        self.problems.0 == 0
            && self.memory.iter().all(|samples| samples.level_off() != Some(false))
            && idle.is_none_or(|idle| idle as u64 <= self.most_idle)
            && left.is_none_or(|left| left == 0)
            && self.tasks == 0
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.took.as_secs_f64();
        let struck: u64 = self.struck.iter().flat_map(|(_, counts)| counts).sum();
        #[allow(clippy::cast_precision_loss, reason = "one digit is shown")]
        let (rate, share) = (self.calls as f64 / seconds, 100.0 * struck as f64 / self.calls as f64);
        writeln!(f, "{} calls of {} operations in {seconds:.1} s, {rate:.0} a second", self.calls, self.operations)?;
        writeln!(f, "{struck} calls ({share:.1} %) were struck; {} unsafe ones were counted", self.counted)?;
        writeln!(f, "{} ended as they must not; the sandbox received {} requests\n", self.problems.0, self.requests)?;
        writeln!(f, "| fault | struck | success | error |\n|---|---:|---:|---:|")?;
        for (name, [good, bad]) in &self.struck {
            writeln!(f, "| {name} | {} | {good} | {bad} |", good + bad)?;
        }
        let shown = |count: Option<usize>| count.map_or_else(|| "unknown".to_owned(), |count| count.to_string());
        let [idle, left] = self.connections.map(shown);
        writeln!(f, "\nmemory of the SDKs at each tenth: {}", self.memory[0])?;
        writeln!(f, "memory of the sandbox at each tenth: {}", self.memory[1])?;
        writeln!(f, "connections idle at the end: {idle} (at most {})", self.most_idle)?;
        write!(f, "left without the clients: {left} connections, {} tasks", self.tasks)?;
        let mut problems = String::new();
        for problem in &self.problems.1 {
            write!(problems, "\nproblem: {problem}")?;
        }
        f.write_str(&problems)
    }
}

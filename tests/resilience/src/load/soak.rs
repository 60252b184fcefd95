//! A long run of mixed calls, with faults: every call must have an allowed result, and nothing may remain.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::fast_runtime::FastRuntime;
use super::memory::{Samples, resident_kib};
use super::{
    Admin, Clients, FaultInjector, Options, Run, STEP_SECONDS, Server, Variables, block_on, connections, drive,
};

const HELP: &str = "\
Makes many mixed calls, injects faults of the sandbox into 5 % of them, and prints the results.

usage: resilience soak [OPTION...]

  --calls N        calls (default 200000)
  --rounds N       rounds on one sandbox (default 1)
  --concurrency N  scenarios at a time (default 64)
  --seed N         seed of the random numbers (default 1)
  --sandbox FILE   the sandbox's binary (default: beside this program)

Build both first: cargo build --release -p cloud-sandbox -p resilience.
The exit status is 1 if a call has a result that is not allowed, memory does not level off, or a
task or connection remains.";

const DEFAULTS: Options = Options { calls: 200_000, rounds: 1, concurrency: 64, seed: 1, sandbox: None };

/// The share of calls with a fault.
const FAULTS_PER_MILLE: u64 = 50;

/// How long connections and tasks may take to end after the clients are dropped.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The command `soak`.
///
/// # Errors
/// If it cannot run, or a result is not allowed.
pub fn command(words: &[String]) -> Result<String, String> {
    let Some(options) = DEFAULTS.read(words)? else { return Ok(HELP.to_owned()) };
    block_on(run(&options))?
}

async fn run(options: &Options) -> Result<String, String> {
    let server = Server::start(&options.binary()?, options.seed).await?;
    let outcome = soak(server.endpoint(), server.variables(), server.process(), options, FAULTS_PER_MILLE).await?;
    server.stop().await?;
    let (text, good) = (outcome.to_string(), outcome.is_good());
    if good { Ok(text) } else { Err(text) }
}

/// The result of a soak.
#[derive(Debug)]
pub struct Outcome {
    /// How many calls were made.
    pub calls: u64,
    /// How long they took.
    pub took: Duration,
    /// Operations that were called.
    pub operations: usize,
    /// How often the number of executions of an unsafe call was verified.
    pub counted: u64,
    /// The kinds of faults, with the number of calls that succeeded and that failed.
    pub faulted: Vec<(&'static str, [u64; 2])>,
    /// The number of unexpected results, and the texts of the first.
    pub problems: (u64, Vec<String>),
    /// Requests that the sandbox received.
    pub requests: u64,
    /// Memory of this process and of the sandbox.
    pub memory: [Samples; 2],
    /// Idle connections at the end, and connections that remained after the clients were dropped.
    pub connections: [Option<usize>; 2],
    /// The maximum of idle connections: the concurrency, for each pool.
    pub most_idle: u64,
    /// Tasks that remained after the clients were dropped.
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
    let clients = Clients::new(variables, Some(Arc::new(FastRuntime::default()))).map_err(|error| error.to_string())?;
    let run = Arc::new(Run::new(Some(FaultInjector::new(admin.clone(), per_mille))));
    let mut memory = [Samples::default(), Samples::default()];
    let start = Instant::now();
    for round in 1..=options.rounds {
        drive(&run, &clients, options, round, async |_| {
            memory[0].add(resident_kib(None));
            memory[1].add(process.and_then(|process| resident_kib(Some(process))));
            // With an expired token, a fault would affect the refusal of the token instead of the call.
            let advance = async {
                admin.advance(STEP_SECONDS).await?;
                clients.renew().await.map_err(|error| error.to_string())
            };
            match run.injector() {
                Some(injector) => injector.exclusively(advance).await,
                None => advance.await,
            }
        })
        .await;
    }
    let took = start.elapsed();
    let requests = admin.requests().await?;
    let idle = connections::to_port(port);
    let injector = run.injector().map(|injector| (injector.counts(), injector.setup_errors()));
    let (faulted, setup_errors) = injector.unwrap_or_default();
    for setup_error in setup_errors {
        run.problem(setup_error);
    }
    let mut outcome = Outcome {
        calls: run.calls(),
        took,
        operations: run.operations(),
        counted: run.counted(),
        faulted: faulted.into_iter().collect(),
        problems: run.problems(),
        requests,
        memory,
        connections: [idle, None],
        // One pool for the vendors, one for the admin path.
        most_idle: options.concurrency * 2,
        tasks: 0,
    };
    drop((run, clients, admin));
    let end = Instant::now() + TIMEOUT;
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
    /// Returns whether all results are allowed.
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
        let faulted: u64 = self.faulted.iter().flat_map(|(_, counts)| counts).sum();
        #[allow(clippy::cast_precision_loss, reason = "one digit is shown")]
        let (rate, share) = (self.calls as f64 / seconds, 100.0 * faulted as f64 / self.calls as f64);
        writeln!(f, "{} calls of {} operations in {seconds:.1} s, {rate:.0} a second", self.calls, self.operations)?;
        writeln!(
            f,
            "{faulted} calls ({share:.1} %) had a fault; the executions of {} unsafe calls were verified",
            self.counted
        )?;
        writeln!(f, "{} problems; the sandbox received {} requests\n", self.problems.0, self.requests)?;
        writeln!(f, "| fault | calls | success | error |\n|---|---:|---:|---:|")?;
        for (name, [good, bad]) in &self.faulted {
            writeln!(f, "| {name} | {} | {good} | {bad} |", good + bad)?;
        }
        let shown = |count: Option<usize>| count.map_or_else(|| "unknown".to_owned(), |count| count.to_string());
        let [idle, left] = self.connections.map(shown);
        writeln!(f, "\nmemory of the SDKs at each tenth: {}", self.memory[0])?;
        writeln!(f, "memory of the sandbox at each tenth: {}", self.memory[1])?;
        writeln!(f, "connections idle at the end: {idle} (at most {})", self.most_idle)?;
        write!(f, "after dropping the clients: {left} connections, {} tasks", self.tasks)?;
        let mut problems = String::new();
        for problem in &self.problems.1 {
            write!(problems, "\nproblem: {problem}")?;
        }
        f.write_str(&problems)
    }
}

//! A fleet of sandbox accounts as a process of its own, to be killed and measured.
//!
//! ```text
//! findings sandbox ACCOUNTS                       # prints the accounts as JSON, serves until its input ends
//! findings run ACCOUNTS.json CHECKPOINT CONCURRENCY [SHARD SHARDS]
//! findings export CHECKPOINT…                     # the results as JSON Lines
//! findings measure ACCOUNTS [CONCURRENT…]         # time and memory, at 1, 16 and 64 concurrent targets unless given
//! ```
#![allow(clippy::print_stdout, reason = "the program reports on its standard output")]

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use cloud_findings::fleet::{self, Progress, Shard};
use cloud_sandbox::Sandbox;
use findings::Fleet;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["sandbox", accounts] => sandbox(accounts.parse()?).await,
        ["run", accounts, checkpoint, concurrency, shard @ ..] => {
            let shard = match shard {
                [] => None,
                [index, count] => Some(Shard::new(index.parse()?, count.parse()?)?),
                _ => return Err("a shard is an index and a count".into()),
            };
            run(accounts, checkpoint, concurrency.parse()?, shard).await
        }
        ["export", checkpoints @ ..] => Ok(fleet::export(checkpoints, io::stdout().lock())?),
        ["measure", accounts] => measure(accounts, &["1", "16", "64"]),
        ["measure", accounts, concurrent @ ..] => measure(accounts, concurrent),
        _ => Err("see the top of tests/findings/src/main.rs".into()),
    }
}

async fn sandbox(accounts: u32) -> Outcome<()> {
    let sandbox = Sandbox::builder().accounts(accounts).start().await?;
    println!("{}", Fleet::of(&sandbox, accounts).to_json());
    // It lives as long as the process that started it.
    let ended = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin().lock(), &mut io::sink()));
    ended.await??;
    Ok(sandbox.shutdown().await?)
}

/// Runs a fleet, and prints each step as it is in the checkpoint.
async fn run(accounts: &str, checkpoint: &str, concurrency: usize, shard: Option<Shard>) -> Outcome<()> {
    let accounts = Fleet::from_json(&std::fs::read_to_string(accounts)?)?;
    let inspected = accounts.clone();
    let mut fleet = fleet::over(accounts.targets()).concurrency(concurrency).checkpoint(checkpoint);
    if let Some(shard) = shard {
        fleet = fleet.shard(shard);
    }
    let mut run = fleet.account_retries(20).run(move |target| inspected.clone().inspect(target));
    let (mut out, mut peaks) = (io::stdout().lock(), Vec::new());
    while let Some(step) = run.next().await {
        match step {
            Progress::Started { target } => writeln!(out, "started {target}")?,
            Progress::Skipped { target } => writeln!(out, "skipped {target}")?,
            Progress::Done { target, .. } => writeln!(out, "done {target}")?,
            Progress::Failed { target, error } => writeln!(out, "failed {target}: {error}")?,
            _ => {}
        }
        out.flush()?;
        peaks.push(peak_kib());
    }
    let summary = run.finish().await?;
    let half = peaks.get(peaks.len() / 2).copied().unwrap_or_default();
    let (done, failed, skipped) = (summary.done, summary.failed, summary.skipped);
    writeln!(
        out,
        "summary done={done} failed={failed} skipped={skipped} events={} half={half} peak={}",
        summary.events,
        peak_kib()
    )?;
    Ok(())
}

/// The most memory that the process had so far, in KiB; 0 where the system does not tell.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[allow(clippy::disallowed_methods, reason = "it measures time")]
fn measure(accounts: &str, concurrent: &[&str]) -> Outcome<()> {
    let own = std::env::current_exe()?;
    let folder = std::env::temp_dir().join(format!("cloud-findings-measure-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let (mut sandbox, json) = start_sandbox(&own, accounts)?;
    let file = folder.join("accounts.json");
    std::fs::write(&file, json)?;
    println!("| concurrent | targets | seconds | peak at half of the run, MiB | peak, MiB |\n|---|---|---|---|---|");
    // The first run makes the accounts of the sandbox.
    for concurrency in ["warm"].iter().chain(concurrent).copied() {
        let start = std::time::Instant::now();
        let checkpoint = folder.join(concurrency);
        let number = if concurrency == "warm" { "16" } else { concurrency };
        let output = Command::new(&own).arg("run").arg(&file).arg(&checkpoint).arg(number).output()?;
        let seconds = start.elapsed().as_secs_f64();
        let text = String::from_utf8(output.stdout)?;
        let summary = text.lines().last().unwrap_or_default();
        let value = |name: &str| {
            let found = summary.split(' ').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            found.and_then(|number| number.parse::<f64>().ok()).unwrap_or_default()
        };
        if concurrency != "warm" {
            let (half, peak) = (value("half") / 1024.0, value("peak") / 1024.0);
            println!("| {concurrency} | {} | {seconds:.1} | {half:.1} | {peak:.1} |", value("done"));
        }
    }
    drop(sandbox.stdin.take());
    sandbox.wait()?;
    Ok(std::fs::remove_dir_all(&folder)?)
}

fn start_sandbox(own: &Path, accounts: &str) -> Outcome<(Child, String)> {
    let mut sandbox =
        Command::new(own).args(["sandbox", accounts]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut json = String::new();
    let stdout = sandbox.stdout.take().ok_or("the sandbox has no output")?;
    BufReader::new(stdout).read_line(&mut json)?;
    Ok((sandbox, json))
}

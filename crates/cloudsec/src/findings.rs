//! `findings`: security findings as OCSF events, for one account or a fleet, and their difference to an earlier report.

mod inspect;
mod show;
mod targets;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use cloud_core::time::Date;
use cloud_findings::fleet::{self, Progress, Shard};
use cloud_findings::{Event, Gap, Report, Severity, reason};
use indicatif::ProgressBar;

use crate::exit::{self, Failure, Result};
use crate::output;
use crate::signals::Stop;
use inspect::Inspector;
use targets::Fleet;

/// The arguments of `findings`.
#[derive(Args, Debug)]
pub(crate) struct FindingsArgs {
    /// Inspect the accounts of this file; otherwise the account of the environment
    #[arg(long, value_name = "FILE")]
    fleet: Option<PathBuf>,
    /// The name of the account of the environment. It is part of each uid, so it must be the same in each run
    #[arg(long, default_value = "default", conflicts_with = "fleet")]
    account: String,
    /// The regions of NHN Cloud
    #[arg(long, default_value = "KR1", conflicts_with = "fleet")]
    region: Vec<String>,
    /// The language of NHN Cloud's texts: EN, KO or JA
    #[arg(long, default_value = "EN")]
    language: String,
    /// Read the results of Server Security Check from this day on (default: 30 days ago)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = inspect::day)]
    from: Option<Date>,
    /// Read the results of Server Security Check up to this day (default: today)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = inspect::day)]
    to: Option<Date>,
    /// Compare with this report, which `--output jsonl` has written
    #[arg(long, value_name = "FILE")]
    diff: Option<PathBuf>,
    /// The format of the output: a table on a terminal, jsonl otherwise
    #[arg(long, value_enum)]
    output: Option<FindingsFormat>,
    /// Show passed checks and inventories in the table, too
    #[arg(long)]
    all: bool,
    /// End with status 4 if a finding has at least this severity: low, medium, high or critical
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Level>,
    /// Keep the results in this file, and go on with it after an interruption
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// How many targets are inspected at a time
    #[arg(long, default_value_t = 16)]
    concurrency: usize,
    /// Inspect one share of the accounts: I/N, where the first one is 0/N
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Shard>,
}

/// A format of the output of `findings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingsFormat {
    /// A table for people
    Table,
    /// The report as one JSON document
    Json,
    /// An event on each line, and a summary on the last one, for --diff
    Jsonl,
    /// OCSF events as JSON Lines, without the summary
    Ocsf,
    /// Comma-separated values with a header
    Csv,
}

/// A severity as an argument.
#[derive(Clone, Copy, Debug)]
struct Level(Severity);

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        Ok(Self(match text {
            "low" => Severity::LOW,
            "medium" => Severity::MEDIUM,
            "high" => Severity::HIGH,
            "critical" => Severity::CRITICAL,
            _ => return Err("a severity is low, medium, high or critical".to_owned()),
        }))
    }
}

fn shard(text: &str) -> std::result::Result<Shard, String> {
    let numbers = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
    let (index, count) = numbers.ok_or("a shard is I/N, such as 0/4")?;
    Shard::new(index, count).map_err(|error| error.to_string())
}

pub(crate) async fn run(arguments: FindingsArgs, quiet: bool) -> Result<u8> {
    let before = arguments.diff.as_deref().map(earlier).transpose()?;
    let fleet = match &arguments.fleet {
        Some(file) => Fleet::load(file)?,
        None => Fleet::of_environment(&arguments.account, &arguments.region)?,
    };
    let targets = fleet.targets()?;
    let report = inspected(&arguments, fleet, quiet).await?;
    let mut report = match report {
        Ok(report) => report,
        Err(status) => return Ok(status),
    };
    if let Some(before) = &before {
        inspect::note_absent(&mut report, before, &targets)?;
    }
    let format = arguments.output.unwrap_or_else(show::default_format);
    for gap in &report.incomplete {
        output::note(false, &format!("cloudsec: not read: {}", gap.why));
    }
    let found = match before {
        Some(before) => {
            let difference = cloud_findings::diff(&before, &report);
            let is_empty = difference.is_empty();
            output::note(quiet, &show::difference_summary(&difference));
            show::difference(format, difference)?;
            !is_empty
        }
        None => {
            output::note(quiet, &show::summary(&report));
            show::report(format, &report, arguments.all)?;
            false
        }
    };
    let severe =
        arguments.fail_on.is_some_and(|Level(least)| report.events.iter().any(|event| show::is_severe(event, least)));
    Ok(match (report.is_complete(), found || severe) {
        (false, _) => exit::INCOMPLETE,
        (true, true) => exit::FOUND,
        (true, false) => exit::OK,
    })
}

/// Reads an earlier report. One that says that it is incomplete is used: the difference says what is uncertain.
fn earlier(path: &Path) -> Result<Report> {
    let failed = |error| Failure::io(&path.display().to_string(), &error);
    Report::read_jsonl(BufReader::new(File::open(path).map_err(failed)?)).map_err(failed)
}

/// Inspects all targets. After a signal, the exit status that belongs to it is the inner error.
async fn inspected(arguments: &FindingsArgs, accounts: Fleet, quiet: bool) -> Result<std::result::Result<Report, u8>> {
    let inspector = Arc::new(Inspector::new(&arguments.language, arguments.from, arguments.to)?);
    let accounts = Arc::new(accounts);
    let targets = accounts.targets()?;
    let mut stop = Stop::listen().map_err(|error| Failure::io("signals", &error))?;
    let bar = output::targets_bar(targets.len().try_into().unwrap_or(u64::MAX), quiet);
    let mut fleet = fleet::over(targets).concurrency(arguments.concurrency);
    if let Some(path) = &arguments.checkpoint {
        fleet = fleet.checkpoint(path);
    }
    if let Some(shard) = arguments.shard {
        fleet = fleet.shard(shard);
    }
    let mut run = fleet.run(move |target| {
        let (inspector, accounts) = (Arc::clone(&inspector), Arc::clone(&accounts));
        async move { inspector.inspect(&accounts, &target).await }
    });
    let mut collected = Collected::default();
    loop {
        tokio::select! {
            step = run.next() => match step {
                // With a checkpoint, the events stay in the file until the end.
                Some(step) => collected.take(step, &bar, arguments.checkpoint.is_none()),
                None => break,
            },
            status = stop.received() => return Ok(Err(status)),
        }
    }
    run.finish().await?;
    bar.finish_and_clear();
    match &arguments.checkpoint {
        Some(path) => Ok(Ok(fleet::read([path])?)),
        None => Ok(Ok(collected.report)),
    }
}

/// The report of the targets so far.
#[derive(Default)]
struct Collected {
    report: Report,
    uids: BTreeSet<String>,
}

impl Collected {
    fn take(&mut self, step: Progress, bar: &ProgressBar, keep: bool) {
        match step {
            Progress::Started { target } => bar.set_message(output::plain(&target.to_string())),
            Progress::Skipped { .. } => bar.inc(1),
            Progress::Done { report, .. } => {
                bar.inc(1);
                if keep {
                    self.add(report);
                }
            }
            Progress::Failed { target, error } => {
                bar.inc(1);
                if keep {
                    self.report.incomplete.push(Gap::new(&*target.prefix, format!("{target}: {error}")));
                }
            }
            _ => {}
        }
    }

    /// As [`Report::merge`], which would compare with all events so far for each target.
    fn add(&mut self, other: Report) {
        for event in other.events {
            match Event::uid(&event) {
                Some(uid) if !self.uids.insert(uid.to_owned()) => self.report.drop_row(reason::DUPLICATE),
                _ => self.report.push(event),
            }
        }
        for (reason, count) in other.dropped {
            *self.report.dropped.entry(reason).or_default() += count;
        }
        self.report.incomplete.extend(other.incomplete);
    }
}

//! `findings`: security findings as OCSF events, for one account or a fleet, and their difference to an earlier report.

mod inspect;
mod show;
mod targets;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use cloud_core::time::{Date, Duration};
use cloud_findings::fleet::{self, Progress, Shard, Target};
use cloud_findings::{Event, Gap, Report, Severity, reason};
use indicatif::ProgressBar;

use crate::exit::{self, Failure, Result};
use crate::signals::Stop;
use crate::{duration, output};
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
    /// End with status 4 if a finding has at least this severity: low, medium, high or critical. One of unknown severity
    /// counts as low
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Level>,
    /// Keep the results in this file, and continue from it after an interruption
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Inspect a target again whose result in the checkpoint is older, such as 20h or 7d
    #[arg(long, value_name = "TIME", value_parser = duration::parse, requires = "checkpoint")]
    max_age: Option<Duration>,
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
    let inspector = Inspector::new(&arguments.language, arguments.from, arguments.to)?;
    let fleet = match &arguments.fleet {
        Some(file) => Fleet::load(file)?,
        None => Fleet::of_environment(&arguments.account, &arguments.region)?,
    };
    let targets = fleet.targets(&inspector, arguments.shard)?;
    let report = inspected(&arguments, inspector, fleet, targets.clone(), quiet).await?;
    let mut report = match report {
        Ok(report) => report,
        Err(status) => return Ok(status),
    };
    let covers: BTreeSet<_> = targets.iter().flat_map(Target::prefixes).map(str::to_owned).collect();
    report.covers = Some(covers.into_iter().collect());
    if let Some(before) = &before {
        inspect::note_absent(&mut report, before, &targets)?;
    }
    let format = arguments.output.unwrap_or_else(show::default_format);
    note_gaps("not read", &report);
    let found = match &before {
        Some(before) => {
            note_what_is_not_compared(before, &report);
            let difference = cloud_findings::diff(before, &report);
            // What is uncertain is no difference: either a gap says so, or it was not looked for.
            let is_empty =
                [&difference.new, &difference.gone].into_iter().all(Vec::is_empty) && difference.changed.is_empty();
            output::note(quiet, &show::difference_summary(&difference));
            show::difference(format, difference, before, &report)?;
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
    let is_complete = report.is_complete() && before.is_none_or(|before| before.is_complete());
    Ok(match (is_complete, found || severe) {
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

/// How many prefixes of uids are printed for a reason.
const SHOWN: usize = 3;

/// Prints what a report could not read, and why. A target that failed is one gap for each prefix of its uids.
fn note_gaps(what: &str, report: &Report) {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for gap in &report.incomplete {
        reasons.entry(&gap.why).or_default().insert(&gap.prefix);
    }
    for (why, mut prefixes) in reasons {
        prefixes.remove("");
        let mut shown = prefixes.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        if prefixes.len() > SHOWN {
            shown.push_str(&format!(" and {} more", prefixes.len() - SHOWN));
        }
        let place = if shown.is_empty() { shown } else { format!(" ({shown})") };
        output::note(false, &format!("cloudsec: {what}: {why}{place}"));
    }
}

/// Says what an earlier report lacks: what it could not read is uncertain, and what it did not look for is new.
fn note_what_is_not_compared(before: &Report, after: &Report) {
    note_gaps("not read for the earlier report", before);
    for prefix in after.covers.iter().flatten().filter(|prefix| !before.looked_for(prefix)) {
        let text = format!("cloudsec: not part of the earlier report, so all of its findings are new: {prefix}");
        output::note(false, &text);
    }
}

/// Inspects all targets. After a signal, the exit status that belongs to it is the inner error.
async fn inspected(
    arguments: &FindingsArgs,
    inspector: Inspector,
    accounts: Fleet,
    targets: Vec<Target>,
    quiet: bool,
) -> Result<std::result::Result<Report, u8>> {
    let (inspector, accounts) = (Arc::new(inspector), Arc::new(accounts));
    let mut stop = Stop::listen().map_err(|error| Failure::io("signals", &error))?;
    let bar = output::targets_bar(targets.len().try_into().unwrap_or(u64::MAX), quiet);
    let mut fleet = fleet::over(targets).concurrency(arguments.concurrency);
    if let Some(path) = &arguments.checkpoint {
        fleet = fleet.checkpoint(path);
    }
    if let Some(age) = arguments.max_age {
        fleet = fleet.max_age(age.unsigned_abs());
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
    Ok(Ok(match (&arguments.checkpoint, arguments.shard) {
        (Some(path), Some(_)) => fleet::read_shard(path)?,
        (Some(path), None) => fleet::read([path])?,
        (None, _) => collected.report,
    }))
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
                    let gaps = target.prefixes().map(|prefix| Gap::new(prefix, format!("{target}: {error}")));
                    self.report.incomplete.extend(gaps);
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

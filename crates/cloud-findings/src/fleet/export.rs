//! Reads checkpoints: the results of one run, or of all shards.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use cloud_core::Result;

use super::journal::{Begin, Lines, Outline, Record, corrupt, from_hex, io_error, record};
use super::target::{Id, Shard};
use crate::jsonl::{Summary, write_line, write_summary};
use crate::{Event, Gap, Millis, Report, reason};

/// Reads the results of checkpoints into one report.
///
/// Of a file whose latest run has come to its end, the targets of that run count and no others; of several results of a
/// target, that of the latest run. The report is incomplete if a target failed, if a report is incomplete, if a run has
/// not come to its end, if a record is damaged, if a shard is missing, or if the files are shards of different numbers.
///
/// # Errors
/// [`ErrorKind::Config`](crate::ErrorKind::Config) names a file that cannot be read, and
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) one that is not a checkpoint.
pub fn read<P: AsRef<Path>>(checkpoints: impl IntoIterator<Item = P>) -> Result<Report> {
    let mut report = Report::new();
    let summary = each(checkpoints, &mut |event| {
        report.push(event);
        Ok(())
    })?;
    report.dropped = summary.dropped;
    report.incomplete = summary.incomplete;
    Ok(report)
}

/// Writes the results of checkpoints as JSON Lines, as [`Report::write_jsonl`] does, one event at a time. An event is
/// written once: an event with a uid that was written before is counted as [`DUPLICATE`](reason::DUPLICATE). Memory is
/// needed for the uids and for the targets, not for the events.
///
/// # Errors
/// As [`read`], and [`ErrorKind::Config`](crate::ErrorKind::Config) if the writer fails.
pub fn export<P: AsRef<Path>>(checkpoints: impl IntoIterator<Item = P>, mut out: impl Write) -> Result<()> {
    let summary = each(checkpoints, &mut |event| write_line(&mut out, &event).map_err(io_error("the output")))?;
    write_summary(&mut out, summary).map_err(io_error("the output"))
}

/// Hands out each event once, and returns the rest.
fn each<P: AsRef<Path>>(
    checkpoints: impl IntoIterator<Item = P>,
    hand_out: &mut dyn FnMut(Event) -> Result<()>,
) -> Result<Summary> {
    let files: Vec<PathBuf> = checkpoints.into_iter().map(|path| path.as_ref().to_owned()).collect();
    let index = Index::read(&files)?;
    let mut out = Summary { incomplete: index.gaps(), ..Summary::default() };
    let mut written: BTreeSet<Id> = BTreeSet::new();
    for (number, path) in files.iter().enumerate() {
        for line in Lines::new(File::open(path).map_err(io_error(path))?) {
            let line = line.map_err(io_error(path))?;
            if !index.uses.contains(&(number, line.number)) {
                continue;
            }
            let Some(Record::Done { report, .. }) = record::<Report>(&line, path)? else {
                return Err(corrupt(path, line.number));
            };
            for event in report.events {
                if event.uid().is_some_and(|uid| !written.insert(super::target::id_of(uid))) {
                    *out.dropped.entry(reason::DUPLICATE.to_owned()).or_default() += 1;
                    continue;
                }
                out.events += 1;
                hand_out(event)?;
            }
            for (reason, count) in report.dropped {
                let counted = out.dropped.entry(reason).or_default();
                *counted = counted.saturating_add(count);
            }
            out.incomplete.extend(report.incomplete);
        }
    }
    Ok(out)
}

/// Which records count: the latest with a report of each target.
#[derive(Default)]
struct Index {
    uses: BTreeSet<(usize, u64)>,
    /// What is missing from the files.
    gaps: Vec<Gap>,
    /// The numbers of shards by the latest runs, and the shards that are there.
    shards: BTreeMap<u32, BTreeSet<u32>>,
}

impl Index {
    fn read(files: &[PathBuf]) -> Result<Self> {
        let mut index = Self::default();
        let mut latest: HashMap<Id, (Millis, usize, u64)> = HashMap::new();
        let mut failed: HashMap<Id, (Millis, Vec<Gap>)> = HashMap::new();
        for (number, path) in files.iter().enumerate() {
            let mut contents = Contents::read(path)?;
            contents.keep_current();
            for (id, (at, line)) in contents.reports {
                let own = (at, number, line);
                latest.entry(id).and_modify(|other| *other = own.max(*other)).or_insert(own);
            }
            for (id, (at, gaps)) in contents.failed {
                match failed.get(&id) {
                    Some((other, _)) if *other > at => {}
                    _ => drop(failed.insert(id, (at, gaps))),
                }
            }
            index.gaps.extend(contents.missing.into_iter().map(|why| {
                let text = format!("checkpoint {}: {why}", path.display());
                Gap::new("", text)
            }));
            if let Some(shard) = contents.shard {
                index.shards.entry(shard.count()).or_default().insert(shard.index());
            }
        }
        // A later report from another file makes up for a failure.
        failed.retain(|id, (at, _)| latest.get(id).is_none_or(|(reported, ..)| reported <= at));
        index.gaps.extend(failed.into_values().flat_map(|(_, gaps)| gaps));
        index.uses = latest.into_values().map(|(_, number, line)| (number, line)).collect();
        Ok(index)
    }

    /// What is missing from the files as a whole.
    fn gaps(&self) -> Vec<Gap> {
        let mut gaps = self.gaps.clone();
        for (count, there) in &self.shards {
            gaps.extend(missing(*count, there).map(|why| Gap::new("", why)));
        }
        if self.shards.len() > 1 {
            let counts: Vec<_> = self.shards.keys().map(u32::to_string).collect();
            let counts = counts.join(" and of ");
            gaps.push(Gap::new("", format!("the checkpoints are shards of {counts}, so accounts may be missing")));
        }
        gaps.sort();
        gaps
    }
}

/// The ranges of shards that are not there, in words.
fn missing(count: u32, there: &BTreeSet<u32>) -> impl Iterator<Item = String> {
    let ends = there.iter().copied().chain([count]);
    let starts = [0].into_iter().chain(there.iter().map(|index| index.saturating_add(1)));
    starts.zip(ends).filter(|(start, end)| start < end).map(move |(start, end)| match end - start {
        1 => format!("shard {start} of {count} is missing"),
        _ => format!("shards {start} to {} of {count} are missing", end - 1),
    })
}

/// What a file contains.
#[derive(Default)]
struct Contents {
    /// The latest report of each target: when its run began, and its line.
    reports: HashMap<Id, (Millis, u64)>,
    /// The targets whose latest inspection failed.
    failed: HashMap<Id, (Millis, Vec<Gap>)>,
    /// The targets of the latest run so far, and how many records it has of them.
    current: HashSet<Id>,
    records: u64,
    /// How many targets the latest run had, if it has come to its end.
    end: Option<u64>,
    shard: Option<Shard>,
    /// What is missing, in words.
    missing: Vec<String>,
}

impl Contents {
    fn read(path: &Path) -> Result<Self> {
        let mut contents = Self::default();
        let mut at = Millis::default();
        for line in Lines::new(File::open(path).map_err(io_error(path))?) {
            let line = line.map_err(io_error(path))?;
            match record::<Outline>(&line, path)? {
                Some(Record::Begin(run)) => {
                    at = run.at;
                    contents.begin(run);
                }
                Some(Record::Done { target, .. }) => {
                    let id = contents.count(target.id());
                    contents.failed.remove(&id);
                    contents.reports.insert(id, (at, line.number));
                }
                Some(Record::Failed { target, why }) => {
                    let id = contents.count(target.id());
                    let gaps = target.prefixes().map(|prefix| Gap::new(prefix, format!("{target}: {why}")));
                    contents.failed.insert(id, (at, gaps.collect()));
                }
                Some(Record::Kept { id }) => {
                    let id = from_hex(&id).ok_or_else(|| corrupt(path, line.number))?;
                    contents.count(id);
                }
                Some(Record::End { targets }) => contents.end = Some(targets),
                // The numbers below show whether something is missing.
                None => {}
            }
        }
        Ok(contents)
    }

    fn begin(&mut self, run: Begin) {
        self.current.clear();
        (self.records, self.end, self.shard) = (0, None, run.shard);
    }

    fn count(&mut self, id: Id) -> Id {
        self.records += 1;
        self.current.insert(id);
        id
    }

    /// Forgets the targets that are not in the list of the latest run, if all of that list is known; otherwise says so.
    fn keep_current(&mut self) {
        let Some(targets) = self.end else {
            self.missing.push("its latest run has not come to the end".to_owned());
            return;
        };
        if targets != self.records {
            self.missing.push(format!("{} of {targets} records of its latest run are in the file", self.records));
            return;
        }
        self.reports.retain(|id, _| self.current.contains(id));
        self.failed.retain(|id, _| self.current.contains(id));
        let has_result = |id: &&Id| self.reports.contains_key(*id) || self.failed.contains_key(*id);
        let lost = self.current.len() - self.current.iter().filter(has_result).count();
        if lost > 0 {
            self.missing.push(format!("the results of {lost} targets are damaged"));
        }
    }
}

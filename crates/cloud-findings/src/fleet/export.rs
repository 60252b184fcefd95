//! Reads checkpoints: the results of one run, or of all shards.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use cloud_core::Result;

use super::journal::{Lines, Outline, Record, corrupt, io_error};
use super::target::Id;
use crate::jsonl::{Summary, write_line, write_summary};
use crate::{Event, Gap, Report, reason};

/// Reads the results of checkpoints into one report.
///
/// It is incomplete if a target failed, if a report is incomplete, if a run has not come to its end, or if a shard is
/// missing.
///
/// # Errors
/// [`ErrorKind::Config`](crate::ErrorKind::Config) names a file that cannot be read, and
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) a line that is not a record.
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
            let Ok(Record::Done { report, .. }) = serde_json::from_slice::<Record>(&line.bytes) else {
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
    /// Why targets without a report have failed.
    failed: HashMap<Id, Gap>,
    /// The files whose last record is not the end of a run.
    open: Vec<PathBuf>,
    /// The number of shards by the ends of the runs, and those that are there.
    shards: Option<(u32, BTreeSet<u32>)>,
}

impl Index {
    fn read(files: &[PathBuf]) -> Result<Self> {
        let mut index = Self::default();
        let mut latest: HashMap<Id, (usize, u64)> = HashMap::new();
        for (number, path) in files.iter().enumerate() {
            let mut ended = false;
            for line in Lines::new(File::open(path).map_err(io_error(path))?) {
                let line = line.map_err(io_error(path))?;
                ended = false;
                match serde_json::from_slice::<Record<Outline>>(&line.bytes) {
                    Ok(Record::Done { target, .. }) => {
                        index.failed.remove(&target.id());
                        latest.insert(target.id(), (number, line.number));
                    }
                    Ok(Record::Failed { target, why }) => {
                        if !latest.contains_key(&target.id()) {
                            index.failed.insert(target.id(), Gap::new(&target.prefix, format!("{target}: {why}")));
                        }
                    }
                    Ok(Record::End { shard, .. }) => {
                        ended = true;
                        if let Some(shard) = shard {
                            let (_, there) = index.shards.get_or_insert_with(|| (shard.count(), BTreeSet::new()));
                            there.insert(shard.index());
                        }
                    }
                    Err(_) if line.is_last => {}
                    Err(_) => return Err(corrupt(path, line.number)),
                }
            }
            if !ended {
                index.open.push(path.clone());
            }
        }
        index.uses = latest.into_values().collect();
        Ok(index)
    }

    /// What is missing from the files as a whole.
    fn gaps(&self) -> Vec<Gap> {
        let failed = self.failed.values().cloned();
        let open = self
            .open
            .iter()
            .map(|path| Gap::new("", format!("checkpoint {}: its latest run has not come to the end", path.display())));
        let shards = self.shards.iter().flat_map(|(count, there)| {
            let missing = (0..*count).filter(|index| !there.contains(index));
            missing.map(move |index| Gap::new("", format!("shard {index} of {count} is missing")))
        });
        let mut gaps: Vec<_> = failed.chain(open).chain(shards).collect();
        gaps.sort();
        gaps
    }
}

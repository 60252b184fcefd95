//! Reads checkpoints: the results of one run, or of all shards.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use cloud_core::{Error, ErrorKind, Result};

use super::journal::{Begin, Lines, Outline, Record, corrupt, from_hex, io_error, record};
use super::target::{Id, Shard};
use crate::jsonl::{Summary, write_line, write_summary};
use crate::{Event, Gap, Millis, Report, reason};

/// Reads the results of checkpoints into one report.
///
/// Of a file whose latest run has finished, the targets of that run count and no others; of several results of a
/// target, that of the latest run, and so of several events with the same uid. The report is incomplete if a target
/// failed, if a report is incomplete, if a run has not finished, if a record is damaged, if a shard is missing, or
/// if the files are shards of different numbers.
///
/// # Errors
/// [`ErrorKind::Config`](crate::ErrorKind::Config) names a file that cannot be read, and
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) one that is not a checkpoint, or that a run replaced meanwhile.
pub fn read<P: AsRef<Path>>(checkpoints: impl IntoIterator<Item = P>) -> Result<Report> {
    report(Index::read(checkpoints)?.with_missing_shards())
}

/// Reads the results of one shard, as [`read`] does, without noting the other shards as missing.
///
/// # Errors
/// As [`read`].
pub fn read_shard(checkpoint: impl AsRef<Path>) -> Result<Report> {
    report(Index::read([checkpoint])?)
}

fn report(index: Index) -> Result<Report> {
    let mut report = Report::new();
    let summary = index.each(&mut |event| {
        report.push(event);
        Ok(())
    })?;
    (report.dropped, report.incomplete, report.covers) = (summary.dropped, summary.incomplete, summary.covers);
    Ok(report)
}

/// Writes the results of checkpoints as JSON Lines, as [`Report::write_jsonl`] does, one event at a time, the results of
/// the latest run first. An event is written once: an event with a uid that was written before is counted as
/// [`DUPLICATE`](reason::DUPLICATE). Memory is needed for the uids and for the targets, not for the events.
///
/// # Errors
/// As [`read`], and [`ErrorKind::Config`](crate::ErrorKind::Config) if the writer fails.
pub fn export<P: AsRef<Path>>(checkpoints: impl IntoIterator<Item = P>, mut out: impl Write) -> Result<()> {
    let index = Index::read(checkpoints)?.with_missing_shards();
    let summary = index.each(&mut |event| write_line(&mut out, &event).map_err(io_error("the output")))?;
    write_summary(&mut out, summary).map_err(io_error("the output"))
}

/// Where a result is, in the order of its age: when its run began, its file, and the place of its line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    at: Millis,
    file: usize,
    start: u64,
}

/// Which records count: the latest with a report of each target.
#[derive(Default)]
struct Index {
    files: Vec<PathBuf>,
    uses: Vec<(Place, Id)>,
    /// What is missing from the files.
    gaps: Vec<Gap>,
    /// What the targets look for; `None` if that is not known of one.
    covers: Option<BTreeSet<String>>,
    /// The numbers of shards by the latest runs, and the shards that are there.
    shards: BTreeMap<u32, BTreeSet<u32>>,
}

impl Index {
    fn read<P: AsRef<Path>>(checkpoints: impl IntoIterator<Item = P>) -> Result<Self> {
        let files = checkpoints.into_iter().map(|path| path.as_ref().to_owned()).collect();
        let mut index = Self { files, covers: Some(BTreeSet::new()), ..Self::default() };
        let mut latest: HashMap<Id, Place> = HashMap::new();
        let mut failed: HashMap<Id, (Millis, usize, Vec<Gap>)> = HashMap::new();
        for (file, path) in index.files.iter().enumerate() {
            let mut contents = Contents::read(path)?;
            contents.keep_current();
            for (id, (at, start)) in contents.reports {
                let own = Place { at, file, start };
                latest.entry(id).and_modify(|other| *other = own.max(*other)).or_insert(own);
            }
            for (id, (at, gaps)) in contents.failed {
                match failed.get(&id) {
                    Some((other, ..)) if *other > at => {}
                    _ => drop(failed.insert(id, (at, file, gaps))),
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
        // A later report from another file makes up for a failure. In one file, the order of the lines has decided.
        let stands = |reported: &Place, at: Millis, file: usize| reported.file == file || reported.at <= at;
        failed.retain(|id, (at, file, _)| latest.get(id).is_none_or(|reported| stands(reported, *at, *file)));
        for gap in failed.into_values().flat_map(|(.., gaps)| gaps) {
            index.look_for(&gap.prefix);
            index.gaps.push(gap);
        }
        index.uses = latest.into_iter().map(|(id, place)| (place, id)).collect();
        // The newest first, so that of events with the same uid the newest is handed out.
        index.uses.sort_unstable_by_key(|(place, _)| Reverse(*place));
        Ok(index)
    }

    fn look_for(&mut self, prefix: &str) {
        match &mut self.covers {
            Some(covers) if !prefix.is_empty() => drop(covers.insert(prefix.to_owned())),
            // The uids of a target without a prefix can be any.
            covers => *covers = None,
        }
    }

    /// Hands out each event once, and returns the rest.
    fn each(mut self, hand_out: &mut dyn FnMut(Event) -> Result<()>) -> Result<Summary> {
        self.gaps.sort();
        let mut out = Summary { incomplete: std::mem::take(&mut self.gaps), ..Summary::default() };
        let mut written: BTreeSet<Id> = BTreeSet::new();
        let mut open: Option<(usize, BufReader<File>)> = None;
        for (Place { file, start, .. }, id) in std::mem::take(&mut self.uses) {
            let Some(path) = self.files.get(file).cloned() else { continue };
            let mut reader = match open.take() {
                Some((number, reader)) if number == file => reader,
                _ => BufReader::new(File::open(&path).map_err(io_error(&path))?),
            };
            let line = line_at(&mut reader, start).map_err(io_error(&path))?;
            // A run that has compacted the file meanwhile has moved its lines.
            let Ok(Record::Done { target, report }) = serde_json::from_slice::<Record<Report>>(&line) else {
                return Err(changed(&path));
            };
            if target.id() != id {
                return Err(changed(&path));
            }
            open = Some((file, reader));
            target.prefixes().for_each(|prefix| self.look_for(prefix));
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
        out.covers = self.covers.map(|covers| covers.into_iter().collect());
        Ok(out)
    }

    /// Notes what is missing from the files as a whole.
    fn with_missing_shards(mut self) -> Self {
        for (count, there) in &self.shards {
            self.gaps.extend(missing(*count, there).map(|why| Gap::new("", why)));
        }
        if self.shards.len() > 1 {
            let counts: Vec<_> = self.shards.keys().map(u32::to_string).collect();
            let counts = counts.join(" and of ");
            self.gaps.push(Gap::new("", format!("the checkpoints are shards of {counts}, so accounts may be missing")));
        }
        self
    }
}

/// Reads the line that begins here.
fn line_at(reader: &mut BufReader<File>, start: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.seek(SeekFrom::Start(start))?;
    reader.read_until(b'\n', &mut bytes)?;
    Ok(bytes)
}

/// A run has replaced the file between two steps of reading it.
fn changed(path: &Path) -> Error {
    let text = format!("checkpoint {}: a run changed it while it was read; read it again", path.display());
    Error::new(ErrorKind::Decode, text)
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
    /// The latest report of each target: when its run began, and where its line begins.
    reports: HashMap<Id, (Millis, u64)>,
    /// The targets whose latest inspection failed.
    failed: HashMap<Id, (Millis, Vec<Gap>)>,
    /// The targets of the latest run so far, and how many records it has of them.
    current: HashSet<Id>,
    records: u64,
    /// How many targets the latest run had, if it has finished.
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
                    contents.reports.insert(id, (at, line.start));
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
            self.missing.push("its latest run has not finished".to_owned());
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

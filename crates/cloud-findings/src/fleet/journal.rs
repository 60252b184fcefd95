//! The checkpoint: a journal to which each result is appended, and what survives when the process is killed.
//!
//! A record is one line, so a line without an end is one whose writing was interrupted. It is cut off when the file is
//! opened again. Results are synced to the disk before they are reported. Each run begins with a record of its own, so
//! that a file tells whether its latest run has finished, and which targets were in the list of that run.
//!
//! When a file is opened and most of it is results that later ones have replaced, what counts is copied into a new file
//! (see `compact.rs`).

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use cloud_core::{Error, ErrorKind, Result};

use self::compact::Live;
use super::drive::Outcome;
use super::target::{Id, Shard, Target};
use crate::{Millis, Report};

mod compact;

/// A line of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record<R = Report> {
    /// A run begins.
    Begin(Begin),
    /// A target was inspected.
    Done { target: Target, report: R },
    /// The inspection of a target failed.
    Failed { target: Target, why: String },
    /// A target of the list was done by an earlier run.
    Kept { id: String },
    /// A run has finished its list, which had so many targets.
    End { targets: u64 },
}

/// The beginning of a run, and the first line of a file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Begin {
    format: u32,
    /// When the run began.
    pub(super) at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shard: Option<Shard>,
}

/// The version of the format.
const FORMAT: u32 = 1;
/// How every checkpoint begins, in any version.
const START: &[u8] = b"{\"begin\":{\"format\":";

impl Begin {
    pub(super) fn new(at: OffsetDateTime, shard: Option<Shard>) -> Self {
        Self { format: FORMAT, at: at.into(), shard }
    }
}

/// What of a report decides whether its target is done; the events are not kept.
#[derive(Deserialize)]
pub(super) struct Outline {
    #[serde(default)]
    pub(super) incomplete: Vec<IgnoredAny>,
}

/// An open journal, locked.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    /// The targets that earlier runs have done, in 16 bytes each.
    done: HashSet<Id>,
    /// Records that are written with the next ones.
    waiting: Vec<u8>,
}

/// How often a file is opened that other runs replace meanwhile.
const MOST_TRIES: u32 = 8;
/// How many bytes may wait.
const MOST_WAITING: usize = 1 << 16;

impl Journal {
    /// Opens or creates the file, locks it, cuts off a record that was not written to its end, and begins a run.
    /// Results of runs that began before `oldest` do not count.
    pub(super) fn open(path: PathBuf, run: Begin, oldest: Option<Millis>) -> Result<Self> {
        let error = io_error(path.clone());
        let mut file = locked(&path)?;
        // Nothing is written to a file that is something else.
        check_start(&mut file, &path)?;
        let Replayed { done, live, end } = replay(&file, &path, oldest)?;
        if live.is_worth_compacting(end)
            && let Some(compacted) = compact::compact(&file, &path, &live, run).map_err(&error)?
        {
            return Ok(Self { file: compacted, path, done, waiting: Vec::new() });
        }
        make_private(&file).map_err(&error)?;
        file.set_len(end).map_err(&error)?;
        file.seek(SeekFrom::End(0)).map_err(&error)?;
        // The name of a new file is not on the disk before its folder is.
        sync_folder(&path).map_err(&error)?;
        let mut journal = Self { file, path, done, waiting: Vec::new() };
        journal.write(std::iter::once(Record::Begin(run)))?;
        Ok(journal)
    }

    /// Returns whether an earlier run has done a target.
    pub(super) fn has_done(&self, target: &Target) -> bool {
        self.done.contains(&target.id())
    }

    /// Notes that a target is in the list, whose result is kept. It is written later; returns whether much waits.
    pub(super) fn keep(&mut self, target: &Target) -> Result<bool> {
        let record = Record::<&Report>::Kept { id: hex(target.id()) };
        crate::jsonl::write_line(&mut self.waiting, &record).map_err(io_error(&self.path))?;
        Ok(self.waiting.len() >= MOST_WAITING)
    }

    /// Appends results, and what waits, and syncs them to the disk.
    pub(super) fn append(&mut self, outcomes: &[Outcome]) -> Result<()> {
        self.write(outcomes.iter().map(|Outcome { target, result }| match result {
            Ok(report) => Record::Done { target: target.clone(), report },
            Err(error) => Record::Failed { target: target.clone(), why: error.to_string() },
        }))
    }

    /// Appends the end of a run.
    pub(super) fn end(&mut self, targets: u64) -> Result<()> {
        self.write(std::iter::once(Record::End { targets }))
    }

    fn write<'a>(&mut self, mut records: impl Iterator<Item = Record<&'a Report>>) -> Result<()> {
        let mut lines = std::mem::take(&mut self.waiting);
        let written = records.try_for_each(|record| crate::jsonl::write_line(&mut lines, &record));
        let synced = written.and_then(|()| self.file.write_all(&lines)).and_then(|()| self.file.sync_data());
        synced.map_err(io_error(&self.path))
    }
}

/// Rejects a file that does not begin like a checkpoint. An empty file, and one whose first line was cut off, are not
/// rejected.
fn check_start(file: &mut File, path: &Path) -> Result<()> {
    let length = START.len().try_into().unwrap_or(u64::MAX);
    let mut start = Vec::new();
    file.rewind().and_then(|()| file.take(length).read_to_end(&mut start)).map_err(io_error(path))?;
    file.rewind().map_err(io_error(path))?;
    if START.starts_with(&start) { Ok(()) } else { Err(foreign(path)) }
}

/// Opens or creates the file and locks it.
fn locked(path: &Path) -> Result<File> {
    let error = io_error(path);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for _ in 0..MOST_TRIES {
        let file = options.open(path).map_err(&error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(why)) => return Err(error(why)),
        }
        // Another run can have replaced the file between the two steps.
        if compact::is_at(&file, path) {
            return Ok(file);
        }
    }
    Err(Error::config(format!("checkpoint {}: another run uses it", path.display())))
}

/// What a file says.
struct Replayed {
    /// The targets that are done.
    done: HashSet<Id>,
    live: Live,
    /// Where the last whole line ends.
    end: u64,
}

/// Reads the targets that are done, which lines still count, and where the last whole line ends.
fn replay(file: &File, path: &Path, oldest: Option<Millis>) -> Result<Replayed> {
    // Each with the number of the run that has done it.
    let mut done = HashMap::new();
    let mut live = Live::default();
    let (mut end, mut at, mut run_number) = (0, Millis::default(), 0_u64);
    for line in Lines::new(file) {
        let line = line.map_err(io_error(path))?;
        match record::<Outline>(&line, path)? {
            Some(Record::Begin(run)) => (at, run_number) = (run.at, run_number + 1),
            // An incomplete report is read again, and so is one that is too old.
            Some(Record::Done { target, report }) => {
                match report.incomplete.is_empty() && oldest.is_none_or(|oldest| at >= oldest) {
                    true => done.insert(target.id(), run_number),
                    false => done.remove(&target.id()),
                };
                live.done(target.id(), &line);
            }
            Some(Record::Failed { target, .. }) => {
                done.remove(&target.id());
                live.failed(target.id(), &line);
            }
            Some(Record::Kept { .. } | Record::End { .. }) => {}
            // It may have been a newer result of any target that an earlier run has done, so these are inspected again.
            None => done.retain(|_, run| *run == run_number),
        }
        end = line.end;
    }
    Ok(Replayed { done: done.into_keys().collect(), live, end })
}

/// Reads a line, or returns `None` if it is damaged: a power failure can lose a page in the middle of several records
/// that were written together.
///
/// # Errors
/// If the file is not a checkpoint, or of another version of its format.
pub(super) fn record<R: DeserializeOwned>(line: &Line, path: &Path) -> Result<Option<Record<R>>> {
    let record = serde_json::from_slice(&line.bytes);
    match record {
        Ok(Record::Begin(Begin { format, .. })) if format != FORMAT => {
            let text = format!("checkpoint {}: its format {format} is not known; use another file", path.display());
            Err(Error::new(ErrorKind::Decode, text))
        }
        Ok(Record::Begin(_)) => Ok(record.ok()),
        _ if line.number == 1 => Err(foreign(path)),
        Ok(record) => Ok(Some(record)),
        // Damage does not make valid JSON.
        Err(_) if serde_json::from_slice::<IgnoredAny>(&line.bytes).is_ok() => Err(corrupt(path, line.number)),
        Err(_) => Ok(None),
    }
}

/// A line that is JSON and not a record: another program has written it.
pub(super) fn corrupt(path: &Path, line: u64) -> Error {
    let text = format!("checkpoint {}: line {line} is not a record of a fleet; use another file", path.display());
    Error::new(ErrorKind::Decode, text)
}

fn foreign(path: &Path) -> Error {
    let text = format!("{} exists and is not a checkpoint of a fleet; use another file", path.display());
    Error::new(ErrorKind::Decode, text)
}

/// The ID of a target as text.
pub(super) fn hex(id: Id) -> String {
    format!("{:032x}", u128::from_be_bytes(id))
}

/// The ID of a target from its text.
pub(super) fn from_hex(text: &str) -> Option<Id> {
    u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)
}

/// Takes the rights of others away from a file that was there before.
#[cfg(unix)]
fn make_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match file.metadata()?.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => file.set_permissions(std::fs::Permissions::from_mode(0o600)),
    }
}

#[cfg(not(unix))]
fn make_private(_: &File) -> io::Result<()> {
    Ok(())
}

/// Returns a function that converts an error of a file into one that names it.
pub fn io_error(path: impl AsRef<Path>) -> impl Fn(io::Error) -> Error {
    let path = path.as_ref().display().to_string();
    move |error| Error::config(format!("{path}: {error}"))
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The whole lines of a journal. A last line without an end is left out.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    number: u64,
    end: u64,
}

/// A line.
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    /// Its number, from 1.
    pub(super) number: u64,
    /// Where it begins.
    pub(super) start: u64,
    /// Where the next line begins.
    pub(super) end: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(file: R) -> Self {
        Self { reader: BufReader::new(file), number: 0, end: 0 }
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        let length = match self.reader.read_until(b'\n', &mut bytes) {
            Ok(length) => length,
            Err(error) => return Some(Err(error)),
        };
        bytes.pop_if(|last| *last == b'\n')?;
        self.number += 1;
        let start = self.end;
        self.end += u64::try_from(length).unwrap_or(u64::MAX);
        Some(Ok(Line { bytes, number: self.number, start, end: self.end }))
    }
}

#[cfg(test)]
mod tests;

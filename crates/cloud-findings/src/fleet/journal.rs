//! The checkpoint: a journal to which each result is appended, and what survives when the process is killed.
//!
//! A record is one line, so a line without an end is one whose writing was interrupted. It is cut off when the file is
//! opened again. Results are synced to the disk before they are reported.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use cloud_core::{Error, ErrorKind, Result};

use super::drive::Outcome;
use super::target::{Id, Shard, Target};
use crate::Report;

/// A line of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record<R = Report> {
    /// A target was inspected.
    Done { target: Target, report: R },
    /// The inspection of a target failed.
    Failed { target: Target, why: String },
    /// A run has come to the end of the list.
    End {
        targets: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shard: Option<Shard>,
    },
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
}

impl Journal {
    /// Opens or creates the file, locks it, and cuts off a record that was not written to its end.
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let error = io_error(path.clone());
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(&error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("checkpoint {}: another run uses it", path.display());
                return Err(Error::config(text));
            }
            Err(TryLockError::Error(why)) => return Err(error(why)),
        }
        let (done, end) = replay(&file, &path)?;
        file.set_len(end).map_err(&error)?;
        file.seek(SeekFrom::End(0)).map_err(&error)?;
        // The name of a new file is not on the disk before its folder is.
        sync_folder(&path).map_err(&error)?;
        Ok(Self { file, path, done })
    }

    /// Returns whether an earlier run has done a target.
    pub(super) fn has_done(&self, target: &Target) -> bool {
        self.done.contains(&target.id())
    }

    /// Appends results and syncs them to the disk.
    pub(super) fn append(&mut self, outcomes: &[Outcome]) -> Result<()> {
        self.write(outcomes.iter().map(|Outcome { target, result }| match result {
            Ok(report) => Record::Done { target: target.clone(), report },
            Err(error) => Record::Failed { target: target.clone(), why: error.to_string() },
        }))
    }

    /// Appends the end of a run.
    pub(super) fn end(&mut self, targets: u64, shard: Option<Shard>) -> Result<()> {
        self.write(std::iter::once(Record::End { targets, shard }))
    }

    fn write<'a>(&mut self, mut records: impl Iterator<Item = Record<&'a Report>>) -> Result<()> {
        let mut lines = Vec::new();
        let written = records.try_for_each(|record| crate::jsonl::write_line(&mut lines, &record));
        let synced = written.and_then(|()| self.file.write_all(&lines)).and_then(|()| self.file.sync_data());
        synced.map_err(io_error(&self.path))
    }
}

/// Reads the targets that are done, and where the last whole record ends.
fn replay(file: &File, path: &Path) -> Result<(HashSet<Id>, u64)> {
    let mut done = HashSet::new();
    let mut end = 0;
    let lines = Lines::new(file);
    for line in lines {
        let line = line.map_err(io_error(path))?;
        match serde_json::from_slice::<Record<Outline>>(&line.bytes) {
            Ok(Record::Done { target, report }) => {
                // An incomplete report is read again.
                match report.incomplete.is_empty() {
                    true => done.insert(target.id()),
                    false => done.remove(&target.id()),
                };
            }
            Ok(Record::Failed { .. } | Record::End { .. }) => {}
            Err(_) if line.is_last => break,
            Err(_) => return Err(corrupt(path, line.number)),
        }
        end = line.end;
    }
    Ok((done, end))
}

/// A line in the middle that is not a record: the rest of the file is not reliable.
pub(super) fn corrupt(path: &Path, line: u64) -> Error {
    let text = format!("checkpoint {}: line {line} is not a record of a fleet; use another file", path.display());
    Error::new(ErrorKind::Decode, text)
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
    /// Where the next line begins.
    pub(super) end: u64,
    /// Whether the file has no other whole line after it.
    pub(super) is_last: bool,
}

impl<R: io::Read> Lines<R> {
    pub(super) fn new(file: R) -> Self {
        Self { reader: BufReader::new(file), number: 0, end: 0 }
    }
}

impl<R: io::Read> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        let length = match self.reader.read_until(b'\n', &mut bytes) {
            Ok(length) => length,
            Err(error) => return Some(Err(error)),
        };
        bytes.pop_if(|last| *last == b'\n')?;
        self.number += 1;
        self.end += u64::try_from(length).unwrap_or(u64::MAX);
        let is_last = match self.reader.fill_buf() {
            Ok(rest) => rest.is_empty(),
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(Line { bytes, number: self.number, end: self.end, is_last }))
    }
}

#[cfg(test)]
mod tests;

//! A smaller file in place of one that is mostly results which later ones have replaced.
//!
//! The new file is complete and on the disk before it gets the name, so a process that is killed leaves one or the other.
//! Compacting is never necessary: if it fails, the run uses the file that is there.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;
#[cfg(unix)]
use std::{
    collections::HashSet,
    fs::{self, OpenOptions},
    io::{BufWriter, Seek, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
};

#[cfg(unix)]
use {
    super::{Lines, Record},
    crate::Report,
    cloud_core::Result,
    serde::de::IgnoredAny,
};

use super::super::target::Id;
use super::{Begin, Line};

/// Below this size a file is never compacted.
const SMALLEST: u64 = 1 << 16;

/// A line that counts: its place and its length.
type Place = (u64, u64);

/// The lines that count: of each target the latest report, and a failure after it.
#[derive(Debug, Default)]
pub(super) struct Live(HashMap<Id, [Option<Place>; 2]>);

impl Live {
    pub(super) fn done(&mut self, id: Id, line: &Line) {
        self.0.insert(id, [Some(place(line)), None]);
    }

    pub(super) fn failed(&mut self, id: Id, line: &Line) {
        let [_, failed] = self.0.entry(id).or_default();
        *failed = Some(place(line));
    }

    /// Returns whether less than half of the file counts.
    pub(super) fn is_worth_compacting(&self, length: u64) -> bool {
        let live: u64 = self.0.values().flatten().flatten().map(|(_, length)| length).sum();
        length >= SMALLEST && live < length / 2
    }
}

fn place(line: &Line) -> Place {
    (line.start, line.end - line.start)
}

/// Writes what counts, and the beginning of this run, into a new file that takes the place of the old one. Returns it
/// open, locked and at its end; `None` if the old file stays.
#[cfg(unix)]
pub(super) fn compact(file: &File, path: &Path, live: &Live, run: Begin) -> io::Result<Option<File>> {
    // A link keeps pointing to the file.
    let path = fs::canonicalize(path)?;
    let Some(new) = replaced(file, &path, live, run) else { return Ok(None) };
    // Without this, a power failure could bring back the old file, without the results of this run.
    super::sync_folder(&path)?;
    Ok(Some(new))
}

#[cfg(unix)]
fn replaced(file: &File, path: &Path, live: &Live, run: Begin) -> Option<File> {
    let mut name = path.file_name()?.to_owned();
    name.push(".compact");
    let temporary = path.with_file_name(name);
    // One of a process that was killed: this run has the lock.
    let _ = fs::remove_file(&temporary);
    let mut options = OpenOptions::new();
    let new = options.read(true).write(true).create_new(true).mode(0o600).open(&temporary).ok()?;
    let written = copy(file, path, &new, live, run).is_ok() && new.sync_all().is_ok();
    // Locked before it can be found under the name.
    let renamed = written && new.try_lock().is_ok() && fs::rename(&temporary, path).is_ok();
    if !renamed {
        let _ = fs::remove_file(&temporary);
        return None;
    }
    Some(new)
}

/// Only Unix has a stable way to see that a file was replaced between opening and locking it.
#[cfg(not(unix))]
pub(super) fn compact(_: &File, _: &Path, _: &Live, _: Begin) -> io::Result<Option<File>> {
    Ok(None)
}

/// Copies the lines that count, each below the beginning of its run.
#[cfg(unix)]
fn copy(mut file: &File, path: &Path, new: &File, live: &Live, run: Begin) -> Result<()> {
    let failed = super::io_error(path);
    let starts: HashSet<u64> = live.0.values().flatten().flatten().map(|(start, _)| *start).collect();
    let mut out = BufWriter::new(new);
    let mut begin = None;
    file.rewind().map_err(&failed)?;
    for line in Lines::new(file) {
        let line = line.map_err(&failed)?;
        if line.bytes.starts_with(super::START) {
            // A damaged one must not become the first line.
            if super::record::<IgnoredAny>(&line, path)?.is_some() {
                begin = Some(line.bytes);
            }
        } else if starts.contains(&line.start) {
            for own in begin.take().iter().chain([&line.bytes]) {
                out.write_all(own).and_then(|()| out.write_all(b"\n")).map_err(&failed)?;
            }
        }
    }
    let begun = crate::jsonl::write_line(&mut out, &Record::<&Report>::Begin(run));
    begun.and_then(|()| out.flush()).map_err(failed)
}

/// Returns whether an open file is the one under this name.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let id = |found: fs::Metadata| (found.dev(), found.ino());
    let (own, named) = (file.metadata().map(id), fs::metadata(path).map(id));
    own.is_ok_and(|own| named.is_ok_and(|named| own == named))
}

#[cfg(not(unix))]
pub(super) fn is_at(_: &File, _: &Path) -> bool {
    true
}

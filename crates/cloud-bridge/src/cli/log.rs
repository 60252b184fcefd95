//! The file of the audit log, opened again when it was moved away.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file to append to. Before each line, it is compared with what is at its path, so that a rotation of logs needs no
/// signal.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    /// Whether the last byte ended a line: the second half of one must not go into another file.
    at_start: bool,
}

impl LogFile {
    /// Opens a file, or creates one that only its owner may use.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = append(path)?;
        if !ends_a_line(path)? {
            file.write_all(b"\n")?;
        }
        Ok(Self { path: path.to_owned(), file, at_start: true })
    }

    #[cfg(unix)]
    fn is_moved(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt as _;
        let own = self.file.metadata()?;
        match std::fs::metadata(&self.path) {
            Ok(there) => Ok((there.dev(), there.ino()) != (own.dev(), own.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    #[cfg(not(unix))]
    fn is_moved(&self) -> io::Result<bool> {
        Ok(!self.path.exists())
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at_start && self.is_moved()? {
            self.file = append(&self.path)?;
        }
        let count = self.file.write(bytes)?;
        if let Some(last) = bytes.get(..count).and_then(<[u8]>::last) {
            self.at_start = *last == b'\n';
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Whether a file is empty or ends with a whole line. A full disk or a kill may have left half of one.
fn ends_a_line(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    // A pipe or a terminal has no last line.
    if !file.metadata()?.is_file() || file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn file_that_was_moved_away_is_made_again() {
        let folder = crate::testing::Folder::new("log");
        let (path, moved) = (folder.0.join("audit.jsonl"), folder.0.join("audit.jsonl.1"));
        let mut log = LogFile::open(&path).unwrap();
        log.write_all(b"first\n").unwrap();
        // The rest of a line stays with its beginning.
        log.write_all(b"half").unwrap();
        fs::rename(&path, &moved).unwrap();
        log.write_all(b" and half\n").unwrap();
        log.write_all(b"second\n").unwrap();
        log.write_all(b"third\n").unwrap();
        let read = [&moved, &path].map(|file| fs::read_to_string(file).unwrap());
        assert_eq!(read, ["first\nhalf and half\n", "second\nthird\n"]);
    }

    #[test]
    fn log_that_ends_in_half_a_line_goes_on_with_a_whole_one() {
        let folder = crate::testing::Folder::new("torn");
        for (before, after) in [("", "new\n"), ("old\n", "old\nnew\n"), ("old\nhal", "old\nhal\nnew\n")] {
            let path = folder.0.join("audit.jsonl");
            fs::write(&path, before).unwrap();
            LogFile::open(&path).unwrap().write_all(b"new\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
        }
    }
}

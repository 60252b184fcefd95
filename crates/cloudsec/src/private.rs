//! Private files: outputs that appear only when they are complete, and directories that vanish.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::{Failure, Result};

/// A random name.
fn random() -> io::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Creates a file that only its owner can read.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// An output file that is written under another name, and removed unless it is kept.
#[derive(Debug)]
pub(crate) struct Pending {
    temporary: PathBuf,
    file: File,
    path: PathBuf,
    may_replace: bool,
}

impl Pending {
    /// Creates the temporary file beside the output.
    pub(crate) fn create(path: &Path, may_replace: bool) -> Result<(Self, File)> {
        let failed = |error: io::Error| Failure::io(&path.display().to_string(), &error);
        match fs::metadata(path) {
            // Renaming would replace a device or a pipe.
            Ok(found) if !found.is_file() => {
                return Err(Failure::usage(format!("{}: not a regular file", path.display())));
            }
            Ok(_) if !may_replace => return Err(exists(path)),
            _ => {}
        }
        let mut name = path.file_name().map(|name| name.to_os_string()).unwrap_or_default();
        name.push(format!(".{}.tmp", random().map_err(failed)?));
        let temporary = path.with_file_name(name);
        let file = create(&temporary).map_err(failed)?;
        let writer = file.try_clone();
        let pending = Self { temporary, file, path: path.to_owned(), may_replace };
        Ok((pending, writer.map_err(failed)?))
    }

    /// Gives the complete file its name, once its content is on the disk.
    pub(crate) fn keep(self) -> Result<()> {
        let failed = |error: io::Error| Failure::io(&self.path.display().to_string(), &error);
        self.file.sync_all().map_err(failed)?;
        if !self.may_replace {
            // A link fails if the name is taken meanwhile; some file systems have no links.
            match fs::hard_link(&self.temporary, &self.path) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(&self.path)),
                Err(_) => {}
            }
        }
        fs::rename(&self.temporary, &self.path).map_err(failed)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // After a rename there is nothing to remove.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!("{} exists: choose another name, or use --force", path.display()))
}

/// A directory that only its owner can read, and that is removed with its files when it is dropped.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Creates a directory below this one.
    pub(crate) fn create(parent: &Path) -> io::Result<Self> {
        let path = parent.join(format!("cloudsec-{}", random()?));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Removes the directory and its files.
    pub(crate) fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(&self.0)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

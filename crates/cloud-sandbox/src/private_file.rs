//! Files that hold secrets: only their owner may read them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Creates the file. An existing one is replaced: it could have wider rights, or be open elsewhere.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

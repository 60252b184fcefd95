//! Connections over a Unix socket that only its owner may use.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use axum::serve::Listener;
use tokio::net::{UnixListener, UnixStream};

use crate::random;

/// The name of a socket while it is made.
const MADE: &str = "s";

/// A bound socket. Its file is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct UnixSockets {
    listener: UnixListener,
    path: PathBuf,
    /// Of the file, so that one that has replaced it is left alone.
    inode: u64,
}

impl UnixSockets {
    /// Binds the socket. It is made in a folder of its own and then moved, so that it is never there with wider rights,
    /// and so that a stale one is replaced at once.
    pub(crate) async fn bind(path: &Path) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        Self::bind_at(path).await.map_err(named)
    }

    async fn bind_at(path: &Path) -> io::Result<Self> {
        // Another process that starts at the same time must not take a socket for stale that this one has just made.
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = fs::File::open(folder)?;
        let locked = tokio::task::spawn_blocking(move || folder.lock().map(|()| folder)).await;
        let _locked = locked.map_err(io::Error::other)??;
        match fs::symlink_metadata(path) {
            Ok(about) if !about.file_type().is_socket() => {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "something that is not a socket is there"));
            }
            Ok(_) => match UnixStream::connect(path).await {
                // Nobody listens: the process has ended.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Ok(_) => return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process serves it")),
                // A full queue, or a socket that this user may not open.
                Err(error) => {
                    let text = format!("another process may serve it: {error}");
                    return Err(io::Error::new(io::ErrorKind::AddrInUse, text));
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let folder = Self::folder_beside(path)?;
        let bound = Self::bind_in(&folder, path);
        let _ = fs::remove_dir_all(&folder);
        bound
    }

    /// Creates a folder for the socket that is made. Its random name collides with none that a killed process has left
    /// behind. The path of the socket within is not longer than the final one, since the length of such paths is limited.
    fn folder_beside(path: &Path) -> io::Result<PathBuf> {
        let length = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.len();
        let length = length.saturating_sub(1 + MADE.len()).clamp(1, 16);
        let mut last = io::ErrorKind::AlreadyExists.into();
        for _ in 0..100 {
            let random = random::uuid().map_err(io::Error::other)?.replace('-', "");
            let folder = path.with_file_name(&random[..length]);
            match fs::DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => return Ok(folder),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    fn bind_in(folder: &Path, path: &Path) -> io::Result<Self> {
        let made = folder.join(MADE);
        let listener = UnixListener::bind(&made)?;
        fs::set_permissions(&made, fs::Permissions::from_mode(0o600))?;
        let inode = fs::symlink_metadata(&made)?.ino();
        fs::rename(&made, path)?;
        Ok(Self { listener, path: path.to_owned(), inode })
    }
}

impl Listener for UnixSockets {
    type Io = UnixStream;
    type Addr = ();

    async fn accept(&mut self) -> (UnixStream, ()) {
        (Listener::accept(&mut self.listener).await.0, ())
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for UnixSockets {
    fn drop(&mut self) {
        let own = fs::symlink_metadata(&self.path).is_ok_and(|about| about.ino() == self.inode);
        if own {
            let _ = fs::remove_file(&self.path);
        }
    }
}

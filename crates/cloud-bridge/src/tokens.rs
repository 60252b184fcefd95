//! The policy file, read again when it changes.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_core::Runtime;
use sha2::{Digest, Sha256};

use crate::policy::Policies;

/// How long a change of the file may go unnoticed.
const INTERVAL: Duration = Duration::from_secs(1);

/// The largest policy file.
const LARGEST: u64 = 1024 * 1024;

/// The policies that count now. The first request after an interval reads the file again.
#[derive(Debug)]
pub(crate) struct Tokens {
    file: Option<PathBuf>,
    runtime: Arc<dyn Runtime>,
    held: Mutex<Held>,
    /// Held while the file is read, so that requests besides the first do not wait for a slow file system.
    reading: Mutex<()>,
    /// How often the file was changed and could not be read.
    failures: AtomicU64,
}

#[derive(Debug)]
struct Held {
    policies: Arc<Policies>,
    /// Of the content that was judged last, good or not, so that each is reported once.
    hash: [u8; 32],
    checked: Duration,
    broken: bool,
}

impl Tokens {
    /// Policies that never change.
    pub(crate) fn fixed(policies: Policies, runtime: Arc<dyn Runtime>) -> Self {
        Self::new(None, policies, [0; 32], runtime)
    }

    /// Reads a policy file, and reads it again when it changes.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub(crate) fn load(path: &Path, runtime: Arc<dyn Runtime>) -> Result<Self, String> {
        let text = read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let policies = Policies::read(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self::new(Some(path.to_owned()), policies, Sha256::digest(&text).into(), runtime))
    }

    fn new(file: Option<PathBuf>, policies: Policies, hash: [u8; 32], runtime: Arc<dyn Runtime>) -> Self {
        let checked = runtime.elapsed();
        let held = Held { policies: Arc::new(policies), hash, checked, broken: false };
        Self { file, runtime, held: Mutex::new(held), reading: Mutex::default(), failures: AtomicU64::new(0) }
    }

    /// The policies that count for a request that arrives now.
    pub(crate) fn current(&self) -> Arc<Policies> {
        let now = self.runtime.elapsed();
        let due = now.saturating_sub(self.held().checked) >= INTERVAL;
        if let Some(file) = self.file.as_ref().filter(|_| due)
            && let Ok(_reading) = self.reading.try_lock()
        {
            let text = read(file);
            let mut held = self.held();
            held.checked = now;
            self.reload(file, text, &mut held);
        }
        Arc::clone(&self.held().policies)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often the file was changed into one that cannot be used.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// The whole file is compared: its time and size may be the same after a change.
    fn reload(&self, file: &Path, text: Result<String, String>, held: &mut Held) {
        let hash = text.as_ref().map_or([1; 32], |text| Sha256::digest(text).into());
        if hash == held.hash {
            return;
        }
        held.hash = hash;
        match text.and_then(|text| Policies::read(&text)) {
            Ok(policies) => {
                held.policies = Arc::new(policies);
                held.broken = false;
                tracing::info!(file = %file.display(), "the policy file has changed and is in force");
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                held.broken = true;
                tracing::error!(file = %file.display(), error, "the policy file cannot be used; the last good one is kept");
            }
        }
    }

    /// Whether the file has changed into one that cannot be used.
    pub(crate) fn is_broken(&self) -> bool {
        self.held().broken
    }
}

fn read(path: &Path) -> Result<String, String> {
    // Opening a named pipe would wait for its writer.
    if !fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
        return Err("it is not a file of at most 1 MiB".to_owned());
    }
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let about = file.metadata().map_err(|error| error.to_string())?;
    if about.len() > LARGEST || !about.is_file() {
        return Err("it is not a file of at most 1 MiB".to_owned());
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o002 != 0 {
        return Err("everyone may write it: take that right away".to_owned());
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).map_err(|_| "it cannot be read as UTF-8".to_owned())?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use cloud_core::testing::FakeRuntime;
    use time::macros::datetime;

    use super::*;

    fn policy(token: &str) -> String {
        let hash: String = Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("[[token]]\nname = \"app\"\nsha256 = \"{hash}\"\n")
    }

    /// A folder that is removed when this is dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("cloud-bridge-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn changed_file_is_in_force_after_an_interval_and_a_broken_one_never() {
        let folder = Folder::new("tokens");
        let file = folder.0.join("tokens.toml");
        fs::write(&file, policy("first")).unwrap();
        let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
        let tokens = Tokens::load(&file, runtime.clone()).unwrap();
        let knows = |token| tokens.current().find(token).is_some();
        assert!(knows("first") && !knows("other"));
        fs::write(&file, policy("other")).unwrap();
        assert!(knows("first") && !knows("other"), "the file is not read for each request");
        runtime.advance(INTERVAL);
        assert!(!knows("first") && knows("other"));
        for broken in ["", "[[token]]", "\u{0}", "[[token]]\nname = 1"] {
            fs::write(&file, broken).unwrap();
            runtime.advance(INTERVAL);
            assert!(knows("other") && tokens.is_broken(), "{broken:?}");
        }
        assert_eq!(tokens.failures(), 4);
        runtime.advance(INTERVAL);
        assert!(knows("other"));
        assert_eq!(tokens.failures(), 4, "each content is reported once");
        fs::remove_file(&file).unwrap();
        runtime.advance(INTERVAL);
        assert!(knows("other") && tokens.is_broken());
        fs::write(&file, policy("third")).unwrap();
        runtime.advance(INTERVAL);
        assert!(knows("third") && !knows("other") && !tokens.is_broken());
    }

    #[cfg(unix)]
    #[test]
    fn named_pipe_is_not_waited_for() {
        let folder = Folder::new("pipe");
        let file = folder.0.join("tokens.toml");
        fs::write(&file, policy("first")).unwrap();
        let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
        let tokens = Tokens::load(&file, runtime.clone()).unwrap();
        fs::remove_file(&file).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
        runtime.advance(INTERVAL);
        assert!(tokens.current().find("first").is_some() && tokens.is_broken());
    }

    #[cfg(unix)]
    #[test]
    fn file_that_everyone_may_write_is_rejected() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new("writable");
        let file = folder.0.join("tokens.toml");
        fs::write(&file, policy("first")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
        let error = Tokens::load(&file, runtime).unwrap_err();
        assert!(error.contains("everyone may write it"), "{error}");
    }
}

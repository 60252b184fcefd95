//! The policy file, read again when it changes.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_core::Runtime;
use cloud_core::runtime::within;
use sha2::{Digest, Sha256};

use crate::policy::Policies;

/// How long a change of the file may go unnoticed.
const INTERVAL: Duration = Duration::from_secs(1);

/// The largest policy file.
const LARGEST: u64 = 1024 * 1024;

/// How long a request waits for the file.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads the policy file.
type Reader = fn(&Path) -> Result<String, String>;

/// The policies that count now. The first request after an interval reads the file again.
#[derive(Clone, Debug)]
pub(crate) struct Tokens(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    file: Option<PathBuf>,
    reader: Reader,
    runtime: Arc<dyn Runtime>,
    held: Mutex<Held>,
    /// Whether the file is being read. Requests besides the first do not wait for it.
    reading: AtomicBool,
    /// When the last read was started, in milliseconds of the clock.
    started: AtomicU64,
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
    /// Whether a read has taken too long, and has not ended yet.
    late: bool,
}

impl Tokens {
    /// Policies that never change.
    pub(crate) fn fixed(policies: Policies, runtime: Arc<dyn Runtime>) -> Self {
        Self::new(None, read, policies, [0; 32], runtime)
    }

    /// Reads a policy file, and reads it again when it changes.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub(crate) fn load(path: &Path, runtime: Arc<dyn Runtime>) -> Result<Self, String> {
        Self::load_with(path, read, runtime)
    }

    fn load_with(path: &Path, reader: Reader, runtime: Arc<dyn Runtime>) -> Result<Self, String> {
        let text = reader(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let policies = Policies::read(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self::new(Some(path.to_owned()), reader, policies, Sha256::digest(&text).into(), runtime))
    }

    fn new(
        file: Option<PathBuf>,
        reader: Reader,
        policies: Policies,
        hash: [u8; 32],
        runtime: Arc<dyn Runtime>,
    ) -> Self {
        let checked = runtime.elapsed();
        let held = Mutex::new(Held { policies: Arc::new(policies), hash, checked, broken: false, late: false });
        let (reading, started, failures) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Shared { file, reader, runtime, held, reading, started, failures }))
    }

    /// The policies that count for a request that arrives now. The file is read on a thread of its own: a file system that
    /// hangs delays one request for a second, and no other.
    pub(crate) async fn current(&self) -> Arc<Policies> {
        let shared = &self.0;
        let due = shared.runtime.elapsed().saturating_sub(shared.held().checked) >= INTERVAL;
        if shared.file.is_some() && due && !shared.reading.swap(true, Ordering::AcqRel) {
            shared.started.store(millis(shared.runtime.elapsed()), Ordering::Release);
            let reading = Reading(Arc::clone(shared));
            let read = tokio::task::spawn_blocking(move || reading.0.read());
            if within(Box::pin(read), || shared.runtime.deadline(PATIENCE)).await.is_none() {
                shared.is_late();
            }
        }
        Arc::clone(&shared.held().policies)
    }

    /// How often the file was changed into one that cannot be used.
    pub(crate) fn failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }

    /// Whether the file has changed into one that cannot be used, or cannot be read in time.
    pub(crate) fn is_broken(&self) -> bool {
        // The request that started the read may have gone before the read was late.
        let since = millis(self.0.runtime.elapsed()).saturating_sub(self.0.started.load(Ordering::Acquire));
        let hangs = self.0.reading.load(Ordering::Acquire) && since >= millis(PATIENCE);
        let held = self.0.held();
        held.broken || held.late || hangs
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file was not read in time.
    fn is_late(&self) {
        self.held().late = true;
        tracing::error!("the policy file cannot be read in time; the last good one is kept until it is");
    }

    /// Reads the file, and uses it if it has changed. The whole file is compared: its time and size may be the same.
    fn read(&self) {
        let Some(file) = &self.file else { return };
        let now = self.runtime.elapsed();
        let text = (self.reader)(file);
        let hash = text.as_ref().map_or([1; 32], |text| Sha256::digest(text).into());
        let judged = (hash != self.held().hash).then(|| text.and_then(|text| Policies::read(&text)));
        let mut held = self.held();
        (held.checked, held.hash, held.late) = (now, hash, false);
        match judged {
            None => {}
            Some(Ok(policies)) => {
                held.policies = Arc::new(policies);
                held.broken = false;
                tracing::info!(file = %file.display(), "the policy file has changed and is in force");
            }
            Some(Err(error)) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                held.broken = true;
                tracing::error!(file = %file.display(), error, "the policy file cannot be used; the last good one is kept");
            }
        }
    }
}

/// A read in progress. Its end lets the next one begin, also if it panics.
struct Reading(Arc<Shared>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.reading.store(false, Ordering::Release);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
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
    use crate::testing::Folder;

    fn policy(token: &str) -> String {
        let hash: String = Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("[[token]]\nname = \"app\"\nsha256 = \"{hash}\"\n")
    }

    /// A policy file with the token `first`, and the policies that are read from it.
    struct Loaded {
        _folder: Folder,
        file: PathBuf,
        runtime: Arc<FakeRuntime>,
        tokens: Tokens,
    }

    fn loaded(name: &str, reader: Reader) -> Loaded {
        let folder = Folder::new(name);
        let file = folder.0.join("tokens.toml");
        fs::write(&file, policy("first")).unwrap();
        let runtime = Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
        let tokens = Tokens::load_with(&file, reader, runtime.clone()).unwrap();
        Loaded { _folder: folder, file, runtime, tokens }
    }

    /// Reads the file once it no longer hangs.
    fn read_after(hangs: &AtomicBool, path: &Path) -> Result<String, String> {
        while hangs.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        read(path)
    }

    #[tokio::test]
    async fn changed_file_is_in_force_after_an_interval_and_a_broken_one_never() {
        let Loaded { file, runtime, tokens, .. } = &loaded("tokens", read);
        let knows = async |token: &str| tokens.current().await.find(token).is_some();
        assert!(knows("first").await && !knows("other").await);
        fs::write(file, policy("other")).unwrap();
        assert!(knows("first").await && !knows("other").await, "the file is not read for each request");
        runtime.advance(INTERVAL);
        assert!(!knows("first").await && knows("other").await);
        for broken in ["", "[[token]]", "\u{0}", "[[token]]\nname = 1"] {
            fs::write(file, broken).unwrap();
            runtime.advance(INTERVAL);
            assert!(knows("other").await && tokens.is_broken(), "{broken:?}");
        }
        assert_eq!(tokens.failures(), 4);
        runtime.advance(INTERVAL);
        assert!(knows("other").await);
        assert_eq!(tokens.failures(), 4, "each content is reported once");
        fs::remove_file(file).unwrap();
        runtime.advance(INTERVAL);
        assert!(knows("other").await && tokens.is_broken());
        fs::write(file, policy("third")).unwrap();
        runtime.advance(INTERVAL);
        assert!(knows("third").await && !knows("other").await && !tokens.is_broken());
    }

    #[tokio::test]
    async fn file_system_that_hangs_delays_one_request_and_no_other() {
        static HANGS: AtomicBool = AtomicBool::new(false);
        let Loaded { file, runtime, tokens, .. } = &loaded("hanging", |path| read_after(&HANGS, path));
        HANGS.store(true, Ordering::Release);
        fs::write(file, policy("other")).unwrap();
        runtime.advance(INTERVAL);
        let (policies, ()) = tokio::join!(tokens.current(), async { runtime.advance(PATIENCE) });
        assert!(policies.find("first").is_some() && tokens.is_broken());
        // These do not wait at all: the clock stands still.
        for _ in 0..3 {
            assert!(tokens.current().await.find("first").is_some());
        }
        HANGS.store(false, Ordering::Release);
        while tokens.is_broken() {
            tokio::task::yield_now().await;
        }
        assert!(tokens.current().await.find("other").is_some());
    }

    #[tokio::test]
    async fn file_system_that_hangs_is_reported_although_its_request_has_gone() {
        static HANGS: AtomicBool = AtomicBool::new(false);
        let Loaded { runtime, tokens, .. } = &loaded("gone", |path| read_after(&HANGS, path));
        HANGS.store(true, Ordering::Release);
        runtime.advance(INTERVAL);
        // It starts the read, and is dropped before the read is late.
        {
            let mut gone = Box::pin(tokens.current());
            assert!(
                std::future::poll_fn(|context| std::task::Poll::Ready(gone.as_mut().poll(context))).await.is_pending()
            );
        }
        assert!(!tokens.is_broken());
        runtime.advance(PATIENCE);
        assert!(tokens.is_broken());
        HANGS.store(false, Ordering::Release);
        while tokens.is_broken() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn read_that_panics_does_not_end_the_reading() {
        static PANICS: AtomicBool = AtomicBool::new(false);
        let reader: Reader = |path| {
            assert!(!PANICS.load(Ordering::Acquire), "the test asked for it");
            read(path)
        };
        let Loaded { file, runtime, tokens, .. } = &loaded("panics", reader);
        PANICS.store(true, Ordering::Release);
        fs::write(file, policy("other")).unwrap();
        runtime.advance(INTERVAL);
        assert!(tokens.current().await.find("first").is_some());
        PANICS.store(false, Ordering::Release);
        assert!(tokens.current().await.find("other").is_some());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn named_pipe_is_not_waited_for() {
        let Loaded { file, runtime, tokens, .. } = &loaded("pipe", read);
        fs::remove_file(file).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(file).status().unwrap().success());
        runtime.advance(INTERVAL);
        assert!(tokens.current().await.find("first").is_some() && tokens.is_broken());
    }

    #[cfg(unix)]
    #[test]
    fn file_that_everyone_may_write_is_rejected() {
        use std::os::unix::fs::PermissionsExt;
        let Loaded { file, runtime, .. } = &loaded("writable", read);
        fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap();
        let error = Tokens::load(file, runtime.clone()).unwrap_err();
        assert!(error.contains("everyone may write it"), "{error}");
    }
}

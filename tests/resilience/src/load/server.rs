//! A sandbox as a process of its own: started, watched, stopped.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::clients::Variables;

/// How long a sandbox may take to say where it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running sandbox; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    endpoint: String,
    variables: Variables,
}

/// The sandbox's binary beside this program's own.
///
/// # Errors
/// When there is none, with the command that makes it.
pub(crate) fn beside() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
    let path = own.with_file_name(format!("cloud-sandbox{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() {
        return Ok(path);
    }
    Err(format!("{} does not exist: run `cargo build --release -p cloud-sandbox -p resilience` first", path.display()))
}

impl Server {
    /// Starts the binary on a free port, with its admin path and a fixed seed, and waits until it listens.
    ///
    /// # Errors
    /// When it cannot be started or says something unexpected.
    pub(crate) async fn start(binary: &Path, seed: u64) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("{} cannot be started: {error}", binary.display());
        let mut child = Command::new(binary)
            .args(["--port", "0", "--admin", "--random-seed", &seed.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let output = child.stdout.take().ok_or("the sandbox has no output")?;
        let mut lines = BufReader::new(output).lines();
        let (mut endpoint, mut variables) = (None, Variables::new());
        let reading = async {
            while let Some(line) = lines.next_line().await.map_err(failed)? {
                if let Some(url) = line.strip_prefix("listening on ") {
                    endpoint = Some(url.to_owned());
                } else if let Some((name, value)) =
                    line.strip_prefix("export ").and_then(|export| export.split_once('='))
                {
                    variables.insert(name.to_owned(), value.to_owned());
                }
                // The last of the lines that the command prints.
                if variables.contains_key("RISKEN_ACCESS_TOKEN") {
                    return Ok(());
                }
            }
            Err("the sandbox ended before it listened".to_owned())
        };
        let waited = tokio::time::timeout(PATIENCE, reading).await;
        waited.map_err(|_| "the sandbox did not say where it listens".to_owned())??;
        let endpoint = endpoint.ok_or("the sandbox did not say where it listens")?;
        Ok(Self { child, endpoint, variables })
    }

    /// The address, without a trailing slash.
    #[must_use]
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The variables that point the SDKs at it.
    #[must_use]
    pub(crate) fn variables(&self) -> Variables {
        self.variables.clone()
    }

    /// The id of the process, while it runs.
    #[must_use]
    pub(crate) fn process(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it had ended by itself, or cannot be ended.
    pub(crate) async fn stop(mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => self.child.kill().await.map_err(|error| format!("the sandbox cannot be stopped: {error}")),
            Ok(Some(status)) => Err(format!("the sandbox ended by itself: {status}")),
            Err(error) => Err(format!("the sandbox cannot be watched: {error}")),
        }
    }
}

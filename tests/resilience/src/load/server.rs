//! A sandbox in a separate process.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::clients::Variables;

/// How long a sandbox may take to print its address.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A running sandbox; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    endpoint: String,
    variables: Variables,
}

/// Returns the sandbox's binary beside this program's own.
///
/// # Errors
/// If there is none; the text has the command that builds it.
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
    /// If it cannot be started or prints something unexpected.
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
        let waited = tokio::time::timeout(TIMEOUT, reading).await;
        waited.map_err(|_| "the sandbox did not print its address".to_owned())??;
        let endpoint = endpoint.ok_or("the sandbox did not print its address")?;
        Ok(Self { child, endpoint, variables })
    }

    /// Returns the address, without a trailing slash.
    #[must_use]
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the environment variables for the SDKs.
    #[must_use]
    pub(crate) fn variables(&self) -> Variables {
        self.variables.clone()
    }

    /// Returns the process id, while it runs.
    #[must_use]
    pub(crate) fn process(&self) -> Option<u32> {
        self.child.id()
    }

    /// Stops the process.
    ///
    /// # Errors
    /// If it has already exited, or cannot be stopped.
    pub(crate) async fn stop(mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => self.child.kill().await.map_err(|error| format!("the sandbox cannot be stopped: {error}")),
            Ok(Some(status)) => Err(format!("the sandbox exited: {status}")),
            Err(error) => Err(format!("the sandbox cannot be watched: {error}")),
        }
    }
}

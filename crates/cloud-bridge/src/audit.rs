//! The audit log: a line of JSON for each request, written before the response is sent.

use std::fmt;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{mpsc, oneshot};

/// Lines that wait to be written. A request waits if there are more.
const WAITING: usize = 1_024;

/// A line of the audit log.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) time: String,
    /// The name of the token; none if the request had none that is known.
    pub(crate) token: Option<String>,
    /// The method, with PUT as POST and a list as LIST.
    pub(crate) operation: String,
    /// The decoded path; none if it could not be read.
    pub(crate) path: Option<String>,
    /// None if the client went away before the response.
    pub(crate) status: Option<u16>,
    pub(crate) duration_ms: f64,
    /// Vault's ID of this request, which the response carries.
    pub(crate) request_id: String,
    /// The clouds' IDs of the requests that this one led to.
    pub(crate) cloud_request_ids: Vec<String>,
}

/// The time of a line.
pub(crate) fn written(now: OffsetDateTime) -> String {
    now.format(&Rfc3339).unwrap_or_default()
}

/// Milliseconds with three decimals.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1_000.0
}

type Job = (Vec<u8>, Option<oneshot::Sender<bool>>);

/// Where lines go. A thread of its own writes them, all that wait in one go.
#[derive(Clone)]
pub(crate) struct Audit(Option<mpsc::Sender<Job>>);

/// A log that could not be written.
#[derive(Debug)]
pub(crate) struct NotWritten;

impl Audit {
    /// No log.
    pub(crate) fn off() -> Self {
        Self(None)
    }

    /// Starts the thread that writes lines.
    ///
    /// # Errors
    /// When no thread can be made.
    pub(crate) fn start(target: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, jobs) = mpsc::channel(WAITING);
        thread::Builder::new().name("audit-log".to_owned()).spawn(move || write(target, jobs))?;
        Ok(Self(Some(sender)))
    }

    /// Writes a line and waits until it has been written.
    pub(crate) async fn write(&self, line: &Line) -> Result<(), NotWritten> {
        self.write_bytes(encode(line)).await
    }

    /// Waits until all lines so far have been written.
    pub(crate) async fn flush(&self) {
        // A failure has been reported for each line.
        let _ = self.write_bytes(Vec::new()).await;
    }

    async fn write_bytes(&self, bytes: Vec<u8>) -> Result<(), NotWritten> {
        let Some(sender) = &self.0 else { return Ok(()) };
        let (done, written) = oneshot::channel();
        sender.send((bytes, Some(done))).await.map_err(|_| NotWritten)?;
        written.await.ok().filter(|written| *written).map(|_| ()).ok_or(NotWritten)
    }

    /// Writes a line without waiting. It is lost if too many lines wait.
    pub(crate) fn note(&self, line: &Line) {
        if let Some(sender) = &self.0
            && sender.try_send((encode(line), None)).is_err()
        {
            tracing::error!("a line of the audit log is lost");
        }
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Audit").field(&self.0.is_some()).finish()
    }
}

fn encode(line: &Line) -> Vec<u8> {
    // Strings and numbers can always be written.
    let mut bytes = serde_json::to_vec(line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn write(mut target: impl Write, mut jobs: mpsc::Receiver<Job>) {
    let (mut bytes, mut waiting) = (Vec::new(), Vec::new());
    while let Some(job) = jobs.blocking_recv() {
        let mut next = Some(job);
        while let Some((line, done)) = next {
            bytes.extend(line);
            waiting.extend(done);
            next = jobs.try_recv().ok();
        }
        let written = target.write_all(&bytes).and_then(|()| target.flush());
        if let Err(error) = &written {
            tracing::error!(%error, "the audit log cannot be written");
        }
        for done in waiting.drain(..) {
            // Who waited may have gone.
            let _ = done.send(written.is_ok());
        }
        bytes.clear();
    }
}

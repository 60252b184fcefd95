//! The audit log: a line of JSON for each request, written before the response is sent.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{mpsc, oneshot};

/// Lines that wait to be written. A request waits if there are more.
const WAITING: usize = 1_024;

/// A line of the audit log.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) time: String,
    /// The name of the token; none if the request had none that is known.
    pub(crate) token: Option<String>,
    /// The method, with PUT as POST and a list as LIST.
    pub(crate) operation: String,
    /// The decoded path; none if it could not be read.
    pub(crate) path: Option<String>,
    /// None if the client went away before the response, or if the request has not been executed yet.
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
pub(crate) struct Audit(Option<Queue>);

#[derive(Clone)]
struct Queue {
    sender: mpsc::Sender<Job>,
    /// Whether the last write has worked.
    written: Arc<AtomicBool>,
}

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
        let written = Arc::new(AtomicBool::new(true));
        let state = Arc::clone(&written);
        thread::Builder::new().name("audit-log".to_owned()).spawn(move || write(target, jobs, &state))?;
        Ok(Self(Some(Queue { sender, written })))
    }

    /// Writes a line and waits until it has been written. `taken` is called when it can no longer be lost by dropping this.
    pub(crate) async fn write(&self, line: &Line, taken: impl FnOnce()) -> Result<(), NotWritten> {
        self.write_bytes(encode(line), taken).await
    }

    /// Waits until all lines so far have been written.
    pub(crate) async fn flush(&self) {
        // A failure has been reported for each line.
        let _ = self.write_bytes(Vec::new(), || ()).await;
    }

    async fn write_bytes(&self, bytes: Vec<u8>, taken: impl FnOnce()) -> Result<(), NotWritten> {
        let Some(queue) = &self.0 else {
            taken();
            return Ok(());
        };
        let (done, written) = oneshot::channel();
        queue.sender.send((bytes, Some(done))).await.map_err(|_| NotWritten)?;
        taken();
        written.await.ok().filter(|written| *written).map(|_| ()).ok_or(NotWritten)
    }

    /// Whether the last write has worked, and none is late.
    pub(crate) fn is_written(&self) -> bool {
        self.0.as_ref().is_none_or(|queue| queue.written.load(Ordering::Acquire))
    }

    /// A line was not written in time.
    pub(crate) fn is_late(&self) {
        if let Some(queue) = &self.0 {
            queue.written.store(false, Ordering::Release);
        }
    }

    /// Writes a line without waiting. It is lost if too many lines wait.
    pub(crate) fn note(&self, line: &Line) {
        if let Some(queue) = &self.0
            && queue.sender.try_send((encode(line), None)).is_err()
        {
            self.is_late();
            tracing::error!(request_id = line.request_id, "a line of the audit log is lost");
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

/// A target of lines, of which one may be incomplete.
struct Lines<W> {
    target: W,
    /// Whether the last line may have been written in part.
    torn: bool,
}

impl<W: Write> Lines<W> {
    /// Writes lines. What follows a line that was written in part begins on a line of its own.
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let end: &[u8] = if self.torn { b"\n" } else { b"" };
        for mut rest in [end, lines] {
            while !rest.is_empty() {
                let count = match self.target.write(rest) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(count) => count.min(rest.len()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                let (written, left) = rest.split_at(count);
                self.torn = written.last() != Some(&b'\n');
                rest = left;
            }
        }
        // A target with a buffer may have written any part of it.
        self.target.flush().inspect_err(|_| self.torn = true)
    }
}

fn write(target: impl Write, mut jobs: mpsc::Receiver<Job>, state: &AtomicBool) {
    let mut target = Lines { target, torn: false };
    let (mut bytes, mut waiting) = (Vec::new(), Vec::new());
    while let Some(job) = jobs.blocking_recv() {
        // On a busy machine, other requests hand over their lines meanwhile, and one write serves them all.
        thread::yield_now();
        let mut next = Some(job);
        while let Some((line, done)) = next {
            bytes.extend(line);
            waiting.extend(done);
            next = jobs.try_recv().ok();
        }
        let written = target.write(&bytes);
        state.store(written.is_ok(), Ordering::Release);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, fails once, and then takes everything.
    struct Full {
        left: usize,
        failed: bool,
        taken: Vec<u8>,
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.left == 0 && !self.failed {
                self.failed = true;
                return Err(io::ErrorKind::StorageFull.into());
            }
            let count = if self.failed { bytes.len() } else { bytes.len().min(self.left) };
            self.left -= if self.failed { 0 } else { count };
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn line_after_one_that_was_written_in_part_is_on_its_own() {
        let (first, second) = (b"{\"a\":1}\n", b"{\"b\":2}\n");
        for left in 0..=first.len() * 2 {
            let mut lines = Lines { target: Full { left, failed: false, taken: Vec::new() }, torn: false };
            // The space ends in one of these.
            let outcomes = [lines.write(first), lines.write(first), lines.write(first)];
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 1, "{left}");
            lines.write(second).unwrap();
            let text = String::from_utf8(lines.target.taken).unwrap();
            let broken = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_err();
            // No more than the line that was written in part, and none that is empty.
            assert!(text.lines().filter(broken).count() <= 1, "{left}: {text:?}");
            assert!(text.lines().count() - text.lines().filter(broken).count() >= 3, "{left}: {text:?}");
            assert!(text.lines().all(|line| !line.is_empty()) && text.ends_with("\n{\"b\":2}\n"), "{left}: {text:?}");
        }
    }
}

//! A thread that runs requests while synchronous callers wait.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use cloud_core::{Delivery, Error, ErrorKind, Result};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;

use crate::keys::panicked;

/// Runs requests on a thread of its own, which starts with the first and ends when this is dropped.
pub(super) struct Worker {
    time_limit: Duration,
    started: Mutex<Option<Started>>,
}

struct Started {
    /// A forked child has none of its parent's threads.
    process: u32,
    handle: Handle,
    /// The thread ends once this is dropped.
    _alive: oneshot::Sender<()>,
}

impl Worker {
    pub(super) fn new(time_limit: Duration) -> Self {
        Self { time_limit, started: Mutex::new(None) }
    }

    /// Blocks the current thread, of whatever runtime, until the request has ended or the time limit has passed.
    pub(super) fn run<T: Send + 'static>(
        &self,
        request: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        // The standard library's channel: tokio's must not block within a runtime.
        let (sender, receiver) = mpsc::sync_channel(1);
        let job = async move {
            // The receiver is gone if the caller has given up.
            let _ = sender.send(request.await);
        };
        let task = self.handle()?.spawn(job.in_current_span().with_current_subscriber());
        receiver.recv_timeout(self.time_limit).unwrap_or_else(|failure| {
            task.abort();
            Err(match failure {
                RecvTimeoutError::Timeout => Error::new(ErrorKind::Timeout, LATE),
                // Only a panic of the source drops the sender without a result.
                RecvTimeoutError::Disconnected => panicked(),
            })
        })
    }

    fn handle(&self) -> Result<Handle> {
        let process = std::process::id();
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let current = match started.take().filter(|started| started.process == process) {
            Some(current) => current,
            None => start(process)?,
        };
        Ok(started.insert(current).handle.clone())
    }
}

/// The clients of the SDKs end sooner by themselves, unless what drives them is blocked.
const LATE: &str = "no response within the time limit of the Parquet client: if the source of keys needs a task of the \
                    runtime that this call blocks, use a runtime with several threads, or call within `spawn_blocking`";

fn start(process: u32) -> Result<Started> {
    let failed = |error| {
        let text = "the thread of the Parquet client cannot be started";
        Error::builder(ErrorKind::Config, text).delivery(Delivery::NotSent).source(error).build()
    };
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let handle = runtime.handle().clone();
    let (alive, ended) = oneshot::channel::<()>();
    let run = move || {
        // An error says that the sender was dropped, which ends the thread and what is still running on it.
        let _ = runtime.block_on(ended);
    };
    thread::Builder::new().name("cloud-envelope".to_owned()).spawn(run).map_err(failed)?;
    Ok(Started { process, handle, _alive: alive })
}

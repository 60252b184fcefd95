//! A run as its caller sees it: a stream of progress, a way to stop, and a summary.

use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use cloud_core::{BoxFuture, Result};
use futures_core::Stream;
use tokio::sync::{mpsc, watch};

use super::drive::Driver;
use super::{Fleet, Inspect, Progress, Summary};

/// Steps that may wait for the caller. More are produced only when the caller takes them.
const WAITING: usize = 1;

/// A run. It makes progress while it is awaited or polled. Dropping it cancels it: what is not in the checkpoint by then is
/// inspected again by the next run.
#[must_use = "a run makes progress only while it is awaited"]
pub struct Run {
    /// Never locked: it makes the type `Sync`.
    driver: Option<Mutex<BoxFuture<'static, Result<Summary>>>>,
    progress: mpsc::Receiver<Progress>,
    summary: Option<Result<Summary>>,
    stop: Arc<watch::Sender<bool>>,
}

impl Run {
    pub(super) fn new(fleet: Fleet, inspect: Inspect) -> Self {
        let (sender, progress) = mpsc::channel(WAITING);
        let (stop, stopped) = watch::channel(false);
        let driver = Driver::new(fleet, inspect, stopped, sender).run();
        Self { driver: Some(Mutex::new(Box::pin(driver))), progress, summary: None, stop: Arc::new(stop) }
    }

    /// Returns the next step, or `None` after the last one. Then [`finish`](Self::finish) returns the summary.
    pub async fn next(&mut self) -> Option<Progress> {
        poll_fn(|context| self.poll_step(context)).await
    }

    /// Runs to the end and returns the summary. The reports of the remaining steps are dropped; with a checkpoint they
    /// are in the file.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the checkpoint cannot be read or written, or is in use, and
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if it is not a checkpoint. The failure of a target is not an
    /// error of the run.
    pub async fn finish(mut self) -> Result<Summary> {
        while self.next().await.is_some() {}
        self.summary.take().unwrap_or_else(|| Ok(Summary::default()))
    }

    /// Returns a handle that stops the run from elsewhere, such as from a handler of Ctrl-C.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }

    fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<Option<Progress>> {
        // What was reported before comes first.
        if let Poll::Ready(Some(step)) = self.progress.poll_recv(context) {
            return Poll::Ready(Some(step));
        }
        if let Some(driver) = &mut self.driver
            && let Poll::Ready(summary) =
                driver.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(context)
        {
            self.summary = Some(summary);
            self.driver = None;
        }
        self.progress.poll_recv(context)
    }
}

/// Stops a run: no other target begins, those in work are cancelled, and [`Run::finish`] returns the summary so far.
#[derive(Clone)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    /// Stops the run.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stream for Run {
    type Item = Progress;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Progress>> {
        self.poll_step(context)
    }
}

impl IntoFuture for Run {
    type Output = Result<Summary>;
    type IntoFuture = BoxFuture<'static, Result<Summary>>;

    /// As [`finish`](Run::finish).
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.finish())
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("ended", &self.summary.is_some()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopper").field("stopped", &*self.0.borrow()).finish()
    }
}

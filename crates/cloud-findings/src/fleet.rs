//! Inspections of a fleet: many accounts, regions and services, a bounded number of them at a time.
//!
//! If a target fails, the others are still inspected. With a checkpoint, a run that was killed continues where it was.
//!
//! ```no_run
//! use cloud_findings::fleet::{self, Progress, Target};
//! use cloud_findings::{Report, Result};
//!
//! # async fn inspect_account(account: &str, region: Option<&str>) -> Result<Report> { Ok(Report::new()) }
//! # async fn run() -> Result<()> {
//! let targets = ["web", "pay"].map(|account| Target::new(account, "security-advisor").in_region("KR1"));
//! let mut run = fleet::over(targets)
//!     .concurrency(16)
//!     .checkpoint("findings.fleet")
//!     .run(|target| async move { inspect_account(&target.account, target.region.as_deref()).await });
//! while let Some(progress) = run.next().await {
//!     if let Progress::Failed { target, error } = progress {
//!         eprintln!("{target}: {error}");
//!     }
//! }
//! let summary = run.finish().await?;
//! println!("{} of {} targets are done", summary.done, summary.targets);
//!
//! let mut file = std::fs::File::create("findings.jsonl").map_err(fleet::io_error("findings.jsonl"))?;
//! fleet::export(["findings.fleet"], &mut file)?;
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloud_core::runtime::TokioRuntime;
use cloud_core::{Result, Runtime};

use crate::Report;

mod account;
mod drive;
mod export;
mod journal;
mod progress;
mod run;
mod target;

pub use export::{export, read, read_shard};
pub use journal::io_error;
pub use progress::{Progress, Summary};
pub use run::{Run, Stopper};
pub use target::{Shard, Target};

/// Creates an inspection of these targets. They are taken one after another, when a place is free.
///
/// A target that is listed twice is inspected twice, and its later result counts. List the targets of an account one
/// after another: the account's deadline and retries are forgotten when no target of it is in work and the next one
/// belongs to another account.
pub fn over<I>(targets: I) -> Fleet
where
    I: IntoIterator<Item = Target>,
    I::IntoIter: Send + 'static,
{
    Fleet {
        targets: Mutex::new(Box::new(targets.into_iter())),
        concurrency: DEFAULT_CONCURRENCY,
        checkpoint: None,
        max_age: None,
        shard: None,
        limits: account::Limits { deadline: None, retries: 3 },
        runtime: Arc::new(TokioRuntime::default()),
    }
}

const DEFAULT_CONCURRENCY: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// The settings of an inspection; made by [`over`].
#[must_use = "call `run` to inspect"]
pub struct Fleet {
    /// Never locked: it makes the type `Sync`.
    targets: Mutex<Box<dyn Iterator<Item = Target> + Send>>,
    concurrency: NonZeroUsize,
    checkpoint: Option<PathBuf>,
    max_age: Option<Duration>,
    shard: Option<Shard>,
    limits: account::Limits,
    runtime: Arc<dyn Runtime>,
}

impl Fleet {
    /// Sets how many targets are inspected at a time: 16 unless set. 0 counts as 1.
    pub fn concurrency(mut self, targets: usize) -> Self {
        self.concurrency = NonZeroUsize::new(targets).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// Sets the file that keeps the results, each written to the disk before its [`Progress`] is reported. A run with
    /// the file of an earlier one inspects only the targets that failed, were incomplete or were not reached, however
    /// old the results of the others are: use one file for each inspection, or set [`max_age`](Self::max_age). Its size
    /// follows the number of targets that were ever in it, not of runs: a file that is mostly replaced results is compacted
    /// (on Unix). The file is locked as long as the run lasts; if a run is dropped, until it has written what it was
    /// writing. [`read`] and [`export`] return its results. A file that exists and is not a checkpoint is an error, and is
    /// left as it is.
    ///
    /// The file contains findings: on Unix, only its owner may read it.
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint = Some(path.into());
        self
    }

    /// Inspects a target again if its result in the checkpoint is of a run that began earlier than this before now:
    /// results of any age count unless set. A job that runs each night with the same file sets less than a day; killed
    /// and started again, it still continues where it was.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Inspects one share of the targets, for runs on several machines. An account is in one shard, whatever other
    /// accounts are added. The shards need a checkpoint each.
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = Some(shard);
        self
    }

    /// Sets how long the targets of an account may take together, from the start of its first one: no limit unless set.
    /// When it has passed, targets in work are cancelled, and those and the remaining ones fail.
    pub fn account_deadline(mut self, limit: Duration) -> Self {
        self.limits.deadline = Some(limit);
        self
    }

    /// Sets how many failures of an account's targets may be followed by another attempt: 3 unless set. An error is
    /// followed by one if it [`may_resend`](cloud_core::Error::may_resend), unless the service asks for a delay of more
    /// than 30 seconds. This is in addition to the retries of the client. A report that is incomplete is not an error:
    /// its target is inspected again by the next run with the checkpoint.
    pub fn account_retries(mut self, retries: u32) -> Self {
        self.limits.retries = retries;
        self
    }

    /// Sets the clock, the timers and the random numbers.
    pub fn runtime(mut self, runtime: impl Runtime + 'static) -> Self {
        self.runtime = Arc::new(runtime);
        self
    }

    /// Starts the inspections when the result is awaited or polled. `inspect` is called for each target, again after an
    /// error that may be followed by another attempt, and runs as a task of the tokio runtime. Dropping the [`Run`] cancels it.
    pub fn run<F, Fut>(self, inspect: F) -> Run
    where
        F: Fn(Target) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Report>> + Send + 'static,
    {
        let inspect: Inspect = Arc::new(move |target| Box::pin(inspect(target)));
        Run::new(self, inspect)
    }
}

/// The caller's inspection.
type Inspect = Arc<dyn Fn(Target) -> cloud_core::BoxFuture<'static, Result<Report>> + Send + Sync>;

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("concurrency", &self.concurrency)
            .field("checkpoint", &self.checkpoint)
            .field("max_age", &self.max_age)
            .field("shard", &self.shard)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

//! The loop of a run: starts targets while there are free places, and stores results before it reports them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use cloud_core::runtime::within;
use cloud_core::{Error, ErrorKind, Result, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet, spawn_blocking};

use super::account::{Account, Accounts};
use super::journal::{Begin, Journal};
use super::{Fleet, Inspect, Progress, Summary, Target};
use crate::{Millis, Report};

/// The delay before the second attempt; it doubles up to the longest one, and a random part of it is waited. A service
/// that asks for more than the longest one is not asked again.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// The end of one inspection.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) target: Target,
    pub(super) result: Result<Report>,
}

/// A run in progress.
pub(super) struct Driver {
    fleet: Fleet,
    inspect: Inspect,
    stopped: watch::Receiver<bool>,
    progress: mpsc::Sender<Progress>,
    journal: Option<Journal>,
    accounts: Accounts,
    in_work: JoinSet<Result<Report>>,
    /// The targets of the tasks.
    targets: HashMap<Id, Target>,
    summary: Summary,
}

impl Driver {
    pub(super) fn new(
        fleet: Fleet,
        inspect: Inspect,
        stopped: watch::Receiver<bool>,
        progress: mpsc::Sender<Progress>,
    ) -> Self {
        Self {
            fleet,
            inspect,
            stopped,
            progress,
            journal: None,
            accounts: Accounts::default(),
            in_work: JoinSet::new(),
            targets: HashMap::new(),
            summary: Summary::default(),
        }
    }

    /// Runs to the end of the list, or until it is stopped.
    pub(super) async fn run(mut self) -> Result<Summary> {
        self.fleet.runtime.ready()?;
        if let Some(path) = self.fleet.checkpoint.take() {
            let now = self.fleet.runtime.now();
            let begin = Begin::new(now, self.fleet.shard);
            let oldest = self.fleet.max_age.map(|age| now.checked_sub(age.try_into().unwrap_or(time::Duration::MAX)));
            let oldest = oldest.map(|oldest| oldest.map(Millis::from).unwrap_or_default());
            self.journal = Some(blocking(move || Journal::open(path, begin, oldest)).await?);
        }
        loop {
            self.fill().await?;
            let mut stopped = self.stopped.clone();
            let ended = tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => {
                    self.in_work.abort_all();
                    self.summary.stopped = true;
                    return Ok(self.summary);
                }
                ended = self.in_work.join_next_with_id() => ended,
            };
            let Some(first) = ended else { break };
            let mut outcomes = vec![self.outcome(first)];
            // One sync to the disk serves all that have ended meanwhile.
            while let Some(ended) = self.in_work.try_join_next_with_id() {
                let outcome = self.outcome(ended);
                outcomes.push(outcome);
            }
            self.store(outcomes).await?;
        }
        if let Some(mut journal) = self.journal.take() {
            let targets = self.summary.targets;
            blocking(move || journal.end(targets)).await?;
        }
        Ok(self.summary)
    }

    /// Starts targets until every place is taken.
    async fn fill(&mut self) -> Result<()> {
        while self.in_work.len() < self.fleet.concurrency.get() && !*self.stopped.borrow() {
            let targets = self.fleet.targets.get_mut().unwrap_or_else(PoisonError::into_inner);
            let Some(target) = targets.next() else { break };
            if self.fleet.shard.is_some_and(|shard| !shard.contains(&target)) {
                continue;
            }
            self.summary.targets += 1;
            if let Some(journal) = self.journal.as_mut().filter(|journal| journal.has_done(&target)) {
                if journal.keep(&target)? {
                    self.store(Vec::new()).await?;
                }
                self.summary.skipped += 1;
                self.report(Progress::Skipped { target }).await;
                continue;
            }
            let runtime = Arc::clone(&self.fleet.runtime);
            let account = self.accounts.enter(&target.account, self.fleet.limits, runtime.elapsed());
            let work = inspect(Arc::clone(&self.inspect), target.clone(), account, runtime);
            let task = self.in_work.spawn(work);
            self.targets.insert(task.id(), target.clone());
            self.report(Progress::Started { target }).await;
        }
        Ok(())
    }

    /// The result of a task that has ended, with its target.
    fn outcome(&mut self, ended: std::result::Result<(Id, Result<Report>), JoinError>) -> Outcome {
        let (id, result) = ended.unwrap_or_else(|error| {
            // Tasks are aborted only when the run ends, or with the runtime.
            let text = match error.is_panic() {
                true => "the inspection panicked; the panic message is in the program's error output",
                false => "the runtime shut down during the inspection",
            };
            (error.id(), Err(Error::new(ErrorKind::FailureState, text)))
        });
        let target = self.targets.remove(&id).unwrap_or_else(|| Target::new("", ""));
        self.accounts.leave(&target.account);
        Outcome { target, result }
    }

    /// Writes results to the checkpoint, then reports them.
    async fn store(&mut self, mut outcomes: Vec<Outcome>) -> Result<()> {
        if let Some(mut journal) = self.journal.take() {
            let (journal, written) = blocking(move || {
                journal.append(&outcomes)?;
                Ok((journal, outcomes))
            })
            .await?;
            (self.journal, outcomes) = (Some(journal), written);
        }
        for Outcome { target, result } in outcomes {
            let progress = match result {
                Ok(report) => {
                    self.summary.count(&report);
                    Progress::Done { target, report }
                }
                Err(error) => {
                    self.summary.failed += 1;
                    Progress::Failed { target, error }
                }
            };
            self.report(progress).await;
        }
        Ok(())
    }

    async fn report(&self, progress: Progress) {
        // Without a receiver nobody polls this future either.
        let _ = self.progress.send(progress).await;
    }
}

/// Inspects a target, within the deadline and with the retries of its account.
async fn inspect(inspect: Inspect, target: Target, account: Arc<Account>, runtime: Arc<dyn Runtime>) -> Result<Report> {
    let mut delay = FIRST_DELAY;
    loop {
        let left = account.left(runtime.elapsed());
        let error = match attempt(&inspect, &target, left, &*runtime).await {
            Err(error) if error.may_resend() => error,
            ended => return ended,
        };
        // A service that is closed for longer holds no place that another account could have.
        if error.retry_after().is_some_and(|asked| asked > LONGEST_DELAY) || !account.take_retry() {
            return Err(error);
        }
        let wait = jittered(delay, runtime.random()).max(error.retry_after().unwrap_or_default());
        if account.left(runtime.elapsed()).is_some_and(|left| left <= wait) {
            return Err(error);
        }
        runtime.sleep(wait).await;
        delay = (delay * 2).min(LONGEST_DELAY);
    }
}

async fn attempt(inspect: &Inspect, target: &Target, left: Option<Duration>, runtime: &dyn Runtime) -> Result<Report> {
    let over =
        || Error::new(ErrorKind::Timeout, "the deadline of the account has passed; raise it with account_deadline()");
    match left {
        Some(Duration::ZERO) => Err(over()),
        Some(left) => within(inspect(target.clone()), || runtime.deadline(left)).await.unwrap_or_else(|| Err(over())),
        None => inspect(target.clone()).await,
    }
}

/// A random part of a delay.
fn jittered(delay: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(random % nanos.max(1))
}

/// Runs what waits for the disk outside the runtime's threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let failed = |_| Error::new(ErrorKind::FailureState, "the runtime shut down while the checkpoint was written");
    spawn_blocking(work).await.map_err(failed)?
}

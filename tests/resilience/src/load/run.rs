//! One run of many calls: what is called, how long it takes, and what goes wrong.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cloud_core::{CallContext, Error, Result};

use super::chance::Chance;
use super::clients::Clients;
use super::meter::Meter;
use super::operations::Operations;
use super::strike::{Strike, Strikes};

/// How many problems are kept in full; the rest is counted.
const SHOWN: usize = 20;

/// What all scenarios of a run share.
#[derive(Debug)]
pub(crate) struct Run {
    operations: Operations,
    strikes: Option<Strikes>,
    meter: Meter,
    calls: AtomicU64,
    called: Mutex<BTreeSet<String>>,
    problems: Mutex<Vec<String>>,
    count: AtomicU64,
    counted: AtomicU64,
}

impl Run {
    /// A run that has called nothing yet; some of its calls are struck by faults where there are strikes.
    #[must_use]
    pub(crate) fn new(strikes: Option<Strikes>) -> Self {
        Self {
            operations: Operations::default(),
            strikes,
            meter: Meter::default(),
            calls: AtomicU64::new(0),
            called: Mutex::default(),
            problems: Mutex::default(),
            count: AtomicU64::new(0),
            counted: AtomicU64::new(0),
        }
    }

    /// How many calls were begun.
    #[must_use]
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The latencies.
    #[must_use]
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The faults of this run.
    #[must_use]
    pub(crate) fn strikes(&self) -> Option<&Strikes> {
        self.strikes.as_ref()
    }

    /// How many unsafe calls were compared with what the service has of them.
    #[must_use]
    pub(crate) fn counted(&self) -> u64 {
        self.counted.load(Ordering::Relaxed)
    }

    /// How many operations were called, each version for itself.
    #[must_use]
    pub(crate) fn operations(&self) -> usize {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Everything that should not have happened: how often, and the first of it in words.
    #[must_use]
    pub(crate) fn problems(&self) -> (u64, Vec<String>) {
        let shown = self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (self.count.load(Ordering::Relaxed), shown)
    }

    /// Takes note of something that should not have happened.
    pub(crate) fn problem(&self, what: String) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut shown = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.len() < SHOWN && !shown.contains(&what) {
            shown.push(what);
        }
    }

    fn begin(&self, name: &str) -> Option<CallContext> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let operation = self.operations.find(name);
        if operation.is_none() {
            self.problem(format!("{name} is no operation"));
        }
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        if !called.contains(name) {
            called.insert(name.to_owned());
        }
        operation
    }
}

/// One scenario of a run: a few calls that belong together.
#[derive(Debug)]
pub(crate) struct Turn {
    /// The run.
    pub(crate) run: Arc<Run>,
    /// The SDKs.
    pub(crate) clients: Clients,
    /// This scenario's own chance.
    pub(crate) chance: Chance,
    /// A name that no other scenario has.
    pub(crate) tag: String,
    /// Which of the scenarios that run side by side this is.
    pub(crate) slot: u64,
}

/// How a call ended, as far as its scenario needs to know.
#[derive(Debug)]
pub(crate) struct Called<T> {
    /// The answer, unless the call failed.
    pub(crate) value: Option<T>,
    /// How often the service may have done what was asked, for a call that was struck by a fault.
    pub(crate) executed: Option<RangeInclusive<u64>>,
}

impl Turn {
    /// Makes a call, which a fault may strike.
    pub(crate) async fn call<T>(
        &mut self,
        name: &str,
        call: impl IntoFuture<Output = Result<T>, IntoFuture: Send>,
    ) -> Option<T> {
        self.tried(name, call).await.value
    }

    /// Makes a call, which a fault may strike, and says what may have come of it.
    pub(crate) async fn tried<T>(
        &mut self,
        name: &str,
        call: impl IntoFuture<Output = Result<T>, IntoFuture: Send>,
    ) -> Called<T> {
        let run = Arc::clone(&self.run);
        let Some(context) = run.begin(name) else { return Called { value: None, executed: None } };
        let strike = run.strikes.as_ref().and_then(|strikes| strikes.choose(context, &mut self.chance));
        let begun = Instant::now();
        let (outcome, strike) = match &run.strikes {
            Some(strikes) => strikes.make(context, strike, call.into_future()).await,
            None => (call.into_future().await, None),
        };
        if strike.is_none() {
            run.meter.add(class(context), begun.elapsed());
        }
        let executed = self.judge(context, strike.as_ref(), outcome.as_ref().err());
        Called { value: outcome.ok(), executed }
    }

    /// Makes a call that no fault strikes.
    pub(crate) async fn again<T>(
        &mut self,
        name: &str,
        call: impl IntoFuture<Output = Result<T>, IntoFuture: Send>,
    ) -> Option<T> {
        let outcome = self.unstruck(name, call).await?;
        outcome.map_err(|error| self.run.problem(error.to_string())).ok()
    }

    /// Makes a call that must succeed in the end, or find its work done, so that nothing is left behind.
    pub(crate) async fn surely<T, C>(&mut self, name: &str, call: impl Fn() -> C)
    where
        C: IntoFuture<Output = Result<T>, IntoFuture: Send>,
    {
        if self.call(name, call()).await.is_some() || self.run.strikes.is_none() {
            return;
        }
        match self.unstruck(name, call()).await {
            Some(Err(error)) if !matches!(error.status(), Some(400 | 404)) => self.run.problem(error.to_string()),
            _ => {}
        }
    }

    async fn unstruck<T>(
        &self,
        name: &str,
        call: impl IntoFuture<Output = Result<T>, IntoFuture: Send>,
    ) -> Option<Result<T>> {
        let context = self.run.begin(name)?;
        Some(match &self.run.strikes {
            Some(strikes) => strikes.make(context, None, call.into_future()).await.0,
            None => call.into_future().await,
        })
    }

    /// Compares what the service did with what it may have done.
    pub(crate) fn counted(&self, name: &str, executed: &RangeInclusive<u64>, seen: Option<u64>) {
        self.run.counted.fetch_add(1, Ordering::Relaxed);
        match seen {
            Some(seen) if executed.contains(&seen) => {}
            Some(seen) => self.run.problem(format!("{name} was carried out {seen} times, expected {executed:?}")),
            None => self.run.problem(format!("{name} could not be counted")),
        }
    }

    /// Takes note of an answer that does not say what it should.
    pub(crate) fn wrong(&self, what: &str) {
        self.run.problem(format!("{what} ({})", self.tag));
    }

    fn judge(
        &self,
        context: CallContext,
        strike: Option<&Strike>,
        error: Option<&Error>,
    ) -> Option<RangeInclusive<u64>> {
        let Some(strike) = strike else {
            if let Some(error) = error {
                self.run.problem(error.to_string());
            }
            return None;
        };
        match strike.judge(context, error) {
            Ok(executed) => Some(executed),
            Err(why) => {
                self.run.problem(why);
                Some(0..=1)
            }
        }
    }
}

/// Calls that may make an RSA key take their time for a reason of their own.
fn class(call: CallContext) -> &'static str {
    match (call.version.service, call.operation.name) {
        ("kms", "create_key" | "rotate_key") => "SCP kms, create and rotate",
        ("kms", _) => "SCP kms",
        ("secretsmanager", _) => "SCP secretsmanager",
        ("secretvault", _) => "SCP secretvault",
        ("certificatemanager", "create_self_signed_certificate") => "SCP certificatemanager, self-signed",
        ("certificatemanager", _) => "SCP certificatemanager",
        ("configinspection", _) => "SCP configinspection",
        ("secure-key-manager", _) => "NHN secure-key-manager",
        ("security-advisor", _) => "NHN security-advisor",
        ("server-security-check", _) => "NHN server-security-check",
        _ => "RISKEN aws",
    }
}

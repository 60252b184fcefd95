//! One run of many calls: operations, latencies and problems.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cloud_core::{CallContext, Error, Result};

use super::clients::Clients;
use super::inject::{FaultInjector, InjectedFault};
use super::latency::Latencies;
use super::operations::Operations;
use super::random::SeededRandom;

/// How many problems keep their text; the others are only counted.
const SHOWN: usize = 20;

/// The state that all scenarios of a run share.
#[derive(Debug)]
pub(crate) struct Run {
    operations: Operations,
    injector: Option<FaultInjector>,
    latencies: Latencies,
    calls: AtomicU64,
    called: Mutex<BTreeSet<String>>,
    problems: Mutex<Vec<String>>,
    count: AtomicU64,
    counted: AtomicU64,
}

impl Run {
    /// Creates a run. With an injector, some of its calls get a fault.
    #[must_use]
    pub(crate) fn new(injector: Option<FaultInjector>) -> Self {
        Self {
            operations: Operations::default(),
            injector,
            latencies: Latencies::default(),
            calls: AtomicU64::new(0),
            called: Mutex::default(),
            problems: Mutex::default(),
            count: AtomicU64::new(0),
            counted: AtomicU64::new(0),
        }
    }

    /// Returns the number of calls started.
    #[must_use]
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The latencies.
    #[must_use]
    pub(crate) fn latencies(&self) -> &Latencies {
        &self.latencies
    }

    /// The faults of this run.
    #[must_use]
    pub(crate) fn injector(&self) -> Option<&FaultInjector> {
        self.injector.as_ref()
    }

    /// How often the number of executions of an unsafe call was verified.
    #[must_use]
    pub(crate) fn counted(&self) -> u64 {
        self.counted.load(Ordering::Relaxed)
    }

    /// Returns how many operations were called; each API version counts.
    #[must_use]
    pub(crate) fn operations(&self) -> usize {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The number of unexpected results, and the texts of the first.
    #[must_use]
    pub(crate) fn problems(&self) -> (u64, Vec<String>) {
        let shown = self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (self.count.load(Ordering::Relaxed), shown)
    }

    /// Records an unexpected result.
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
            self.problem(format!("{name} is not an operation"));
        }
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        if !called.contains(name) {
            called.insert(name.to_owned());
        }
        operation
    }
}

/// One scenario of a run: a few related calls.
#[derive(Debug)]
pub(crate) struct Session {
    /// The run.
    pub(crate) run: Arc<Run>,
    /// The SDKs.
    pub(crate) clients: Clients,
    /// This scenario's random numbers.
    pub(crate) random: SeededRandom,
    /// A name unique to the scenario.
    pub(crate) tag: String,
    /// The index among the concurrent scenarios.
    pub(crate) slot: u64,
}

/// The result of a call.
#[derive(Debug)]
pub(crate) struct Called<T> {
    /// The response, unless the call failed.
    pub(crate) value: Option<T>,
    /// How often the service may have executed the call, if it had a fault.
    pub(crate) executed: Option<RangeInclusive<u64>>,
}

impl Session {
    /// Makes a call, possibly with a fault.
    pub(crate) async fn call<T>(
        &mut self,
        name: &str,
        call: impl IntoFuture<Output = Result<T>, IntoFuture: Send>,
    ) -> Option<T> {
        self.call_counted(name, call).await.value
    }

    /// Makes a call, possibly with a fault, and returns how often it may have been executed.
    pub(crate) async fn call_counted<T>(
        &mut self,
        name: &str,
        call: impl IntoFuture<Output = Result<T>, IntoFuture: Send>,
    ) -> Called<T> {
        let run = Arc::clone(&self.run);
        let Some(context) = run.begin(name) else { return Called { value: None, executed: None } };
        let fault = run.injector.as_ref().and_then(|injector| injector.choose(context, &mut self.random));
        let start = Instant::now();
        let (outcome, fault) = match &run.injector {
            Some(injector) => injector.run(context, fault, call.into_future()).await,
            None => (call.into_future().await, None),
        };
        if fault.is_none() {
            run.latencies.add(class(context), start.elapsed());
        }
        let executed = self.verify(context, fault.as_ref(), outcome.as_ref().err());
        Called { value: outcome.ok(), executed }
    }

    /// Makes a call without a fault.
    pub(crate) async fn call_without_fault<T>(
        &mut self,
        name: &str,
        call: impl IntoFuture<Output = Result<T>, IntoFuture: Send>,
    ) -> Option<T> {
        let outcome = self.send_without_fault(name, call).await?;
        outcome.map_err(|error| self.run.problem(error.to_string())).ok()
    }

    /// Makes a call and repeats it without a fault if it fails, so that nothing remains on the service.
    pub(crate) async fn clean_up<T, C>(&mut self, name: &str, call: impl Fn() -> C)
    where
        C: IntoFuture<Output = Result<T>, IntoFuture: Send>,
    {
        if self.call(name, call()).await.is_some() || self.run.injector.is_none() {
            return;
        }
        match self.send_without_fault(name, call()).await {
            Some(Err(error)) if !matches!(error.status(), Some(400 | 404)) => self.run.problem(error.to_string()),
            _ => {}
        }
    }

    async fn send_without_fault<T>(
        &self,
        name: &str,
        call: impl IntoFuture<Output = Result<T>, IntoFuture: Send>,
    ) -> Option<Result<T>> {
        let context = self.run.begin(name)?;
        Some(match &self.run.injector {
            Some(injector) => injector.run(context, None, call.into_future()).await.0,
            None => call.into_future().await,
        })
    }

    /// Compares the number of executions with the allowed range.
    pub(crate) fn check_count(&self, name: &str, executed: &RangeInclusive<u64>, seen: Option<u64>) {
        self.run.counted.fetch_add(1, Ordering::Relaxed);
        match seen {
            Some(seen) if executed.contains(&seen) => {}
            Some(seen) => self.run.problem(format!("{name} was executed {seen} times, expected {executed:?}")),
            None => self.run.problem(format!("{name} could not be verified")),
        }
    }

    /// Records a response with an unexpected value.
    pub(crate) fn report_mismatch(&self, what: &str) {
        self.run.problem(format!("{what} ({})", self.tag));
    }

    fn verify(
        &self,
        context: CallContext,
        fault: Option<&InjectedFault>,
        error: Option<&Error>,
    ) -> Option<RangeInclusive<u64>> {
        let Some(fault) = fault else {
            if let Some(error) = error {
                self.run.problem(error.to_string());
            }
            return None;
        };
        match fault.verify(context, error) {
            Ok(executed) => Some(executed),
            Err(why) => {
                self.run.problem(why);
                Some(0..=1)
            }
        }
    }
}

/// Calls that may create an RSA key are slow, so they have classes of their own.
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

//! Injects faults into single calls of a soak, so that the allowed results of each call are known.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use cloud_core::{CallContext, Result};
use serde_json::{Value, json};
use tokio::sync::RwLock;

use super::admin::Admin;
use super::fast_runtime::with_short_limits;
use super::operations::{Operations, name};
use super::random::SeededRandom;

mod expected;
mod kind;

use kind::FaultKind;
use kind::KINDS;

/// Sets faults on a sandbox for single calls.
///
/// A fault is set for an operation, not for a call, so no other call of that operation runs while it is set.
/// Revoked credentials affect all calls, so the injector first waits for all calls to end.
pub(crate) struct FaultInjector {
    admin: Admin,
    per_mille: u64,
    everything: RwLock<()>,
    operations: HashMap<String, RwLock<()>>,
    faulted: Mutex<BTreeMap<&'static str, [u64; 2]>>,
    setup_errors: Mutex<Vec<String>>,
}

/// A fault of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InjectedFault {
    /// The fault.
    pub(crate) kind: &'static FaultKind,
    /// Whether every attempt has the fault, or only the first.
    pub(crate) always: bool,
}

impl FaultInjector {
    /// Creates an injector that gives this share of the calls, in thousandths, a fault.
    #[must_use]
    pub(crate) fn new(admin: Admin, per_mille: u64) -> Self {
        let operations = Operations::default();
        Self {
            admin,
            per_mille,
            everything: RwLock::default(),
            operations: operations.names().map(|name| (name.to_owned(), RwLock::default())).collect(),
            faulted: Mutex::default(),
            setup_errors: Mutex::default(),
        }
    }

    /// Chooses a fault for a call, or none.
    #[must_use]
    pub(crate) fn choose(&self, call: CallContext, random: &mut SeededRandom) -> Option<InjectedFault> {
        if !random.per_mille(self.per_mille) {
            return None;
        }
        let fitting: Vec<_> =
            KINDS.iter().filter(|kind| kind.fits(call.operation)).map(|kind| (kind.weight, kind)).collect();
        let kind = *random.pick(&fitting)?;
        Some(InjectedFault { kind, always: random.per_mille(500) })
    }

    /// Makes the call, and returns the fault if it could be set.
    pub(crate) async fn run<T>(
        &self,
        context: CallContext,
        fault: Option<InjectedFault>,
        call: impl Future<Output = Result<T>> + Send,
    ) -> (Result<T>, Option<InjectedFault>) {
        let name = name(context);
        let Some(own) = self.operations.get(&name) else { return (call.await, None) };
        let Some(fault) = fault else {
            let _all = self.everything.read().await;
            let _own = own.read().await;
            return (call.await, None);
        };
        if fault.kind.revokes() {
            let _all = self.everything.write().await;
            self.run_faulted(&name, fault, call).await
        } else {
            let _all = self.everything.read().await;
            let _own = own.write().await;
            self.run_faulted(&name, fault, call).await
        }
    }

    /// Runs the future while no call is in flight.
    pub(crate) async fn exclusively<T>(&self, work: impl Future<Output = T>) -> T {
        let _all = self.everything.write().await;
        work.await
    }

    async fn run_faulted<T>(
        &self,
        name: &str,
        fault: InjectedFault,
        call: impl Future<Output = Result<T>> + Send,
    ) -> (Result<T>, Option<InjectedFault>) {
        let id = match self.admin.fault(&fault.fault(name)).await {
            Ok(id) => id,
            Err(why) => {
                self.setup_error(why);
                return (call.await, None);
            }
        };
        let outcome = if fault.kind.needs_short_limits() { with_short_limits(call).await } else { call.await };
        let undone = match fault.kind.revokes() {
            true => self.admin.clear_faults().await,
            false => self.admin.remove_fault(id).await,
        };
        if let Err(why) = undone {
            self.setup_error(why);
        }
        let mut faulted = self.faulted.lock().unwrap_or_else(PoisonError::into_inner);
        let [good, bad] = faulted.entry(fault.kind.name).or_default();
        *if outcome.is_ok() { good } else { bad } += 1;
        (outcome, Some(fault))
    }

    /// Returns the number of calls with each kind of fault: those that succeeded, and those that failed.
    #[must_use]
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, [u64; 2]> {
        self.faulted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the errors of setting faults, which are not the SDKs' errors.
    #[must_use]
    pub(crate) fn setup_errors(&self) -> Vec<String> {
        self.setup_errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn setup_error(&self, why: String) {
        self.setup_errors.lock().unwrap_or_else(PoisonError::into_inner).push(why);
    }
}

impl InjectedFault {
    /// Returns the fault as JSON for the sandbox's admin path.
    fn fault(&self, name: &str) -> Value {
        let times = if self.always { Value::Null } else { json!(1) };
        json!({
            "on": name,
            "effect": serde_json::from_str::<Value>(self.kind.effect).unwrap_or_default(),
            "delay_ms": self.kind.delay_ms,
            "times": times,
        })
    }
}

impl fmt::Debug for FaultInjector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultInjector").field("per_mille", &self.per_mille).finish_non_exhaustive()
    }
}

//! Faults that strike chosen calls of a soak, one call each, so that what may come of it is known.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use cloud_core::{CallContext, Result};
use serde_json::{Value, json};
use tokio::sync::RwLock;

use super::admin::Admin;
use super::brisk::in_a_hurry;
use super::chance::Chance;
use super::operations::{Operations, name};

mod kind;
mod rules;

use kind::KINDS;
use kind::Kind;

/// Sets faults on a sandbox for single calls.
///
/// A fault is set for an operation, not for a call, so while it is set no other call of that operation is under way.
/// Revoked credentials concern all calls: they wait for everything to end first.
pub(crate) struct Strikes {
    admin: Admin,
    per_mille: u64,
    everything: RwLock<()>,
    operations: HashMap<String, RwLock<()>>,
    struck: Mutex<BTreeMap<&'static str, [u64; 2]>>,
    troubles: Mutex<Vec<String>>,
}

/// A fault that strikes a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strike {
    /// What goes wrong.
    pub(crate) kind: &'static Kind,
    /// Whether it goes wrong on every attempt, or on the first one only.
    pub(crate) always: bool,
}

impl Strikes {
    /// So many thousandths of the calls are struck, through this sandbox's admin path.
    #[must_use]
    pub(crate) fn new(admin: Admin, per_mille: u64) -> Self {
        let operations = Operations::default();
        Self {
            admin,
            per_mille,
            everything: RwLock::default(),
            operations: operations.names().map(|name| (name.to_owned(), RwLock::default())).collect(),
            struck: Mutex::default(),
            troubles: Mutex::default(),
        }
    }

    /// The fault for a call, if there is to be one.
    #[must_use]
    pub(crate) fn choose(&self, call: CallContext, chance: &mut Chance) -> Option<Strike> {
        if !chance.per_mille(self.per_mille) {
            return None;
        }
        let fitting: Vec<_> =
            KINDS.iter().filter(|kind| kind.fits(call.operation)).map(|kind| (kind.weight, kind)).collect();
        let kind = *chance.pick(&fitting)?;
        Some(Strike { kind, always: chance.per_mille(500) })
    }

    /// Makes the call, struck or not, and says whether the fault could be set.
    pub(crate) async fn make<T>(
        &self,
        context: CallContext,
        strike: Option<Strike>,
        call: impl Future<Output = Result<T>> + Send,
    ) -> (Result<T>, Option<Strike>) {
        let name = name(context);
        let Some(own) = self.operations.get(&name) else { return (call.await, None) };
        let Some(strike) = strike else {
            let _all = self.everything.read().await;
            let _own = own.read().await;
            return (call.await, None);
        };
        if strike.kind.revokes() {
            let _all = self.everything.write().await;
            self.struck(&name, strike, call).await
        } else {
            let _all = self.everything.read().await;
            let _own = own.write().await;
            self.struck(&name, strike, call).await
        }
    }

    /// Does something while no call is under way.
    pub(crate) async fn alone<T>(&self, work: impl Future<Output = T>) -> T {
        let _all = self.everything.write().await;
        work.await
    }

    async fn struck<T>(
        &self,
        name: &str,
        strike: Strike,
        call: impl Future<Output = Result<T>> + Send,
    ) -> (Result<T>, Option<Strike>) {
        let id = match self.admin.fault(&strike.fault(name)).await {
            Ok(id) => id,
            Err(why) => {
                self.trouble(why);
                return (call.await, None);
            }
        };
        let outcome = if strike.kind.hurries() { in_a_hurry(call).await } else { call.await };
        let undone = match strike.kind.revokes() {
            true => self.admin.clear_faults().await,
            false => self.admin.remove_fault(id).await,
        };
        if let Err(why) = undone {
            self.trouble(why);
        }
        let mut struck = self.struck.lock().unwrap_or_else(PoisonError::into_inner);
        let [good, bad] = struck.entry(strike.kind.name).or_default();
        *if outcome.is_ok() { good } else { bad } += 1;
        (outcome, Some(strike))
    }

    /// How many calls each kind of fault struck: those that succeeded all the same, and those that did not.
    #[must_use]
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, [u64; 2]> {
        self.struck.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What went wrong with setting faults, which is no fault of the SDKs.
    #[must_use]
    pub(crate) fn troubles(&self) -> Vec<String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn trouble(&self, why: String) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).push(why);
    }
}

impl Strike {
    /// The fault as the sandbox's admin path reads it.
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

impl fmt::Debug for Strikes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strikes").field("per_mille", &self.per_mille).finish_non_exhaustive()
    }
}

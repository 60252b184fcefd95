//! The faults that are set, in order, and the credentials that they revoked.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::fault::{Effect, Fault};
use super::page::{self, Paging};
use super::refused::{MAX_FAULTS, RefusedFault};

/// Everything that is to go wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    last_id: u64,
    entries: Vec<Entry>,
    revoked: HashSet<String>,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    fault: Fault,
    /// Matching requests that still pass.
    skip: u32,
    /// Strikes that are left; nothing means always.
    left: Option<u32>,
    /// The response before this one, for faults about pages.
    earlier: Option<Value>,
}

/// The fault that strikes a request.
#[derive(Debug, Clone)]
pub(crate) struct Strike {
    pub(crate) id: u64,
    pub(crate) effect: Effect,
    pub(crate) delay_ms: u64,
}

impl Faults {
    /// Adds faults at the end and returns their ids, or adds none if that makes too many.
    pub(crate) fn set(&self, faults: Vec<Fault>) -> Result<Vec<u64>, RefusedFault> {
        let mut inner = self.lock();
        inner.entries.retain(|entry| entry.left != Some(0));
        if inner.entries.len().saturating_add(faults.len()) > MAX_FAULTS {
            return Err(RefusedFault::TooMany);
        }
        let add = |fault: Fault| {
            inner.last_id += 1;
            let (id, skip, left) = (inner.last_id, fault.after, fault.times);
            inner.entries.push(Entry { id, fault, skip, left, earlier: None });
            id
        };
        Ok(faults.into_iter().map(add).collect())
    }

    /// Removes all faults and lets revoked credentials work again.
    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        inner.entries.clear();
        inner.revoked.clear();
    }

    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut inner = self.lock();
        let before = inner.entries.len();
        inner.entries.retain(|entry| entry.id != id);
        inner.entries.len() < before
    }

    /// The faults that can still strike.
    pub(crate) fn list(&self) -> Value {
        let inner = self.lock();
        let alive = inner.entries.iter().filter(|entry| entry.left != Some(0));
        alive.map(|entry| json!({ "id": entry.id, "fault": entry.fault, "left": entry.left })).collect()
    }

    /// Chooses the fault for an operation and counts the strike.
    ///
    /// Faults about pages are left out where there are none, and counted only when they change something.
    pub(crate) fn take(&self, name: &str, has_pages: bool) -> Option<Strike> {
        let mut inner = self.lock();
        for entry in &mut inner.entries {
            let about_pages = entry.fault.effect.is_about_pages();
            if entry.left == Some(0) || !entry.fault.on.fits(name) || (about_pages && !has_pages) {
                continue;
            }
            if entry.skip > 0 {
                entry.skip -= 1;
                continue;
            }
            if !about_pages {
                entry.left = entry.left.map(|left| left - 1);
            }
            return Some(Strike { id: entry.id, effect: entry.fault.effect.clone(), delay_ms: entry.fault.delay_ms });
        }
        None
    }

    /// Changes a page of a list and says whether it did; a first page has none before it.
    pub(crate) fn edit_page(&self, strike: &Strike, paging: &Paging, is_first: bool, body: &mut Value) -> bool {
        let mut inner = self.lock();
        let Some(entry) = inner.entries.iter_mut().find(|entry| entry.id == strike.id) else {
            return false;
        };
        let original = body.clone();
        let earlier = entry.earlier.as_ref().filter(|_| !is_first);
        let changed = page::edit(&strike.effect, paging, earlier, body);
        entry.earlier = Some(original);
        if changed {
            entry.left = entry.left.map(|left| left.saturating_sub(1));
        }
        changed
    }

    pub(crate) fn revoke(&self, credential: &str) {
        self.lock().revoked.insert(bare(credential).to_owned());
    }

    pub(crate) fn is_revoked(&self, credential: &str) -> bool {
        self.lock().revoked.contains(bare(credential))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A credential without the name of its scheme, which can be spelled in several ways.
fn bare(credential: &str) -> &str {
    credential.split_whitespace().next_back().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(faults: &Faults, fault: Fault) -> u64 {
        faults.set(vec![fault]).unwrap()[0]
    }

    fn codes(faults: &Faults, name: &str, calls: usize) -> Vec<Option<u16>> {
        let code = |strike: Strike| match strike.effect {
            Effect::Status { code, .. } => code,
            _ => 0,
        };
        (0..calls).map(|_| faults.take(name, false).map(code)).collect()
    }

    #[test]
    fn faults_apply_in_the_order_of_their_creation() {
        let faults = Faults::default();
        set(&faults, Fault::status(503).times(2));
        set(&faults, Fault::status(429).on("scp/kms").unwrap());
        assert_eq!(codes(&faults, "scp/kms/encrypt/1.2", 4), [Some(503), Some(503), Some(429), None]);
        assert_eq!(faults.list(), json!([]));
    }

    #[test]
    fn fault_skips_calls_and_selects_operations() {
        let faults = Faults::default();
        set(&faults, Fault::status(500).on("nhn").unwrap().after(1).always());
        assert_eq!(codes(&faults, "scp/kms/encrypt/1.2", 2), [None, None]);
        assert_eq!(codes(&faults, "nhn/oauth/create/1.0", 3), [None, Some(500), Some(500)]);
    }

    #[test]
    fn clear_removes_faults_and_revocations() {
        let faults = Faults::default();
        let id = set(&faults, Fault::status(500).always());
        faults.revoke("Bearer token");
        assert!(faults.remove(id) && !faults.remove(id));
        assert!(faults.is_revoked("bearer  token ") && !faults.is_revoked("Bearer other"));
        set(&faults, Fault::status(500).always());
        faults.clear();
        assert!(!faults.is_revoked("Bearer token"));
        assert_eq!(codes(&faults, "scp/kms/encrypt/1.2", 1), [None]);
    }

    #[test]
    fn excess_faults_are_refused_as_a_whole() {
        let faults = Faults::default();
        set(&faults, Fault::status(500));
        assert_eq!(faults.set(vec![Fault::status(500); MAX_FAULTS]), Err(RefusedFault::TooMany));
        assert_eq!(faults.list().as_array().unwrap().len(), 1);
        assert_eq!(faults.set(vec![Fault::status(500); MAX_FAULTS - 1]).unwrap().len(), MAX_FAULTS - 1);
    }

    #[test]
    fn first_page_is_not_counted() {
        let faults = Faults::default();
        set(&faults, Fault::page_repeated());
        let paging = Paging { items: "keys".to_owned(), total: Some("count".to_owned()) };
        assert!(faults.take("scp/kms/encrypt/1.2", false).is_none());
        let mut seen = Vec::new();
        for (number, page) in ["a", "a", "b", "c"].into_iter().enumerate() {
            let mut body = json!({ "keys": [page], "count": 3 });
            if let Some(strike) = faults.take("scp/kms/list_keys/1.2", true) {
                faults.edit_page(&strike, &paging, number < 2, &mut body);
            }
            seen.push(body["keys"][0].clone());
        }
        assert_eq!(seen, ["a", "a", "a", "c"]);
    }
}

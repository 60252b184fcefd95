//! Labels of secrets that do not exist yet: clients send them before the first value.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_core::Runtime;

/// How long labels are kept.
const KEPT: Duration = Duration::from_secs(300);

/// The most secrets whose labels are kept.
const MOST: usize = 1_000;

/// The longest description in bytes. The clouds document no limit for that of a secret.
pub(super) const LONGEST: usize = 4_096;

/// Descriptions by path, each with its end.
#[derive(Debug)]
pub(super) struct Pending {
    held: Mutex<HashMap<String, (String, Duration)>>,
    runtime: Arc<dyn Runtime>,
}

impl Pending {
    pub(super) fn new(runtime: Arc<dyn Runtime>) -> Self {
        Self { held: Mutex::default(), runtime }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, (String, Duration)>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.runtime.elapsed();
        held.retain(|_, (_, until)| *until > now);
        held
    }

    /// Keeps a description; false if there are too many.
    pub(super) fn keep(&self, path: &str, description: String) -> bool {
        let mut held = self.held();
        let until = self.runtime.elapsed().saturating_add(KEPT);
        let free = held.len() < MOST || held.contains_key(path);
        if free {
            held.insert(path.to_owned(), (description, until));
        }
        free
    }

    /// The description for a secret that is being created. It stays until [`forget`](Self::forget).
    pub(super) fn get(&self, path: &str) -> Option<String> {
        self.held().get(path).map(|(description, _)| description.clone())
    }

    pub(super) fn forget(&self, path: &str) {
        self.held().remove(path);
    }
}

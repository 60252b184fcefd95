//! What a request did at the clouds, for the audit log: the clouds' IDs of its requests.

use std::sync::{Arc, Mutex, PoisonError};

/// The most IDs that are kept of one request; a batch can make many calls.
const MOST: usize = 64;

tokio::task_local! {
    /// The trail of the request that the current task serves.
    static CURRENT: Arc<Trail>;
}

/// The clouds' IDs of the requests that one request of a client made.
#[derive(Debug, Default)]
pub(crate) struct Trail(Mutex<Vec<String>>);

impl Trail {
    /// Runs a future whose calls are noted here.
    pub(crate) async fn follow<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        CURRENT.scope(Arc::clone(self), future).await
    }

    /// The trail of the request that the current task serves, if it serves one.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Notes a cloud's ID of a request.
pub(crate) fn note(id: &str) {
    let Some(trail) = Trail::current() else { return };
    let mut ids = trail.0.lock().unwrap_or_else(PoisonError::into_inner);
    if ids.len() < MOST && !ids.iter().any(|own| own == id) {
        ids.push(id.to_owned());
    }
}

//! Requests in flight that several callers wait for.

use std::sync::{Arc, Weak};

use cloud_core::credentials::shared_request::SharedRequest;
use cloud_core::runtime::{self, RuntimeId};
use cloud_core::{BoxFuture, Error, ErrorKind, Result};

/// The requests in flight for one thing: one for each runtime, since a runtime that is idle drives none.
pub(super) struct Requests<T>(Vec<(Option<RuntimeId>, Weak<SharedRequest<T>>)>);

impl<T> Default for Requests<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Requests<T> {
    /// Returns the request of this runtime, or makes one.
    pub(super) fn join(&mut self, request: impl FnOnce() -> BoxFuture<'static, Result<T>>) -> Arc<SharedRequest<T>> {
        let here = runtime::current();
        self.0.retain(|(_, shared)| shared.strong_count() > 0);
        let of_this_runtime = self.0.iter().filter(|(runtime, _)| *runtime == here);
        // One that has ended may still have a caller that has not looked.
        let joined = of_this_runtime.filter_map(|(_, shared)| shared.upgrade()).find(|shared| !shared.is_complete());
        joined.unwrap_or_else(|| {
            let shared = SharedRequest::new(asks_itself, request());
            self.0.push((here, Arc::downgrade(&shared)));
            shared
        })
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.iter().all(|(_, shared)| shared.strong_count() == 0)
    }
}

/// Waits for the outcome of a request, and drives it.
pub(super) async fn outcome<T: Clone + Send + Sync + 'static>(request: Arc<SharedRequest<T>>) -> Result<T> {
    let panicked = || Error::new(ErrorKind::FailureState, "the source of the data keys panicked");
    request.join().await.unwrap_or_else(|| Err(panicked()))
}

fn asks_itself() -> Error {
    Error::new(ErrorKind::FailureState, "the source of a data key opens a message that needs the key")
}

//! Requests in flight that several callers wait for.

use std::sync::{Arc, Weak};

use cloud_core::credentials::shared_request::SharedRequest;
use cloud_core::runtime::{self, RuntimeId};
use cloud_core::{BoxFuture, Error, ErrorKind, Result};

type Request<T> = BoxFuture<'static, Result<T>>;

/// The requests in flight for one thing: one for each runtime, since a runtime that is idle drives none, and one for each
/// context that callers insist on.
pub(super) struct Requests<T>(Vec<Pending<T>>);

struct Pending<T> {
    runtime: Option<RuntimeId>,
    context: Vec<u8>,
    shared: Weak<SharedRequest<T>>,
}

/// A request that a caller waits for.
pub(super) struct Joined<T> {
    pub(super) request: Arc<SharedRequest<T>>,
    /// Whether it was made with the context of the caller.
    pub(super) has_context: bool,
}

impl<T> Default for Requests<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Requests<T> {
    /// Returns a request of this runtime, or makes one: with this context if there is one, or else with any, unless it has
    /// to be the same.
    pub(super) fn join<E>(
        &mut self,
        context: &[u8],
        same_context: bool,
        request: impl FnOnce() -> Result<Request<T>, E>,
    ) -> Result<Joined<T>, E> {
        let here = runtime::current();
        self.0.retain(|pending| pending.shared.strong_count() > 0);
        let mut other = None;
        for pending in self.0.iter().filter(|pending| pending.runtime == here) {
            // One that has ended may still have a caller that has not looked.
            let shared = pending.shared.upgrade().filter(|shared| !shared.is_complete());
            match shared {
                Some(request) if pending.context == context => return Ok(Joined { request, has_context: true }),
                Some(request) if !same_context => other = other.or(Some(request)),
                _ => {}
            }
        }
        if let Some(request) = other {
            return Ok(Joined { request, has_context: false });
        }
        let request = self::request(request()?);
        self.0.push(Pending { runtime: here, context: context.to_vec(), shared: Arc::downgrade(&request) });
        Ok(Joined { request, has_context: true })
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.iter().all(|pending| pending.shared.strong_count() == 0)
    }
}

/// Makes a request, which nobody has joined.
pub(super) fn request<T: Clone>(request: Request<T>) -> Arc<SharedRequest<T>> {
    SharedRequest::new(asks_itself, request)
}

/// Waits for the outcome of a request, and drives it.
pub(super) async fn outcome<T: Clone + Send + Sync + 'static>(request: Arc<SharedRequest<T>>) -> Result<T> {
    request.join().await.unwrap_or_else(|| Err(panicked()))
}

pub(crate) fn panicked() -> Error {
    Error::new(ErrorKind::FailureState, "the source of the data keys panicked")
}

fn asks_itself() -> Error {
    Error::new(ErrorKind::FailureState, "the source of a data key opens a message that needs the key")
}

//! Calls from programs without an async runtime.
//!
//! [`wait`] blocks the current thread until a call has ended; `.wait()` of a call does the same. One thread, started by the
//! first wait and shared by the process, runs all of them. It has connections of its own.

use std::future::IntoFuture;
use std::sync::{Mutex, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;

use crate::delivery::Delivery;
use crate::error::{Error, Result};

/// Blocks the current thread until a call, a waiter or any other future of this SDK has ended.
///
/// ```no_run
/// # fn example(scan: cloud_core::Waiter<u32>) -> cloud_core::Result<()> {
/// let findings = cloud_core::blocking::wait(scan)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What the future ends with. [`ErrorKind::Config`](crate::ErrorKind::Config) before anything is sent where a tokio runtime
/// is current: in async code, in `spawn_blocking` and within `block_on`. To block there could stop the tasks that the call
/// needs.
pub fn wait<T, F>(future: F) -> Result<T>
where
    T: Send + 'static,
    F: IntoFuture<Output = Result<T>>,
    F::IntoFuture: Send + 'static,
{
    if Handle::try_current().is_ok() {
        let text =
            "cannot wait where a tokio runtime is current: use `.await`, or `Handle::block_on` in `spawn_blocking`";
        return Err(Error::config(text).with_delivery(Delivery::NotSent));
    }
    let (sender, receiver) = oneshot::channel();
    let future = future.into_future();
    let call = async move {
        // The receiver waits below.
        let _ = sender.send(future.await);
    };
    handle()?.spawn(call.in_current_span().with_current_subscriber());
    // Only a panic of the future, such as one of a caller's transport, drops the sender without a result.
    receiver.blocking_recv().unwrap_or_else(|_| {
        Err(Error::config("the call panicked; the message of the panic says where")
            .with_delivery(Delivery::PossiblySent))
    })
}

/// Returns the runtime of all waits, and starts it at the first.
fn handle() -> Result<Handle> {
    /// With the process that started it: a forked child has none of its parent's threads.
    static STARTED: Mutex<Option<(u32, Handle)>> = Mutex::new(None);
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((_, handle)) = started.as_ref().filter(|(starter, _)| *starter == process) {
        return Ok(handle.clone());
    }
    let failed = |error| {
        let text = "the thread of blocking calls cannot be started";
        Error::config(text).with_delivery(Delivery::NotSent).with_source(error)
    };
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("cloud-core".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))
        .map_err(failed)?;
    *started = Some((process, handle.clone()));
    Ok(handle)
}

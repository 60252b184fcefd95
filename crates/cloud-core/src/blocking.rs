//! Calls from programs without an async runtime.
//!
//! [`wait`] blocks the current thread until a call has ended; `.wait()` of a call does the same. One thread, started by the
//! first wait and shared by the process, runs all of them. It uses its own connection pool. A transport from
//! `ReqwestTransport::from_client_builder` has only one pool; create a separate transport for blocking calls.

use std::cell::RefCell;
use std::future::IntoFuture;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;

use crate::delivery::Delivery;
use crate::error::{Error, ErrorKind, Result};

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
/// What the future ends with. [`ErrorKind::Config`] before anything is sent where a tokio runtime is current: in async
/// code, in `spawn_blocking` and within `block_on`. Blocking there could stall the tasks that the call needs.
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
    // The standard library's channel: tokio's cannot be waited for while a thread ends.
    let (sender, receiver) = mpsc::sync_channel(1);
    let future = future.into_future();
    let call = async move {
        // The receiver waits below.
        let _ = sender.send(future.await);
    };
    handle()?.spawn(call.in_current_span().with_current_subscriber());
    // Only a panic of the future, such as one of a caller's transport, drops the sender without a result.
    receiver.recv().unwrap_or_else(|_| {
        let error = Error::new(ErrorKind::Transport, "the call panicked, and may have been executed");
        Err(error.with_delivery(Delivery::PossiblySent))
    })
}

/// A runtime, and the process that started it: a forked child has none of its parent's threads.
#[derive(Clone)]
struct Started {
    process: u32,
    handle: Handle,
}

thread_local! {
    /// What this thread used last, so that a wait takes no lock which a fork could leave locked.
    static LAST: RefCell<Option<Started>> = const { RefCell::new(None) };
}

/// Returns the runtime of all waits, and starts it at the first.
fn handle() -> Result<Handle> {
    let process = std::process::id();
    let of_process = |started: &Started| (started.process == process).then(|| started.handle.clone());
    // A thread that ends may have no such variable any more.
    let last = LAST.try_with(|last| last.borrow().as_ref().and_then(of_process)).ok().flatten();
    if let Some(handle) = last {
        return Ok(handle);
    }
    static STARTED: Mutex<Option<Started>> = Mutex::new(None);
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let current = match started.take().filter(|started| started.process == process) {
        Some(current) => current,
        None => Started { process, handle: start()? },
    };
    let handle = current.handle.clone();
    let _ = LAST.try_with(|last| *last.borrow_mut() = Some(current.clone()));
    *started = Some(current);
    Ok(handle)
}

fn start() -> Result<Handle> {
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
    Ok(handle)
}

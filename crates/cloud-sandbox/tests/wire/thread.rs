//! A sandbox in its own thread, and the end of that thread.

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, UNIX_EPOCH};

use cloud_sandbox::{Fault, Sandbox, SandboxBuilder};

use super::raw::Call;
use super::scp_signer::Signer;

/// The time at which everything happens, in milliseconds.
const NOW: u64 = 1_760_000_000_000;

/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(30);

thread_local!(static TOLD: RefCell<Option<Told>> = const { RefCell::new(None) });

/// Tells that its thread has ended.
struct Told(Sender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        // The test may have ended before.
        let _ = self.0.send(());
    }
}

/// Settings of a sandbox that tells when the thread ends in which it reads the time.
fn watched() -> (SandboxBuilder, Receiver<()>) {
    let (tell, ended) = channel();
    let clock = move || {
        TOLD.with_borrow_mut(|told| {
            told.get_or_insert_with(|| Told(tell.clone()));
        });
        UNIX_EPOCH + Duration::from_millis(NOW)
    };
    (Sandbox::builder().clock(clock), ended)
}

/// A sandbox in a thread with a call that has been carried out and waits for its response.
fn serving(delay: Duration) -> (Sandbox, Receiver<()>, std::thread::JoinHandle<u16>) {
    let (builder, ended) = watched();
    let sandbox = builder.start_in_thread().unwrap();
    sandbox.fault(Fault::late(delay).on("scp/kms/list_keys").unwrap()).unwrap();
    let signer = Signer { timestamp: NOW.to_string(), ..Signer::of(&sandbox) };
    let call = signer.sign(sandbox.endpoint(), Call::new("GET", "/v1/kms/transit"));
    let endpoint = sandbox.endpoint().to_owned();
    let caller = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { call.send(&endpoint).await.status })
    });
    while sandbox.calls().is_empty() {
        std::thread::yield_now();
    }
    (sandbox, ended, caller)
}

#[tokio::test]
async fn shutdown_answers_what_is_under_way_and_ends_the_thread() {
    let (sandbox, ended, caller) = serving(Duration::from_millis(300));
    assert!(ended.try_recv().is_err());
    sandbox.shutdown().await.unwrap();
    assert_eq!(ended.try_recv(), Ok(()));
    assert_eq!(caller.join().unwrap(), 200);
}

#[test]
fn drop_answers_what_is_under_way_and_ends_the_thread() {
    let (sandbox, ended, caller) = serving(Duration::from_millis(300));
    drop(sandbox);
    // The drop has not waited.
    assert!(ended.try_recv().is_err());
    assert_eq!(caller.join().unwrap(), 200);
    ended.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn thread_that_cannot_start_ends() {
    let taken = Sandbox::builder().start_in_thread().unwrap();
    let port = taken.endpoint().rsplit(':').next().unwrap().parse().unwrap();
    let error = Sandbox::builder().port(port).start_in_thread().unwrap_err();
    assert!(error.to_string().contains("cannot listen on"), "{error}");
}

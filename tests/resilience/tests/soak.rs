//! A short soak test with faults of every kind.

#![cfg(test)]

use std::sync::mpsc;
use std::thread;

use cloud_sandbox::Sandbox;
use resilience::load::soak::soak;
use resilience::load::{Options, Variables};
use tokio::sync::oneshot;

/// A sandbox on separate threads, so that its tasks are not counted.
struct BackgroundSandbox {
    endpoint: String,
    variables: Variables,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl BackgroundSandbox {
    fn start() -> Self {
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let sandbox = Sandbox::builder().seed(7).admin(true).start().await.unwrap();
                let variables = sandbox.env_vars().into_iter().map(|(name, value)| (name.to_owned(), value));
                tell.send((sandbox.endpoint().to_owned(), variables.collect())).unwrap();
                // If the test panics, the sender is dropped, which ends this too.
                let _ = stopped.await;
            });
        });
        let (endpoint, variables) = told.recv().unwrap();
        Self { endpoint, variables, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for BackgroundSandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soak_with_faults_has_no_problems_and_leaves_nothing() {
    let sandbox = BackgroundSandbox::start();
    let options = Options { calls: 500, rounds: 1, concurrency: 16, seed: 11, sandbox: None };
    // A third of the calls has a fault, so that few calls cover many faults.
    let outcome = soak(&sandbox.endpoint, sandbox.variables.clone(), None, &options, 330).await.unwrap();
    let faulted: u64 = outcome.faulted.iter().flat_map(|(_, counts)| counts).sum();
    assert_eq!(outcome.problems.0, 0, "{outcome}");
    assert!(outcome.calls >= 500 && faulted >= 100 && outcome.counted >= 5, "{outcome}");
    assert!(outcome.faulted.len() >= 20, "{outcome}");
    assert_eq!((outcome.tasks, outcome.connections[1].unwrap_or(0)), (0, 0), "{outcome}");
    assert!(outcome.connections[0].is_none_or(|idle| idle as u64 <= outcome.most_idle), "{outcome}");
}

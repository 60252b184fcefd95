//! One transport on two runtimes that are both alive: what one of them keeps does not hold up the other.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use cloud_core::transport::BuiltInTransport;

use super::{GOOD, builder, receive, serve};

each_transport!(connections_of_an_idle_runtime_do_not_hold_up_another);

/// Answers every request on connections that stay open. Returns its URL and the number of its connections.
fn server() -> (String, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let address = serve(move |mut stream| {
        count.fetch_add(1, Ordering::SeqCst);
        while receive(&mut stream).is_some() {
            stream.write_all(GOOD.as_bytes()).unwrap();
        }
    });
    (format!("http://{address}/keys"), connections)
}

/// A runtime on a thread of its own, which sends what it is told and is idle in between.
struct Worker {
    orders: mpsc::Sender<http::Request<Bytes>>,
    outcomes: mpsc::Receiver<Result<u16, String>>,
}

impl Worker {
    #[allow(clippy::disallowed_methods, reason = "a limit that only a failure reaches")]
    fn start<T: BuiltInTransport + 'static>(transport: T) -> Self {
        let (orders, ordered) = mpsc::channel();
        let (report, outcomes) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            for request in ordered {
                let limited = async { tokio::time::timeout(Duration::from_secs(10), transport.send(request)).await };
                let outcome = match runtime.block_on(limited) {
                    Ok(outcome) => outcome.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string()),
                    Err(_) => Err("no response".to_owned()),
                };
                report.send(outcome).unwrap();
            }
        });
        Self { orders, outcomes }
    }

    fn send(&self, method: &str, url: &str) -> Result<u16, String> {
        let request = http::Request::builder().method(method).uri(url).body(Bytes::from_static(b"{}")).unwrap();
        self.orders.send(request).unwrap();
        self.outcomes.recv().unwrap()
    }
}

async fn connections_of_an_idle_runtime_do_not_hold_up_another<T: BuiltInTransport + 'static>() {
    let (url, connections) = server();
    let transport = builder::<T>().build().unwrap();
    let workers: Vec<_> = (0..3).map(|_| Worker::start(transport.clone())).collect();
    for round in 0..3 {
        for worker in &workers {
            for method in ["GET", "POST", "DELETE"] {
                assert_eq!(worker.send(method, &url), Ok(200), "{method} in round {round}");
            }
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), workers.len(), "each runtime keeps its own connection");
}

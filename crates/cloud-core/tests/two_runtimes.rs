//! One transport on two runtimes that are both alive: what one of them keeps does not hold up the other.

#![cfg(test)]
#![cfg(feature = "ring")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use cloud_core::Transport as _;
use cloud_core::transport::reqwest::ReqwestTransport;

/// Answers every request on connections that stay open. Returns its URL and the number of its connections.
fn server() -> (String, Arc<AtomicUsize>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", socket.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || serve(stream.unwrap()));
        }
    });
    (url, connections)
}

fn serve(stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(announced) = line.strip_prefix("content-length: ") {
                length = announced.parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    }
}

/// A runtime on a thread of its own, which sends what it is told and is idle in between.
struct Worker {
    orders: mpsc::Sender<http::Request<Bytes>>,
    outcomes: mpsc::Receiver<Result<u16, String>>,
}

impl Worker {
    #[allow(clippy::disallowed_methods, reason = "a limit that only a failure reaches")]
    fn start(transport: ReqwestTransport) -> Self {
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

#[test]
fn connections_of_an_idle_runtime_do_not_hold_up_another() {
    let (url, connections) = server();
    let transport = ReqwestTransport::new().unwrap();
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

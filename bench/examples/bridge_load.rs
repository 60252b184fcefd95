//! Calls a bridge, or the same cloud through the SDK, from many connections. `bench/bridge.sh` runs both.
//!
//!     bridge_load sdk|encrypt|read CALLS CONNECTIONS
//!
//! It reads the variables of the SDK, or `VAULT_ADDR` and `VAULT_TOKEN`, and prints calls per second and the median and
//! the 99th percentile of their durations, in milliseconds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that fails, stops")]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]
#![allow(clippy::disallowed_methods, reason = "it measures time, and reads its own variables")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use scp_security::Scp;
use scp_security::kms::types::EncryptRequest;

/// A symmetric key of the sandbox.
const KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";

#[derive(Clone)]
enum Caller {
    Sdk(scp_security::KmsClient),
    Bridge { client: Box<Client<HttpConnector, Full<Bytes>>>, address: String, token: String, reads: bool },
}

impl Caller {
    fn new(mode: &str) -> Self {
        if mode == "sdk" {
            return Self::Sdk(Scp::from_env().expect("the variables of the SDK").kms());
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Box::new(Client::builder(TokioExecutor::new()).build(connector));
        let variable = |name: &str| std::env::var(name).expect(name);
        Self::Bridge { client, address: variable("VAULT_ADDR"), token: variable("VAULT_TOKEN"), reads: mode == "read" }
    }

    async fn call(&self) {
        match self {
            Self::Sdk(kms) => drop(kms.encrypt(KEY, &EncryptRequest::new([7; 32])).await.expect("the call succeeds")),
            Self::Bridge { client, address, token, reads } => {
                let (method, path, body) = match reads {
                    true => ("GET", "secret/data/my-secret-name".to_owned(), ""),
                    false => {
                        let body = r#"{"plaintext":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="}"#;
                        ("POST", format!("transit/encrypt/{KEY}"), body)
                    }
                };
                let request = Request::builder().method(method).uri(format!("{address}/v1/{path}"));
                let request = request.header("x-vault-token", token).body(Full::from(body)).unwrap();
                let response = client.request(request).await.expect("the call succeeds");
                assert_eq!(response.status(), 200);
                response.into_body().collect().await.expect("the response is whole");
            }
        }
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, calls, connections] = &arguments[..] else { panic!("sdk|encrypt|read CALLS CONNECTIONS") };
    let (calls, connections): (usize, usize) = (calls.parse().unwrap(), connections.parse().unwrap());
    let caller = Caller::new(mode);
    caller.call().await;
    let (begun, start) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (caller, begun) = (caller.clone(), Arc::clone(&begun));
            tokio::spawn(async move {
                let mut durations = Vec::new();
                while begun.fetch_add(1, Ordering::Relaxed) < calls {
                    let start = Instant::now();
                    caller.call().await;
                    durations.push(start.elapsed());
                }
                durations
            })
        })
        .collect();
    let mut durations: Vec<Duration> = Vec::with_capacity(calls);
    for worker in workers {
        durations.extend(worker.await.unwrap());
    }
    let took = start.elapsed();
    durations.sort_unstable();
    let at = |share: usize| durations[(durations.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
    let rate = f64::from(u32::try_from(durations.len()).unwrap()) / took.as_secs_f64();
    println!("{mode}: {rate:.0} calls/s, median {:.2} ms, 99th percentile {:.2} ms", at(50), at(99));
}

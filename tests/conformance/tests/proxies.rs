//! Proxies from the environment: which requests bypass them, and what they receive.

#![cfg(test)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_core::testing::find_leak;

const TRANSPORTS: [&str; 2] = ["reqwest", "hyper"];
const PASSWORD: &str = "canary-7Qz9-proxy";
const TOKEN: &str = "canary-7Qz9-token";

/// Answers every connection with these bytes and hands on the heads of what came.
struct Server {
    port: u16,
    seen: Receiver<String>,
}

impl Server {
    fn start(address: &str, answer: &'static str) -> Option<Self> {
        let socket = TcpListener::bind((address, 0)).ok()?;
        let port = socket.local_addr().unwrap().port();
        let (found, seen) = channel();
        std::thread::spawn(move || {
            for stream in socket.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut buffer = [0; 4096];
                while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(count) if count > 0 => head.extend_from_slice(&buffer[..count]),
                        _ => break,
                    }
                }
                if found.send(String::from_utf8_lossy(&head).into_owned()).is_err() {
                    return;
                }
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Some(Self { port, seen })
    }

    fn heads(&self) -> Vec<String> {
        self.seen.try_iter().collect()
    }
}

const EMPTY: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{\"data\":{}}";
const NO_WAY: &str = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// How many calls RISKEN has.
fn calls() -> usize {
    conformance::entries().filter(|entry| entry.vendor == "risken").count()
}

/// Runs RISKEN's calls in a process of its own whose environment names this proxy for everything.
fn run(transport: &str, endpoint: &str, proxy: &Server) -> String {
    let url = format!("http://user:{PASSWORD}@127.0.0.1:{}", proxy.port);
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    command
        .args(["--vendor", "risken", "--endpoint", endpoint, "--transport", transport])
        .env_clear()
        .env("RISKEN_ACCESS_TOKEN", TOKEN);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env(name, &url);
    }
    let output = command.output().unwrap();
    let shown = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    for secret in [PASSWORD, TOKEN] {
        assert_eq!(find_leak(secret, &shown), None, "{shown}");
    }
    assert!(shown.contains(&format!("total {} ", calls())), "{shown}");
    shown
}

#[test]
fn plain_http_to_loopback_bypasses_the_proxy() {
    let addresses = ["127.0.0.1", "127.0.0.2", "localhost", "::1"];
    for (address, transport) in addresses.iter().flat_map(|address| TRANSPORTS.map(|transport| (*address, transport))) {
        // Where a machine has no such address, there is nothing to be sent to it.
        let Some(server) = Server::start(address, EMPTY) else { continue };
        let proxy = Server::start("127.0.0.1", NO_WAY).unwrap();
        let host = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        run(transport, &format!("http://{host}:{}", server.port), &proxy);
        assert_eq!(proxy.heads(), Vec::<String>::new(), "{address}");
        let heads = server.heads();
        assert_eq!(heads.len(), calls(), "{address}");
        assert!(heads.iter().all(|head| head.contains(&format!(": Bearer {TOKEN}\r\n"))));
    }
}

#[test]
fn proxy_receives_only_host_and_its_own_password() {
    for transport in TRANSPORTS {
        let proxy = Server::start("127.0.0.1", NO_WAY).unwrap();
        let shown = run(transport, "https://risken.example:8443", &proxy);
        assert!(shown.contains("could not connect"), "{shown}");
        let heads = proxy.heads();
        // Never sent, so each call is tried three times.
        assert_eq!(heads.len(), 3 * calls());
        let password = STANDARD.encode(format!("user:{PASSWORD}"));
        for head in heads {
            assert!(head.starts_with("CONNECT risken.example:8443 HTTP/1.1\r\n"), "{head}");
            assert!(head.to_lowercase().contains("proxy-authorization: basic ") && head.contains(&password), "{head}");
            assert_eq!(find_leak(TOKEN, &head), None, "{head}");
        }
    }
}

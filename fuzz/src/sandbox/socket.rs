//! Any bytes over a real connection.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use cloud_sandbox::Sandbox;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// So many connections come from one address, since ports rest for a while after their use.
const CONNECTIONS: u32 = 4096;

/// So long bytes that may be no whole request wait for an answer.
const GRACE: Duration = Duration::from_millis(2);

/// No answer takes so long.
const PATIENCE: Duration = Duration::from_secs(10);

struct Running {
    runtime: Runtime,
    server: SocketAddr,
    connections: u32,
    _sandbox: Sandbox,
}

/// Writes the bytes to a sandbox, in two pieces that the first byte parts, and sees to it that it answers others still.
///
/// # Panics
/// If the sandbox does, or answers no more.
pub fn play_socket(data: &[u8]) {
    thread_local! {
        static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
    }
    let [part, bytes @ ..] = data else { return };
    let (first, second) = bytes.split_at(usize::from(*part).min(bytes.len()));
    RUNNING.with_borrow_mut(|running| {
        let running = running.get_or_insert_with(Running::start);
        running.exchange(first, second, true);
        let (start, end) = (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", b"Connection: close\r\n\r\n");
        let answer = running.exchange(start, end, false);
        assert!(answer.starts_with(b"HTTP/1.1 200"), "others are answered {answer:?}");
    });
}

impl Running {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let sandbox = runtime.block_on(Sandbox::builder().start()).expect("a sandbox");
        let server = sandbox.endpoint().trim_start_matches("http://").parse().expect("an address");
        Self { runtime, server, connections: 0, _sandbox: sandbox }
    }

    /// What comes back until the sandbox closes the connection.
    fn exchange(&mut self, first: &[u8], second: &[u8], hangs_up: bool) -> Vec<u8> {
        self.connections += 1;
        let [_, high, middle, low] = (self.connections / CONNECTIONS + 1).to_be_bytes();
        let from = SocketAddr::from((Ipv4Addr::new(127, high, middle, low), 0));
        let server = self.server;
        self.runtime.block_on(async {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind(from).expect("an address");
            let mut stream = socket.connect(server).await.expect("a sandbox that listens");
            let answer = timeout(PATIENCE, talk(&mut stream, first, second, hangs_up)).await;
            answer.expect("an answer or the end of the connection")
        })
    }
}

/// A connection that the sandbox resets is an answer as well.
async fn talk(stream: &mut TcpStream, first: &[u8], second: &[u8], hangs_up: bool) -> Vec<u8> {
    let mut answer = Vec::new();
    let _ = stream.write_all(first).await;
    tokio::task::yield_now().await;
    let _ = stream.write_all(second).await;
    if hangs_up {
        let _ = timeout(GRACE, stream.read_to_end(&mut answer)).await;
        let _ = stream.shutdown().await;
    }
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

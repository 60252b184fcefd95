//! A server between a client and the sandbox, which misbehaves on purpose.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::calls::is_for_credentials;
use super::clock::Clock;

/// What the server does to a request with the fault.
#[derive(Clone, Copy, Debug)]
pub(super) enum Misbehavior {
    /// Nothing listens.
    NotListening,
    /// It sends these bytes as soon as the connection is made, and reads nothing.
    AtConnect(&'static [u8], End),
    /// It reads the request, forwards it or not, and sends these bytes.
    AtRequest { forward: bool, alter: fn(&UpstreamResponse) -> Vec<u8>, end: End },
}

/// What happens to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Close,
    Reset,
    /// The connection stays open, but nothing more is sent.
    Silence,
    /// The connection stays open for the next request.
    KeepAlive,
}

/// The response of the sandbox.
#[derive(Debug)]
pub(super) struct UpstreamResponse {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    pub(super) now: time::OffsetDateTime,
}

impl UpstreamResponse {
    /// Returns the unchanged response.
    pub(super) fn whole(&self) -> Vec<u8> {
        self.with_head(&self.head)
    }

    /// Returns the response with these lines at the end of its head.
    pub(super) fn with(&self, lines: &str) -> Vec<u8> {
        self.with_head(&format!("{}{lines}", self.head))
    }

    /// Returns the response with a wrong `Content-Length`.
    pub(super) fn with_length(&self, change: impl Fn(usize) -> usize) -> Vec<u8> {
        let length = change(self.body.len());
        self.with_head(&format!("{}content-length: {length}\r\n", without(&self.head, "content-length")))
    }

    /// Returns the head without `Content-Length` and with these lines.
    pub(super) fn open_head(&self, lines: &str) -> Vec<u8> {
        format!("{}{lines}\r\n", without(&self.head, "content-length")).into_bytes()
    }

    fn with_head(&self, head: &str) -> Vec<u8> {
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

fn without(head: &str, name: &str) -> String {
    head.split_inclusive("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with(name)).collect()
}

/// Whether the request in flight gets the fault, which the transport decides, and how many arrived.
#[derive(Debug, Default)]
pub(super) struct RequestCounter {
    pub(super) selected: AtomicBool,
    pub(super) arrived: AtomicU32,
}

/// A listener that forwards to the sandbox all requests without the fault.
#[derive(Debug)]
pub(super) struct FaultyServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    misbehavior: Misbehavior,
    counter: Arc<RequestCounter>,
    clock: Clock,
}

impl FaultyServer {
    pub(super) async fn start(
        upstream: &str,
        misbehavior: Misbehavior,
        counter: Arc<RequestCounter>,
        clock: Clock,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let shared = Arc::new(Shared { upstream, misbehavior, counter, clock });
        let accepting = Mutex::new(Some(tokio::spawn(accept(listener, Arc::clone(&shared)))));
        Ok(Self { address, shared, accepting })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts or stops listening, as the next request needs.
    pub(super) async fn prepare(&self) -> io::Result<()> {
        if !matches!(self.shared.misbehavior, Misbehavior::NotListening) {
            return Ok(());
        }
        let running = self.take();
        if self.shared.counter.selected.load(Ordering::SeqCst) {
            if let Some(running) = running {
                running.abort();
                // The listener closes when the task ends, whether aborted or not.
                let _ = running.await;
            }
            return Ok(());
        }
        let running = match running {
            Some(running) => running,
            None => tokio::spawn(accept(TcpListener::bind(self.address).await?, Arc::clone(&self.shared))),
        };
        *self.accepting.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        Ok(())
    }

    fn take(&self) -> Option<JoinHandle<()>> {
        self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for FaultyServer {
    fn drop(&mut self) {
        if let Some(running) = self.take() {
            running.abort();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // The client may have closed the connection.
            let _ = serve(stream, &shared).await;
        });
    }
}

impl Shared {
    fn has_fault(&self) -> bool {
        self.counter.selected.load(Ordering::SeqCst)
    }

    /// Whether the misbehavior affects only new connections.
    fn one_request_per_connection(&self) -> bool {
        matches!(self.misbehavior, Misbehavior::NotListening | Misbehavior::AtConnect(..))
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if let (true, Misbehavior::AtConnect(bytes, end)) = (shared.has_fault(), shared.misbehavior) {
        stream.write_all(bytes).await?;
        return finish(stream, end, &shared.clock).await;
    }
    while let Some(request) = message(&mut stream).await? {
        if !request.head.split(' ').nth(1).is_some_and(is_for_credentials) {
            shared.counter.arrived.fetch_add(1, Ordering::SeqCst);
        }
        match shared.misbehavior {
            Misbehavior::AtRequest { forward, alter, end } if shared.has_fault() => {
                let response = match forward {
                    true => forward_request(&request, shared).await?,
                    false => UpstreamResponse { head: String::new(), body: Vec::new(), now: shared.clock.time() },
                };
                stream.write_all(&alter(&response)).await?;
                if end != End::KeepAlive {
                    return finish(stream, end, &shared.clock).await;
                }
            }
            _ => {
                let response = forward_request(&request, shared).await?;
                if shared.one_request_per_connection() {
                    return stream.write_all(&response.with("connection: close\r\n")).await;
                }
                stream.write_all(&response.whole()).await?;
            }
        }
    }
    Ok(())
}

async fn finish(mut stream: TcpStream, end: End, clock: &Clock) -> io::Result<()> {
    match end {
        End::Close | End::KeepAlive => stream.shutdown().await,
        End::Reset => stream.set_zero_linger(),
        End::Silence => {
            stream.flush().await?;
            clock.server_goes_silent();
            // Waits until the client closes the connection.
            while stream.read(&mut [0; 1024]).await? > 0 {}
            Ok(())
        }
    }
}

struct Request {
    head: String,
    body: Vec<u8>,
}

/// Reads one request; `None` if the client closes the connection.
async fn message(stream: &mut TcpStream) -> io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 2;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes.split_off(end + 2);
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    while body.len() < length.unwrap_or(0) {
        if stream.read_buf(&mut body).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(Request { head, body }))
}

/// Forwards the request over a new connection, which ends with the response.
async fn forward_request(request: &Request, shared: &Shared) -> io::Result<UpstreamResponse> {
    let mut stream = TcpStream::connect(&shared.upstream).await?;
    let mut head = request.head.clone();
    // Writing into a string cannot fail.
    let _ = write!(head, "connection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), &request.body].concat()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)? + 2;
    let body = bytes.split_off(end + 2);
    bytes.truncate(end);
    let head = without(&String::from_utf8_lossy(&bytes), "connection");
    Ok(UpstreamResponse { head, body, now: shared.clock.time() })
}

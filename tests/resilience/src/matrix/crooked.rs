//! A plain socket between a client and the sandbox, which misbehaves on purpose.

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

/// What the socket does to a request that is struck.
#[derive(Clone, Copy, Debug)]
pub(super) enum Misdeed {
    /// Nobody listens.
    Gone,
    /// These bytes come as soon as the connection is made, and nothing is read.
    Drops(&'static [u8], End),
    /// The request is read, passed on or not, and answered with these bytes.
    Answers { forward: bool, spoil: fn(&Answer) -> Vec<u8>, end: End },
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Close,
    Reset,
    /// Nothing more comes, and the connection stays.
    Silence,
    /// The connection serves the next request.
    Stays,
}

/// The answer that the client should have had.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    pub(super) now: time::OffsetDateTime,
}

impl Answer {
    /// The answer as it is.
    pub(super) fn whole(&self) -> Vec<u8> {
        self.with_head(&self.head)
    }

    /// With these lines at the end of the head.
    pub(super) fn with(&self, lines: &str) -> Vec<u8> {
        self.with_head(&format!("{}{lines}", self.head))
    }

    /// With its length announced as so much more or less than it is.
    pub(super) fn with_length(&self, change: impl Fn(usize) -> usize) -> Vec<u8> {
        let length = change(self.body.len());
        self.with_head(&format!("{}content-length: {length}\r\n", without(&self.head, "content-length")))
    }

    /// The status line and headers, without the length and with these lines, and the empty line that ends them.
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

/// Whether the request under way is struck, which the client's transport decides, and how many have arrived.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) struck: AtomicBool,
    pub(super) arrived: AtomicU32,
}

/// A listener on loopback that passes everything to the sandbox but what is struck.
#[derive(Debug)]
pub(super) struct Crooked {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    misdeed: Misdeed,
    tally: Arc<Tally>,
    clock: Clock,
}

impl Crooked {
    pub(super) async fn start(upstream: &str, misdeed: Misdeed, tally: Arc<Tally>, clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let shared = Arc::new(Shared { upstream, misdeed, tally, clock });
        let accepting = Mutex::new(Some(tokio::spawn(accept(listener, Arc::clone(&shared)))));
        Ok(Self { address, shared, accepting })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Is there, or is not, for the request that comes next.
    pub(super) async fn prepare(&self) -> io::Result<()> {
        if !matches!(self.shared.misdeed, Misdeed::Gone) {
            return Ok(());
        }
        let running = self.take();
        if self.shared.tally.struck.load(Ordering::SeqCst) {
            if let Some(running) = running {
                running.abort();
                // The listener is closed once the task is over, however it ended.
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

impl Drop for Crooked {
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
            // A client that is gone is no concern of the server's.
            let _ = serve(stream, &shared).await;
        });
    }
}

impl Shared {
    fn strikes(&self) -> bool {
        self.tally.struck.load(Ordering::SeqCst)
    }

    /// Whether every request needs a connection of its own for the misdeed to reach it.
    fn one_each(&self) -> bool {
        matches!(self.misdeed, Misdeed::Gone | Misdeed::Drops(..))
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if let (true, Misdeed::Drops(bytes, end)) = (shared.strikes(), shared.misdeed) {
        stream.write_all(bytes).await?;
        return finish(stream, end, &shared.clock).await;
    }
    while let Some(request) = message(&mut stream).await? {
        if !request.head.split(' ').nth(1).is_some_and(is_for_credentials) {
            shared.tally.arrived.fetch_add(1, Ordering::SeqCst);
        }
        match shared.misdeed {
            Misdeed::Answers { forward, spoil, end } if shared.strikes() => {
                let answer = match forward {
                    true => pass_on(&request, shared).await?,
                    false => Answer { head: String::new(), body: Vec::new(), now: shared.clock.time() },
                };
                stream.write_all(&spoil(&answer)).await?;
                if end != End::Stays {
                    return finish(stream, end, &shared.clock).await;
                }
            }
            _ => {
                let answer = pass_on(&request, shared).await?;
                if shared.one_each() {
                    return stream.write_all(&answer.with("connection: close\r\n")).await;
                }
                stream.write_all(&answer.whole()).await?;
            }
        }
    }
    Ok(())
}

async fn finish(mut stream: TcpStream, end: End, clock: &Clock) -> io::Result<()> {
    match end {
        End::Close | End::Stays => stream.shutdown().await,
        End::Reset => stream.set_zero_linger(),
        End::Silence => {
            stream.flush().await?;
            clock.falls_silent();
            // Until the client gives up.
            while stream.read(&mut [0; 1024]).await? > 0 {}
            Ok(())
        }
    }
}

struct Request {
    head: String,
    body: Vec<u8>,
}

/// One request, or none when the client closes the connection.
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

/// What the sandbox answers, over a connection of its own that ends with the answer.
async fn pass_on(request: &Request, shared: &Shared) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(&shared.upstream).await?;
    let mut head = request.head.clone();
    // Writing to a text cannot fail.
    let _ = write!(head, "connection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), &request.body].concat()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)? + 2;
    let body = bytes.split_off(end + 2);
    bytes.truncate(end);
    let head = without(&String::from_utf8_lossy(&bytes), "connection");
    Ok(Answer { head, body, now: shared.clock.time() })
}

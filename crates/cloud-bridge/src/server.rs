//! A server with limits: half-sent heads, idle connections and slow handshakes end, and a stop lets requests finish.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

mod stalled;
mod tcp;
mod tls;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::UnixSockets;

use crate::bridge::Bridge;
use stalled::Stalled;
use tcp::TcpSockets;
pub use tls::TlsFiles;
use tls::TlsSockets;

/// The largest head of a request in bytes. It is also the size of a connection's buffer, so that all connections together
/// stay small.
const LARGEST_HEAD: usize = 16 * 1024;

/// Limits of a server.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ServerLimits {
    /// How long a connection may take to send a whole request head, or stay idle between requests. The default is 30
    /// seconds.
    pub head: Duration,
    /// How long a response may wait for a client that does not read it. The default is 30 seconds.
    pub write: Duration,
    /// How many connections are served at the same time. More wait until one ends. The default is 10,000.
    pub connections: usize,
    /// How long a stop still takes connections, while `sys/health` says that they should go elsewhere. By default a stop
    /// takes none.
    pub drain: Duration,
    /// How long a stop waits for requests in progress. The default is 30 seconds.
    pub shutdown: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        let limit = Duration::from_secs(30);
        Self { head: limit, write: limit, connections: 10_000, drain: Duration::ZERO, shutdown: limit }
    }
}

/// A bridge that is being served. Dropping it stops the server without waiting.
#[derive(Debug)]
pub struct Server {
    address: String,
    bridge: Bridge,
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
    drain: Duration,
}

impl Server {
    /// Serves a bridge on an address without TLS. It must be a loopback address: tokens and secrets would cross the
    /// network unencrypted.
    ///
    /// # Errors
    /// If the address is not a loopback address, or cannot be bound.
    pub async fn listen(bridge: Bridge, address: SocketAddr, limits: ServerLimits) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let text = format!("{address} is not a loopback address: configure TLS, or listen on a Unix socket");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let sockets = TcpSockets::bind(address).await?;
        let shown = format!("http://{}", sockets.address()?);
        Ok(Self::start(bridge, sockets, shown, limits))
    }

    /// Serves a bridge on an address with TLS.
    ///
    /// # Errors
    /// If the address cannot be bound, or the files cannot be used.
    pub async fn listen_tls(
        bridge: Bridge,
        address: SocketAddr,
        files: &TlsFiles,
        limits: ServerLimits,
    ) -> io::Result<Self> {
        let config = files.config()?;
        let sockets = TcpSockets::bind(address).await?;
        let shown = format!("https://{}", sockets.address()?);
        Ok(Self::start(bridge, TlsSockets::new(sockets, config), shown, limits))
    }

    /// Serves a bridge on a Unix socket that only its owner may use. A socket that no process serves is replaced.
    ///
    /// # Errors
    /// If a process serves the socket, something else is in its place, or it cannot be created.
    #[cfg(unix)]
    pub async fn listen_unix(bridge: Bridge, path: &std::path::Path, limits: ServerLimits) -> io::Result<Self> {
        let sockets = UnixSockets::bind(path).await?;
        Ok(Self::start(bridge, sockets, format!("unix:{}", path.display()), limits))
    }

    fn start<L: Listener>(bridge: Bridge, sockets: L, address: String, limits: ServerLimits) -> Self
    where
        L::Addr: Send,
    {
        let (stop, stopped) = watch::channel(());
        let prepared = bridge.clone();
        // Requests do not wait for it, but share what it looks up.
        tokio::spawn(async move { prepared.prepare().await });
        let task = tokio::spawn(serve(sockets, bridge.clone(), limits, stopped));
        Self { address, bridge, stop, task, drain: limits.drain }
    }

    /// Returns where the bridge is served, such as `http://127.0.0.1:8200` or `unix:/run/bridge.sock`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Stops: says so in `sys/health`, takes no new connections after a while, waits for requests in progress as long as
    /// the limit says, and then until the audit log has their lines, for up to five seconds.
    pub async fn shutdown(self) {
        let Self { bridge, stop, task, drain, .. } = self;
        bridge.drain();
        if !drain.is_zero() {
            bridge.runtime().deadline(drain).await;
        }
        drop(stop);
        // It ends by itself.
        let _ = task.await;
        bridge.flush().await;
    }
}

/// Serves a connection until it ends. Once the sender of `stopped` is dropped, it ends with the request in progress.
pub(crate) async fn drive(connection: impl GracefulConnection, mut stopped: watch::Receiver<()>) {
    let mut connection = pin!(connection);
    tokio::select! {
        // Clients may disconnect or send invalid HTTP at any time: the server has nothing to report.
        _ = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Serves connections until the sender of `stopped` is dropped, then waits for requests in progress.
async fn serve<L: Listener>(mut sockets: L, bridge: Bridge, limits: ServerLimits, mut stopped: watch::Receiver<()>) {
    let mut http = http1::Builder::new();
    // The default would let each connection hold 400 kB of a head that is not complete.
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(LARGEST_HEAD);
    let router = bridge.router();
    let slots = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accept = async {
            // It is never closed.
            let slot = Arc::clone(&slots).acquire_owned().await.ok();
            (slot, sockets.accept().await.0)
        };
        tokio::select! {
            (slot, stream) = accept => {
                let service = TowerToHyperService::new(router.clone());
                let stream = TokioIo::new(Stalled::new(stream, limits.write, Arc::clone(bridge.runtime())));
                let connection = http.serve_connection(stream, service);
                let driven = drive(connection, stopped.clone());
                connections.spawn(async move {
                    let _slot = slot;
                    driven.await;
                });
            }
            Some(_) = connections.join_next() => {}
            _ = stopped.changed() => break,
        }
    }
    drop(sockets);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.shutdown, ended).await.is_err() {
        // Waits until the requests have noted that they were cut off.
        connections.shutdown().await;
    }
}

//! An axum server with TLS, for `src/bin/tls_server.rs` and for its test.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves the router over TLS, until the future is dropped.
///
/// # Errors
/// If the listener has no address, or axum cannot serve.
pub async fn serve(listener: TcpListener, config: ServerConfig, router: Router) -> io::Result<()> {
    let address = listener.local_addr()?;
    let (sender, ready) = mpsc::channel(64);
    let task = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), sender));
    axum::serve(TlsListener { ready, address, accepting: task.abort_handle() }, router).await
}

/// Performs each handshake in its own task, so that a slow client does not delay the others.
#[allow(clippy::disallowed_methods, reason = "a server beside the SDK, without its clock")]
async fn accept(listener: TcpListener, acceptor: TlsAcceptor, ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    loop {
        let Ok((connection, client)) = listener.accept().await else {
            // Without a pause, a process that is out of files would spin.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(connection)).await {
                // The receiver is gone when the server stops.
                let _ = ready.send((stream, client)).await;
            }
        });
    }
}

struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
    accepting: AbortHandle,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

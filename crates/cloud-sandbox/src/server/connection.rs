//! Accepted connections that can be reset at any time, and the listener that accepts them.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// The switch that resets one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResetSwitch(Arc<AtomicBool>);

impl ResetSwitch {
    /// Resets the connection: from now on nothing is read or written.
    pub(crate) fn reset(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Acquire) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

/// Who is at the other end of a connection, and its switch.
#[derive(Debug, Clone)]
pub(crate) struct ClientInfo {
    pub(crate) address: SocketAddr,
    pub(crate) switch: ResetSwitch,
    /// The client certificate (DER) that the caller presented.
    pub(crate) certificate: Option<Arc<[u8]>>,
    /// Whether the connection is encrypted.
    pub(crate) secure: bool,
}

impl ClientInfo {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, switch: ResetSwitch::default(), certificate: None, secure: false }
    }
}

/// A listener whose connections are [`Connection`]s.
#[derive(Debug)]
pub(crate) struct PlainListener(TcpListener);

impl PlainListener {
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self(listener)
    }
}

impl Listener for PlainListener {
    type Io = Connection;
    type Addr = ClientInfo;

    async fn accept(&mut self) -> (Connection, ClientInfo) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small responses must not wait for each other; a socket that refuses is still good.
        let _ = stream.set_nodelay(true);
        let client = ClientInfo::new(address);
        (Connection { stream, switch: client.switch.clone() }, client)
    }

    fn local_addr(&self) -> io::Result<ClientInfo> {
        self.0.local_addr().map(ClientInfo::new)
    }
}

/// A TCP connection that is reset once its switch is used.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    switch: ResetSwitch,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.switch.check().is_err() {
            // Without lingering the kernel resets the connection if data is unsent or unread.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.switch.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.switch.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.switch.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.switch.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.switch.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

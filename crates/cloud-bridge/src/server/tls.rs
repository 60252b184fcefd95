//! Connections with TLS, and with certificates of clients if an authority for them is configured.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::tcp::TcpSockets;

#[cfg(feature = "aws-lc-rs")]
use tokio_rustls::rustls::crypto::aws_lc_rs as chosen;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use tokio_rustls::rustls::crypto::ring as chosen;

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!("cloud-bridge needs a crypto provider: enable its feature `ring`, a default, or `aws-lc-rs`");

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connections that wait to be served after the handshake.
const WAITING: usize = 64;

/// Handshakes at the same time.
const HANDSHAKES: usize = 1_024;

/// The files of a server with TLS, in PEM. They are read when the server starts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TlsFiles {
    /// The certificate of the server and those that lead to its authority.
    pub certificate: PathBuf,
    /// The private key of the certificate.
    pub key: PathBuf,
    /// The authorities of clients. If it is set, clients must present a certificate.
    pub client_ca: Option<PathBuf>,
}

impl TlsFiles {
    /// Names the certificate and its key.
    #[must_use]
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { certificate: certificate.into(), key: key.into(), client_ca: None }
    }

    /// Requires certificates of clients from these authorities.
    #[must_use]
    pub fn client_ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.client_ca = Some(file.into());
        self
    }

    pub(super) fn config(&self) -> io::Result<ServerConfig> {
        let provider: Arc<CryptoProvider> = Arc::new(chosen::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(file)? {
                    roots.add(certificate).map_err(|error| named(file, error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().map_err(|error| named(file, error))?)
            }
        };
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| named(&self.key, error))?;
        let certificates = certificates(&self.certificate)?;
        let config = builder.with_single_cert(certificates, key);
        let mut config = config.map_err(|error| named(&self.certificate, error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn named(file: &Path, error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", file.display()))
}

fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).map_err(|error| named(file, error))?;
    let read = read.collect::<Result<Vec<_>, _>>().map_err(|error| named(file, error))?;
    if read.is_empty() { Err(named(file, "it holds no certificate")) } else { Ok(read) }
}

/// A listener whose connections are encrypted.
#[derive(Debug)]
pub(super) struct TlsSockets {
    ready: mpsc::Receiver<(Box<TlsStream<TcpStream>>, SocketAddr)>,
    address: io::Result<SocketAddr>,
    accepting: AbortHandle,
}

impl TlsSockets {
    pub(super) fn new(sockets: TcpSockets, config: ServerConfig) -> Self {
        let address = sockets.address();
        let (sender, ready) = mpsc::channel(WAITING);
        let task = tokio::spawn(accept(sockets, TlsAcceptor::from(Arc::new(config)), sender));
        Self { ready, address, accepting: task.abort_handle() }
    }
}

/// Performs each handshake in its own task, so that a slow client does not delay the others.
async fn accept(
    mut sockets: TcpSockets,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<(Box<TlsStream<TcpStream>>, SocketAddr)>,
) {
    let slots = Arc::new(tokio::sync::Semaphore::new(HANDSHAKES));
    loop {
        // It is never closed.
        let slot = Arc::clone(&slots).acquire_owned().await.ok();
        let (connection, address) = sockets.accept().await;
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let _slot = slot;
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(connection)).await {
                // The receiver is gone when the server stops.
                let _ = ready.send((Box::new(stream), address)).await;
            }
        });
    }
}

impl Listener for TlsSockets {
    type Io = Box<TlsStream<TcpStream>>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.address {
            Ok(address) => Ok(*address),
            Err(error) => Err(error.kind().into()),
        }
    }
}

impl Drop for TlsSockets {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

//! The listener for callers with client certificates: it requests one, accepts any, and leaves the decision to the service.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use tokio_rustls::server::TlsStream;

use super::connection::{ClientInfo, Connection, PlainListener};
use crate::provider::provider;

/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections that wait to be served after the handshake.
const WAITING: usize = 64;

/// A listener whose connections are encrypted.
pub(crate) struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<Connection>, ClientInfo)>,
    address: SocketAddr,
    accepting: AbortHandle,
}

impl TlsListener {
    /// Encrypts with this certificate and its key.
    pub(crate) fn new(
        listener: PlainListener,
        certificate: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
    ) -> io::Result<Self> {
        let address = Listener::local_addr(&listener)?.address;
        let provider = provider();
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config
                    .with_client_cert_verifier(Arc::new(AnyClientCert(provider)))
                    .with_single_cert(vec![certificate], key)
            });
        let mut config = config.map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let (sender, ready) = mpsc::channel(WAITING);
        let task = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), sender));
        Ok(Self { ready, address, accepting: task.abort_handle() })
    }
}

/// Performs each handshake in its own task, so that a slow client does not delay the others.
async fn accept(
    mut listener: PlainListener,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<(TlsStream<Connection>, ClientInfo)>,
) {
    loop {
        let (connection, mut client) = listener.accept().await;
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(connection)).await else {
                return;
            };
            let presented = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            client.secure = true;
            client.certificate = presented.map(|certificate| Arc::from(certificate.as_ref()));
            // The receiver is gone when the sandbox stops.
            let _ = ready.send((stream, client)).await;
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<Connection>;
    type Addr = ClientInfo;

    async fn accept(&mut self) -> (TlsStream<Connection>, ClientInfo) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<ClientInfo> {
        Ok(ClientInfo::new(self.address))
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for TlsListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsListener").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Accepts every certificate whose key the caller has: the key manager itself refuses the wrong ones.
#[derive(Debug)]
struct AnyClientCert(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyClientCert {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

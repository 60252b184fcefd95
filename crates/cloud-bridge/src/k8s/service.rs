//! The plugin over gRPC, on a Unix socket.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use cloud_core::SecretBytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower_service::Service;

use super::plugin::{KmsPlugin, LIMIT};
use super::proto::{
    self, DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, StatusRequest, StatusResponse,
};
use crate::failure::Failure;
use crate::server::{UnixSockets, drive};

/// The largest message. Ciphertexts and plaintexts have at most 1 kB, annotations at most 32 kB.
const LARGEST: usize = 64 * 1024;

/// How long a stop waits for calls in progress.
const SHUTDOWN: Duration = LIMIT.saturating_mul(2);

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A plugin that is being served. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct KmsServer {
    stop: watch::Sender<()>,
    serving: JoinHandle<()>,
    probing: JoinHandle<()>,
}

impl KmsServer {
    /// Serves a plugin on a Unix socket that only its owner may use, and probes its keys every 30 seconds. A socket that
    /// no process serves is replaced.
    ///
    /// # Errors
    /// If a process serves the socket, something else is in its place, or it cannot be created.
    pub async fn listen(plugin: KmsPlugin, socket: &Path) -> io::Result<Self> {
        let sockets = UnixSockets::bind(socket).await?;
        let (stop, stopped) = watch::channel(());
        let serving = tokio::spawn(serve(sockets, plugin.clone(), stopped));
        let probing = tokio::spawn(async move { plugin.keep_probing().await });
        Ok(Self { stop, serving, probing })
    }

    /// Stops: takes no new connections, and waits a while for calls in progress.
    pub async fn shutdown(mut self) {
        // The channel closes, and with it every connection.
        let (closed, _) = watch::channel(());
        drop(std::mem::replace(&mut self.stop, closed));
        if tokio::time::timeout(SHUTDOWN, &mut self.serving).await.is_err() {
            self.serving.abort();
        }
    }
}

impl Drop for KmsServer {
    fn drop(&mut self) {
        self.probing.abort();
    }
}

async fn serve(mut sockets: UnixSockets, plugin: KmsPlugin, mut stopped: watch::Receiver<()>) {
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new()).max_concurrent_streams(64).max_header_list_size(16 * 1024);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            (stream, ()) = sockets.accept() => {
                let service = TowerToHyperService::new(Kms(plugin.clone()));
                let connection = http.serve_connection(TokioIo::new(stream), service);
                connections.spawn(drive(connection, stopped.clone()));
            }
            Some(_) = connections.join_next() => {}
            _ = stopped.changed() => break,
        }
    }
    drop(sockets);
    while connections.join_next().await.is_some() {}
}

/// The service of one connection.
#[derive(Clone)]
struct Kms(KmsPlugin);

impl Service<Request<Incoming>> for Kms {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let plugin = self.0.clone();
        Box::pin(async move {
            Ok(match request.uri().path() {
                proto::STATUS => grpc().unary(Method(plugin, status), request).await,
                proto::ENCRYPT => grpc().unary(Method(plugin, encrypt), request).await,
                proto::DECRYPT => grpc().unary(Method(plugin, decrypt), request).await,
                _ => Status::unimplemented("the service has the methods Status, Encrypt and Decrypt").into_http(),
            })
        })
    }
}

fn grpc<Q, A>() -> Grpc<ProstCodec<A, Q>>
where
    Q: prost::Message + Default + Send + 'static,
    A: prost::Message + Send + 'static,
{
    Grpc::new(ProstCodec::default()).max_decoding_message_size(LARGEST)
}

/// A method of the plugin.
struct Method<F>(KmsPlugin, F);

impl<Q, A, F> UnaryService<Q> for Method<F>
where
    A: Send + 'static,
    F: Fn(KmsPlugin, Q) -> BoxFuture<Result<A, Status>>,
{
    type Response = A;
    type Future = BoxFuture<Result<tonic::Response<A>, Status>>;

    fn call(&mut self, request: tonic::Request<Q>) -> Self::Future {
        let called = (self.1)(self.0.clone(), request.into_inner());
        Box::pin(async move { called.await.map(tonic::Response::new) })
    }
}

fn status(plugin: KmsPlugin, _: StatusRequest) -> BoxFuture<Result<StatusResponse, Status>> {
    let (healthz, key_id) = (plugin.health(), plugin.key_id());
    Box::pin(async { Ok(StatusResponse { version: "v2".to_owned(), healthz, key_id }) })
}

fn encrypt(plugin: KmsPlugin, request: EncryptRequest) -> BoxFuture<Result<EncryptResponse, Status>> {
    Box::pin(async move {
        let encrypted = plugin.encrypt(SecretBytes::from(request.plaintext)).await;
        let (ciphertext, key_id) = encrypted.map_err(refused)?;
        Ok(EncryptResponse { ciphertext, key_id, annotations: Default::default() })
    })
}

fn decrypt(plugin: KmsPlugin, request: DecryptRequest) -> BoxFuture<Result<DecryptResponse, Status>> {
    Box::pin(async move {
        let plaintext = plugin.decrypt(&request.ciphertext).await.map_err(refused)?;
        Ok(DecryptResponse { plaintext: plaintext.expose_secret().to_vec() })
    })
}

/// The status of gRPC for a failure.
fn refused(failure: Failure) -> Status {
    let code = match failure.status().as_u16() {
        400 => Code::InvalidArgument,
        404 => Code::NotFound,
        429 => Code::ResourceExhausted,
        502 | 503 => Code::Unavailable,
        504 => Code::DeadlineExceeded,
        _ => Code::Internal,
    };
    Status::new(code, failure.to_string())
}

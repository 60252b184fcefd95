//! One listener that is served until it is told to stop.

use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::serve::Listener;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::connection::ClientInfo;

/// How long a stop waits for requests in progress.
pub(super) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// A listener that is being served; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Serving {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
    ended: watch::Receiver<()>,
}

impl Serving {
    /// Serves every connection that the listener accepts. A connection that sends no whole request head within
    /// `header_timeout` is closed.
    pub(crate) fn start<L>(listener: L, router: Router, header_timeout: Duration) -> Self
    where
        L: Listener<Addr = ClientInfo>,
    {
        let (stop, stopped) = watch::channel(());
        let (running, ended) = watch::channel(());
        let task = tokio::spawn(async move {
            // Dropped when the task ends, also if it is aborted.
            let _running = running;
            serve(listener, router, header_timeout, stopped).await;
        });
        Self { stop, task, ended }
    }

    /// Waits until the last connection is closed, also after this was dropped.
    pub(super) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ended = self.ended.clone();
        async move { while ended.changed().await.is_ok() {} }
    }

    /// Stops, and waits a while for requests in progress.
    pub(crate) async fn finish(self) -> io::Result<()> {
        drop(self.stop);
        let mut task = self.task;
        match tokio::time::timeout(SHUTDOWN_TIMEOUT, &mut task).await {
            Ok(ended) => ended.map_err(io::Error::other),
            Err(_) => {
                task.abort();
                Ok(())
            }
        }
    }
}

/// Serves connections until the sender of `stopped` is dropped, then waits for requests in progress.
async fn serve<L>(mut listener: L, router: Router, header_timeout: Duration, mut stopped: watch::Receiver<()>)
where
    L: Listener<Addr = ClientInfo>,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(header_timeout);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            (stream, client) = listener.accept() => {
                let service = TowerToHyperService::new(router.clone().layer(Extension(client)));
                let connection = http.serve_connection(TokioIo::new(stream), service);
                let mut stopped = stopped.clone();
                connections.spawn(async move {
                    let mut connection = pin!(connection);
                    tokio::select! {
                        // Clients may disconnect or send invalid HTTP at any time: the server has nothing to report.
                        _ = connection.as_mut() => return,
                        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
                    }
                    let _ = connection.await;
                });
            }
            Some(_) = connections.join_next() => {}
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

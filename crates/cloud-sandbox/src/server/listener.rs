//! One listener that is served until it is told to stop.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::connection::ClientInfo;

/// How long a stop waits for requests in progress.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// A listener that is being served; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Serving {
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl Serving {
    /// Serves every connection that the listener accepts.
    pub(crate) fn start<L>(listener: L, router: Router) -> Self
    where
        L: Listener<Addr = ClientInfo>,
        ClientInfo: for<'a> Connected<IncomingStream<'a, L>>,
    {
        let service = router.into_make_service_with_connect_info::<ClientInfo>();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = axum::serve(listener, service).with_graceful_shutdown(async move {
            // A dropped sender is the signal too.
            let _ = stopped.await;
        });
        Self { stop, task: tokio::spawn(async move { served.await }) }
    }

    /// Stops, and waits a while for requests in progress.
    pub(crate) async fn finish(self) -> io::Result<()> {
        drop(self.stop);
        let mut task = self.task;
        match tokio::time::timeout(SHUTDOWN_TIMEOUT, &mut task).await {
            Ok(ended) => ended.map_err(io::Error::other)?,
            Err(_) => {
                task.abort();
                Ok(())
            }
        }
    }
}

//! The bridge: the mounts and the policies, and the way of a request through them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use cloud_core::Runtime;
use cloud_core::runtime::within;
use http::{Request, Response};

use crate::audit::Audit;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::metrics::Metrics;
use crate::mount::{Engine, Mounts};
use crate::path::Path;
use crate::policy::Token;
use crate::random;
use crate::reply::{self, Reply};
use crate::request::{self, Query, Verb};
use crate::route::{Label, Route};
use crate::sys;
use crate::tokens::Tokens;
use crate::trail::Trail;

mod builder;
mod record;

pub use builder::{BridgeBuilder, Names};
use record::Record;

/// Vault's HTTP API in front of the keys and secrets of clouds. Cloning is cheap.
///
/// It stores nothing: keys and secrets stay at the clouds, and who may use them is in a policy file.
#[derive(Clone)]
pub struct Bridge(Arc<Inner>);

struct Inner {
    mounts: Mounts,
    tokens: Tokens,
    audit: Audit,
    metrics: Metrics,
    /// What `X-Vault-Namespace` must be if it is sent.
    namespace: String,
    /// How long a request may take.
    limit: Duration,
    runtime: Arc<dyn Runtime>,
    draining: AtomicBool,
}

impl Bridge {
    /// Creates a builder of a bridge without mounts.
    pub fn builder() -> BridgeBuilder {
        BridgeBuilder::default()
    }

    /// Returns a router that serves this bridge, for a server of your own. [`Server`](crate::Server) serves it with
    /// limits for connections.
    pub fn router(&self) -> Router {
        Router::new().fallback(handle).with_state(self.clone())
    }

    /// Says in `sys/health` that this process is about to stop, so that no new clients are sent to it.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    /// Looks up what the first requests would have to wait for. Each of them does so again if it fails.
    pub(crate) async fn prepare(&self) {
        for mount in self.0.mounts.all() {
            if let Engine::Transit(keys) = &mount.engine
                && let Err(error) = keys.prepare().await
            {
                tracing::warn!(mount = mount.path, %error, "the keys cannot be listed");
            }
        }
    }

    pub(crate) fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.0.runtime
    }

    /// Waits until all lines of the audit log are written, for as long as a response waits for its own.
    pub(crate) async fn flush(&self) {
        let runtime = &self.0.runtime;
        let flushed = within(Box::pin(self.0.audit.flush()), || runtime.deadline(record::WRITTEN_WITHIN)).await;
        if flushed.is_none() {
            tracing::error!("lines of the audit log may be lost: it could not be written in time");
        }
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge").field("mounts", &self.0.mounts).finish_non_exhaustive()
    }
}

async fn handle(State(bridge): State<Bridge>, request: Request<Body>) -> Response<Body> {
    let inner = &bridge.0;
    let id = match random::uuid() {
        Ok(id) => id,
        Err(failure) => return reply::failed(&failure),
    };
    let trail = Arc::new(Trail::default());
    // Writes a line also if the client goes away.
    let mut record = Record::new(inner, id, Arc::clone(&trail));
    let serving = Box::pin(trail.follow(inner.serve(&mut record, request)));
    let outcome = within(serving, || inner.runtime.deadline(inner.limit)).await;
    let outcome = outcome.unwrap_or_else(|| Err(record.timed_out()));
    let response = match &outcome {
        Ok(reply) => record.finish(reply.status(), None).await,
        Err(failure) => record.finish(failure.status(), failure.request_id()).await,
    };
    match (response, outcome) {
        (Err(failure), _) | (Ok(()), Err(failure)) => reply::failed(&failure),
        (Ok(()), Ok(reply)) => reply.into_response(),
    }
}

impl Inner {
    async fn serve(&self, record: &mut Record<'_>, request: Request<Body>) -> Result<Reply> {
        let (parts, body) = request.into_parts();
        let (raw, query) = request::target(&parts);
        let path = Path::read(raw).map_err(Failure::invalid)?;
        let query = Query::read(query)?;
        let verb = Verb::read(&parts.method, &query)?;
        let segments = path.segments();
        match (verb, segments.as_slice()) {
            (Verb::Get, ["sys", "health"]) => {
                record.unlogged("health");
                let draining = self.draining.load(Ordering::Acquire);
                let reply = sys::health(&query, self.runtime.now(), draining)?;
                record.count_as(sys::status(draining));
                return Ok(reply);
            }
            (Verb::Get, ["sys", "seal-status"]) => {
                record.unlogged("seal_status");
                return sys::seal_status(self.draining.load(Ordering::Acquire));
            }
            (Verb::Get, ["sys", "init"]) => {
                record.unlogged("init");
                return sys::init();
            }
            _ => {}
        }
        record.request(verb, path.text());
        let presented = request::token(&parts.headers)?.ok_or_else(Failure::denied)?;
        let policies = self.tokens.current().await;
        // An unknown token must not choose what the log hides.
        let token = policies.find(presented.expose_secret()).ok_or_else(Failure::denied)?;
        record.request(verb, path.text().replace(presented.expose_secret(), "[redacted]"));
        record.token(&token.name);
        request::check_headers(&parts.headers, &self.namespace)?;
        if path.has_slash() && verb != Verb::List {
            return Err(Failure::invalid("only the path of a list may end with a slash"));
        }
        let text = path.text();
        let route = self.route(token, verb, &segments, &text)?;
        record.label(self.label(&route, &segments), &route);
        if matches!(&route, Route::Kv(_, operation) if operation.is_change()) {
            record.begin().await?;
        }
        let context = Context {
            id: &record.id(),
            query: &query,
            token,
            path: &text,
            headers: &parts.headers,
            body: Some(body).into(),
        };
        match route {
            Route::Mounts => sys::mounts(&context, &self.mounts),
            Route::MountOf => sys::mount_of(&context, &self.mounts, segments.get(4..).unwrap_or_default()),
            Route::Metrics => self.metrics(&context),
            Route::CapabilitiesSelf => sys::capabilities(&context).await,
            Route::LookupSelf => sys::lookup_self(&context, &presented),
            Route::RenewSelf => sys::renew_self(&context, &presented),
            Route::Transit(keys, operation) => operation.run(keys, &context).await,
            Route::Kv(kv, operation) => operation.run(kv, &context).await,
        }
    }

    /// The operation of a path, if the policy permits it. Who may do nothing on a path does not learn what it is.
    fn route(&self, token: &Token, verb: Verb, segments: &[&str], path: &str) -> Result<Route<'_>> {
        let route = Route::read(&self.mounts, verb, segments);
        let permitted = match route.as_ref().map(Route::capabilities) {
            Ok([]) => true,
            Ok(needed) => needed.iter().any(|capability| token.may(path, *capability)),
            Err(_) => token.may_anything(path),
        };
        if permitted { route } else { Err(Failure::denied()) }
    }

    fn label(&self, route: &Route<'_>, segments: &[&str]) -> Label {
        let mount = self.mounts.find(segments).map_or_else(|| "sys".to_owned(), |(mount, _)| mount.path.clone());
        Label { mount, operation: route.operation() }
    }

    fn metrics(&self, context: &Context<'_>) -> Result<Reply> {
        context.query.only(&["format"])?;
        if context.query.get("format") != Some("prometheus") {
            return Err(Failure::invalid("metrics need the query parameter `format=prometheus`"));
        }
        let text = self.metrics.text(&self.mounts, self.tokens.failures(), self.tokens.is_broken());
        Ok(Reply::text("text/plain; version=0.0.4; charset=utf-8", text))
    }
}

//! What is recorded of a request: a line of the audit log, and counters.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::Inner;
use crate::audit::{self, Line};
use crate::failure::{Failure, Result};
use crate::request::Verb;
use crate::route::{Label, Route};
use crate::trail::Trail;

/// What is known of a request so far. Dropping it before the end writes a line without a status.
pub(super) struct Record<'a> {
    inner: &'a Inner,
    id: Arc<str>,
    trail: Arc<Trail>,
    start: Duration,
    verb: Option<Verb>,
    path: Option<String>,
    token: Option<String>,
    label: Label,
    /// Whether the operation may have been carried out, and must not be sent again without a look.
    is_unsafe: bool,
    logged: bool,
    finished: bool,
}

impl<'a> Record<'a> {
    pub(super) fn new(inner: &'a Inner, id: String, trail: Arc<Trail>) -> Self {
        Self {
            inner,
            id: id.into(),
            trail,
            start: inner.runtime.elapsed(),
            verb: None,
            path: None,
            token: None,
            label: Label { mount: "none".to_owned(), operation: "none" },
            is_unsafe: false,
            logged: true,
            finished: false,
        }
    }

    /// Vault's ID of this request.
    pub(super) fn id(&self) -> Arc<str> {
        Arc::clone(&self.id)
    }

    /// The request is one that Vault's audit log leaves out.
    pub(super) fn unlogged(&mut self, operation: &'static str) {
        self.logged = false;
        self.label = Label { mount: "sys".to_owned(), operation };
    }

    pub(super) fn request(&mut self, verb: Verb, path: String) {
        self.verb = Some(verb);
        self.path = Some(path);
    }

    pub(super) fn token(&mut self, name: &str) {
        self.token = Some(name.to_owned());
    }

    pub(super) fn label(&mut self, label: Label, route: &Route<'_>) {
        self.label = label;
        self.is_unsafe = matches!(route, Route::Kv(_, operation) if operation.is_unsafe());
    }

    /// The failure of a request that took too long. Clients of Vault repeat what fails with 5xx.
    pub(super) fn timed_out(&self) -> Failure {
        let text = "the request took too long";
        match self.is_unsafe {
            true => Failure::invalid(format!(
                "{text}; it may have been executed: read the secret before you write it again"
            )),
            false => Failure::new(StatusCode::GATEWAY_TIMEOUT, text),
        }
    }

    fn line(&self, status: Option<u16>, failed: Option<&str>) -> Line {
        let mut ids = self.trail.ids();
        if let Some(id) = failed.filter(|id| !ids.iter().any(|own| own == id)) {
            ids.push(id.to_owned());
        }
        Line {
            time: audit::written(self.inner.runtime.now()),
            token: self.token.clone(),
            operation: self.verb.map_or("-", Verb::as_str).to_owned(),
            path: self.path.clone(),
            status,
            duration_ms: audit::milliseconds(self.took()),
            request_id: self.id.to_string(),
            cloud_request_ids: ids,
        }
    }

    fn took(&self) -> Duration {
        self.inner.runtime.elapsed().saturating_sub(self.start)
    }

    /// Records the end of the request, before its response is sent. `failed` is the cloud's ID of what failed.
    pub(super) async fn finish(mut self, status: StatusCode, failed: Option<&str>) -> Result<()> {
        self.finished = true;
        self.inner.metrics.count(&self.label.mount, self.label.operation, status.as_u16(), self.took());
        if !self.logged {
            return Ok(());
        }
        let line = self.line(Some(status.as_u16()), failed);
        self.inner.audit.write(&line).await.map_err(|_| Inner::unrecorded())
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if !self.finished && self.logged {
            self.inner.audit.note(&self.line(None, None));
        }
    }
}

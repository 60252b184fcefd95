//! What is recorded of a request: a line of the audit log, and counters.

use std::sync::Arc;
use std::time::Duration;

use cloud_core::runtime::within;
use http::StatusCode;

use super::Inner;
use crate::audit::{self, Line};
use crate::failure::{Failure, Result};
use crate::request::Verb;
use crate::route::{Label, Route};
use crate::trail::Trail;

/// How long a response waits until its line is written, unless requests have a shorter limit.
pub(super) const WRITTEN_WITHIN: Duration = Duration::from_secs(5);

/// What follows a failure of a write that may have been carried out.
const UNCERTAIN: &str = "it may have been executed: read the secret before you write it again";

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
    /// What is counted in place of a status that the client has chosen.
    counted: Option<StatusCode>,
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
            counted: None,
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

    /// Counts this status, and not that of the response.
    pub(super) fn count_as(&mut self, status: StatusCode) {
        self.counted = Some(status);
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
        self.failed(StatusCode::GATEWAY_TIMEOUT, "the request took too long")
    }

    /// The failure of a request whose line could not be written in time.
    fn unrecorded(&self) -> Failure {
        let text = "the audit log cannot be written, so nothing is returned";
        self.failed(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    fn failed(&self, status: StatusCode, text: &str) -> Failure {
        if self.is_unsafe { Failure::invalid(format!("{text}; {UNCERTAIN}")) } else { Failure::new(status, text) }
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
        let counted = self.counted.unwrap_or(status);
        self.inner.metrics.count(&self.label.mount, self.label.operation, counted.as_u16(), self.took());
        if !self.logged {
            return Ok(());
        }
        let line = self.line(Some(status.as_u16()), failed);
        let limit = self.inner.limit.min(WRITTEN_WITHIN);
        let written = within(Box::pin(self.inner.audit.write(&line)), || self.inner.runtime.deadline(limit)).await;
        written.and_then(Result::ok).ok_or_else(|| self.unrecorded())
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if !self.finished && self.logged {
            self.inner.audit.note(&self.line(None, None));
        }
    }
}

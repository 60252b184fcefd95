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

/// What is known of a request so far. Dropping it before its line was handed over writes the line, without a status
/// if there is none yet.
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
    /// The line that could not be handed over yet, once the response is known.
    line: Option<Line>,
    /// Whether the request was rejected because it could not be written.
    rejected: bool,
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
            line: None,
            rejected: false,
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

    /// Before a change: if the audit log could lately not be written, the request is written first, without a status.
    /// So at most the first change that meets a log that cannot be written is executed without a line.
    ///
    /// # Errors
    /// If the log cannot be written. Nothing was executed, so clients may repeat the request.
    pub(super) async fn begin(&mut self) -> Result<()> {
        if self.inner.audit.is_written() {
            return Ok(());
        }
        let line = self.line(None, None);
        let deadline = || self.inner.runtime.deadline(self.limit());
        let written = within(Box::pin(self.inner.audit.write(&line, || ())), deadline).await;
        self.rejected = !matches!(written, Some(Ok(())));
        if self.rejected { Err(self.unrecorded()) } else { Ok(()) }
    }

    /// How long a line may take.
    fn limit(&self) -> Duration {
        self.inner.limit.min(WRITTEN_WITHIN)
    }

    /// The failure of a request whose line could not be written in time.
    fn unrecorded(&self) -> Failure {
        if self.rejected {
            let text = "the audit log cannot be written, so nothing is changed";
            return Failure::new(StatusCode::INTERNAL_SERVER_ERROR, text);
        }
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
        let counted = self.counted.unwrap_or(status);
        self.inner.metrics.count(&self.label.mount, self.label.operation, counted.as_u16(), self.took());
        if !self.logged {
            self.finished = true;
            return Ok(());
        }
        let line = self.line(Some(status.as_u16()), failed);
        self.line = Some(line.clone());
        let (inner, limit) = (self.inner, self.limit());
        let deadline = || inner.runtime.deadline(limit);
        // Until the line is handed over, dropping the record still notes it.
        let writing = Box::pin(inner.audit.write(&line, || self.finished = true));
        let written = within(writing, deadline).await;
        if written.is_none() {
            inner.audit.is_late();
        }
        written.and_then(std::result::Result::ok).ok_or_else(|| self.unrecorded())
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if !self.finished && self.logged {
            let line = self.line.take().unwrap_or_else(|| self.line(None, None));
            self.inner.audit.note(&line);
        }
    }
}

//! What is added to an error on its way to the caller.

use std::error::Error as StdError;
use std::time::Duration;

use super::{Advice, Error, ErrorCategory, Inner};
use crate::delivery::Delivery;
use crate::operation::CallContext;

impl Error {
    /// Sets the operation and its version, unless they are set.
    #[must_use]
    pub(crate) fn with_context(mut self, context: CallContext) -> Self {
        self.0.context.get_or_insert(context);
        self
    }

    /// Sets the HTTP status.
    #[must_use]
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Sets the vendor's error code.
    #[must_use]
    pub(crate) fn with_code(mut self, code: Option<String>) -> Self {
        self.0.code = code;
        self
    }

    /// Sets the vendor's request id.
    #[must_use]
    pub(crate) fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }

    /// Sets the number of attempts.
    #[must_use]
    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Sets how far the request got.
    #[must_use]
    pub(crate) fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.0.delivery = delivery;
        self
    }

    /// Sets whether the same call may succeed later.
    #[must_use]
    pub(crate) fn with_transient(mut self, transient: bool) -> Self {
        self.0.transient = transient;
        self
    }

    /// Sets what the service's refusal means.
    #[must_use]
    pub(crate) fn with_category(mut self, category: Option<ErrorCategory>) -> Self {
        self.0.category = category;
        self
    }

    /// Removes what the refusal means, for callers to whom it would mean something else.
    #[doc(hidden)]
    #[must_use]
    pub fn without_category(self) -> Self {
        self.with_category(None)
    }

    /// Sets the permission that the service asked for.
    #[must_use]
    pub(crate) fn with_required_action(mut self, action: Option<String>) -> Self {
        self.0.required_action = action;
        self
    }

    /// Sets what the vendor's rules advise, the most likely remedy first.
    #[must_use]
    pub(crate) fn with_advice(mut self, advice: &'static [Advice]) -> Self {
        self.0.advice = advice;
        self
    }

    /// Sets what the attempts before the last one met, and whether one of them may have been executed.
    pub(crate) fn with_earlier(mut self, earlier: Vec<String>, executed: bool) -> Self {
        self.0.earlier = earlier;
        self.0.executed_earlier = executed;
        self
    }

    /// What happened in one attempt: the status, or the text if there was no response.
    pub(crate) fn summary(&self) -> String {
        match (self.0.status, &self.0.code) {
            (Some(status), Some(code)) => format!("status {status} {code}"),
            (Some(status), None) => format!("status {status}"),
            (None, _) => self.0.text.clone(),
        }
    }

    /// Sets the delay that the service asked for.
    #[must_use]
    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Returns a copy without the source, for another caller that waited for the same request.
    #[doc(hidden)]
    pub fn duplicate(&self) -> Self {
        let inner = &*self.0;
        Self(Box::new(Inner {
            text: inner.text.clone(),
            code: inner.code.clone(),
            request_id: inner.request_id.clone(),
            required_action: inner.required_action.clone(),
            earlier: inner.earlier.clone(),
            source: None,
            ..*inner
        }))
    }

    /// Says what is lost for good if the operation was executed.
    pub(crate) fn with_loss(self) -> Self {
        match self.0.context.and_then(|context| context.operation.lost_response) {
            Some(lost) if self.may_have_been_executed() => self.with_note(lost),
            _ => self,
        }
    }

    /// Adds a lowercase fragment to the text.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.note(note);
        self
    }

    /// The same in place.
    pub(crate) fn note(&mut self, note: &str) {
        self.0.text.push_str("; ");
        self.0.text.push_str(note);
    }

    /// Keeps the underlying error. It must not show a body, a URL with a query, or a secret.
    #[must_use]
    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Marks that a request for credentials may have been executed.
    pub(crate) fn set_credentials_requested(&mut self) {
        self.0.credentials_requested = true;
    }
}

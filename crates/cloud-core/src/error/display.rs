//! How an error is written.

use std::fmt;

use super::{Error, ErrorKind, Inner};
use crate::delivery::Delivery;
use crate::operation::{CallContext, Idempotency};

impl Inner {
    /// What happened to the call, in one word or two.
    fn verb(&self) -> &'static str {
        match self.kind {
            ErrorKind::Config | ErrorKind::Request | ErrorKind::Restricted => "rejected locally",
            ErrorKind::Service if self.status.is_none_or(|status| status < 500) => "refused",
            _ => "failed",
        }
    }
}

fn changes_something(context: CallContext) -> bool {
    context.operation.idempotency != Idempotency::Safe
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(context) = inner.context {
            write!(f, "{context} {}: ", inner.verb())?;
        }
        f.write_str(&inner.text)?;
        let mut notes = Vec::new();
        if let Some(status) = inner.status {
            notes.push(format!("status {status}"));
        }
        if let Some(code) = &inner.code {
            notes.push(format!("code {code}"));
        }
        if let Some(id) = &inner.request_id {
            notes.push(format!("request id {id}"));
        }
        if inner.attempts > 1 {
            notes.push(format!("{} attempts", inner.attempts));
        }
        if inner.attempts > 0 && inner.delivery == Delivery::NotSent {
            notes.push("not sent".to_owned());
        }
        if inner.delivery == Delivery::PossiblySent && inner.context.is_some_and(changes_something) {
            notes.push("may have been executed".to_owned());
        }
        if inner.executed_earlier
            && inner.delivery == Delivery::ResponseReceived
            && inner.context.is_some_and(changes_something)
        {
            notes.push("an earlier attempt may have been executed".to_owned());
        }
        let last = self.summary();
        for (attempt, met) in (1..).zip(&inner.earlier).filter(|(_, met)| **met != last) {
            notes.push(format!("attempt {attempt}: {met}"));
        }
        if let Some(wait) = inner.retry_after {
            notes.push(format!("retry after {} s", wait.as_secs()));
        }
        if notes.is_empty() { Ok(()) } else { write!(f, " ({})", notes.join(", ")) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("text", &inner.text)
            .field("operation", &inner.context.map(|context| context.to_string()))
            .field("status", &inner.status)
            .field("code", &inner.code)
            .field("request_id", &inner.request_id)
            .field("attempts", &inner.attempts)
            .field("delivery", &inner.delivery)
            .field("transient", &inner.transient)
            .field("category", &inner.category)
            .field("required_action", &inner.required_action)
            .field("advice", &inner.advice)
            .field("earlier", &inner.earlier)
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

//! The kinds of errors, each with what to do.

#[cfg(doc)]
use crate::Error;

/// The category of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or malformed. The text names the setting and every place that was searched.
    ///
    /// What to do: correct the setting. Retrying does not help.
    Config,
    /// The request breaks a documented rule and was rejected locally. The text names the field and the rule.
    ///
    /// What to do: correct the argument. Retrying does not help.
    Request,
    /// The handle is from `read_only()` or `hiding_secrets()`, and refuses the operation. Nothing was sent.
    ///
    /// What to do: make the call through a handle without the restriction. Retrying does not help.
    Restricted,
    /// No credentials are available for the call, so it was not sent.
    ///
    /// What to do: check the keys or the token, and the service that issues them. Retry if
    /// [`Error::is_transient`] holds.
    Credentials,
    /// The connection could not be opened in the last attempt.
    ///
    /// What to do: check the endpoint, DNS, proxy and TLS settings. If [`Error::is_unsent`] holds, no attempt reached
    /// the service and sending again is safe for every operation.
    Connect,
    /// A time limit passed before the response arrived, or before a [`Waiter`](crate::Waiter) saw the end.
    ///
    /// What to do: if [`Error::is_unsent`] holds, retry. Otherwise the request may have been executed: read the
    /// state first, or retry if the operation is idempotent.
    Timeout,
    /// The connection was lost after the request was sent, or possibly sent.
    ///
    /// What to do: the request may have been executed. Read the state first, or retry if the operation is
    /// idempotent.
    Transport,
    /// The service refused the request (status 4xx) or failed (status 5xx).
    ///
    /// What to do: look at [`Error::status`] and [`Error::code`]. Correct a refused request; retry later if
    /// [`Error::is_transient`] holds; give [`Error::request_id`] to the vendor's support.
    Service,
    /// The response is not in the documented format.
    ///
    /// What to do: look for a proxy or a portal on the way, and for a newer release of the crate. The request may
    /// have been executed.
    Decode,
    /// A list ended before all announced items were received.
    ///
    /// What to do: list again, or continue from [`Incomplete::resume`](crate::Incomplete::resume).
    Incomplete,
    /// A lookup by name matched no resource, or more than one.
    ///
    /// What to do: [`Error::is_not_found`] tells the two apart. List the resources and choose one by its ID.
    Lookup,
    /// A [`Waiter`](crate::Waiter) saw that what it waited for ended without success. The text names the last state.
    ///
    /// What to do: correct the cause that the state or the service's console names, and start it again.
    FailureState,
}

//! A call that is ready to be sent: what operation methods return.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::client::{CallOptions, Client, Reply, ResponseParts};
use crate::error::Result;
use crate::operation::{ApiVersion, CallContext, Operation};
use crate::request::{QueryValue, Request};
use crate::retry::RetryPolicy;
use crate::runtime::BoxFuture;
use crate::validate::Validator;

/// A call that is ready to be sent. `.await` sends it and gives the answer; [`send`](Self::send) gives the
/// answer with its status, headers and request id.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    client: Client,
    request: Request,
    options: CallOptions,
    answer: PhantomData<fn() -> T>,
}

impl<T> Call<T> {
    /// A call of this request through this client.
    pub fn new(client: &Client, request: Request) -> Self {
        Self { client: client.clone(), request, options: CallOptions::default(), answer: PhantomData }
    }

    /// The operation that is called.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.request.operation()
    }

    /// The version of the service that is called.
    #[must_use]
    pub fn api_version(&self) -> &'static ApiVersion {
        self.client.api_version()
    }

    pub(crate) fn context(&self) -> CallContext {
        CallContext::new(self.operation(), self.api_version())
    }

    /// The longest that this call may take, with its attempts and waits, instead of the client's limit.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(limit);
        self
    }

    /// When to try again, instead of the client's policy. What may be sent twice stays the operation's own rule.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = Some(policy);
        self
    }

    /// The most bytes that the answer may have, instead of the transport's limit of 16 MiB.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.options.body_limit = Some(bytes);
        self
    }

    /// Sends values that break a documented limit all the same: a vendor may have relaxed a rule.
    pub fn skip_validation(mut self) -> Self {
        self.options.skip_validation = true;
        self
    }

    /// Adds a query parameter. For generated code.
    #[doc(hidden)]
    pub fn push_query(&mut self, name: &'static str, value: impl QueryValue) {
        self.request.push_query(name, value);
    }

    /// Checks an optional parameter against its limits. For generated code.
    #[doc(hidden)]
    pub fn validate(&mut self, validate: impl FnOnce(&mut Validator)) {
        let empty = Request::new(self.request.operation());
        self.request = std::mem::replace(&mut self.request, empty).validate(validate);
    }

    pub(crate) fn validates(&self) -> bool {
        !self.options.skip_validation
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    pub(crate) fn request_mut(&mut self) -> &mut Request {
        &mut self.request
    }

    /// The same call once more, for another page, with what is left of the time it was given after `spent`.
    pub(crate) fn again(&self, spent: Duration) -> Option<Self> {
        let mut options = self.options.clone();
        if let Some(limit) = options.timeout {
            options.timeout = Some(limit.checked_sub(spent).filter(|left| !left.is_zero())?);
        }
        let (client, request) = (self.client.clone(), self.request.template());
        Some(Self { client, request, options, answer: PhantomData })
    }

    /// The client's monotonic clock.
    pub(crate) fn elapsed(&self) -> Duration {
        self.client.elapsed()
    }

    /// Sends the call; the payload is decoded by whoever asked.
    pub(crate) fn start(self) -> BoxFuture<'static, Result<Reply>> {
        self.client.execute(self.request, self.options)
    }
}

impl<T: DeserializeOwned> Call<T> {
    /// Sends the call and gives the answer with its status, headers, request id and number of attempts.
    pub fn send(self) -> SendFuture<T> {
        let context = self.context();
        SendFuture { context, reply: self.start(), answer: PhantomData }
    }
}

impl<T: DeserializeOwned> IntoFuture for Call<T> {
    type Output = Result<T>;
    type IntoFuture = CallFuture<T>;

    fn into_future(self) -> CallFuture<T> {
        CallFuture(self.send())
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("request", &self.request).field("options", &self.options).finish_non_exhaustive()
    }
}

/// The future of [`Call::send`].
#[must_use = "futures do nothing unless awaited"]
pub struct SendFuture<T> {
    context: CallContext,
    reply: BoxFuture<'static, Result<Reply>>,
    answer: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Future for SendFuture<T> {
    type Output = Result<Response<T>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let reply = ready!(self.reply.as_mut().poll(context))?;
        let value = reply.decode(self.context)?;
        Poll::Ready(Ok(Response { value, meta: reply.meta }))
    }
}

impl<T> fmt::Debug for SendFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture").field("operation", &self.context.to_string()).finish_non_exhaustive()
    }
}

/// The future of `call.await`.
#[must_use = "futures do nothing unless awaited"]
pub struct CallFuture<T>(SendFuture<T>);

impl<T: DeserializeOwned> Future for CallFuture<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_ok(Response::into_inner)
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An answer with what is known about it. `Debug` shows the metadata, not the value.
pub struct Response<T> {
    value: T,
    meta: ResponseParts,
}

impl<T> Response<T> {
    /// The answer.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The answer alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Status, headers, request id and attempts.
    pub fn meta(&self) -> &ResponseParts {
        &self.meta
    }
}

impl<T> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.meta.status)
            .field("request_id", &self.meta.request_id)
            .field("attempts", &self.meta.attempts)
            .finish_non_exhaustive()
    }
}

/// Gives a generated call with optional parameters (`struct ListKeys(Call<Page>)`) what a plain [`Call`] has.
#[doc(hidden)]
#[macro_export]
macro_rules! call_options {
    ($name:ident => $answer:ty) => {
        impl $name {
            /// The longest that this call may take, with its attempts and waits, instead of the client's limit.
            pub fn timeout(self, limit: ::std::time::Duration) -> Self {
                Self(self.0.timeout(limit))
            }

            /// When to try again, instead of the client's policy.
            pub fn retry(self, policy: $crate::RetryPolicy) -> Self {
                Self(self.0.retry(policy))
            }

            /// The most bytes that the answer may have, instead of the transport's limit of 16 MiB.
            pub fn body_limit(self, bytes: usize) -> Self {
                Self(self.0.body_limit(bytes))
            }

            /// Sends values that break a documented limit all the same.
            pub fn skip_validation(self) -> Self {
                Self(self.0.skip_validation())
            }

            /// Sends the call and gives the answer with its status, headers, request id and number of attempts.
            pub fn send(self) -> $crate::call::SendFuture<$answer> {
                self.0.send()
            }
        }

        impl ::std::future::IntoFuture for $name {
            type Output = $crate::Result<$answer>;
            type IntoFuture = $crate::call::CallFuture<$answer>;

            fn into_future(self) -> Self::IntoFuture {
                self.0.into_future()
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

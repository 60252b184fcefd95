//! The call that an operation method returns: a future with per-call settings.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::client::{CallOptions, Client};
use crate::delivery::Delivery;
use crate::error::{Error, Result};
use crate::exclusive::Exclusive;
use crate::operation::{ApiVersion, CallContext, Operation};
use crate::plan::Plan;
use crate::request::{QueryValue, Request};
use crate::response::Response;
use crate::retry::RetryPolicy;
use crate::runtime::{BoxFuture, Runtime};
use crate::validate::Constraint;

/// A call that is ready to be sent. `.await` sends it and returns the value; [`send`](Self::send) returns the value
/// with status, headers and request ID.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    /// Taken by the first poll, since callers on other threads share the client's count of references.
    client: Option<Client>,
    version: &'static ApiVersion,
    request: Request,
    /// Boxed, since few calls set any and each call is moved.
    options: Option<Box<CallOptions>>,
    /// Set by the first poll, which takes the request.
    sending: Option<SendFuture<T>>,
    payload: PhantomData<fn() -> T>,
}

impl<T> Call<T> {
    /// Creates a call of this request through this client.
    pub fn new(client: &Client, request: Request) -> Self {
        Self::with(Some(client.clone()), client.api_version(), request, None)
    }

    fn with(
        client: Option<Client>,
        version: &'static ApiVersion,
        request: Request,
        options: Option<Box<CallOptions>>,
    ) -> Self {
        Self { client, version, request, options, sending: None, payload: PhantomData }
    }

    /// Returns the operation.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.request.operation()
    }

    /// Returns the version of the service.
    #[must_use]
    pub fn api_version(&self) -> &'static ApiVersion {
        self.version
    }

    pub(crate) fn context(&self) -> CallContext {
        CallContext::new(self.operation(), self.api_version())
    }

    /// Sets the limit of this call with its retries and delays, instead of the client's.
    pub fn call_timeout(mut self, limit: Duration) -> Self {
        self.options_mut().call_timeout = Some(limit);
        self
    }

    /// Sets the limit of each attempt of this call, instead of the client's. The limit of the call still holds.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.options_mut().attempt_timeout = Some(limit);
        self
    }

    /// Sets when this call is retried, instead of the client's policy. Unsafe operations stay unsafe.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options_mut().retry = Some(policy);
        self
    }

    /// Sets the limit of the response's size in bytes, instead of the transport's limit of 16 MiB.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.options_mut().body_limit = Some(bytes);
        self
    }

    /// Sends the request even if a value breaks a documented limit, which the vendor may have relaxed. An empty filter is
    /// rejected even so.
    pub fn skip_validation(mut self) -> Self {
        self.options_mut().skip_validation = true;
        self
    }

    /// Sets a query parameter and checks it; the last value counts. For generated code.
    #[doc(hidden)]
    pub fn set_query(&mut self, name: &'static str, value: impl QueryValue, rules: &'static [Constraint]) {
        self.request.set_query(name, value, rules);
    }

    /// Sets a query parameter that may be repeated; the last call counts. For generated code.
    #[doc(hidden)]
    pub fn set_query_list<V: AsRef<str>>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = V>,
        rules: &'static [Constraint],
    ) {
        self.request.set_query_list(name, values, rules);
    }

    /// Sets a query parameter to values with commas between them; the last call counts. For generated code.
    #[doc(hidden)]
    pub fn set_query_joined<V: AsRef<str>>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = V>,
        rules: &'static [Constraint],
    ) {
        self.request.set_query_joined(name, values, rules);
    }

    fn options_mut(&mut self) -> &mut CallOptions {
        self.options.get_or_insert_default()
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    pub(crate) fn request_mut(&mut self) -> &mut Request {
        &mut self.request
    }

    /// Returns the request as it would be sent now, without sending anything, not even a request for credentials.
    ///
    /// It passes the same checks, and is made by the same code, as one that is sent. Printed, it shows neither credentials
    /// nor values; see [`Plan`].
    ///
    /// # Errors
    /// Those of the call before it is sent: [`ErrorKind::Request`](crate::ErrorKind::Request) if a value breaks a limit or
    /// the call was started already,
    /// [`ErrorKind::Restricted`](crate::ErrorKind::Restricted) if the handle refuses the operation, and
    /// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials) if there can be none.
    pub fn plan(&self) -> Result<Plan> {
        let started = || {
            let error = Error::request("the call was started already; plan it before it is awaited");
            error.with_context(self.context()).with_delivery(Delivery::PossiblySent)
        };
        let client = self.client.as_ref().ok_or_else(started)?;
        client.plan(&self.request, self.options.as_deref())
    }

    /// Returns the same call again, or why it cannot be sent. For generated code.
    #[doc(hidden)]
    pub fn checked(&self) -> Result<Self> {
        let checked = self.request.check(!self.options.as_ref().is_some_and(|options| options.skip_validation));
        checked.map_err(|error| error.with_context(self.context()))?;
        Ok(self.again())
    }

    /// Returns the same call for another page.
    pub(crate) fn again(&self) -> Self {
        Self::with(self.client.clone(), self.version, self.request.template(), self.options.clone())
    }

    /// Returns the call with its own limit, or `left` if that is shorter.
    pub(crate) fn within(self, left: Duration) -> Self {
        let own = self.options.as_ref().and_then(|options| options.call_timeout);
        let own = own.or_else(|| Some(self.client.as_ref()?.call_timeout()));
        self.call_timeout(own.map_or(left, |own| own.min(left)))
    }

    /// Returns the source of time and delays, unless the call was polled.
    pub(crate) fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        self.client.as_ref().map(Client::runtime)
    }

    /// Returns the time of the client's monotonic clock.
    pub(crate) fn elapsed(&self) -> Duration {
        self.client.as_ref().map_or(Duration::ZERO, Client::elapsed)
    }

    /// Sends the call; the caller decodes the payload.
    pub(crate) fn start(self) -> BoxFuture<'static, Result<Response<Bytes>>> {
        execute(self.context(), self.client, self.request, self.options)
    }
}

fn execute(
    called: CallContext,
    client: Option<Client>,
    request: Request,
    options: Option<Box<CallOptions>>,
) -> BoxFuture<'static, Result<Response<Bytes>>> {
    match client {
        Some(client) => client.execute(request, options),
        None => Box::pin(std::future::ready(Err(completed(called)))),
    }
}

impl<T: DeserializeOwned> Call<T> {
    /// Sends the call and returns the response with its status, headers, request ID and number of attempts.
    pub fn send(self) -> SendFuture<T> {
        SendFuture::new(self.context(), self.start())
    }
}

#[cfg(feature = "blocking")]
impl<T: DeserializeOwned> Call<T> {
    /// Sends the call and blocks the current thread until it has ended; see [`blocking`](crate::blocking).
    ///
    /// # Errors
    /// Those of the call, and [`ErrorKind::Config`](crate::ErrorKind::Config) where a tokio runtime is current.
    pub fn wait(mut self) -> Result<T> {
        let sending = self.sending.take().unwrap_or_else(|| self.send());
        sending.wait().map(Response::into_inner)
    }
}

impl<T: DeserializeOwned> Future for Call<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let called = self.context();
        let Self { client, request, options, sending, .. } = &mut *self;
        let sending = sending.get_or_insert_with(|| {
            SendFuture::new(called, execute(called, client.take(), request.take(), options.take()))
        });
        Pin::new(sending).poll(context).map_ok(Response::into_inner)
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
    called: CallContext,
    /// Empty once the future has completed.
    response: Option<Exclusive<BoxFuture<'static, Result<Response<Bytes>>>>>,
    payload: PhantomData<fn() -> T>,
}

impl<T> SendFuture<T> {
    fn new(called: CallContext, response: BoxFuture<'static, Result<Response<Bytes>>>) -> Self {
        Self { called, response: Some(Exclusive::new(response)), payload: PhantomData }
    }
}

impl<T: DeserializeOwned> Future for SendFuture<T> {
    type Output = Result<Response<T>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(response) = &mut self.response else {
            return Poll::Ready(Err(completed(self.called)));
        };
        let outcome = ready!(response.get_mut().as_mut().poll(context));
        self.response = None;
        Poll::Ready(outcome.and_then(|response| response.decode(self.called)))
    }
}

pub(crate) fn completed(called: CallContext) -> Error {
    let error = Error::request("the call has already completed; create a new call to send it again");
    error.with_context(called).with_delivery(Delivery::PossiblySent)
}

#[cfg(feature = "blocking")]
impl<T: DeserializeOwned> SendFuture<T> {
    /// Blocks the current thread until the call has ended; see [`blocking`](crate::blocking).
    ///
    /// # Errors
    /// Those of the call, and [`ErrorKind::Config`](crate::ErrorKind::Config) where a tokio runtime is current.
    pub fn wait(self) -> Result<Response<T>> {
        let called = self.called;
        let response = self.response.ok_or_else(|| completed(called))?.into_inner();
        // Only bytes cross the threads: each caller decodes its own response.
        let response = crate::blocking::wait(response).map_err(|error| error.with_context(called))?;
        response.decode(called)
    }
}

impl<T> fmt::Debug for SendFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture").field("operation", &self.called.to_string()).finish_non_exhaustive()
    }
}

/// The settings of a [`Call`] for a generated type that holds one (`struct ListKeys(Call<Page>)`).
#[doc(hidden)]
#[macro_export]
macro_rules! call_settings {
    ($name:ident) => {
        impl $name {
            /// Sets the limit of the call with its retries and delays, instead of the client's.
            pub fn call_timeout(self, limit: ::std::time::Duration) -> Self {
                Self(self.0.call_timeout(limit))
            }

            /// Sets the limit of each attempt, instead of the client's. The limit of the call still holds.
            pub fn attempt_timeout(self, limit: ::std::time::Duration) -> Self {
                Self(self.0.attempt_timeout(limit))
            }

            /// Sets when the call is retried, instead of the client's policy.
            pub fn retry(self, policy: $crate::RetryPolicy) -> Self {
                Self(self.0.retry(policy))
            }

            /// Sets the limit of the response's size in bytes, instead of the transport's limit of 16 MiB.
            pub fn body_limit(self, bytes: usize) -> Self {
                Self(self.0.body_limit(bytes))
            }

            /// Sends the request even if a value breaks a documented limit. An empty filter is rejected even so.
            pub fn skip_validation(self) -> Self {
                Self(self.0.skip_validation())
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

/// The method of a generated call for programs without an async runtime.
#[cfg(feature = "blocking")]
#[doc(hidden)]
#[macro_export]
macro_rules! call_wait {
    ($answer:ty) => {
        /// Sends the call and blocks the current thread until it has ended.
        ///
        /// # Errors
        /// Those of the call, and [`ErrorKind::Config`]($crate::ErrorKind::Config) where a tokio runtime is current.
        pub fn wait(self) -> $crate::Result<$answer> {
            self.0.wait()
        }
    };
}

/// No method without the feature.
#[cfg(not(feature = "blocking"))]
#[doc(hidden)]
#[macro_export]
macro_rules! call_wait {
    ($answer:ty) => {};
}

/// Gives a generated call with optional parameters (`struct DeleteKey(Call<()>)`) the methods of a plain [`Call`].
#[doc(hidden)]
#[macro_export]
macro_rules! call_options {
    ($name:ident => $answer:ty) => {
        $crate::call_settings!($name);

        impl $name {
            /// Sends the call and returns the response with its status, headers, request ID and number of attempts.
            pub fn send(self) -> $crate::call::SendFuture<$answer> {
                self.0.send()
            }

            /// Returns the request as it would be sent now, without sending anything; see
            /// [`Call::plan`]($crate::Call::plan).
            pub fn plan(&self) -> $crate::Result<$crate::Plan> {
                self.0.plan()
            }

            $crate::call_wait!($answer);
        }

        impl From<$name> for $crate::Call<$answer> {
            fn from(call: $name) -> Self {
                call.0
            }
        }

        impl ::std::future::Future for $name {
            type Output = $crate::Result<$answer>;

            // Inline, so that it is compiled by the crate that awaits it, and never built where none does.
            #[inline]
            fn poll(
                mut self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<Self::Output> {
                ::std::pin::Pin::new(&mut self.0).poll(context)
            }
        }
    };
}

/// Gives a generated list in pages (`struct ListKeys(Call<Page>)`) its methods. It is no future: awaiting a list would
/// look like all of it.
#[doc(hidden)]
#[macro_export]
macro_rules! list_options {
    ($name:ident => $page:ty) => {
        $crate::call_settings!($name);

        impl $name {
            /// Returns the call of one page: the first, or the one that was set. It holds a part of the list only.
            pub fn first_page(self) -> $crate::Call<$page> {
                self.0
            }

            /// Returns the items of the list. Pages are fetched when they are needed.
            pub fn items(self) -> $crate::Items<$page> {
                self.pages().items()
            }

            /// Returns the request of the first page as it would be sent now, without sending anything; see
            /// [`Call::plan`]($crate::Call::plan).
            pub fn plan(&self) -> $crate::Result<$crate::Plan> {
                Self(self.0.checked()?).pages().plan()
            }
        }
    };
}

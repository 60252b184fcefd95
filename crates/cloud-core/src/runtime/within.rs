//! A future with a time limit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::BoxFuture;

/// Returns the result of `future`, or `None` if `deadline` completes first. Its timer starts once `future` is pending.
pub fn within<F, D>(future: F, deadline: D) -> impl Future<Output = Option<F::Output>>
where
    F: Future + Unpin,
    D: Fn() -> BoxFuture<'static, ()> + Unpin,
{
    Within { future, deadline, timer: None }
}

/// The future of [`within`]. Written out, because an `async fn` would store its arguments twice.
struct Within<F, D> {
    future: F,
    deadline: D,
    timer: Option<BoxFuture<'static, ()>>,
}

impl<F, D> Future for Within<F, D>
where
    F: Future + Unpin,
    D: Fn() -> BoxFuture<'static, ()> + Unpin,
{
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { future, deadline, timer } = &mut *self;
        if let Poll::Ready(value) = Pin::new(future).poll(context) {
            return Poll::Ready(Some(value));
        }
        timer.get_or_insert_with(deadline).as_mut().poll(context).map(|()| None)
    }
}

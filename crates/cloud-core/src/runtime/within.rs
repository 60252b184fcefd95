//! A future with a time limit.

use std::future::Future;
use std::task::Poll;

use super::BoxFuture;

/// Returns the result of `future`, or `None` if `deadline` completes first. Its timer starts once `future` is pending.
pub async fn within<T>(
    future: impl Future<Output = T> + Send,
    deadline: impl Fn() -> BoxFuture<'static, ()> + Send,
) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut timer = None;
    std::future::poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        timer.get_or_insert_with(&deadline).as_mut().poll(context).map(|()| None)
    })
    .await
}

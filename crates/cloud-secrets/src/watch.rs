//! Rotations of a secret, as a stream.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use cloud_core::{BoxFuture, SecretRef, SecretString};
use futures_core::Stream;

use crate::inner::Inner;
use crate::slot::{Mode, is_refusal};
use crate::store::{Value, same};

/// The shortest time between two looks, whatever the TTL.
const SHORTEST: Duration = Duration::from_secs(1);

/// A change of a value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rotation {
    /// The new value.
    pub value: Arc<SecretString>,
    /// The value before; none if the service had refused the secret meanwhile.
    pub previous: Option<Arc<SecretString>>,
}

/// A stream of the rotations of a secret. It ends only by being dropped, and does nothing unless it is polled.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Watch {
    inner: Arc<Inner>,
    secret: Secret,
    seen: Seen,
    /// Only reached through `&mut`: the lock makes the stream `Sync` and is never taken.
    next: Mutex<Option<BoxFuture<'static, (Seen, Rotation)>>>,
}

/// A reference that owns its text.
#[derive(Clone)]
enum Secret {
    Id(Arc<str>),
    Name(Arc<str>),
}

/// The value that the stream saw last.
#[derive(Clone)]
enum Seen {
    /// No value was seen yet, so that the first is no rotation.
    Nothing,
    Value(Value),
    Refused,
}

impl Secret {
    fn borrow(&self) -> SecretRef<'_> {
        match self {
            Self::Id(id) => SecretRef::id(id),
            Self::Name(name) => SecretRef::name(name),
        }
    }
}

impl Watch {
    pub(crate) fn new(inner: Arc<Inner>, secret: SecretRef<'_>) -> Self {
        let seen = inner.peek(secret).map_or(Seen::Nothing, Seen::Value);
        let secret = match secret {
            SecretRef::Id(id) => Secret::Id(id.into()),
            SecretRef::Name(name) => Secret::Name(name.into()),
            _ => Secret::Name("".into()),
        };
        Self { inner, secret, seen, next: Mutex::default() }
    }

    /// Waits for the next rotation. If the future is dropped, no rotation is lost.
    pub async fn changed(&mut self) -> Rotation {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Rotation> {
        let next = self.next.get_mut().unwrap_or_else(PoisonError::into_inner);
        let start = || -> BoxFuture<'static, _> {
            Box::pin(rotation(Arc::clone(&self.inner), self.secret.clone(), self.seen.clone()))
        };
        let Poll::Ready((seen, rotation)) = next.get_or_insert_with(start).as_mut().poll(context) else {
            return Poll::Pending;
        };
        *next = None;
        self.seen = seen;
        Poll::Ready(rotation)
    }
}

impl Stream for Watch {
    type Item = Rotation;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Rotation>> {
        self.get_mut().poll(context).map(Some)
    }
}

/// Fetches whenever a value is due, until it has changed.
async fn rotation(inner: Arc<Inner>, secret: Secret, mut seen: Seen) -> (Seen, Rotation) {
    loop {
        // From here on it is told of changes, so that none is missed between the look and the wait.
        let changed = inner.changed.notified();
        let mut changed = std::pin::pin!(changed);
        changed.as_mut().enable();
        match inner.get(secret.borrow(), Mode::Watch).await {
            Ok((value, _)) => {
                let previous = match std::mem::replace(&mut seen, Seen::Value(Arc::clone(&value))) {
                    Seen::Nothing => None,
                    Seen::Value(old) if same(&old, &value) => None,
                    Seen::Value(old) => Some(Some(old)),
                    Seen::Refused => Some(None),
                };
                if let Some(previous) = previous {
                    return (seen, Rotation { value, previous });
                }
            }
            Err(error) if is_refusal(&error) => seen = Seen::Refused,
            Err(_) => {}
        }
        let mut due = inner.runtime.deadline(inner.due(secret.borrow()).max(SHORTEST));
        std::future::poll_fn(|context| match changed.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => due.as_mut().poll(context),
        })
        .await;
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

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

/// The shortest time between two fetches of a stream, whatever the TTL and the capacity.
const SHORTEST: Duration = Duration::from_secs(1);

/// A change of a value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rotation {
    /// The new value.
    pub value: Arc<SecretString>,
    /// The value before; none if the stream saw that the service refused the secret meanwhile.
    pub previous: Option<Arc<SecretString>>,
}

/// A stream of the rotations of a secret. It ends only by being dropped, and does nothing unless it is polled.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Watch {
    /// Only reached through `&mut`: the lock makes the stream `Sync` and is never taken.
    next: Mutex<Next>,
}

/// The next rotation. It owns all that the stream remembers, so that a value is not kept longer than needed.
type Next = BoxFuture<'static, (State, Rotation)>;

/// A reference that owns its text.
enum Secret {
    Id(Arc<str>),
    Name(Arc<str>),
}

/// What a stream remembers between two rotations.
struct State {
    inner: Arc<Inner>,
    secret: Secret,
    /// What the stream saw last. If it is nothing, the first value is not a rotation.
    seen: Seen,
    /// The stream fetches nothing before, by the monotonic clock.
    next: Duration,
}

/// What is known of a secret.
#[derive(Clone)]
pub(crate) enum Seen {
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
        let seen = inner.glance(secret);
        let secret = match secret {
            SecretRef::Id(id) => Secret::Id(id.into()),
            SecretRef::Name(name) => Secret::Name(name.into()),
            _ => Secret::Name("".into()),
        };
        let state = State { inner, secret, seen, next: Duration::ZERO };
        Self { next: Mutex::new(Box::pin(state.rotation())) }
    }

    /// Waits for the next rotation. If the future is dropped, no rotation is lost.
    pub async fn changed(&mut self) -> Rotation {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Rotation> {
        let next = self.next.get_mut().unwrap_or_else(PoisonError::into_inner);
        next.as_mut().poll(context).map(|(state, rotation)| {
            *next = Box::pin(state.rotation());
            rotation
        })
    }
}

impl Stream for Watch {
    type Item = Rotation;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Rotation>> {
        self.get_mut().poll(context).map(Some)
    }
}

impl State {
    /// Fetches whenever a value is due, until it has changed. What others fetch is only looked at, so that streams do not
    /// make each other fetch.
    async fn rotation(mut self) -> (Self, Rotation) {
        let inner = Arc::clone(&self.inner);
        loop {
            // From here on it is told of changes, so that none is missed between the look and the wait.
            let changed = inner.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            if let Some(rotation) = self.see(inner.glance(self.secret.borrow())) {
                return (self, rotation);
            }
            let due = inner.due(self.secret.borrow());
            let wait = due.max(self.next.saturating_sub(inner.runtime.elapsed()));
            if wait.is_zero() {
                let seen = match inner.get(self.secret.borrow(), Mode::Watch).await {
                    Ok((value, _)) => Seen::Value(value),
                    Err(error) if is_refusal(&error) => Seen::Refused,
                    Err(_) => Seen::Nothing,
                };
                self.next = inner.runtime.elapsed().saturating_add(SHORTEST);
                if let Some(rotation) = self.see(seen) {
                    return (self, rotation);
                }
                continue;
            }
            let mut due = None;
            std::future::poll_fn(|context| match changed.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(()),
                // Without a timer it waits for what others fetch: to create one would panic.
                Poll::Pending if due.is_none() && inner.runtime.ready().is_err() => Poll::Pending,
                Poll::Pending => due.get_or_insert_with(|| inner.runtime.deadline(wait)).as_mut().poll(context),
            })
            .await;
        }
    }

    /// Notes what the cache or the service has now. Returns a rotation if the value is another one.
    fn see(&mut self, now: Seen) -> Option<Rotation> {
        if matches!(now, Seen::Nothing) {
            return None;
        }
        let previous = match (std::mem::replace(&mut self.seen, now.clone()), &now) {
            (Seen::Value(old), Seen::Value(new)) if !same(&old, new) => Some(old),
            (Seen::Refused, Seen::Value(_)) => None,
            _ => return None,
        };
        match now {
            Seen::Value(value) => Some(Rotation { value, previous }),
            Seen::Nothing | Seen::Refused => None,
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

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
    /// The value before; none if the service had refused the secret meanwhile.
    pub previous: Option<Arc<SecretString>>,
}

/// A stream of the rotations of a secret. It ends only by being dropped, and does nothing unless it is polled.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Watch {
    inner: Arc<Inner>,
    secret: Secret,
    state: State,
    /// Only reached through `&mut`: the lock makes the stream `Sync` and is never taken.
    next: Mutex<Option<BoxFuture<'static, (State, Rotation)>>>,
}

/// A reference that owns its text.
#[derive(Clone)]
enum Secret {
    Id(Arc<str>),
    Name(Arc<str>),
}

/// What a stream remembers between two rotations.
#[derive(Clone)]
struct State {
    /// What the stream saw last. If it is nothing, the first value is no rotation.
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
        let state = State { seen: inner.glance(secret), next: Duration::ZERO };
        let secret = match secret {
            SecretRef::Id(id) => Secret::Id(id.into()),
            SecretRef::Name(name) => Secret::Name(name.into()),
            _ => Secret::Name("".into()),
        };
        Self { inner, secret, state, next: Mutex::default() }
    }

    /// Waits for the next rotation. If the future is dropped, no rotation is lost.
    pub async fn changed(&mut self) -> Rotation {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Rotation> {
        let next = self.next.get_mut().unwrap_or_else(PoisonError::into_inner);
        let start = || -> BoxFuture<'static, _> {
            Box::pin(rotation(Arc::clone(&self.inner), self.secret.clone(), self.state.clone()))
        };
        let Poll::Ready((state, rotation)) = next.get_or_insert_with(start).as_mut().poll(context) else {
            return Poll::Pending;
        };
        *next = None;
        self.state = state;
        Poll::Ready(rotation)
    }
}

impl Stream for Watch {
    type Item = Rotation;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Rotation>> {
        self.get_mut().poll(context).map(Some)
    }
}

/// Fetches whenever a value is due, until it has changed. What others fetch is only looked at, so that streams do not make
/// each other fetch.
async fn rotation(inner: Arc<Inner>, secret: Secret, mut state: State) -> (State, Rotation) {
    loop {
        // From here on it is told of changes, so that none is missed between the look and the wait.
        let changed = inner.changed.notified();
        let mut changed = std::pin::pin!(changed);
        changed.as_mut().enable();
        if let Some(rotation) = state.see(inner.glance(secret.borrow())) {
            return (state, rotation);
        }
        let wait = inner.due(secret.borrow()).max(state.next.saturating_sub(inner.runtime.elapsed()));
        if wait.is_zero() {
            let seen = match inner.get(secret.borrow(), Mode::Watch).await {
                Ok((value, _)) => Seen::Value(value),
                Err(error) if is_refusal(&error) => Seen::Refused,
                Err(_) => Seen::Nothing,
            };
            state.next = inner.runtime.elapsed().saturating_add(SHORTEST);
            if let Some(rotation) = state.see(seen) {
                return (state, rotation);
            }
            continue;
        }
        let mut due = inner.runtime.deadline(wait);
        std::future::poll_fn(|context| match changed.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => due.as_mut().poll(context),
        })
        .await;
    }
}

impl State {
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

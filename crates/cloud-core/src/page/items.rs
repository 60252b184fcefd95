//! The items of a list, fetched page by page.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::{Collected, Incomplete, Page, Pages, Reason};
use crate::error::Result;

/// The items of a list, fetched page by page.
///
/// A [`Stream`] of items; [`next`](Self::next) and [`collect`](Self::collect) need no stream library. An
/// incomplete list ends with an error, [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete), after its last item.
#[must_use = "streams do nothing unless polled"]
pub struct Items<P: Page> {
    pub(super) pages: Pages<P>,
    pub(super) ready: VecDeque<P::Item>,
}

impl<P: Page + DeserializeOwned> Items<P> {
    /// Returns the next item; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<P::Item>> {
        std::future::poll_fn(|context| self.poll_item(context)).await
    }

    /// Collects the items of all pages and reports whether they are complete.
    ///
    /// # Errors
    /// The error of the first page. If a later page fails, the result is incomplete and keeps the items received.
    pub async fn collect(mut self) -> Result<Collected<P::Item>> {
        let mut items: Vec<_> = self.ready.into();
        loop {
            match std::future::poll_fn(|context| self.pages.poll_fetch(context)).await {
                Some(Ok(page)) => items.extend(page.into_items()),
                Some(Err(Incomplete { reason: Reason::Failed(error), .. })) if self.pages.count == 0 => {
                    return Err(error);
                }
                Some(Err(incomplete)) => return Ok(Collected { items, incomplete: Some(incomplete) }),
                None => return Ok(Collected { items, incomplete: None }),
            }
        }
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<P::Item>>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.pages.poll_page(context)) {
                Some(Ok(page)) => self.ready = page.into_items().into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<P: Page> Items<P> {
    /// Returns the number of items received so far, including those not yet taken.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.pages.received
    }

    /// Returns the last total that the service reported, if any.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.pages.total
    }
}

impl<P: Page + DeserializeOwned> Stream for Items<P> {
    type Item = Result<P::Item>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}

impl<P: Page> Unpin for Items<P> {}

impl<P: Page> fmt::Debug for Items<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).field("ready", &self.ready.len()).finish()
    }
}

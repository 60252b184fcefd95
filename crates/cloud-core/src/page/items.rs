//! The items of a list, fetched page by page.

use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::{Incomplete, IncompleteReason, Listing, Page, Pages};
use crate::error::Result;

/// The items of a list, fetched page by page.
///
/// [`next`](Self::next), [`try_collect`](Self::try_collect) and [`into_listing`](Self::into_listing) need no stream
/// library. An incomplete list ends with an error, [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete), after its
/// last item: a loop that ends at the first `Err` without looking at it has only a part of the list.
///
/// `Items` is no `Stream`, whose adaptors can drop that error in silence:
///
/// ```compile_fail,E0599
/// # use futures_core::Stream;
/// # trait Filter: Stream + Sized { fn filter_map(self) {} }
/// # impl<S: Stream> Filter for S {}
/// # fn list<P: cloud_core::Page>(items: cloud_core::Items<P>) {
/// items.filter_map();
/// # }
/// ```
#[must_use = "a list is only fetched when its items are taken"]
pub struct Items<P: Page> {
    pub(super) pages: Pages<P>,
    pub(super) ready: VecDeque<P::Item>,
}

impl<P: Page + DeserializeOwned> Items<P> {
    /// Returns the next item; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<P::Item>> {
        std::future::poll_fn(|context| self.poll_item(context)).await
    }

    /// Collects the items of all pages.
    ///
    /// # Errors
    /// [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete) if these are not all items, or the error of the page
    /// that failed. [`into_listing`](Self::into_listing) keeps the items that were received.
    pub async fn try_collect(self) -> Result<Vec<P::Item>> {
        self.into_listing().await?.into_complete()
    }

    /// Collects the items of all pages and reports whether they are complete.
    ///
    /// # Errors
    /// The error of the first page. If a later page fails, the result is incomplete and keeps the items received.
    pub async fn into_listing(mut self) -> Result<Listing<P::Item>> {
        let mut items: Vec<_> = std::mem::take(&mut self.ready).into();
        loop {
            let fetched = std::future::poll_fn(|context| self.pages.poll_fetch(context)).await;
            if let Some(outcome) = self.gather(fetched, &mut items) {
                return outcome;
            }
        }
    }

    /// Adds a page to the items. Returns the listing if no page follows.
    pub(super) fn gather(
        &self,
        fetched: Option<Result<P, Incomplete>>,
        items: &mut Vec<P::Item>,
    ) -> Option<Result<Listing<P::Item>>> {
        let incomplete = match fetched {
            Some(Ok(page)) => {
                items.extend(page.into_items());
                return None;
            }
            Some(Err(Incomplete { reason: IncompleteReason::Failed(error), .. })) if self.pages.count == 0 => {
                return Some(Err(error));
            }
            Some(Err(incomplete)) => Some(incomplete),
            None => self.pages.started_later(),
        };
        Some(Ok(Listing { items: std::mem::take(items), incomplete }))
    }

    pub(super) fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<P::Item>>> {
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
    /// Sets the limit of the time in flight of all pages together; see [`Pages::list_timeout`].
    pub fn list_timeout(mut self, limit: Duration) -> Self {
        self.pages = self.pages.list_timeout(limit);
        self
    }

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

impl<P: Page> Unpin for Items<P> {}

impl<P: Page> fmt::Debug for Items<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).field("ready", &self.ready.len()).finish()
    }
}

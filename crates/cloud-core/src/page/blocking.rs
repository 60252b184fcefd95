//! Lists for programs without an async runtime.

use std::fmt;
use std::future::ready;
use std::iter::FusedIterator;
use std::task::{Context, Poll, Waker};

use serde::de::DeserializeOwned;

use super::{Incomplete, Items, Page, Pages};
use crate::blocking::wait;
use crate::error::Result;
use crate::exclusive::Exclusive;

impl<P: Page + DeserializeOwned> Items<P> {
    /// Collects the items of all pages and blocks the current thread meanwhile, as
    /// [`try_collect`](Self::try_collect) does without blocking.
    ///
    /// # Errors
    /// Those of `try_collect`, and [`ErrorKind::Config`](crate::ErrorKind::Config) where a tokio runtime is current.
    pub fn collect_wait(mut self) -> Result<Vec<P::Item>> {
        let mut items: Vec<_> = std::mem::take(&mut self.ready).into();
        loop {
            let fetched = self.pages.wait_fetch();
            if let Some(outcome) = self.gather(fetched, &mut items) {
                return outcome?.into_complete();
            }
        }
    }
}

impl<P: Page + DeserializeOwned> Pages<P> {
    /// Fetches the next page and blocks the current thread meanwhile, which then decodes it.
    fn wait_fetch(&mut self) -> Option<Result<P, Incomplete>> {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Some(ended) = self.begin() {
                return ended.map(Err);
            }
            let response = self.waiting.take().map(|waiting| wait(waiting.into_inner()))?;
            self.waiting = Some(Exclusive::new(Box::pin(ready(response))));
            if let Poll::Ready(page) = self.poll_fetch(&mut context) {
                return page;
            }
        }
    }

    fn wait_page(&mut self) -> Option<Result<P>> {
        let context = self.call.context();
        Some(self.wait_fetch()?.map_err(|incomplete| incomplete.into_error().with_context(context)))
    }
}

/// The items of a list, for `for` loops: the thread blocks while a page is fetched. An incomplete list ends with an `Err`;
/// an adaptor that drops it, such as `filter_map(Result::ok)`, makes a part of the list look like all of it.
pub struct ItemIter<P: Page>(Items<P>);

/// The pages of a list, for `for` loops; see [`ItemIter`].
pub struct PageIter<P>(Pages<P>);

impl<P: Page + DeserializeOwned> IntoIterator for Items<P> {
    type Item = Result<P::Item>;
    type IntoIter = ItemIter<P>;

    fn into_iter(self) -> ItemIter<P> {
        ItemIter(self)
    }
}

impl<P: Page + DeserializeOwned> IntoIterator for Pages<P> {
    type Item = Result<P>;
    type IntoIter = PageIter<P>;

    fn into_iter(self) -> PageIter<P> {
        PageIter(self)
    }
}

impl<P: Page + DeserializeOwned> Iterator for ItemIter<P> {
    type Item = Result<P::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.0.ready.pop_front() {
                return Some(Ok(item));
            }
            match self.0.pages.wait_page()? {
                Ok(page) => self.0.ready = page.into_items().into(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<P: Page + DeserializeOwned> Iterator for PageIter<P> {
    type Item = Result<P>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.wait_page()
    }
}

impl<P: Page + DeserializeOwned> FusedIterator for ItemIter<P> {}

impl<P: Page + DeserializeOwned> FusedIterator for PageIter<P> {}

impl<P: Page> fmt::Debug for ItemIter<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ItemIter").field(&self.0).finish()
    }
}

impl<P> fmt::Debug for PageIter<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PageIter").field(&self.0).finish()
    }
}

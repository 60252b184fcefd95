//! Lists for programs without an async runtime.

use std::fmt;
use std::iter::FusedIterator;

use serde::de::DeserializeOwned;

use super::{Items, Page, Pages};
use crate::blocking::wait;
use crate::error::Result;

impl<P> Items<P>
where
    P: Page + DeserializeOwned + Send + 'static,
    P::Item: Send + 'static,
{
    /// Collects the items of all pages and blocks the current thread meanwhile, as
    /// [`try_collect`](Self::try_collect) does without blocking.
    ///
    /// # Errors
    /// Those of `try_collect`, and [`ErrorKind::Config`](crate::ErrorKind::Config) where a tokio runtime is current.
    pub fn collect_wait(self) -> Result<Vec<P::Item>> {
        let context = self.pages.call.context();
        wait(async move { self.try_collect().await }).map_err(|error| error.with_context(context))
    }
}

/// The items of a list, for `for` loops: the thread blocks while a page is fetched. An incomplete list ends with an `Err`;
/// an adaptor that drops it, such as `filter_map(Result::ok)`, makes a part of the list look like all of it.
pub struct ItemIter<P: Page>(Option<Items<P>>);

/// The pages of a list, for `for` loops; see [`ItemIter`].
pub struct PageIter<P>(Option<Pages<P>>);

impl<P> IntoIterator for Items<P>
where
    P: Page + DeserializeOwned + Send + 'static,
    P::Item: Send + 'static,
{
    type Item = Result<P::Item>;
    type IntoIter = ItemIter<P>;

    fn into_iter(self) -> ItemIter<P> {
        ItemIter(Some(self))
    }
}

impl<P: Page + DeserializeOwned + Send + 'static> IntoIterator for Pages<P> {
    type Item = Result<P>;
    type IntoIter = PageIter<P>;

    fn into_iter(self) -> PageIter<P> {
        PageIter(Some(self))
    }
}

impl<P> Iterator for ItemIter<P>
where
    P: Page + DeserializeOwned + Send + 'static,
    P::Item: Send + 'static,
{
    type Item = Result<P::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(item) = self.0.as_mut()?.ready.pop_front() {
            return Some(Ok(item));
        }
        let mut items = self.0.take()?;
        let context = items.pages.call.context();
        let fetched = wait(async move {
            let item = items.next().await;
            Ok((items, item))
        });
        match fetched {
            Ok((_, None)) => None,
            // The list ends after an error.
            Ok((_, Some(Err(error)))) | Err(error) => Some(Err(error.with_context(context))),
            Ok((items, item)) => {
                self.0 = Some(items);
                item
            }
        }
    }
}

impl<P: Page + DeserializeOwned + Send + 'static> Iterator for PageIter<P> {
    type Item = Result<P>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut pages = self.0.take()?;
        let context = pages.call.context();
        let fetched = wait(async move {
            let page = pages.next().await;
            Ok((pages, page))
        });
        match fetched {
            Ok((_, None)) => None,
            Ok((_, Some(Err(error)))) | Err(error) => Some(Err(error.with_context(context))),
            Ok((pages, page)) => {
                self.0 = Some(pages);
                page
            }
        }
    }
}

impl<P> FusedIterator for ItemIter<P>
where
    P: Page + DeserializeOwned + Send + 'static,
    P::Item: Send + 'static,
{
}

impl<P: Page + DeserializeOwned + Send + 'static> FusedIterator for PageIter<P> {}

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

//! Lists in pages, as streams of pages and of items.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use crate::call::{Awaiting, Call};
use crate::error::Result;
use crate::wire::Json;

/// One page of a list.
pub trait Page {
    /// What the list holds.
    type Item;

    /// The items of this page.
    fn into_items(self) -> Vec<Self::Item>;

    /// How many items this page has.
    fn len(&self) -> usize;

    /// Whether this page has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items the service says there are on all pages.
    fn total(&self) -> Option<i64>;

    /// The marker of the next page, for lists that move on by markers.
    fn next_marker(&self) -> Option<String> {
        None
    }
}

/// The pages of a list, fetched one at a time as they are asked for.
///
/// A [`Stream`] of pages; [`next`](Self::next) needs no stream library. After an error the stream is over.
#[must_use = "streams do nothing unless polled"]
pub struct Pages<P> {
    call: Call<P>,
    cursor: Cursor,
    waiting: Option<Awaiting<P>>,
    received: u64,
    total: Option<u64>,
}

enum Cursor {
    Numbered { parameter: &'static str, next: i64, size: Option<u64>, skipped: Option<u64> },
    Marked { parameter: &'static str, next: Option<String> },
    Done,
}

impl<P: Page> Pages<P> {
    /// Pages that are asked for by number. Starts at the page that the call names, else at `first`.
    pub fn numbered(mut call: Call<P>, index: &'static str, size: &'static str, first: i64) -> Self {
        let start = call.request_mut().take_query(index).and_then(|page| page.parse().ok());
        let size: Option<u64> = call.request().peek_query(size).and_then(|size| size.parse().ok());
        let next = start.unwrap_or(first);
        let before = u64::try_from(next - first).unwrap_or(0);
        let skipped = if before == 0 { Some(0) } else { size.map(|size| size * before) };
        Self::new(call, Cursor::Numbered { parameter: index, next, size, skipped })
    }

    /// Pages that are asked for by the marker that the page before gave.
    pub fn marked(mut call: Call<P>, marker: &'static str) -> Self {
        let next = call.request_mut().take_query(marker);
        Self::new(call, Cursor::Marked { parameter: marker, next })
    }

    fn new(call: Call<P>, cursor: Cursor) -> Self {
        Self { call, cursor, waiting: None, received: 0, total: None }
    }

    /// The items of all pages.
    pub fn items(self) -> Items<P> {
        Items { pages: self, ready: VecDeque::new() }
    }

    /// How many items have come so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How many items the service last said there are, where it says so.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    fn turn(&mut self, page: &P) {
        let length = page.len() as u64;
        self.received += length;
        self.total = page.total().and_then(|total| u64::try_from(total).ok()).or(self.total);
        self.cursor = match std::mem::replace(&mut self.cursor, Cursor::Done) {
            Cursor::Numbered { parameter, next, size, skipped } => {
                let announced = self.total.zip(skipped).map(|(total, skipped)| self.received + skipped >= total);
                let short = size.is_some_and(|size| length < size);
                if length == 0 || announced.unwrap_or(short) {
                    Cursor::Done
                } else {
                    Cursor::Numbered { parameter, next: next + 1, size, skipped }
                }
            }
            Cursor::Marked { parameter, next: last } => match page.next_marker() {
                Some(next) if last.as_ref() != Some(&next) => Cursor::Marked { parameter, next: Some(next) },
                _ => Cursor::Done,
            },
            Cursor::Done => Cursor::Done,
        };
    }
}

impl<P: Page + DeserializeOwned> Pages<P> {
    /// The next page; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<P>> {
        std::future::poll_fn(|context| self.poll_page(context)).await
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<P>>> {
        if self.waiting.is_none() {
            let mut call = self.call.again();
            match &self.cursor {
                Cursor::Done => return Poll::Ready(None),
                Cursor::Numbered { parameter, next, .. } => call.push_query(parameter, *next),
                Cursor::Marked { parameter, next: Some(marker) } => call.push_query(parameter, marker),
                Cursor::Marked { next: None, .. } => {}
            }
            let validate = self.call.validates();
            if let Some(error) = self.call.request_mut().take_error(validate) {
                self.cursor = Cursor::Done;
                return Poll::Ready(Some(Err(error.with_operation(self.call.operation()))));
            }
            self.waiting = Some(call.into_future());
        }
        let Some(waiting) = self.waiting.as_mut() else { return Poll::Ready(None) };
        let outcome = ready!(Pin::new(waiting).poll(context));
        self.waiting = None;
        match &outcome {
            Ok(page) => self.turn(page),
            Err(_) => self.cursor = Cursor::Done,
        }
        Poll::Ready(Some(outcome))
    }
}

impl<P: Page + DeserializeOwned> Stream for Pages<P> {
    type Item = Result<P>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<P>>> {
        self.poll_page(context)
    }
}

impl<P> Unpin for Pages<P> {}

impl<P> fmt::Debug for Pages<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("call", &self.call)
            .field("received", &self.received)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

/// The items of a list, page after page.
///
/// A [`Stream`] of items; [`next`](Self::next) and [`collect`](Self::collect) need no stream library.
#[must_use = "streams do nothing unless polled"]
pub struct Items<P: Page> {
    pages: Pages<P>,
    ready: VecDeque<P::Item>,
}

impl<P: Page + DeserializeOwned> Items<P> {
    /// The next item; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<P::Item>> {
        std::future::poll_fn(|context| self.poll_item(context)).await
    }

    /// All items.
    ///
    /// # Errors
    /// The first error of any page.
    pub async fn collect(mut self) -> Result<Vec<P::Item>> {
        let mut items = Vec::new();
        while let Some(item) = self.next().await {
            items.push(item?);
        }
        Ok(items)
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
    /// How many items have come so far, those not yet taken included.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.pages.received
    }

    /// How many items the service last said there are, where it says so.
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

/// The marker in the link to the next page, out of a list of `{"href", "rel"}` links. Only the marker is taken:
/// the link's host is never followed.
#[must_use]
pub fn marker_from_links(links: Option<&[Json]>, parameter: &str) -> Option<String> {
    let next = links?.iter().find(|link| link.member("rel") == Some("next"))?;
    let (_, query) = next.member("href")?.split_once('?')?;
    let query = query.split('#').next()?;
    let value = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == parameter)?.1;
    Some(crate::client::decode_query(value)).filter(|marker| !marker.is_empty())
}

#[cfg(test)]
mod tests;

//! Lists in pages, as streams of pages and of items.

use std::collections::HashSet;
use std::fmt;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::delivery::Delivery;
use crate::error::{Error, ErrorKind, Result};
use crate::exclusive::Exclusive;
use crate::plan::Plan;
use crate::request::percent::decode;
use crate::response::Response;
use crate::runtime::BoxFuture;

#[cfg(feature = "blocking")]
mod blocking;
mod items;
mod listing;
mod next_marker;
mod seen;
mod stream;
mod tracker;
#[cfg(feature = "blocking")]
pub use blocking::{ItemIter, PageIter};
pub use items::Items;
pub use listing::{Incomplete, IncompleteReason, Listing};
pub use next_marker::NextMarker;
use seen::Seen;
pub use stream::{ItemStream, PageStream};
use tracker::hash;

/// One page of a list.
pub trait Page {
    /// The type of the items.
    type Item;

    /// Returns the items of this page.
    fn into_items(self) -> Vec<Self::Item>;

    /// Returns the number of items on this page.
    fn len(&self) -> usize;

    /// Returns whether this page has no items.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of items on all pages, if the service reports it.
    fn total(&self) -> Option<u64>;

    /// Returns the ids of this page's items, if they have ids, to detect items received twice.
    fn ids(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Returns the ids of this page's items, if their ids are numbers; see [`ids`](Self::ids).
    fn number_ids(&self) -> Vec<i64> {
        Vec::new()
    }

    /// Returns where a list with markers continues.
    fn next_marker(&self) -> NextMarker {
        NextMarker::End
    }
}

/// The pages of a list, each fetched on request.
///
/// [`next`](Self::next) returns them. The list ends after an error. An incomplete list ends with
/// [`ErrorKind::Incomplete`]: the pages before it are valid, but others are missing.
///
/// A page is requested when it is asked for, and not before. To work on a page while the next one is under way, ask for
/// both at once:
///
/// ```
/// # use cloud_core::{Page, Pages, Result};
/// # async fn work<P>(page: &P) {}
/// # async fn each<P: Page + serde::de::DeserializeOwned>(mut pages: Pages<P>) -> Result<()> {
/// let mut page = pages.next().await.transpose()?;
/// while let Some(current) = page {
///     let (next, ()) = tokio::join!(pages.next(), work(&current));
///     page = next.transpose()?;
/// }
/// # Ok(())
/// # }
/// ```
///
/// The work then counts as time in flight of [`list_timeout`](Self::list_timeout).
#[must_use = "a list is only fetched when its pages are taken"]
pub struct Pages<P> {
    call: Call<P>,
    cursor: Cursor,
    /// The number of items before the first page, if known.
    skipped: Option<u64>,
    /// Whether the list was started at a later page than the first.
    started_later: bool,
    waiting: Option<Exclusive<BoxFuture<'static, Result<Response<Bytes>>>>>,
    /// The limit of the time in flight.
    timeout: Option<Duration>,
    /// The time in flight of the pages before, and since when the current one is.
    in_flight: Duration,
    sent: Duration,
    cap: u32,
    count: u32,
    received: u64,
    first_total: Option<u64>,
    total: Option<u64>,
    /// The last total that differs from the first.
    moved: Option<u64>,
    /// The ids of all items.
    seen: Box<Seen>,
    followed: HashSet<u64>,
    /// Hashes of the pages without ids and total.
    pages: HashSet<u64>,
    last_page: Option<u64>,
    trouble: Option<Incomplete>,
}

enum Cursor {
    Numbered {
        parameter: &'static str,
        next: i64,
        step: Step,
    },
    Marked {
        parameter: &'static str,
        next: Option<String>,
    },
    /// All pages were received; the check for completeness is left.
    Last,
    Done,
}

/// What a number in the query counts.
#[derive(Clone, Copy)]
enum Step {
    Pages,
    Items,
}

/// More pages than any known list has, and few enough to end a list that repeats itself.
const PAGE_CAP: u32 = 10_000;

impl<P: Page> Pages<P> {
    /// Creates a list with page numbers. Starts at the page set in the call, else at `first`.
    pub fn numbered(mut call: Call<P>, index: &'static str, size: &'static str, first: i64) -> Self {
        let start = call.request_mut().take_query(index).and_then(|page| page.parse().ok());
        let size: Option<u64> = call.request().peek_query(size).and_then(|size| size.parse().ok());
        let next = start.unwrap_or(first);
        let before = u64::try_from(next.saturating_sub(first)).unwrap_or(0);
        let skipped = if before == 0 { Some(0) } else { size.map(|size| size.saturating_mul(before)) };
        Self::new(call, Cursor::Numbered { parameter: index, next, step: Step::Pages }, skipped, before > 0)
    }

    /// Creates a list whose pages start after a number of items. Starts after as many as are set in the call, else at
    /// the first.
    pub fn offset(mut call: Call<P>, offset: &'static str) -> Self {
        let start = call.request_mut().take_query(offset).and_then(|offset| offset.parse().ok());
        let next = start.unwrap_or(0);
        let skipped = u64::try_from(next).unwrap_or(0);
        Self::new(call, Cursor::Numbered { parameter: offset, next, step: Step::Items }, Some(skipped), skipped > 0)
    }

    /// Creates a list in which each page contains the marker of the next.
    pub fn marked(mut call: Call<P>, marker: &'static str) -> Self {
        // The query holds it encoded; it is encoded again when it is sent.
        let next = call.request_mut().take_query(marker).map(|marker| decode(&marker));
        let (skipped, later) = (next.is_none().then_some(0), next.is_some());
        Self::new(call, Cursor::Marked { parameter: marker, next }, skipped, later)
    }

    fn new(call: Call<P>, cursor: Cursor, skipped: Option<u64>, started_later: bool) -> Self {
        Self {
            call,
            cursor,
            skipped,
            started_later,
            waiting: None,
            timeout: None,
            in_flight: Duration::ZERO,
            sent: Duration::ZERO,
            cap: PAGE_CAP,
            count: 0,
            received: 0,
            first_total: None,
            total: None,
            moved: None,
            seen: Box::default(),
            followed: HashSet::new(),
            pages: HashSet::new(),
            last_page: None,
            trouble: None,
        }
    }

    /// Sets the maximum number of pages to fetch. The default is 10,000.
    pub fn page_cap(mut self, pages: u32) -> Self {
        self.cap = pages;
        self
    }

    /// Sets the limit of the time in flight of all pages together; none unless set. What the caller does between two
    /// pages does not count. `call_timeout` limits each page.
    pub fn list_timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Returns the items of all pages.
    pub fn items(self) -> Items<P> {
        Items { pages: self, ready: std::collections::VecDeque::new() }
    }

    /// Returns the number of items received so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Returns the last total that the service reported, if any.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}

impl<P: Page + DeserializeOwned> Pages<P> {
    /// Fetches the next page; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<P>> {
        std::future::poll_fn(|context| self.poll_page(context)).await
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<P>>> {
        match self.poll_fetch(context) {
            Poll::Ready(Some(Err(incomplete))) => {
                let context = self.call.context();
                Poll::Ready(Some(Err(incomplete.into_error().with_context(context))))
            }
            Poll::Ready(Some(Ok(page))) => Poll::Ready(Some(Ok(page))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_fetch(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<P, Incomplete>>> {
        if let Some(ended) = self.begin() {
            return Poll::Ready(ended.map(Err));
        }
        let Some(waiting) = self.waiting.as_mut() else { return Poll::Ready(None) };
        let outcome = ready!(waiting.get_mut().as_mut().poll(context)).and_then(|response| {
            let fingerprint = hash(response.value());
            response.decode(self.call.context()).map(|page| (page.into_inner(), fingerprint))
        });
        self.waiting = None;
        self.in_flight += self.call.elapsed().saturating_sub(self.sent);
        match outcome {
            Ok((page, fingerprint)) if self.turn(&page, fingerprint) => Poll::Ready(Some(Ok(page))),
            // A repeated page ends the list; only the check for completeness is left.
            Ok(_) => self.poll_fetch(context),
            Err(error) => Poll::Ready(Some(Err(self.fail(error)))),
        }
    }

    /// Creates the request for the next page unless it is under way. Returns how the list ended, if it has.
    fn begin(&mut self) -> Option<Option<Incomplete>> {
        if self.waiting.is_some() {
            return None;
        }
        match &self.cursor {
            Cursor::Done => return Some(None),
            Cursor::Last => {
                self.cursor = Cursor::Done;
                return Some(self.verdict());
            }
            Cursor::Numbered { .. } | Cursor::Marked { .. } => {}
        }
        match self.start() {
            Ok(waiting) => self.waiting = Some(Exclusive::new(waiting)),
            Err(error) => return Some(Some(self.fail(error))),
        }
        None
    }

    /// Sends the request for the next page.
    fn start(&mut self) -> Result<BoxFuture<'static, Result<Response<Bytes>>>> {
        let call = self.next_call()?;
        self.sent = self.call.elapsed();
        Ok(call.start())
    }

    /// Creates the call of the next page.
    fn next_call(&self) -> Result<Call<P>> {
        let mut call = self.call.checked()?;
        if let Some(limit) = self.timeout {
            let left = limit.saturating_sub(self.in_flight);
            if left.is_zero() {
                let text = format!("no time is left for page {} of the list", self.count + 1);
                let error = Error::new(ErrorKind::Timeout, text).with_delivery(Delivery::NotSent);
                return Err(error.with_transient(true));
            }
            call = call.within(left);
        }
        match &self.cursor {
            Cursor::Numbered { parameter, next, .. } => call.set_query(parameter, *next, &[]),
            Cursor::Marked { parameter, next: Some(marker) } => call.set_query(parameter, marker, &[]),
            _ => {}
        }
        Ok(call)
    }

    /// Returns the request of the next page as it would be sent now, without sending anything; see [`Plan`].
    ///
    /// # Errors
    /// Those of [`Call::plan`]. [`ErrorKind::Request`] if the list has ended.
    pub fn plan(&self) -> Result<Plan> {
        match &self.cursor {
            Cursor::Last | Cursor::Done => {
                Err(Error::request("the list has ended; no page follows").with_context(self.call.context()))
            }
            _ => self.next_call().map_err(|error| error.with_context(self.call.context()))?.plan(),
        }
    }

    /// Why a list that was received to its end is not all of the service's.
    pub(super) fn started_later(&self) -> Option<Incomplete> {
        let later = Incomplete { reason: IncompleteReason::StartedLater, resume: None };
        self.started_later.then_some(later)
    }

    fn fail(&mut self, error: Error) -> Incomplete {
        let resume = self.resume();
        self.cursor = Cursor::Done;
        Incomplete { reason: IncompleteReason::Failed(error.with_context(self.call.context())), resume }
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

#[cfg(test)]
pub(crate) mod tests;

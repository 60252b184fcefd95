//! Lists as streams, for those who ask for one.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::{Items, Page, Pages};
use crate::error::Result;

impl<P: Page + DeserializeOwned> Pages<P> {
    /// Converts into a [`Stream`] of `Result`s, for stream libraries.
    ///
    /// An incomplete list ends with an `Err`; an adaptor that drops it makes a part of the list look like all of it.
    pub fn into_stream(self) -> PageStream<P> {
        PageStream(self)
    }
}

impl<P: Page + DeserializeOwned> Items<P> {
    /// Converts into a [`Stream`] of `Result`s, for stream libraries.
    ///
    /// An incomplete list ends with an `Err`. An adaptor that drops it, such as `filter_map(Result::ok)`, makes a part
    /// of the list look like all of it; use `try_` adaptors.
    pub fn into_stream(self) -> ItemStream<P> {
        ItemStream(self)
    }
}

/// The [`Stream`] that [`Pages::into_stream`] returns.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct PageStream<P>(Pages<P>);

impl<P: Page + DeserializeOwned> Stream for PageStream<P> {
    type Item = Result<P>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<P>>> {
        self.0.poll_page(context)
    }
}

/// The [`Stream`] that [`Items::into_stream`] returns.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct ItemStream<P: Page>(Items<P>);

impl<P: Page + DeserializeOwned> Stream for ItemStream<P> {
    type Item = Result<P::Item>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_item(context)
    }
}

//! Batches: several items of one request, each with its own outcome.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Chosen;
use crate::body::Number;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::keys::unusable;
use crate::reply::Reply;
use crate::trail::Trail;

/// The most items of a batch.
const MOST: usize = 1_000;

/// Items of a batch that are at the cloud at the same time.
const PARALLEL: usize = 16;

/// An item that is done by itself.
pub(super) trait Item: Send + 'static {
    /// What it becomes.
    type Done: Serialize + Send + 'static;

    /// The client's own mark of the item, which its result carries.
    fn reference(&mut self) -> Option<String> {
        None
    }

    fn run(self, chosen: Chosen) -> impl Future<Output = Result<Self::Done>> + Send;
}

#[derive(Serialize)]
struct Results<T> {
    batch_results: Vec<Outcome<T>>,
}

/// The outcome of an item: its own members, or an error.
#[derive(Serialize)]
struct Outcome<T> {
    #[serde(flatten)]
    done: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
}

/// Carries out an item, or a batch if there is one.
///
/// `partial` is the status of a batch of which some items have failed; `lenient` batches are always a success, as
/// those of signatures are for Vault.
pub(super) async fn run<I: Item>(
    context: &Context<'_>,
    chosen: Chosen,
    single: I,
    batch: Option<Vec<I>>,
    partial: Option<Number>,
    lenient: bool,
) -> Result<Reply> {
    // Before anything is sent: an error after the calls would lose their results.
    let partial = partial.filter(|code| code.0 != 0).map(partial_status).transpose()?;
    let Some(items) = batch else {
        return context.data("transit", &single.run(chosen).await.map_err(unusable)?);
    };
    if items.is_empty() || items.len() > MOST {
        return Err(Failure::invalid(format!("`batch_input` must have 1 to {MOST} items")));
    }
    let results = outcomes(chosen, items).await?;
    let failed = results.iter().filter_map(|(_, result)| result.as_ref().err()).collect::<Vec<_>>();
    let some = failed.len() < results.len();
    let status = match (failed.is_empty() || lenient, partial) {
        (true, _) => StatusCode::OK,
        (false, Some(status)) if some => status,
        (false, _) => status_of(&failed),
    };
    let throttled = status == StatusCode::TOO_MANY_REQUESTS;
    let retry_after = failed.iter().filter(|_| throttled).filter_map(|failure| failure.retry_after()).max();
    let outcome = |(reference, result): (Option<String>, Result<I::Done>)| match result {
        Ok(done) => Outcome { done: Some(done), error: None, reference },
        Err(failure) => Outcome { done: None, error: Some(failure.to_string()), reference },
    };
    let batch_results = results.into_iter().map(outcome).collect();
    let reply = context.data("transit", &Results { batch_results })?;
    Ok(reply.with_status(status).with_retry_after(retry_after))
}

fn partial_status(code: Number) -> Result<StatusCode> {
    let status = u16::try_from(code.0).ok().and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.filter(|status| (200..=599).contains(&status.as_u16()));
    status.ok_or_else(|| Failure::invalid("`partial_failure_response_code` must be a status from 200 to 599"))
}

/// The status of a batch with these failures. Clients repeat the whole batch after 429 and 5xx, which cannot help while
/// an item is wrong.
fn status_of(failed: &[&Failure]) -> StatusCode {
    let throttled = |failure: &&Failure| failure.status() == StatusCode::TOO_MANY_REQUESTS;
    if failed.iter().any(|failure| failure.status().is_client_error() && !throttled(failure)) {
        StatusCode::BAD_REQUEST
    } else if failed.iter().any(throttled) {
        StatusCode::TOO_MANY_REQUESTS
    } else {
        StatusCode::BAD_GATEWAY
    }
}

/// The results of all items in their order.
async fn outcomes<I: Item>(chosen: Chosen, items: Vec<I>) -> Result<Vec<(Option<String>, Result<I::Done>)>> {
    let (trail, parallel) = (Trail::current().unwrap_or_default(), Arc::new(Semaphore::new(PARALLEL)));
    let mut references = Vec::with_capacity(items.len());
    // Dropping the set ends what is still running.
    let mut running = JoinSet::new();
    for (index, mut item) in items.into_iter().enumerate() {
        references.push(item.reference());
        let (chosen, trail, parallel) = (chosen.clone(), Arc::clone(&trail), Arc::clone(&parallel));
        running.spawn(async move {
            let _permit = parallel.acquire_owned().await;
            (index, trail.follow(item.run(chosen)).await.map_err(unusable))
        });
    }
    let mut results: Vec<Option<Result<I::Done>>> = references.iter().map(|_| None).collect();
    while let Some(ended) = running.join_next().await {
        let (index, result) = ended.map_err(|_| ended_early())?;
        if let Some(place) = results.get_mut(index) {
            *place = Some(result);
        }
    }
    let known = |result: Option<Result<I::Done>>| result.unwrap_or_else(|| Err(ended_early()));
    Ok(references.into_iter().zip(results.into_iter().map(known)).collect())
}

fn ended_early() -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the item was not carried out")
}

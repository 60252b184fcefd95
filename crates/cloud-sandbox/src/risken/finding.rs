//! The ten calls of findings: what each reads, what it must carry, what it does and what it shows.

use serde_json::{Value, json};

use super::error::ErrorResponse;
use super::response::{present, score};
use crate::call::Call;
use crate::risken::state::{Handlers, State, read};
use request::Request;
use store::{Finding, Pend, Store, Tag};

mod request;
mod rules;
pub(super) mod scan;
pub(crate) mod store;

/// The calls by operation name.
pub(crate) const HANDLERS: Handlers = &[
    ("list_findings", list_findings),
    ("show_finding", show_finding),
    ("put_finding", put_finding),
    ("delete_finding", delete_finding),
    ("list_finding_tags", list_finding_tags),
    ("tag_finding", tag_finding),
    ("untag_finding", untag_finding),
    ("show_pend_finding", show_pend_finding),
    ("put_pend_finding", put_pend_finding),
    ("delete_pend_finding", delete_pend_finding),
];

/// What the log says where the service reports success for what does not exist.
const NO_FINDING: &str = "nothing was there: the project has no finding with this finding_id";
const NO_TAG: &str = "nothing was there: the project has no tag with this finding_tag_id";
const NO_PEND: &str = "nothing was there: the finding is not suspended";

fn begin<'a>(
    state: &'a mut State,
    call: &Call<'_>,
    check: fn(&Request) -> Result<(), String>,
) -> Result<(&'a mut Store, Request, i64), ErrorResponse> {
    let (request, now) = read(state, call, Request::from_query, Request::from_body, check)?;
    Ok((&mut state.findings, request, now))
}

fn list_findings(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, _) = begin(state, call, rules::list_findings)?;
    let (skip, take) = window(&request);
    let (ids, total) = store.list(&request, skip, take);
    Ok(present([("count", ids.len().into()), ("total", total.into()), ("finding_id", ids.into())]))
}

fn show_finding(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, _) = begin(state, call, rules::one_finding)?;
    let found = store.finding(request.project_id, request.finding_id).map(finding);
    if found.is_none() {
        call.note = Some(NO_FINDING);
    }
    Ok(present([("finding", found.unwrap_or_default())]))
}

fn put_finding(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, now) = begin(state, call, rules::put_finding)?;
    let stored = store.put(&request.finding.unwrap_or_default(), now)?;
    Ok(present([("finding", finding(&stored))]))
}

fn delete_finding(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, _) = begin(state, call, rules::one_finding)?;
    if !store.delete(request.project_id, request.finding_id) {
        call.note = Some(NO_FINDING);
    }
    Ok(json!({}))
}

fn list_finding_tags(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, _) = begin(state, call, rules::list_finding_tags)?;
    if store.finding(request.project_id, request.finding_id).is_none() {
        call.note = Some(NO_FINDING);
    }
    let (skip, take) = window(&request);
    let (shown, total) = store.tags(&request, skip, take);
    let tags: Vec<Value> = shown.into_iter().map(tag).collect();
    Ok(present([("count", tags.len().into()), ("total", total.into()), ("tag", tags.into())]))
}

fn tag_finding(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, now) = begin(state, call, rules::tag_finding)?;
    let wanted = request.tag.unwrap_or_default();
    let stored = store.tag(request.project_id, wanted.finding_id, &wanted.tag, now)?;
    Ok(present([("tag", tag(&stored))]))
}

fn untag_finding(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, _) = begin(state, call, rules::untag_finding)?;
    if !store.untag(request.project_id, request.finding_tag_id) {
        call.note = Some(NO_TAG);
    }
    Ok(json!({}))
}

fn show_pend_finding(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, _) = begin(state, call, rules::one_finding)?;
    let found = store.pend(request.project_id, request.finding_id).map(pend);
    if found.is_none() {
        call.note = Some(NO_PEND);
    }
    Ok(present([("pend_finding", found.unwrap_or_default())]))
}

fn put_pend_finding(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, now) = begin(state, call, rules::put_pend_finding)?;
    let wanted = request.pend_finding.unwrap_or_default();
    let stored = store.put_pend(request.project_id, wanted.finding_id, &wanted.note, now)?;
    Ok(present([("pend_finding", pend(&stored))]))
}

fn delete_pend_finding(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, _) = begin(state, call, rules::one_finding)?;
    if !store.delete_pend(request.project_id, request.finding_id) {
        call.note = Some(NO_PEND);
    }
    Ok(json!({}))
}

/// How many entries are left out, and how many are shown; zero is the service's own limit.
fn window(request: &Request) -> (usize, usize) {
    let number = |value: i32| usize::try_from(value).unwrap_or_default();
    let limit = if request.limit == 0 { rules::LIMIT } else { request.limit };
    (number(request.offset), number(limit))
}

fn finding(own: &Finding) -> Value {
    present([
        ("finding_id", own.id.into()),
        ("description", (&*own.description).into()),
        ("data_source", (&*own.data_source).into()),
        ("data_source_id", (&*own.data_source_id).into()),
        ("resource_name", (&*own.resource_name).into()),
        ("project_id", own.project_id.into()),
        ("original_score", score(own.original_score)),
        ("score", score(own.score)),
        ("data", (&*own.data).into()),
        ("created_at", own.created_at.into()),
        ("updated_at", own.updated_at.into()),
    ])
}

fn tag(own: &Tag) -> Value {
    present([
        ("finding_tag_id", own.id.into()),
        ("finding_id", own.finding_id.into()),
        ("project_id", own.project_id.into()),
        ("tag", (&*own.tag).into()),
        ("created_at", own.created_at.into()),
        ("updated_at", own.updated_at.into()),
    ])
}

fn pend(own: &Pend) -> Value {
    present([
        ("finding_id", own.finding_id.into()),
        ("project_id", own.project_id.into()),
        ("note", (&*own.note).into()),
        ("created_at", own.created_at.into()),
        ("updated_at", own.updated_at.into()),
    ])
}

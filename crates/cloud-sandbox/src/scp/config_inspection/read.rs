//! Questions about diagnoses and their results.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::checklist::{Item, Version};
use super::dates::Span;
use super::run::{self, Finding};
use super::store::{Diagnosis, current, order};
use super::{checklist, marker};
use crate::call::Call;
use crate::scp::error::ErrorResponse;
use crate::scp::paging::{self, Field, Listing, Sort};
use crate::scp::state::State;
use crate::scp::timestamps::plain;

const NEWEST_FIRST: &str = "created_at:desc";

/// The provider that the checklists are for.
const CSP: &str = "SCP";

/// The page's example sorts by a time that no entry shows; entries are in the order of their creation.
const CHECKLIST_FIELDS: &[Field<&Version>] = &[
    ("created_at", |_, _| Ordering::Equal),
    ("check_list_name", |one, other| checklist::name(one.check_type).cmp(&checklist::name(other.check_type))),
    ("check_list_version", |one, other| one.number.cmp(other.number)),
    ("diagnosis_check_type", |one, other| one.check_type.cmp(other.check_type)),
];

/// A run with its diagnosis.
type Run<'a> = (&'a Diagnosis, &'a run::Run);

// Responses show whole seconds.
fn result_fields<'a>() -> [Field<Run<'a>>; 8] {
    [
        ("created_at", |(_, one), (_, other)| {
            one.requested_at().unix_timestamp().cmp(&other.requested_at().unix_timestamp())
        }),
        ("proceed_date", |(_, one), (_, other)| {
            one.proceeded_at().unix_timestamp().cmp(&other.proceeded_at().unix_timestamp())
        }),
        ("csp_type", |(one, _), (other, _)| one.csp_type.cmp(&other.csp_type)),
        ("diagnosis_account_id", |(one, _), (other, _)| one.diagnosis_account_id.cmp(&other.diagnosis_account_id)),
        ("diagnosis_check_type", |(_, one), (_, other)| one.check_type().cmp(other.check_type())),
        ("diagnosis_id", |(one, _), (other, _)| one.id.cmp(&other.id)),
        ("diagnosis_name", |(one, _), (other, _)| one.name.cmp(&other.name)),
        ("diagnosis_result", |(_, one), (_, other)| one.result().cmp(other.result())),
    ]
}

/// An item of a result.
type Row<'a> = (&'static Item, &'a Finding);

fn item_fields<'a>() -> [Field<Row<'a>>; 5] {
    [
        // All items of a result have the same time.
        ("created_at", |_, _| Ordering::Equal),
        ("diagnosis_item", |(one, _), (other, _)| one.item.cmp(other.item)),
        ("diagnosis_layer", |(one, _), (other, _)| one.layer.cmp(other.layer)),
        ("diagnosis_result", |(_, one), (_, other)| one.outcome.cmp(&other.outcome)),
        ("sub_category", |(one, _), (other, _)| one.code.cmp(other.code)),
    ]
}

/// One page of the versions of the checklists that fit every filter.
pub(super) fn checklists(_: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let is = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
    let fits = |version: &&Version| {
        is("csp_type", CSP)
            && is("diagnosis_check_type", version.check_type)
            && is("checklist_name", &checklist::name(version.check_type))
            && is("check_list_version", version.number)
    };
    let row = |version: &&Version| {
        json!({
            "check_list_name": checklist::name(version.check_type),
            "check_list_state": version.state,
            "check_list_version": version.number,
            "check_list_version_id": version.id,
            "csp_type": CSP,
            "diagnosis_check_type": version.check_type,
        })
    };
    let rows = checklist::VERSIONS.iter().filter(fits).collect();
    paging::page(call, "contents", CHECKLIST_FIELDS, 20, rows, row)
}

/// One diagnosis with its key and schedule.
pub(super) fn show(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = current(&mut state.inspection, call);
    Ok(store.find(call.argument("diagnosis_id"))?.detail(call.now))
}

/// One page of the diagnoses that fit every filter.
pub(super) fn list(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = current(&mut state.inspection, call);
    let (now, span) = (call.now, Span::read(call)?);
    let is = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
    let name = call.query("diagnosis_name").unwrap_or_default();
    let mine = paging::flag(call, "isMine");
    let states: Vec<_> = call.query_all("recent_diagnosis_state").collect();
    let wanted = |one: &Diagnosis| {
        let recent = one.runs.last().map(|run| run.state(now));
        is("diagnosis_id", &one.id)
            && is("csp_type", &one.csp_type)
            && is("diagnosis_account_id", &one.diagnosis_account_id)
            && one.name.contains(name)
            && (!mine || one.is_mine())
            && (states.is_empty() || recent.is_some_and(|state| states.contains(&state)))
            && span.holds(one.created_at)
    };
    let recent_state = |one: &Diagnosis| one.runs.last().map(|run| run.state(now));
    let by_state = |one: &Diagnosis, other: &Diagnosis| recent_state(one).cmp(&recent_state(other));
    let sorts = [
        Sort::Kept("created_at", order::CREATED),
        Sort::Kept("csp_type", order::CSP_TYPE),
        Sort::Kept("diagnosis_account_id", order::ACCOUNT),
        Sort::Kept("diagnosis_check_type", order::CHECK_TYPE),
        Sort::Kept("diagnosis_id", order::ID),
        Sort::Kept("diagnosis_name", order::NAME),
        Sort::Kept("recent_diagnosis_at", order::RECENT),
        Sort::Computed("recent_diagnosis_state", &by_state),
    ];
    let asked = ["diagnosis_id", "csp_type", "diagnosis_account_id", "diagnosis_name"];
    let filtered = mine || !states.is_empty() || !span.is_open() || asked.iter().any(|name| call.query(name).is_some());
    let table = &store.diagnoses;
    let filter: Option<&dyn Fn(&Diagnosis) -> bool> = if filtered { Some(&wanted) } else { None };
    let candidates = call.query("diagnosis_id").map(|id| store.place(id).into_iter().collect());
    let listing = Listing { table, sorts: &sorts, range: &|_| 0..table.len(), candidates, filter };
    let page = marker::listed(
        call,
        &listing,
        NEWEST_FIRST,
        |id| store.place(id),
        |one| {
            let mut row = one.summary(now);
            row["marker"] = one.id.as_str().into();
            row
        },
    )?;
    Ok(json!({ "count": page.count, "links": page.links, "summary_responses": page.rows }))
}

/// One page of the results that fit every filter; a run has one when it is over.
pub(super) fn results(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = current(&mut state.inspection, call);
    let (now, span) = (call.now, Span::read(call)?);
    let is = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
    let name = call.query("diagnosis_name").unwrap_or_default();
    let wanted = store.diagnoses.all(order::ID).filter(|one| {
        is("account_id", &one.account_id)
            && is("diagnosis_id", &one.id)
            && is("csp_type", &one.csp_type)
            && one.name.contains(name)
    });
    let runs = wanted.flat_map(|one| one.runs.iter().map(move |run| (one, run)));
    let mut found: Vec<_> = runs
        .filter(|(_, run)| {
            run.is_over(now)
                && span.holds(run.proceeded_at())
                && is("diagnosis_state", run.final_state())
                && is("user_id", run.requested_by())
        })
        .collect();
    found.sort_by_key(|(_, run)| run.requested_at());
    let row = |(one, run): &Run<'_>| one.result_row(run);
    let page = marker::page(call, &result_fields(), Some(NEWEST_FIRST), found, |(_, run)| run.sequence(), row)?;
    Ok(json!({ "count": page.count, "links": page.links, "diagnosis_result_responses": page.rows }))
}

/// One page of the items of one result, in the order of the checklist unless the caller sorts them.
pub(super) fn result(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let store = current(&mut state.inspection, call);
    let diagnosis = store.find(call.query("diagnosis_id").unwrap_or_default())?;
    let sequence = call.query("diagnosis_request_sequence").unwrap_or_default();
    let run = diagnosis.runs.iter().find(|run| run.sequence() == sequence && run.is_over(call.now));
    let run = run.ok_or_else(|| ErrorResponse::not_found("diagnosis result", sequence))?;
    let items = run.items();
    let total = items.len();
    let row = |(item, finding): &Row<'_>| run.row(item, finding);
    let page = marker::page(call, &item_fields(), None, items, |(item, _)| item.code, row)?;
    Ok(json!({
        "check_list_version": run.checklist().map(|version| version.number),
        "checklist_name": checklist::name(run.check_type()),
        "count": page.count,
        "diagnosis_account_id": diagnosis.diagnosis_account_id,
        "diagnosis_check_type": run.check_type(),
        "diagnosis_id": diagnosis.id,
        "diagnosis_name": diagnosis.name,
        "diagnosis_request_sequence": run.sequence(),
        "links": page.links,
        "proceed_date": plain(run.proceeded_at()),
        "result_detail_list": page.rows,
        "total": total,
    }))
}

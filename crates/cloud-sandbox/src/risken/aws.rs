//! The seven calls: what each reads, what it must carry, what it does and what it shows.

use serde_json::{Value, json};

use super::error::ErrorResponse;
use super::response::{present, score};
use crate::call::Call;
use crate::risken::state::{Handlers, State, read};
use request::Request;
use store::{Account, Attachment, DataSource, Status, Store};

pub(super) mod request;
mod rules;
pub(crate) mod store;

/// The calls by operation name.
pub(crate) const HANDLERS: Handlers = &[
    ("list_aws", list_aws),
    ("put_aws", put_aws),
    ("delete_aws", delete_aws),
    ("list_data_sources", list_data_sources),
    ("attach_data_source", attach_data_source),
    ("detach_data_source", detach_data_source),
    ("invoke_scan", invoke_scan),
];

/// What the log says where the service reports success for what does not exist.
const NO_ACCOUNT: &str = "nothing was there: the project has no account with this aws_id";
const NO_SOURCE: &str = "nothing was there: no data source has this aws_data_source_id";
const NO_ATTACHMENT: &str = "nothing was there: this data source is not attached to this account of the project";

fn begin<'a>(
    state: &'a mut State,
    call: &Call<'_>,
    check: fn(&Request) -> Result<(), String>,
) -> Result<(&'a mut Store, Request, i64), ErrorResponse> {
    let (request, now) = read(state, call, Request::from_query, Request::from_body, check)?;
    Ok((&mut state.store, request, now))
}

fn list_aws(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, _) = begin(state, call, rules::list_aws)?;
    let found = store.accounts(request.project_id, request.aws_id, &request.aws_account_id);
    Ok(present([("aws", found.into_iter().map(account).collect())]))
}

fn put_aws(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, now) = begin(state, call, rules::put_aws)?;
    let aws = request.aws.unwrap_or_default();
    Ok(present([("aws", account(&store.put_account(&aws, now)))]))
}

fn delete_aws(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, _) = begin(state, call, rules::delete_aws)?;
    if !store.delete_account(request.project_id, request.aws_id) {
        call.note = Some(NO_ACCOUNT);
    }
    Ok(json!({}))
}

fn list_data_sources(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, _) = begin(state, call, rules::list_data_sources)?;
    if !store.has_account(request.project_id, request.aws_id) {
        call.note = Some(NO_ACCOUNT);
    }
    let rows = store.sources(request.project_id, request.aws_id, &request.data_source);
    Ok(present([("data_source", rows.into_iter().map(|(source, row)| listed(source, row)).collect())]))
}

fn attach_data_source(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, now) = begin(state, call, rules::attach_data_source)?;
    let attach = request.attach_data_source.unwrap_or_default();
    if !store.has_account(attach.project_id, attach.aws_id) {
        call.note = Some(NO_ACCOUNT);
    } else if !store.has_source(attach.aws_data_source_id) {
        call.note = Some(NO_SOURCE);
    }
    let row = store.attach(&attach, now)?;
    let mut shown = particulars(&row);
    shown.extend([("created_at", row.created_at.into()), ("updated_at", row.updated_at.into())]);
    shown.push(("aws_data_source_id", row.source_id.into()));
    Ok(present([("data_source", present(shown))]))
}

fn detach_data_source(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, _) = begin(state, call, rules::one_attachment)?;
    if !store.detach(request.project_id, request.aws_id, request.aws_data_source_id) {
        call.note = Some(NO_ATTACHMENT);
    }
    Ok(json!({}))
}

fn invoke_scan(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (store, request, now) = begin(state, call, rules::one_attachment)?;
    // Whether alerts are analysed afterwards, or all is scanned again, shows in no response of these calls.
    store.scan(request.project_id, request.aws_id, request.aws_data_source_id, now)?;
    Ok(json!({}))
}

fn account(account: &Account) -> Value {
    present([
        ("aws_id", account.id.into()),
        ("name", (&*account.name).into()),
        ("project_id", account.project_id.into()),
        ("aws_account_id", (&*account.number).into()),
        ("created_at", account.created_at.into()),
        // The service repeats the first time here, whatever was changed since.
        ("updated_at", account.created_at.into()),
    ])
}

fn listed(source: &DataSource, row: Option<&Attachment>) -> Value {
    let mut shown = vec![
        ("aws_data_source_id", source.id.into()),
        ("data_source", (&*source.name).into()),
        ("max_score", score(source.max_score)),
    ];
    shown.extend(row.map(particulars).into_iter().flatten());
    present(shown)
}

/// What both views of an attachment show.
fn particulars(row: &Attachment) -> Vec<(&'static str, Value)> {
    vec![
        ("aws_id", row.aws_id.into()),
        ("project_id", row.project_id.into()),
        ("assume_role_arn", (&*row.role).into()),
        ("external_id", (&*row.external_id).into()),
        ("status", number(row.status).into()),
        ("status_detail", (&*row.status_detail).into()),
        ("scan_at", row.scan_at.into()),
        ("specific_version", (&*row.specific_version).into()),
    ]
}

fn number(status: Status) -> i32 {
    match status {
        Status::Unknown => 0,
        Status::Ok => 1,
        Status::Configured => 2,
        Status::InProgress => 3,
        Status::Error => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unattached_data_source_shows_no_attachment() {
        let store = Store::default();
        let rows = store.sources(1001, 2001, "");
        let unattached = json!({"aws_data_source_id": 3002, "data_source": "aws:access-analyzer", "max_score": 1});
        assert_eq!(listed(rows[0].0, rows[0].1), unattached);
    }
}

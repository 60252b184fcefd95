//! Questions about certificates: lists, details, and whether a name or a certificate can be used.

use serde_json::{Value, json};

use super::body;
use super::store::{Certificate, order};
use crate::call::Call;
use crate::scp::account;
use crate::scp::error::ErrorResponse;
use crate::scp::paging::{self, Listing, Sort};
use crate::scp::state::State;

/// Whether another certificate has the name.
pub(super) fn duplicate(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let name = call.text("name").unwrap_or_default();
    Ok(json!({ "result": state.certificates.has_name(name) }))
}

/// One page of the certificates whose names hold the texts and whose state is one of those asked for.
pub(super) fn list(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let now = call.now;
    let text = |name: &str| call.query(name).unwrap_or_default();
    let (name, cn, mine) = (text("name"), text("cn"), paging::flag(call, "isMine"));
    let states: Vec<_> = call.query_all("state").collect();
    let wanted = |one: &Certificate| {
        one.name.contains(name)
            && one.facts.cn.contains(cn)
            && (states.is_empty() || states.contains(&one.state(now)))
            && (!mine || one.created_by == account::USER_ID)
    };
    let by_state = |one: &Certificate, other: &Certificate| one.state(now).cmp(other.state(now));
    let sorts = [
        Sort::Kept("created_at", order::CREATED),
        // Certificates do not change.
        Sort::Kept("modified_at", order::CREATED),
        Sort::Kept("name", order::NAME),
        Sort::Kept("cn", order::CN),
        Sort::Computed("state", &by_state),
        Sort::Kept("cert_kind", order::KIND),
        Sort::Kept("not_before_dt", order::NOT_BEFORE),
        Sort::Kept("not_after_dt", order::NOT_AFTER),
        Sort::Kept("id", order::ID),
    ];
    let filtered = mine || !(name.is_empty() && cn.is_empty() && states.is_empty());
    let table = &state.certificates.certificates;
    let filter: Option<&dyn Fn(&Certificate) -> bool> = if filtered { Some(&wanted) } else { None };
    let listing = Listing { table, sorts: &sorts, range: &|_| 0..table.len(), candidates: None, filter };
    paging::listed(call, "certificates", Some(20), &listing, |one| one.row(now))
}

/// The certificate with its texts.
pub(super) fn show(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    Ok(state.certificates.find(call)?.shown(call.now))
}

/// Whether certificate, chain and key go together now; version 1.0 may insist on a chain.
pub(super) fn validate(_: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let chain_missing = call.text("cert_chain").is_none_or(|chain| chain.trim().is_empty());
    let chain_needed = call.body["is_need_cert_chain"] == json!(true);
    let good = body::read(call)?.flaw(call.now).is_none() && !(chain_needed && chain_missing);
    Ok(json!({ "result": good, "validate_check": good }))
}

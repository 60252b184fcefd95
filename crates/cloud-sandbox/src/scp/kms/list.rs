//! One page of keys: filtered, sorted, counted.

use serde_json::Value;

use super::key::Key;
use super::store::{Store, order};
use crate::call::Call;
use crate::scp::account::region;
use crate::scp::error::ErrorResponse;
use crate::scp::paging::{self, Listing, Sort};

/// The keys on a page unless the caller names a number.
const SIZE: usize = 20;

/// The fields that a list can be sorted by.
const SORTS: &[Sort<'_, Key>] = &[
    Sort::Kept("auto_rotate", order::AUTO_ROTATE),
    Sort::Kept("created_at", order::CREATED),
    Sort::Kept("current_version", order::VERSION),
    Sort::Kept("id", order::ID_OF_LIST),
    Sort::Kept("key_type", order::KEY_TYPE),
    Sort::Kept("modified_at", order::MODIFIED),
    Sort::Kept("name", order::NAME_OF_LIST),
    Sort::Kept("purpose", order::PURPOSE),
    Sort::Kept("rotate_cycle", order::CYCLE),
    Sort::Kept("state", order::STATE),
    Sort::Kept("use_count", order::USES),
];

/// The keys that the call asks for, of its owner or of the platform.
pub(super) fn page(store: &Store, managed: bool, call: &Call<'_>) -> Result<Value, ErrorResponse> {
    let named = |name: &str| {
        let part = store.keys.span(order::NAME_OF_LIST, |key| (key.managed, &*key.name).cmp(&(managed, name)));
        store.keys.places(order::NAME_OF_LIST, part).collect()
    };
    let listing = Listing {
        table: &store.keys,
        sorts: SORTS,
        range: &|order| store.keys.span(order, |key| key.managed.cmp(&managed)),
        candidates: call.query("name").map(named),
        filter: None,
    };
    paging::listed(call, "keys", Some(SIZE), &listing, |key| key.show(region(call.settings)))
}

//! One page of keys: filtered, sorted, counted.

use serde_json::Value;

use super::store::Store;
use crate::call::Call;
use crate::scp::account::region;
use crate::scp::error::ErrorResponse;
use crate::scp::paging;

/// The keys on a page unless the caller names a number.
const SIZE: usize = 20;

/// The fields that a list can be sorted by.
const SORTABLE: &[&str] = &[
    "auto_rotate",
    "created_at",
    "current_version",
    "id",
    "key_type",
    "modified_at",
    "name",
    "purpose",
    "rotate_cycle",
    "state",
    "use_count",
];

/// The keys that the call asks for, of its owner or of the platform.
pub(super) fn page(store: &Store, managed: bool, call: &Call<'_>) -> Result<Value, ErrorResponse> {
    let name = call.query("name");
    let mut found: Vec<_> = store.keys.values().collect();
    found.retain(|key| key.managed == managed && name.is_none_or(|name| key.name == name));
    found.sort_by_key(|key| key.sequence);
    let rows = found.iter().map(|key| key.show(region(call.settings))).collect();
    paging::page(call, "keys", SORTABLE, SIZE, rows)
}

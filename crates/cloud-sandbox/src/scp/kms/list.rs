//! One page of keys: filtered, sorted, counted.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::key::Key;
use super::{Store, region};
use crate::call::Call;
use crate::refusal::Refusal;

/// The page that holds what no other was asked for.
const SIZE: usize = 20;

/// The order that no caller asked for.
const NEWEST_FIRST: &str = "created_at:desc";

type Compare = fn(&Key, &Key) -> Ordering;

/// The fields that a list can be sorted by.
const FIELDS: &[(&str, Compare)] = &[
    ("created_at", |a, b| (a.created_at, a.sequence).cmp(&(b.created_at, b.sequence))),
    ("modified_at", |a, b| a.modified_at.cmp(&b.modified_at)),
    ("name", |a, b| a.name.cmp(&b.name)),
    ("purpose", |a, b| a.purpose.name().cmp(b.purpose.name())),
    ("state", |a, b| a.condition.name().cmp(b.condition.name())),
    ("id", |a, b| a.id.cmp(&b.id)),
    ("key_type", |a, b| a.key_type.cmp(&b.key_type)),
    ("current_version", |a, b| a.current().cmp(&b.current())),
    ("use_count", |a, b| a.use_count.cmp(&b.use_count)),
];

/// The keys that the call asks for, of its owner or of the platform.
pub(super) fn page(store: &Store, managed: bool, call: &Call<'_>) -> Result<Value, Refusal> {
    let (page, size) = (number(call, "page", 0)?, number(call, "size", SIZE)?);
    if size == 0 {
        return Err(Refusal::scp_validation("size must be at least 1"));
    }
    let asked = call.query("sort").unwrap_or(NEWEST_FIRST);
    let compare = order(asked)?;
    let name = call.query("name");
    let mut found: Vec<&Key> = store.keys.values().collect();
    found.retain(|key| key.managed == managed && name.is_none_or(|name| key.name == name));
    found.sort_by(|a, b| compare(a, b));
    let shown = found.iter().skip(page.saturating_mul(size)).take(size);
    let keys: Vec<_> = shown.map(|key| key.show(region(call))).collect();
    Ok(json!({ "count": found.len(), "keys": keys, "page": page, "size": size, "sort": [asked] }))
}

fn number(call: &Call<'_>, name: &str, otherwise: usize) -> Result<usize, Refusal> {
    let Some(text) = call.query(name) else {
        return Ok(otherwise);
    };
    text.parse().map_err(|_| Refusal::scp_validation(format!("{name} must be a whole number from 0 on")))
}

/// Reads `field:asc` or `field:desc`.
fn order(asked: &str) -> Result<impl Fn(&Key, &Key) -> Ordering, Refusal> {
    let (field, direction) = asked.split_once(':').unwrap_or((asked, "asc"));
    let compare = FIELDS.iter().find(|(name, _)| *name == field).map(|(_, compare)| *compare);
    match (compare, direction) {
        (Some(compare), "asc") => Ok((compare, false)),
        (Some(compare), "desc") => Ok((compare, true)),
        _ => Err(Refusal::scp_validation(format!("sort {asked:?} must name a field of a key and asc or desc"))),
    }
    .map(|(compare, reverse)| {
        move |a: &Key, b: &Key| {
            let ordering = if reverse { compare(b, a) } else { compare(a, b) };
            // Equal fields must not let a key stand on two pages.
            ordering.then_with(|| a.sequence.cmp(&b.sequence))
        }
    })
}

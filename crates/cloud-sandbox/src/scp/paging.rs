//! Lists of Samsung Cloud Platform: one order, then one page of it.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::call::Call;
use crate::scp::error::ErrorResponse;

/// The order of a list unless the caller names one.
const NEWEST_FIRST: &str = "created_at:desc";

/// The page that the caller asks for by `page`, `size` and `sort`, with `items` as the name of the rows.
///
/// The rows come oldest first: where the sorted field is equal, that order decides.
pub(super) fn page(
    call: &Call<'_>,
    items: &str,
    sortable: &[&str],
    default_size: usize,
    mut rows: Vec<Value>,
) -> Result<Value, ErrorResponse> {
    let (page, size) = (number(call, "page", 0, 0)?, number(call, "size", default_size, 1)?);
    let sort = call.query("sort").unwrap_or(NEWEST_FIRST);
    order(sort, sortable, &mut rows)?;
    let count = rows.len();
    let rows: Vec<_> = rows.into_iter().skip(page.saturating_mul(size)).take(size).collect();
    let mut body = json!({"count": count, "page": page, "size": size, "sort": [sort]});
    if let Some(fields) = body.as_object_mut() {
        fields.insert(items.to_owned(), rows.into());
    }
    Ok(body)
}

pub(super) fn number(call: &Call<'_>, name: &str, otherwise: usize, least: usize) -> Result<usize, ErrorResponse> {
    let Some(text) = call.query(name) else {
        return Ok(otherwise);
    };
    let number = text.parse().ok().filter(|&number| number >= least);
    number.ok_or_else(|| ErrorResponse::invalid_input(format!("{name} must be a number from {least}")))
}

/// Whether the caller sets a flag; the page writes it `True`.
pub(super) fn flag(call: &Call<'_>, name: &str) -> bool {
    call.query(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Sorts by `field:asc` or `field:desc`.
pub(super) fn order(sort: &str, sortable: &[&str], rows: &mut [Value]) -> Result<(), ErrorResponse> {
    let wrong =
        || ErrorResponse::invalid_input(format!("sort must be one of {} and :asc or :desc", sortable.join(", ")));
    let (field, direction) = sort.split_once(':').ok_or_else(wrong)?;
    if !sortable.contains(&field) || !["asc", "desc"].contains(&direction) {
        return Err(wrong());
    }
    rows.sort_by(|one, other| compare(&one[field], &other[field]));
    if direction == "desc" {
        rows.reverse();
    }
    Ok(())
}

/// Nothing comes before something; numbers and texts compare among themselves.
fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => {
            one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        _ => other.is_null().cmp(&one.is_null()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sort: &str) -> Result<Vec<String>, ErrorResponse> {
        let mut rows = vec![
            json!({"name": "b", "created_at": "2026-01-01", "read_at": null}),
            json!({"name": "c", "created_at": "2026-01-02", "read_at": "2026-02-02"}),
            json!({"name": "a", "created_at": "2026-01-02", "read_at": "2026-02-01"}),
        ];
        order(sort, &["name", "created_at", "read_at"], &mut rows)?;
        Ok(rows.iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect())
    }

    #[test]
    fn rows_sort_by_a_field_in_either_direction() {
        assert_eq!(names("name:asc").unwrap(), ["a", "b", "c"]);
        assert_eq!(names("name:desc").unwrap(), ["c", "b", "a"]);
        assert_eq!(names("created_at:asc").unwrap(), ["b", "c", "a"]);
        assert_eq!(names("created_at:desc").unwrap(), ["a", "c", "b"]);
        assert_eq!(names("read_at:asc").unwrap(), ["b", "a", "c"]);
    }

    #[test]
    fn unknown_sort_order_is_refused() {
        for sort in ["name", "name:", "name:up", "secret:asc", ":asc", "name:asc:desc"] {
            assert!(names(sort).is_err(), "{sort}");
        }
    }
}

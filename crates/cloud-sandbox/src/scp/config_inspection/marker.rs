//! Lists that go on from a marker: one order, one page of it, and links to it and to the next one.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::call::Call;
use crate::scp::error::ErrorResponse;
use crate::scp::paging::{self, Field, Listing};
use crate::state::table::{Place, Row};

/// The rows of a page unless the caller says how many.
const DEFAULT_LIMIT: usize = 20;

/// One page, ready to be put into a response.
pub(super) struct Page {
    pub(super) rows: Vec<Value>,
    pub(super) links: Value,
    /// All rows, on every page; null unless the caller asks for it.
    pub(super) count: Value,
}

/// What the query asks of a list: its length, whether the total is shown, and the row before it.
struct Asked<'a> {
    limit: usize,
    counted: bool,
    marker: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn read(call: &'a Call<'_>) -> Result<Self, ErrorResponse> {
        let limit = paging::number(call, "limit", DEFAULT_LIMIT, 1)?;
        let counted = match call.query("with_count") {
            Some("true") => true,
            Some("false") | None => false,
            Some(_) => return Err(ErrorResponse::invalid_input("with_count must be true or false")),
        };
        Ok(Self { limit, counted, marker: call.query("marker") })
    }

    fn page(&self, call: &Call<'_>, total: usize, start: usize, rows: Vec<Value>) -> Page {
        let more = total > start.saturating_add(self.limit);
        let origin = origin(call);
        let mut links = vec![json!({"href": format!("{origin}{}", call.request.target), "rel": "self"})];
        let last = rows.last().and_then(|row| row["marker"].as_str()).filter(|_| more);
        if let Some(marker) = last {
            let target = next(call.request.path(), call.request.query(), marker);
            links.push(json!({"href": format!("{origin}{target}"), "rel": "next"}));
        }
        Page { rows, links: links.into(), count: if self.counted { total.into() } else { Value::Null } }
    }
}

/// The page of a table after the row whose marker the caller names. Only its rows are shown.
pub(super) fn listed<T: Row>(
    call: &Call<'_>,
    listing: &Listing<'_, T>,
    default_sort: &str,
    find: impl Fn(&str) -> Option<Place>,
    show: impl Fn(&T) -> Value,
) -> Result<Page, ErrorResponse> {
    let asked = Asked::read(call)?;
    let sorted = listing.sorted(call.query("sort").unwrap_or(default_sort))?;
    let start = match asked.marker {
        Some(marker) => find(marker).and_then(|place| sorted.position(place)).ok_or_else(unknown)? + 1,
        None => 0,
    };
    let rows = sorted.rows(start, asked.limit).into_iter().map(show).collect();
    Ok(asked.page(call, sorted.len(), start, rows))
}

/// The page of a short list after the row whose marker the caller names. Only its rows are shown.
///
/// The rows come oldest first and stay so when neither the caller nor `default_sort` orders them.
pub(super) fn page<R>(
    call: &Call<'_>,
    fields: &[Field<R>],
    default_sort: Option<&str>,
    mut rows: Vec<R>,
    marker: impl Fn(&R) -> &str,
    show: impl Fn(&R) -> Value,
) -> Result<Page, ErrorResponse> {
    let asked = Asked::read(call)?;
    if let Some(sort) = call.query("sort").or(default_sort) {
        paging::order(sort, fields, &mut rows)?;
    }
    let start = asked.marker.map_or(Ok(0), |wanted| after(&rows, |row| marker(row) == wanted))?;
    let shown = rows.iter().skip(start).take(asked.limit).map(show).collect();
    Ok(asked.page(call, rows.len(), start, shown))
}

/// The origin under which the caller reaches this server: clients follow links to that one only.
fn origin(call: &Call<'_>) -> String {
    let asked = call.request.header("host").map(|_| call.request.url());
    let origin = asked.as_deref().and_then(|url| url.strip_suffix(&*call.request.target));
    origin.unwrap_or(call.endpoint).to_owned()
}

/// The place behind the row that has the marker.
fn after<R>(rows: &[R], has_marker: impl Fn(&R) -> bool) -> Result<usize, ErrorResponse> {
    let found = rows.iter().position(has_marker);
    found.map(|place| place.saturating_add(1)).ok_or_else(unknown)
}

fn unknown() -> ErrorResponse {
    ErrorResponse::invalid_input("marker names no entry of this list")
}

/// The same path and query with another marker.
fn next(path: &str, query: &str, marker: &str) -> String {
    let is_marker = |piece: &&str| *piece == "marker" || piece.starts_with("marker=");
    let kept = query.split('&').filter(|piece| !piece.is_empty() && !is_marker(piece));
    let mut target = format!("{path}?");
    for piece in kept {
        target += piece;
        target += "&";
    }
    target += "marker=";
    for byte in marker.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            target.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(target, "%{byte:02X}");
        }
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_page_link_differs_by_its_marker_only() {
        for (query, marker, wanted) in [
            ("", "DIA-1", "/x?marker=DIA-1"),
            ("limit=2&sort=a:desc", "a b&c", "/x?limit=2&sort=a:desc&marker=a%20b%26c"),
            ("marker=old&limit=2&&marker", "é", "/x?limit=2&marker=%C3%A9"),
            ("markers=1", "m", "/x?markers=1&marker=m"),
        ] {
            assert_eq!(next("/x", query, marker), wanted);
        }
    }

    #[test]
    fn unknown_marker_is_refused() {
        assert_eq!(after(&["a", "b"], |row| *row == "b").unwrap(), 2);
        assert!(after(&["a", "b"], |row| *row == "c").is_err());
    }
}

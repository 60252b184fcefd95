//! Lists of Samsung Cloud Platform: one order, then one page of it.

use std::cmp::Ordering;
use std::ops::Range;

use serde_json::{Value, json};

use crate::call::Call;
use crate::scp::error::ErrorResponse;
use crate::state::table::{self, Place, Row, Table};

/// The order of a list unless the caller names one.
const NEWEST_FIRST: &str = "created_at:desc";

/// A field that rows can be sorted by, and how two rows compare by it.
pub(super) type Field<R> = (&'static str, fn(&R, &R) -> Ordering);

/// The page of a short list that the caller asks for by `page`, `size` and `sort`, with `items` as the name of the rows.
/// Only its rows are shown.
///
/// The rows come oldest first: where the sorted field is equal, that order decides.
pub(super) fn page<R>(
    call: &Call<'_>,
    items: &str,
    fields: &[Field<R>],
    default_size: usize,
    mut rows: Vec<R>,
    show: impl Fn(&R) -> Value,
) -> Result<Value, ErrorResponse> {
    let (page, size) = (number(call, "page", 0, 0)?, number(call, "size", default_size, 1)?);
    let sort = call.query("sort").unwrap_or(NEWEST_FIRST);
    order(sort, fields, &mut rows)?;
    let shown = rows.iter().skip(page.saturating_mul(size)).take(size).map(show).collect();
    Ok(body(items, sort, rows.len(), (page, size), shown))
}

/// A list as a table keeps it.
pub(super) struct Listing<'a, T> {
    pub(super) table: &'a Table<T>,
    pub(super) sorts: &'a [Sort<'a, T>],
    /// The ranks of an order that make up the list; all of them unless only some rows are listed.
    pub(super) range: &'a dyn Fn(usize) -> Range<usize>,
    /// The only rows that can pass the filter, if an order has found them already.
    pub(super) candidates: Option<Vec<Place>>,
    /// What the caller filters by, if anything.
    pub(super) filter: Option<&'a dyn Fn(&T) -> bool>,
}

/// A field that a list can be sorted by.
pub(super) enum Sort<'a, T> {
    /// An order of the table.
    Kept(&'static str, usize),
    /// A field that changes with time alone, so that no order can be kept.
    Computed(&'static str, &'a dyn Fn(&T, &T) -> Ordering),
}

impl<T> Sort<'_, T> {
    fn name(&self) -> &'static str {
        match self {
            Self::Kept(name, _) | Self::Computed(name, _) => name,
        }
    }
}

/// The page of a table that the caller asks for by `page`, `size` and `sort`. Only its rows are shown.
pub(super) fn listed<T: Row>(
    call: &Call<'_>,
    items: &str,
    default_size: Option<usize>,
    listing: &Listing<'_, T>,
    show: impl Fn(&T) -> Value,
) -> Result<Value, ErrorResponse> {
    let default_size = default_size.unwrap_or_else(|| listing.table.len().max(20));
    let (page, size) = (number(call, "page", 0, 0)?, number(call, "size", default_size, 1)?);
    let sort = call.query("sort").unwrap_or(NEWEST_FIRST);
    let sorted = listing.sorted(sort)?;
    let rows = sorted.rows(page.saturating_mul(size), size).into_iter().map(show).collect();
    Ok(body(items, sort, sorted.len(), (page, size), rows))
}

impl<T: Row> Listing<'_, T> {
    /// The list in the order of `field:asc` or `field:desc`.
    pub(super) fn sorted(&self, sort: &str) -> Result<Sorted<'_, T>, ErrorResponse> {
        let names: Vec<_> = self.sorts.iter().map(Sort::name).collect();
        let (field, descends) = direction(sort, &names)?;
        let found = self.sorts.iter().find(|known| known.name() == field).ok_or_else(|| wrong_sort(&names))?;
        let places = match found {
            Sort::Kept(_, order) if self.candidates.is_none() && self.filter.is_none() => {
                Places::Ranks(*order, (self.range)(*order))
            }
            Sort::Kept(_, order) => Places::Found(self.filtered(*order)),
            Sort::Computed(_, compare) => {
                let mut found = self.filtered(0);
                found.sort_by(|one, other| {
                    let rows = self.table.get(*one).zip(self.table.get(*other));
                    let by_field = rows.map_or(Ordering::Equal, |(one, other)| compare(one, other));
                    by_field.then_with(|| self.table.compare_ages(*one, *other))
                });
                Places::Found(found)
            }
        };
        Ok(Sorted { table: self.table, places, descends })
    }

    /// All rows that pass the filter, in an order of the table.
    fn filtered(&self, order: usize) -> Vec<Place> {
        let passes = |place: &Place| {
            let row = self.table.get(*place);
            row.is_some_and(|row| self.filter.is_none_or(|filter| filter(row)))
        };
        let Some(candidates) = &self.candidates else {
            return self.table.places(order, (self.range)(order)).filter(passes).collect();
        };
        let mut found: Vec<_> = candidates.iter().copied().filter(passes).collect();
        found.sort_by(|one, other| self.table.compare_rows(order, *one, *other));
        found
    }
}

/// A list in an order.
pub(super) struct Sorted<'a, T> {
    table: &'a Table<T>,
    places: Places,
    descends: bool,
}

enum Places {
    /// An order of the table and the ranks there.
    Ranks(usize, Range<usize>),
    /// The rows themselves.
    Found(Vec<Place>),
}

impl<'a, T: Row> Sorted<'a, T> {
    pub(super) fn len(&self) -> usize {
        match &self.places {
            Places::Ranks(_, ranks) => ranks.len(),
            Places::Found(found) => found.len(),
        }
    }

    /// Some of the rows, after the first ones.
    pub(super) fn rows(&self, skip: usize, take: usize) -> Vec<&'a T> {
        match &self.places {
            Places::Ranks(order, ranks) => self.table.page(*order, ranks.clone(), self.descends, skip, take),
            Places::Found(found) => {
                let window = table::window(found.len(), self.descends, skip, take);
                let found = found.get(window).unwrap_or_default().iter();
                let mut shown: Vec<_> = found.filter_map(|place| self.table.get(*place)).collect();
                if self.descends {
                    shown.reverse();
                }
                shown
            }
        }
    }

    /// How many rows come before this one, if it is in the list.
    pub(super) fn position(&self, place: Place) -> Option<usize> {
        let at = match &self.places {
            Places::Ranks(order, ranks) => {
                let rank = self.table.rank(*order, place);
                ranks.contains(&rank).then(|| rank - ranks.start)?
            }
            Places::Found(found) => found.iter().position(|other| *other == place)?,
        };
        Some(if self.descends { self.len() - 1 - at } else { at })
    }
}

fn body(items: &str, sort: &str, count: usize, (page, size): (usize, usize), rows: Vec<Value>) -> Value {
    let mut body = json!({"count": count, "page": page, "size": size, "sort": [sort]});
    if let Some(fields) = body.as_object_mut() {
        fields.insert(items.to_owned(), rows.into());
    }
    body
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
pub(super) fn order<R>(sort: &str, fields: &[Field<R>], rows: &mut [R]) -> Result<(), ErrorResponse> {
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    let (field, descends) = direction(sort, &names)?;
    let (_, compare) = fields.iter().find(|(name, _)| *name == field).ok_or_else(|| wrong_sort(&names))?;
    rows.sort_by(compare);
    if descends {
        rows.reverse();
    }
    Ok(())
}

/// The field of a sort order, and whether it descends.
fn direction<'a>(sort: &'a str, sortable: &[&str]) -> Result<(&'a str, bool), ErrorResponse> {
    match sort.split_once(':') {
        Some((field, direction @ ("asc" | "desc"))) if sortable.contains(&field) => Ok((field, direction == "desc")),
        _ => Err(wrong_sort(sortable)),
    }
}

fn wrong_sort(sortable: &[&str]) -> ErrorResponse {
    ErrorResponse::invalid_input(format!("sort must be one of {} and :asc or :desc", sortable.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name, a day, and one that may be missing.
    type Dated = (&'static str, u8, Option<u8>);

    fn names(sort: &str) -> Result<Vec<&'static str>, ErrorResponse> {
        let fields: [Field<Dated>; 3] = [
            ("name", |one, other| one.0.cmp(other.0)),
            ("created_at", |one, other| one.1.cmp(&other.1)),
            ("read_at", |one, other| one.2.cmp(&other.2)),
        ];
        let mut rows = [("b", 1, None), ("c", 2, Some(2)), ("a", 2, Some(1))];
        order(sort, &fields, &mut rows)?;
        Ok(rows.map(|(name, ..)| name).to_vec())
    }

    #[test]
    fn rows_sort_by_a_field_in_either_direction() {
        assert_eq!(names("name:asc").unwrap(), ["a", "b", "c"]);
        assert_eq!(names("name:desc").unwrap(), ["c", "b", "a"]);
        assert_eq!(names("created_at:asc").unwrap(), ["b", "c", "a"]);
        assert_eq!(names("created_at:desc").unwrap(), ["a", "c", "b"]);
        assert_eq!(names("read_at:asc").unwrap(), ["b", "a", "c"]);
    }

    struct Pair(usize, &'static str);

    impl Row for Pair {
        const ORDERS: &'static [table::Compare<Self>] =
            &[|one, other| one.0.cmp(&other.0), |one, other| one.1.cmp(other.1)];
    }

    #[test]
    fn pages_of_a_table_are_those_of_its_sorted_rows() {
        let rows = [(1, "c"), (2, "a"), (3, "b"), (4, "a"), (5, "c"), (6, "b"), (7, "a")];
        let table: Table<Pair> = rows.map(|(number, text)| Pair(number, text)).into_iter().collect();
        let odd = |pair: &Pair| pair.0 % 2 == 1;
        let later = |one: &Pair, other: &Pair| one.1.cmp(other.1).reverse();
        let sorts = [Sort::Kept("number", 0), Sort::Kept("text", 1), Sort::Computed("later", &later)];
        for filtered in [false, true] {
            for (sort, compare) in [
                ("number", (|one, other| one.0.cmp(&other.0)) as fn(&Pair, &Pair) -> Ordering),
                ("text", |one, other| one.1.cmp(other.1)),
                ("later", |one, other| one.1.cmp(other.1).reverse()),
            ] {
                let mut wanted: Vec<_> = rows.map(|(number, text)| Pair(number, text)).into_iter().collect();
                wanted.retain(|pair| !filtered || odd(pair));
                wanted.sort_by(compare);
                for direction in ["asc", "desc"] {
                    if direction == "desc" {
                        wanted.reverse();
                    }
                    let filter: Option<&dyn Fn(&Pair) -> bool> = if filtered { Some(&odd) } else { None };
                    let listing = Listing { table: &table, sorts: &sorts, range: &|_| 0..7, candidates: None, filter };
                    let sorted = listing.sorted(&format!("{sort}:{direction}")).ok().unwrap();
                    assert_eq!(sorted.len(), wanted.len());
                    for skip in 0..8 {
                        let shown: Vec<_> = sorted.rows(skip, 3).iter().map(|pair| pair.0).collect();
                        let page: Vec<_> = wanted.iter().skip(skip).take(3).map(|pair| pair.0).collect();
                        assert_eq!(shown, page, "{sort}:{direction} {filtered} {skip}");
                    }
                    for (position, pair) in wanted.iter().enumerate() {
                        let place = table.find(0, |row| row.0.cmp(&pair.0)).unwrap();
                        assert_eq!(sorted.position(place), Some(position), "{sort}:{direction} {filtered}");
                    }
                }
            }
        }
    }

    #[test]
    fn unknown_sort_order_is_refused() {
        for sort in ["name", "name:", "name:up", "secret:asc", ":asc", "name:asc:desc"] {
            assert!(names(sort).is_err(), "{sort}");
        }
    }
}

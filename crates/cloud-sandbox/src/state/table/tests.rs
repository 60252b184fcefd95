//! Tables against a plain vector that is sorted anew for each question.

use super::*;
use crate::rng::Rng;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    group: usize,
    value: usize,
    id: usize,
}

const BY_ID: usize = 0;
const BY_VALUE: usize = 1;

impl Row for Pair {
    const ORDERS: &'static [Compare<Self>] =
        &[|one, other| one.id.cmp(&other.id), |one, other| (one.group, one.value).cmp(&(other.group, other.value))];
}

/// Everything that can be asked of an order.
fn check(table: &Table<Pair>, rows: &[Pair], group: usize) {
    let mut sorted: Vec<_> = rows.iter().collect();
    sorted.sort_by_key(|row| (row.group, row.value));
    assert_eq!(table.len(), rows.len());
    assert_eq!(table.all(BY_VALUE).collect::<Vec<_>>(), sorted);
    let span = table.span(BY_VALUE, |row| row.group.cmp(&group));
    let own: Vec<_> = sorted.iter().copied().filter(|row| row.group == group).collect();
    assert_eq!(table.rows(BY_VALUE, span.clone()).collect::<Vec<_>>(), own);
    assert_eq!(table.rows(BY_VALUE, span).rev().collect::<Vec<_>>(), own.into_iter().rev().collect::<Vec<_>>());
    for (rank, row) in sorted.into_iter().enumerate().step_by(97) {
        let place = table.find(BY_ID, |other| other.id.cmp(&row.id)).unwrap();
        assert_eq!((table.get(place), table.rank(BY_VALUE, place)), (Some(row), rank));
    }
    assert_eq!(table.find(BY_ID, |row| row.id.cmp(&usize::MAX)), None);
}

#[test]
fn orders_follow_insertions_changes_and_removals() {
    let mut rng = Rng::new(Some(11)).unwrap();
    let (mut table, mut rows) = (Table::default(), Vec::<Pair>::new());
    for step in 0..12_000 {
        let picked = rng.below(rows.len().max(1));
        let place = |table: &Table<Pair>, id: usize| table.find(BY_ID, |row| row.id.cmp(&id)).unwrap();
        match rng.below(8) {
            0 if !rows.is_empty() => {
                let row = rows.remove(picked);
                assert_eq!(table.remove(place(&table, row.id)), Some(row));
            }
            1 if !rows.is_empty() => {
                let value = rng.below(50);
                rows[picked].value = value;
                let at = place(&table, rows[picked].id);
                table.get_mut(at).unwrap().value = value;
            }
            _ => {
                let row = Pair { group: rng.below(3), value: rng.below(50), id: step };
                table.insert(row.clone());
                rows.push(row);
            }
        }
        if step % 1500 == 0 {
            check(&table, &rows, step % 3);
        }
    }
    assert!(rows.len() > 5000, "several pieces");
    check(&table, &rows, 1);
    check(&table.clone(), &rows, 2);
    for row in rows.drain(..) {
        let place = table.find(BY_ID, |other| other.id.cmp(&row.id)).unwrap();
        table.remove(place);
    }
    check(&table, &[], 0);
}

#[test]
fn work_stays_level_as_a_table_grows() {
    use std::cell::Cell;

    thread_local!(static COMPARED: Cell<usize> = const { Cell::new(0) });

    #[derive(Debug)]
    struct Counted(usize);

    impl Row for Counted {
        const ORDERS: &'static [Compare<Self>] = &[|one, other| {
            COMPARED.set(COMPARED.get() + 1);
            one.0.cmp(&other.0)
        }];
    }

    let mut table: Table<Counted> = (0..50_000).map(|number| Counted(2 * number)).collect();
    assert_eq!(table.all(0).count(), 50_000);
    let counted = |work: &mut dyn FnMut()| {
        COMPARED.set(0);
        work();
        COMPARED.get()
    };
    let place = table.insert(Counted(60_001));
    // A binary search among the pieces and one within.
    assert!(counted(&mut || assert_ne!(table.insert(Counted(30_001)), place)) < 60);
    assert!(counted(&mut || table.get_mut(place).unwrap().0 = 10_001) < 120);
    assert!(counted(&mut || assert_eq!(table.rank(0, place), 5_001)) < 60);
    assert!(counted(&mut || assert!(table.remove(place).is_some())) < 60);
    assert_eq!(counted(&mut || assert_eq!(table.rows(0, 40_000..40_020).count(), 20)), 0);
}

#[test]
fn row_that_is_only_read_stays_in_its_orders() {
    let mut table: Table<Pair> = (0..3).map(|id| Pair { group: 0, value: 9 - id, id }).collect();
    let place = table.find(BY_ID, |row| row.id.cmp(&1)).unwrap();
    assert_eq!(table.get_mut(place).unwrap().value, 8);
    assert_eq!(table.rank(BY_VALUE, place), 1);
    table.remove(place);
    assert_eq!(table.remove(place), None);
    assert!(table.get(place).is_none() && table.get_mut(place).is_none());
}

/// Pairs after removals, so that new rows take the places of old ones, and the same pairs oldest first.
fn holed() -> (Table<Pair>, Vec<Pair>) {
    let pair = |id: usize| Pair { group: id % 3, value: (7 * id) % 10, id };
    let mut table: Table<Pair> = (0..9).map(pair).collect();
    let mut rows: Vec<_> = (0..9).map(pair).collect();
    for id in [1, 4, 8] {
        let place = table.find(BY_ID, |row| row.id.cmp(&id)).unwrap();
        rows.retain(|row| row.id != id);
        assert!(table.remove(place).is_some());
    }
    for id in [20, 5_000] {
        table.insert(pair(id));
        rows.push(pair(id));
    }
    (table, rows)
}

#[test]
fn range_is_removed_from_every_order() {
    for (start, end) in [(0, 0), (0, 8), (2, 5), (7, 8), (0, 1)] {
        let (mut table, mut rows) = holed();
        check(&table, &rows, 0);
        rows.sort_by_key(|row| (row.group, row.value));
        rows.drain(start..end);
        assert_eq!(table.remove_range(BY_VALUE, start..end), end - start);
        check(&table, &rows, 1);
        let new = Pair { group: 1, value: 3, id: 99 };
        table.insert(new.clone());
        rows.push(new);
        check(&table, &rows, 1);
    }
}

#[test]
fn orders_follow_a_change_of_every_row() {
    let (mut table, mut rows) = holed();
    check(&table, &rows, 0);
    let change = |row: &mut Pair| (row.group, row.value) = ((row.group + 1) % 3, 10 - row.value);
    table.fresh_mut().for_each(change);
    rows.iter_mut().for_each(change);
    check(&table, &rows, 0);
    check(&table, &rows, 2);
}

#[test]
fn pages_are_parts_of_a_range_in_either_direction() {
    let (table, mut rows) = holed();
    rows.sort_by_key(|row| (row.group, row.value));
    for descends in [false, true] {
        let mut wanted: Vec<_> = rows[2..7].iter().collect();
        if descends {
            wanted.reverse();
        }
        for skip in 0..7 {
            for take in [0, 2, usize::MAX] {
                let page: Vec<_> = wanted.iter().copied().skip(skip).take(take).collect();
                assert_eq!(table.page(BY_VALUE, 2..7, descends, skip, take), page, "{descends} {skip} {take}");
            }
        }
    }
}

#[test]
fn tables_with_removed_rows_are_saved_and_restored() {
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Named {
        #[serde(default, skip)]
        name: String,
        value: usize,
    }

    impl Row for Named {
        const ORDERS: &'static [Compare<Self>] = &[|one, other| one.value.cmp(&other.value)];
    }

    impl Keyed for Named {
        fn key(&self) -> &str {
            &self.name
        }

        fn set_key(&mut self, key: String) {
            self.name = key;
        }
    }

    #[derive(Serialize, Deserialize)]
    struct Saved {
        #[serde(with = "map")]
        by_name: Table<Named>,
        #[serde(with = "list")]
        by_age: Table<Named>,
    }

    let named = |name: &str, value| Named { name: name.to_owned(), value };
    let mut table: Table<Named> = ["d", "b", "a", "c"].into_iter().zip(1..).map(|(name, at)| named(name, at)).collect();
    for gone in [2, 1] {
        let place = table.find(0, |row| row.value.cmp(&gone)).unwrap();
        table.remove(place);
    }
    table.insert(named("e", 0));
    let saved = serde_json::to_string(&Saved { by_name: table.clone(), by_age: table }).unwrap();
    let wanted = r#"{"by_name":{"a":{"value":3},"c":{"value":4},"e":{"value":0}},"by_age":[{"value":3},{"value":4},{"value":0}]}"#;
    assert_eq!(saved, wanted);
    let back: Saved = serde_json::from_str(&saved).unwrap();
    assert_eq!(back.by_name.all(0).map(|row| &*row.name).collect::<Vec<_>>(), ["e", "a", "c"]);
    assert_eq!(back.by_age.all(0).map(|row| row.value).collect::<Vec<_>>(), [0, 3, 4]);
    assert_eq!(serde_json::to_string(&back).unwrap(), saved);
    assert!(serde_json::from_value::<Saved>(json!({ "by_name": [], "by_age": Value::Null })).is_err());
}

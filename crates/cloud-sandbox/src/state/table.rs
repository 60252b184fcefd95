//! A table that keeps its rows sorted by several fields, so that a page or a lookup does not scan it.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::ops::{Deref, DerefMut, Range};

use ranked::Ranked;

mod ranked;
mod saved;
#[cfg(test)]
mod tests;

pub(crate) use saved::{Keyed, list, map};

/// Compares two rows by one of their fields.
pub(crate) type Compare<T> = fn(&T, &T) -> Ordering;

/// A row of a table.
pub(crate) trait Row: Sized + 'static {
    /// The orders of the table, by the constants that name their places here. One is built when it is first used and
    /// kept from then on. Rows that are equal in it are in the order of [`age`](Self::age).
    const ORDERS: &'static [Compare<Self>];

    /// Which row is older; of equal ones the one that was inserted first.
    fn age(&self, _other: &Self) -> Ordering {
        Ordering::Equal
    }
}

/// Where a row is, as long as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u32);

/// Rows with their orders.
#[derive(Debug)]
pub(crate) struct Table<T> {
    slots: Vec<Option<Box<Slot<T>>>>,
    free: Vec<u32>,
    inserted: u64,
    length: usize,
    orders: Vec<OnceCell<Ranked>>,
}

#[derive(Debug, Clone)]
struct Slot<T> {
    inserted: u64,
    row: T,
}

/// Compares a date with now, for `span`: `Equal` if it has passed. Rows without a date come first.
pub(crate) fn due<D: Ord>(date: Option<D>, now: &D) -> Ordering {
    match date {
        None => Ordering::Less,
        Some(date) if date <= *now => Ordering::Equal,
        Some(_) => Ordering::Greater,
    }
}

/// The places of a page in an order of so many rows, which may be read backwards.
pub(crate) fn window(length: usize, descends: bool, skip: usize, take: usize) -> Range<usize> {
    let from = skip.min(length);
    let to = from.saturating_add(take).min(length);
    if descends { length - to..length - from } else { from..to }
}

/// A row that can be changed. The orders are updated on drop.
pub(crate) struct Change<'a, T: Row> {
    table: &'a mut Table<T>,
    place: u32,
    taken_out: bool,
}

impl<T: Row> Table<T> {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Adds a row, which may be equal to another one.
    pub(crate) fn insert(&mut self, row: T) -> Place {
        let slot = Some(Box::new(Slot { inserted: self.inserted, row }));
        self.inserted += 1;
        self.length += 1;
        let place = match self.free.pop() {
            Some(place) => {
                if let Some(free) = self.slots.get_mut(place as usize) {
                    *free = slot;
                }
                place
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.put_in(place);
        Place(place)
    }

    pub(crate) fn remove(&mut self, Place(place): Place) -> Option<T> {
        self.slot(place)?;
        self.take_out(place);
        let slot = self.slots.get_mut(place as usize)?.take()?;
        self.free.push(place);
        self.length -= 1;
        Some(slot.row)
    }

    /// Removes the rows of these ranks, and returns how many there were.
    pub(crate) fn remove_range(&mut self, order: usize, ranks: Range<usize>) -> usize {
        let places: Vec<_> = self.places(order, ranks).collect();
        places.into_iter().filter_map(|place| self.remove(place)).count()
    }

    pub(crate) fn get(&self, Place(place): Place) -> Option<&T> {
        self.slot(place).map(|slot| &slot.row)
    }

    pub(crate) fn get_mut(&mut self, Place(place): Place) -> Option<Change<'_, T>> {
        self.slot(place)?;
        Some(Change { table: self, place, taken_out: false })
    }

    /// Every row, to change many, in no particular order. The orders are dropped, and built again when next used.
    pub(crate) fn fresh_mut(&mut self) -> impl Iterator<Item = &mut T> {
        for order in &mut self.orders {
            order.take();
        }
        self.slots.iter_mut().flatten().map(|slot| &mut slot.row)
    }

    /// The first row that the key calls equal; the key has to agree with the order.
    pub(crate) fn find(&self, order: usize, key: impl Fn(&T) -> Ordering) -> Option<Place> {
        let ranked = self.order(order);
        let place = ranked.get(ranked.rank(|place| self.key(place, &key).is_lt()))?;
        self.key(place, &key).is_eq().then_some(Place(place))
    }

    /// The ranks of all rows that the key calls equal; the key has to agree with the order.
    pub(crate) fn span(&self, order: usize, key: impl Fn(&T) -> Ordering) -> Range<usize> {
        let ranked = self.order(order);
        let start = ranked.rank(|place| self.key(place, &key).is_lt());
        start..ranked.rank(|place| self.key(place, &key).is_le()).max(start)
    }

    /// The places of these ranks, in order.
    pub(crate) fn places(&self, order: usize, ranks: Range<usize>) -> impl DoubleEndedIterator<Item = Place> {
        self.order(order).range(ranks).map(Place)
    }

    /// The rows of these ranks, in order.
    pub(crate) fn rows(&self, order: usize, ranks: Range<usize>) -> impl DoubleEndedIterator<Item = &T> {
        self.order(order).range(ranks).filter_map(|place| self.slot(place)).map(|slot| &slot.row)
    }

    /// Some of the rows of these ranks, after the first ones, in the order or backwards.
    pub(crate) fn page(&self, order: usize, ranks: Range<usize>, descends: bool, skip: usize, take: usize) -> Vec<&T> {
        let window = window(ranks.len(), descends, skip, take);
        let rows = self.rows(order, ranks.start + window.start..ranks.start + window.end);
        if descends { rows.rev().collect() } else { rows.collect() }
    }

    /// All rows in an order.
    pub(crate) fn all(&self, order: usize) -> impl DoubleEndedIterator<Item = &T> {
        self.rows(order, 0..self.length)
    }

    /// The rank of a row in an order.
    pub(crate) fn rank(&self, order: usize, Place(place): Place) -> usize {
        self.order(order).rank(|other| self.compare(order, other, place).is_lt())
    }

    /// How two rows compare in an order.
    pub(crate) fn compare_rows(&self, order: usize, Place(one): Place, Place(other): Place) -> Ordering {
        self.compare(order, one, other)
    }

    /// How two rows compare by age.
    pub(crate) fn compare_ages(&self, Place(one): Place, Place(other): Place) -> Ordering {
        match (self.slot(one), self.slot(other)) {
            (Some(one), Some(other)) => one.age(other),
            _ => Ordering::Equal,
        }
    }

    /// Every row, in no order.
    fn occupied(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.slots).filter(|(_, slot)| slot.is_some()).map(|(place, _)| place)
    }

    fn slot(&self, place: u32) -> Option<&Slot<T>> {
        self.slots.get(place as usize)?.as_deref()
    }

    fn key(&self, place: u32, key: &impl Fn(&T) -> Ordering) -> Ordering {
        self.slot(place).map_or(Ordering::Less, |slot| key(&slot.row))
    }

    fn compare(&self, order: usize, one: u32, other: u32) -> Ordering {
        let (Some(one), Some(other)) = (self.slot(one), self.slot(other)) else { return Ordering::Equal };
        let by_field = T::ORDERS.get(order).map_or(Ordering::Equal, |compare| compare(&one.row, &other.row));
        by_field.then_with(|| one.age(other))
    }

    fn order(&self, order: usize) -> &Ranked {
        static NONE: Ranked = Ranked::EMPTY;
        self.orders.get(order).map_or(&NONE, |ranked| {
            ranked.get_or_init(|| {
                let mut places: Vec<_> = self.occupied().collect();
                places.sort_unstable_by(|one, other| self.compare(order, *one, *other));
                Ranked::sorted(&places)
            })
        })
    }

    /// Adds a row to the orders that are kept.
    fn put_in(&mut self, place: u32) {
        let mut orders = std::mem::take(&mut self.orders);
        for (order, ranked) in orders.iter_mut().enumerate() {
            if let Some(ranked) = ranked.get_mut() {
                ranked.insert(place, |other| self.compare(order, other, place).is_lt());
            }
        }
        self.orders = orders;
    }

    /// Removes a row from the orders that are kept; it must not have changed since it was added.
    fn take_out(&mut self, place: u32) {
        let mut orders = std::mem::take(&mut self.orders);
        for (order, ranked) in orders.iter_mut().enumerate() {
            if let Some(ranked) = ranked.get_mut() {
                ranked.remove(|other| self.compare(order, other, place).is_lt());
            }
        }
        self.orders = orders;
    }
}

impl<T: Row> Slot<T> {
    fn age(&self, other: &Self) -> Ordering {
        self.row.age(&other.row).then(self.inserted.cmp(&other.inserted))
    }
}

impl<T: Row> Default for Table<T> {
    fn default() -> Self {
        let orders = T::ORDERS.iter().map(|_| OnceCell::new()).collect();
        Self { slots: Vec::new(), free: Vec::new(), inserted: 0, length: 0, orders }
    }
}

impl<T: Row> FromIterator<T> for Table<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        let mut table = Self::default();
        for row in rows {
            table.insert(row);
        }
        table
    }
}

impl<T: Row + Clone> Clone for Table<T> {
    fn clone(&self) -> Self {
        let mut all: Vec<_> = self.occupied().filter_map(|place| self.slot(place)).collect();
        all.sort_by_key(|slot| slot.inserted);
        all.into_iter().map(|slot| slot.row.clone()).collect()
    }
}

impl<T: Row> Deref for Change<'_, T> {
    type Target = T;

    #[allow(clippy::expect_used, reason = "only `get_mut` makes one, of a row that is there, and borrows the table")]
    fn deref(&self) -> &T {
        &self.table.slot(self.place).expect("the row is there").row
    }
}

impl<T: Row> DerefMut for Change<'_, T> {
    #[allow(clippy::expect_used, reason = "only `get_mut` makes one, of a row that is there, and borrows the table")]
    fn deref_mut(&mut self) -> &mut T {
        if !self.taken_out {
            self.table.take_out(self.place);
            self.taken_out = true;
        }
        let slot = self.table.slots.get_mut(self.place as usize).and_then(Option::as_deref_mut);
        &mut slot.expect("the row is there").row
    }
}

impl<T: Row> Drop for Change<'_, T> {
    fn drop(&mut self) {
        if self.taken_out {
            self.table.put_in(self.place);
        }
    }
}

//! Tables in state files and seed data: an object by id, or an array.

use super::{Row, Table};

/// A row that an id names.
pub(crate) trait Keyed: Row {
    fn key(&self) -> &str;

    fn set_key(&mut self, key: String);
}

/// An object whose names are the ids.
pub(crate) mod map {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Keyed, Table};

    pub(crate) fn serialize<T, S>(table: &Table<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Keyed + Serialize,
        S: Serializer,
    {
        let mut rows: Vec<_> = table.occupied().filter_map(|place| table.slot(place)).collect();
        rows.sort_by(|one, other| one.row.key().cmp(other.row.key()));
        serializer.collect_map(rows.into_iter().map(|slot| (slot.row.key(), &slot.row)))
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Table<T>, D::Error>
    where
        T: Keyed + Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let rows = BTreeMap::<String, T>::deserialize(deserializer)?;
        let named = |(key, mut row): (String, T)| {
            row.set_key(key);
            row
        };
        Ok(rows.into_iter().map(named).collect())
    }
}

/// An array, oldest row first.
pub(crate) mod list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Row, Table};

    pub(crate) fn serialize<T, S>(table: &Table<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Row + Serialize,
        S: Serializer,
    {
        let mut rows: Vec<_> = table.occupied().filter_map(|place| table.slot(place)).collect();
        rows.sort_by_key(|slot| slot.inserted);
        serializer.collect_seq(rows.into_iter().map(|slot| &slot.row))
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Table<T>, D::Error>
    where
        T: Row + Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<T>::deserialize(deserializer)?.into_iter().collect())
    }
}

//! The tokens of User Access Keys and the moment at which each of them ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::state::table::{self, Compare, Keyed, Place, Row, Table};

/// The tokens that were issued and not revoked.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    /// The end of each, by token.
    #[serde(with = "table::map")]
    ends: Table<Token>,
}

/// A token; a state file has only its end under the token itself.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Token {
    #[serde(skip)]
    token: String,
    end: OffsetDateTime,
}

/// The places of the orders in [`Token::ORDERS`].
mod order {
    pub(super) const TOKEN: usize = 0;
    pub(super) const END: usize = 1;
}

impl Row for Token {
    const ORDERS: &'static [Compare<Self>] =
        &[|one, other| one.token.cmp(&other.token), |one, other| one.end.cmp(&other.end)];
}

impl Keyed for Token {
    fn key(&self) -> &str {
        &self.token
    }

    fn set_key(&mut self, key: String) {
        self.token = key;
    }
}

impl Store {
    pub(super) fn knows(&self, token: &str, now: OffsetDateTime) -> bool {
        self.place(token).and_then(|place| self.ends.get(place)).is_some_and(|token| now < token.end)
    }

    pub(super) fn insert(&mut self, token: String, lifetime: Duration, now: OffsetDateTime) {
        // Without this, expired tokens would stay for ever.
        let expired = self.ends.span(order::END, |token| table::due(Some(token.end), &now));
        self.ends.remove_range(order::END, expired);
        let lifetime = lifetime.try_into().unwrap_or(time::Duration::MAX);
        self.ends.insert(Token { token, end: now.saturating_add(lifetime) });
    }

    /// Removes a token, and says whether it was there.
    pub(super) fn remove(&mut self, token: &str) -> bool {
        self.place(token).and_then(|place| self.ends.remove(place)).is_some()
    }

    fn place(&self, token: &str) -> Option<Place> {
        self.ends.find(order::TOKEN, |own| (*own.token).cmp(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expired_tokens_leave_and_the_others_survive_a_restart() {
        let at = |seconds: i64| OffsetDateTime::from_unix_timestamp(1_760_000_000 + seconds).unwrap();
        let mut store = Store::default();
        for (token, lifetime) in [("long", 100), ("short", 10), ("shorter", 5)] {
            store.insert(token.to_owned(), Duration::from_secs(lifetime), at(0));
        }
        assert!(store.knows("short", at(9)) && !store.knows("short", at(10)));
        store.insert("new".to_owned(), Duration::from_secs(1), at(10));
        let saved = serde_json::to_value(&store).unwrap();
        let names: Vec<_> = saved["ends"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["long", "new"]);
        assert!(saved["ends"]["long"].is_string(), "{saved}");
        let mut store: Store = serde_json::from_value(saved).unwrap();
        assert!(store.knows("long", at(99)) && !store.knows("long", at(100)));
        assert!(store.remove("long") && !store.remove("long") && !store.knows("long", at(0)));
    }
}

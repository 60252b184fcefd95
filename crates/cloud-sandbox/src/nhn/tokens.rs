//! The tokens of User Access Keys and the moment at which each of them ends.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The tokens that were issued and not revoked.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    ends: BTreeMap<String, OffsetDateTime>,
}

impl Store {
    pub(super) fn knows(&self, token: &str, now: OffsetDateTime) -> bool {
        self.ends.get(token).is_some_and(|&end| now < end)
    }

    pub(super) fn insert(&mut self, token: String, lifetime: Duration, now: OffsetDateTime) {
        // Worn-out tokens leave here, so that the table cannot grow for ever.
        self.ends.retain(|_, &mut end| now < end);
        let lifetime = lifetime.try_into().unwrap_or(time::Duration::MAX);
        self.ends.insert(token, now.saturating_add(lifetime));
    }

    /// Removes a token, and says whether it was there.
    pub(super) fn remove(&mut self, token: &str) -> bool {
        self.ends.remove(token).is_some()
    }
}

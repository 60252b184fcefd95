//! Everything that calls change: one store for each service, kept and restored as one JSON value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::accounts::Account;
use crate::nhn::state as nhn;
use crate::risken::state as risken;
use crate::rng::Rng;
use crate::scp::state as scp;

mod file;
#[cfg(test)]
mod kinds;
pub(crate) mod snapshot;
pub(crate) mod table;

/// The state of the vendors; the default of each store is the seed of its service.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) scp: scp::State,
    pub(crate) nhn: nhn::State,
    pub(crate) risken: risken::State,
}

/// What the lock protects. The random source is kept too: ids must not repeat after a restart.
#[derive(Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) state: State,
    /// The further accounts that were used.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) others: BTreeMap<Account, State>,
    pub(crate) rng: Rng,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_round_trips_through_json() {
        let held = Held { state: State::default(), others: BTreeMap::new(), rng: Rng::new(Some(1)).unwrap() };
        let text = serde_json::to_string(&held).unwrap();
        let back: Held = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
    }
}

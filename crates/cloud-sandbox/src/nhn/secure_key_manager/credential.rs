//! The credentials that a key store lists: IPv4 addresses, MAC addresses and client certificates.

use std::cmp::Ordering;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::access::network;
use super::authority::Issued;
use super::key_store::{History, dated, long_ago};
use crate::state::table::{Compare, Place, Row, Table};

/// An IPv4 address or range, or a MAC address, that may call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Address {
    pub(super) value: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default = "long_ago")]
    pub(super) last_access_datetime: String,
    #[serde(default)]
    pub(super) deletion_datetime: Option<String>,
    #[serde(default)]
    pub(super) history: History,
}

/// A client certificate that may call.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Certificate {
    pub(super) name: String,
    pub(super) password: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) expiration_date: String,
    #[serde(default = "long_ago")]
    pub(super) last_access_datetime: String,
    #[serde(default)]
    pub(super) deletion_datetime: Option<String>,
    #[serde(default)]
    pub(super) history: History,
    /// The certificate itself with its private key; made when the mutual-TLS listener starts.
    #[serde(default)]
    pub(super) issued: Option<Issued>,
}

/// The places of the orders of all credentials, and of one that only addresses have.
pub(super) mod order {
    pub(crate) const AGE: usize = 0;
    pub(crate) const NAME: usize = 1;
    pub(crate) const DELETION: usize = 2;
    pub(crate) const NETWORK: usize = 3;
}

impl Row for Address {
    const ORDERS: &'static [Compare<Self>] = &[
        |_, _| Ordering::Equal,
        |one, other| one.compare_name(&other.value),
        |one, other| one.deletion_datetime.cmp(&other.deletion_datetime),
        |one, other| one.network().cmp(&other.network()),
    ];
}

impl Row for Certificate {
    const ORDERS: &'static [Compare<Self>] = &[
        |_, _| Ordering::Equal,
        |one, other| one.name.cmp(&other.name),
        |one, other| one.deletion_datetime.cmp(&other.deletion_datetime),
    ];
}

/// An entry of one of the three lists.
pub(super) trait Credential: Row {
    /// What names the entry in requests.
    fn name(&self) -> &str;

    /// Compares names as the service does when it looks for duplicates.
    fn compare_name(&self, name: &str) -> Ordering;

    fn deletion(&self) -> Option<&str>;

    /// Plans the deletion for a day.
    fn delete_on(&mut self, day: String, now: OffsetDateTime);
}

impl Credential for Address {
    fn name(&self) -> &str {
        &self.value
    }

    /// Callers are compared without regard to case.
    fn compare_name(&self, name: &str) -> Ordering {
        let lowercase = |text: &str| text.to_ascii_lowercase();
        lowercase(&self.value).cmp(&lowercase(name))
    }

    fn deletion(&self) -> Option<&str> {
        self.deletion_datetime.as_deref()
    }

    fn delete_on(&mut self, day: String, now: OffsetDateTime) {
        self.deletion_datetime = Some(day);
        self.history.change(now);
    }
}

impl Credential for Certificate {
    fn name(&self) -> &str {
        &self.name
    }

    fn compare_name(&self, name: &str) -> Ordering {
        (*self.name).cmp(name)
    }

    fn deletion(&self) -> Option<&str> {
        self.deletion_datetime.as_deref()
    }

    fn delete_on(&mut self, day: String, now: OffsetDateTime) {
        self.deletion_datetime = Some(day);
        self.history.change(now);
    }
}

impl Address {
    /// The mask and the first address of the network, for one that authorizes callers by address.
    fn network(&self) -> Option<(u32, u32)> {
        let (network, mask) = network(&self.value).filter(|_| self.deletion_datetime.is_none())?;
        Some((mask, network & mask))
    }
}

/// The entries that a name may mean, oldest first.
pub(super) fn named<'a, T: Credential>(list: &'a Table<T>, name: &str) -> impl Iterator<Item = (Place, &'a T)> {
    let range = list.span(order::NAME, |entry| entry.compare_name(name));
    list.places(order::NAME, range).filter_map(|place| Some((place, list.get(place)?)))
}

/// The entry with exactly this name.
pub(super) fn find<T: Credential>(list: &Table<T>, name: &str) -> Option<Place> {
    named(list, name).find(|(_, entry)| entry.name() == name).map(|(place, _)| place)
}

/// The oldest entry whose network holds the address. Each length of network is looked up, not each entry.
pub(super) fn covering(list: &Table<Address>, address: Ipv4Addr) -> Option<Place> {
    let bits = u32::from(address);
    let mut found: Option<Place> = None;
    let mut start = list.span(order::NETWORK, |entry| entry.network().is_some().cmp(&false)).end;
    while let Some((mask, _)) =
        list.rows(order::NETWORK, start..start.saturating_add(1)).next().and_then(Address::network)
    {
        let fits = list.find(order::NETWORK, |entry| entry.network().cmp(&Some((mask, bits & mask))));
        found = match (found, fits) {
            (Some(one), Some(other)) if list.compare_ages(one, other).is_lt() => Some(one),
            (one, other) => other.or(one),
        };
        start = list.span(order::NETWORK, |entry| entry.network().map(|(own, _)| own).cmp(&Some(mask))).end;
    }
    found
}

/// Drops the entries whose day has come, so that their names are free again.
pub(super) fn purge<T: Credential>(list: &mut Table<T>, now: OffsetDateTime) {
    for place in dated(list, order::DELETION, now, T::deletion) {
        list.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use super::super::key_store::is_gone;
    use super::*;
    use crate::nhn::korean_time;
    use crate::rng::Rng;

    fn address(value: String) -> Address {
        Address {
            value,
            description: String::new(),
            last_access_datetime: long_ago(),
            deletion_datetime: None,
            history: History::default(),
        }
    }

    #[test]
    fn oldest_network_that_holds_an_address_is_found_as_by_a_scan() {
        let mut rng = Rng::new(Some(3)).unwrap();
        let now = OffsetDateTime::from_unix_timestamp(1_760_000_000).unwrap();
        let mut list = Table::<Address>::default();
        let mut all: Vec<(Address, Place)> = Vec::new();
        for step in 0..2_000_i64 {
            let mut byte = |below: usize| rng.below(below);
            let (length, text) = (byte(33), format!("10.{}.{}.{}", byte(2), byte(3), byte(4)));
            let value = if length == 32 { text.clone() } else { format!("{text}/{length}") };
            match step % 5 {
                4 => {
                    let picked = byte(all.len());
                    let (entry, place) = &mut all[picked];
                    entry.delete_on(korean_time::local(now + time::Duration::seconds(step)), now);
                    let day = entry.deletion_datetime.clone().unwrap();
                    list.get_mut(*place).unwrap().delete_on(day, now);
                }
                _ => all.push((address(value.clone()), list.insert(address(value)))),
            }
            if step % 100 == 99 {
                let today = now + time::Duration::seconds(step / 2);
                purge(&mut list, today);
                all.retain(|(entry, _)| !is_gone(entry.deletion(), today));
                assert_eq!(list.len(), all.len());
            }
            let caller: Ipv4Addr = text.parse().unwrap();
            let holds = |entry: &Address| {
                let network = network(&entry.value).filter(|_| entry.deletion_datetime.is_none());
                network.is_some_and(|(network, mask)| network & mask == u32::from(caller) & mask)
            };
            let wanted = all.iter().find(|(entry, _)| holds(entry)).map(|(_, place)| *place);
            assert_eq!(covering(&list, caller), wanted, "{step}");
        }
    }
}

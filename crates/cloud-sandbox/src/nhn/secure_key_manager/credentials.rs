//! The operations on credentials of key stores: IPv4 addresses, MAC addresses and client certificates.
//!
//! They are not authorized by the key store: a new one has no credential that could add the first.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::access::network;
use super::credential::{Address, Certificate, Credential, find, named};
use super::error::{Name, invalid, refuse};
use super::key_store::{History, KeyStore, deletion_day};
use crate::call::Call;
use crate::nhn::error::ErrorResponse;
use crate::nhn::korean_time;
use crate::nhn::state::State;
use crate::state::table::Table;

/// The longest life of a certificate, in days.
const LONGEST_LIFE: i64 = 36_500;

type HandlerResult = Result<Value, ErrorResponse>;

pub(super) fn add_ipv4_address(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    if !field(call, "value").is_some_and(|value| is_network(&value)) {
        return Err(invalid("value must be an IPv4 address or a range in CIDR notation"));
    }
    add_address(state, call, |store| &mut store.ipv4_list)
}

pub(super) fn add_mac_address(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    if !field(call, "value").is_some_and(|value| is_mac_address(&value)) {
        return Err(invalid("value must be six pairs of hexadecimal digits, separated by colons"));
    }
    add_address(state, call, |store| &mut store.mac_list)
}

fn add_address(state: &mut State, call: &Call<'_>, list: fn(&mut KeyStore) -> &mut Table<Address>) -> HandlerResult {
    let value = field(call, "value").unwrap_or_default();
    let store = state.skm.store_by_name(call)?;
    store.purge_credentials(call.now);
    let list = list(store);
    if named(list, &value).next().is_some() {
        return Err(refuse(Name::Duplicate));
    }
    let description = field(call, "description").unwrap_or_default();
    let shown = json!({ "value": value, "description": description });
    list.insert(Address {
        value,
        description,
        last_access_datetime: korean_time::local(call.now),
        deletion_datetime: None,
        history: History::starting(call.now),
    });
    Ok(shown)
}

pub(super) fn add_certificate(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let (name, password) = (field(call, "name"), field(call, "password"));
    let Some((name, password)) = name.zip(password).filter(|(name, _)| !name.trim().is_empty()) else {
        return Err(invalid("name and password must not be empty"));
    };
    let days = call.body.get("lifeTime").and_then(Value::as_i64).filter(|days| (1..=LONGEST_LIFE).contains(days));
    let end = days.and_then(|days| call.now.checked_add(Duration::days(days)));
    let end = end.ok_or_else(|| invalid("lifeTime must be from 1 to 36500 days"))?;
    let authority = state.skm.authority.clone();
    let store = state.skm.store_by_name(call)?;
    store.purge_credentials(call.now);
    if named(&store.certificate_list, &name).next().is_some() {
        return Err(refuse(Name::Duplicate));
    }
    let issued = authority.map(|authority| authority.issue_client(&name, end)).transpose();
    let issued = issued.map_err(|_| invalid("no certificate can be issued with this name and lifeTime"))?;
    let description = field(call, "description").unwrap_or_default();
    let shown = json!({ "name": name, "description": description });
    store.certificate_list.insert(Certificate {
        name,
        password,
        description,
        expiration_date: korean_time::local(end),
        last_access_datetime: korean_time::local(call.now),
        deletion_datetime: None,
        history: History::starting(call.now),
        issued,
    });
    Ok(shown)
}

pub(super) fn schedule_ipv4_address(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    removal(state, call, "value", |store, name, now| schedule(&mut store.ipv4_list, name, now))
}

pub(super) fn schedule_mac_address(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    removal(state, call, "value", |store, name, now| schedule(&mut store.mac_list, name, now))
}

pub(super) fn schedule_certificate(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    removal(state, call, "name", |store, name, now| schedule(&mut store.certificate_list, name, now))
}

pub(super) fn delete_ipv4_address(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    removal(state, call, "value", |store, name, now| delete(&mut store.ipv4_list, name, now))
}

pub(super) fn delete_mac_address(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    removal(state, call, "value", |store, name, now| delete(&mut store.mac_list, name, now))
}

pub(super) fn delete_certificate(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    removal(state, call, "name", |store, name, now| delete(&mut store.certificate_list, name, now))
}

/// Changes the list and returns the day of the deletion.
type Change = fn(&mut KeyStore, &str, OffsetDateTime) -> Result<String, ErrorResponse>;

/// The response to both kinds of deletion; `key` is the field that names the credential.
fn removal(state: &mut State, call: &Call<'_>, key: &str, change: Change) -> HandlerResult {
    let name = call.text(key).unwrap_or_default();
    let store = state.skm.store_by_name(call)?;
    store.purge_credentials(call.now);
    let day = change(store, name, call.now)?;
    Ok(json!({ key: name, "deletionDateTime": day }))
}

/// Plans the deletion of an entry, which from now on authorizes nobody.
fn schedule<T: Credential>(list: &mut Table<T>, name: &str, now: OffsetDateTime) -> Result<String, ErrorResponse> {
    let entry = find(list, name).and_then(|place| list.get_mut(place));
    let mut entry = entry.ok_or_else(|| refuse(Name::Credential))?;
    if entry.deletion().is_some() {
        return Err(refuse(Name::CredentialStatus));
    }
    let day = deletion_day(now);
    entry.delete_on(day.clone(), now);
    Ok(day)
}

/// Deletes an entry at once, which has to wait for its deletion already.
fn delete<T: Credential>(list: &mut Table<T>, name: &str, now: OffsetDateTime) -> Result<String, ErrorResponse> {
    let place = find(list, name).ok_or_else(|| refuse(Name::Credential))?;
    if list.get(place).is_some_and(|entry| entry.deletion().is_none()) {
        return Err(refuse(Name::CredentialStatus));
    }
    list.remove(place);
    Ok(korean_time::local(now))
}

/// A field that is not empty.
fn field(call: &Call<'_>, name: &str) -> Option<String> {
    call.text(name).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An address, or a range whose address is its first.
fn is_network(text: &str) -> bool {
    network(text).is_some_and(|(address, mask)| address & !mask == 0)
}

fn is_mac_address(text: &str) -> bool {
    let pairs: Vec<_> = text.split(':').collect();
    let is_pair = |pair: &&str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    pairs.len() == 6 && pairs.iter().all(is_pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_credentials_are_checked() {
        for (text, good) in [
            ("127.0.0.1", true),
            ("10.0.0.0/8", true),
            ("0.0.0.0/0", true),
            ("10.0.0.1/8", false),
            ("10.0.0.1/33", false),
            ("10.0.0.1, 10.0.0.2", false),
            ("::1", false),
            ("", false),
        ] {
            assert_eq!(is_network(text), good, "{text}");
        }
        for (text, good) in [
            ("aa:bb:cc:dd:ee:0f", true),
            ("AA:bb:CC:dd:ee:0f", true),
            ("aa-bb-cc-dd-ee-0f", false),
            ("aa:bb:cc:dd:ee", false),
            ("aa:bb:cc:dd:ee:0g", false),
            ("", false),
        ] {
            assert_eq!(is_mac_address(text), good, "{text}");
        }
    }
}

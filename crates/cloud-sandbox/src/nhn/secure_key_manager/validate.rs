//! Finds what seed data get wrong in key stores, so that the start names it and not a call much later.

use time::OffsetDateTime;

use super::access::network;
use super::credential::order as credential;
use super::crypto;
use super::key_store::{Key, KeyStore, Kind, Version, order};
use crate::nhn::korean_time;

impl KeyStore {
    /// Says which entry cannot mean what it was written for.
    pub(super) fn check(&self) -> Result<(), String> {
        for entry in self.ipv4_list.all(credential::AGE) {
            if network(&entry.value).is_none() {
                return Err(format!("{} is not an IPv4 address or range", entry.value));
            }
        }
        for entry in self.ipv4_list.all(credential::AGE).chain(self.mac_list.all(credential::AGE)) {
            date(&entry.value, entry.deletion_datetime.as_deref())?;
        }
        for entry in self.certificate_list.all(credential::AGE) {
            date(&entry.name, Some(&entry.expiration_date))?;
            date(&entry.name, entry.deletion_datetime.as_deref())?;
        }
        self.keys.all(order::AGE).try_for_each(Key::check)
    }
}

impl Key {
    fn check(&self) -> Result<(), String> {
        date(&self.key_id, self.deletion_datetime.as_deref())?;
        date(&self.key_id, self.next_auto_rotation_date.as_deref())?;
        let (fits, wanted): (fn(&[u8]) -> bool, _) = match self.material.kind() {
            Kind::Secret => return Ok(()),
            Kind::Symmetric => (|bytes| bytes.len() == crypto::KEY_LENGTH, "32 bytes"),
            Kind::Asymmetric => (crypto::is_private_key, "an RSA key of 2048 bits (PKCS#8, DER)"),
        };
        let sound = |version: &Version| version.bytes().is_some_and(|bytes| fits(&bytes));
        match self.material.versions().iter().position(|version| !sound(version)) {
            Some(number) => Err(format!("version {number} of key {} is not {wanted} in Base64", self.key_id)),
            None => Ok(()),
        }
    }
}

fn date(of: &str, text: Option<&str>) -> Result<(), String> {
    let Some(text) = text else { return Ok(()) };
    // Certificates cannot hold the dates of antiquity.
    match korean_time::read_local(text).filter(|date| *date >= OffsetDateTime::UNIX_EPOCH) {
        Some(_) => Ok(()),
        None => Err(format!("{text} of {of} is not a date such as 2029-07-21T10:26:47")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::seed;
    use super::*;

    #[track_caller]
    fn check(seed: Value) -> Result<(), String> {
        let mut store = json!({ "name": "s" });
        store.as_object_mut().unwrap().extend(seed.as_object().unwrap().clone());
        serde_json::from_value::<KeyStore>(store).unwrap().check()
    }

    #[test]
    fn default_seed_is_valid() {
        assert!(seed::key_stores().values().all(|store| store.check().is_ok()));
        assert_eq!(check(json!({ "ipv4List": [{ "value": "10.0.0.0/8" }, { "value": "0.0.0.0/0" }] })), Ok(()));
    }

    #[test]
    fn invalid_seed_is_reported_without_keys() {
        let key = |more: Value| {
            let mut key = json!({ "keyId": "k1", "name": "k", "keyType": "SYMMETRIC_KEY" });
            key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "keys": [key] })
        };
        let versions = |kind: &str, value: &str| key(json!({ "keyType": kind, "versions": [{ "value": value }] }));
        let certificate = |date: &str| json!({ "name": "app", "password": "hunter2", "expirationDate": date });
        for (seed, words) in [
            (json!({ "ipv4List": [{ "value": "10.0.0.0/33" }] }), "10.0.0.0/33"),
            (json!({ "ipv4List": [{ "value": "::1" }] }), "::1"),
            (json!({ "macList": [{ "value": "aa", "deletionDatetime": "tomorrow" }] }), "tomorrow of aa"),
            (json!({ "certificateList": [certificate("2029-07-21")] }), "2029-07-21 of app"),
            (json!({ "certificateList": [certificate("0000-01-01T00:00:00")] }), "0000-01-01T00:00:00 of app"),
            (key(json!({ "nextAutoRotationDate": "soon" })), "soon of k1"),
            (versions("SYMMETRIC_KEY", "aHVudGVyMg=="), "version 0 of key k1 is not 32 bytes"),
            (versions("SYMMETRIC_KEY", "hunter2!"), "version 0 of key k1 is not 32 bytes"),
            (versions("ASYMMETRIC_KEY", "aHVudGVyMg=="), "version 0 of key k1 is not an RSA key"),
        ] {
            let error = check(seed).unwrap_err();
            assert!(error.contains(words), "{error}");
            assert!(!error.contains("hunter2") && !error.contains("aHVudGVyMg"), "{error}");
        }
    }
}

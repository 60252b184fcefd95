//! The vaults that the service holds, and how it shows them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::call::Call;
use crate::scp::access::Access;
use crate::scp::account;
use crate::scp::error::ErrorResponse;
use crate::scp::timestamps::{plain, spaced};
use crate::settings::scp;
use crate::state::table::{self, Change, Compare, Keyed, Row, Table};

/// The state of a vault whose token has ended: it can be listed and nothing else.
const EXPIRED: &str = "Expired";

/// How long a vault stays after its token has ended.
const KEPT_EXPIRED: Duration = Duration::days(7);

/// The state of the service; tokens and temporary keys are among all that sign.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    #[serde(with = "table::map")]
    pub(super) vaults: Table<Vault>,
    /// The ids of the access keys for which a vault can be made.
    pub(super) access_key_ids: BTreeSet<String>,
}

/// One vault and its token.
#[derive(Serialize, Deserialize)]
pub(super) struct Vault {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) access_key_id: String,
    pub(super) acl_cidr: String,
    pub(super) temporary_key_ttl_nhours: i64,
    pub(super) vault_token_ttl_ndays: i64,
    pub(super) vault_token_id: String,
    pub(super) vault_token_expired_at: OffsetDateTime,
    /// What is shown in place of the token's id and secret once they were handed out.
    pub(super) masks: [String; 2],
    pub(super) created_at: OffsetDateTime,
    pub(super) created_by: String,
    pub(super) modified_at: OffsetDateTime,
    pub(super) modified_by: String,
    /// When it goes, for one that waits for it.
    pub(super) delete_at: Option<OffsetDateTime>,
}

/// The places of the orders in [`Vault::ORDERS`].
pub(super) mod order {
    pub(crate) const ID: usize = 0;
    pub(crate) const ACCESS_KEY: usize = 1;
    pub(crate) const END: usize = 2;
    pub(crate) const CREATED: usize = 3;
}

impl Row for Vault {
    const ORDERS: &'static [Compare<Self>] = &[
        |one, other| one.id.cmp(&other.id),
        |one, other| one.access_key_id.cmp(&other.access_key_id),
        |one, other| one.end().cmp(&other.end()),
        // Responses show whole seconds.
        |one, other| one.created_at.unix_timestamp().cmp(&other.created_at.unix_timestamp()),
    ];

    fn age(&self, other: &Self) -> Ordering {
        (self.created_at, &self.id).cmp(&(other.created_at, &other.id))
    }
}

impl Keyed for Vault {
    fn key(&self) -> &str {
        &self.id
    }

    fn set_key(&mut self, key: String) {
        self.id = key;
    }
}

impl Store {
    /// Deletes what has waited long enough or has expired long ago, together with its token.
    pub(super) fn forget_deleted(&mut self, access: &mut Access, now: OffsetDateTime) {
        let ended = self.vaults.span(order::END, |vault| table::due(Some(vault.end()), &now));
        for place in self.vaults.places(order::END, ended).collect::<Vec<_>>() {
            if let Some(vault) = self.vaults.remove(place) {
                access.vault_tokens.remove(&vault.vault_token_id);
            }
        }
    }

    pub(super) fn find(&mut self, id: &str) -> Result<Change<'_, Vault>, ErrorResponse> {
        let place = self.vaults.find(order::ID, |vault| (*vault.id).cmp(id));
        let vault = place.and_then(|place| self.vaults.get_mut(place));
        vault.ok_or_else(|| ErrorResponse::not_found("secret vault", id))
    }

    /// Whether a vault was made for the access key with this id.
    pub(super) fn uses(&self, access_key_id: &str) -> bool {
        self.vaults.find(order::ACCESS_KEY, |vault| (*vault.access_key_id).cmp(access_key_id)).is_some()
    }
}

impl Vault {
    pub(super) fn state(&self, now: OffsetDateTime) -> &'static str {
        match self.delete_at {
            Some(_) => "To_Be_Terminated",
            None if self.has_expired(now) => EXPIRED,
            None => "Active",
        }
    }

    /// Whether the token has ended; its life cannot be extended.
    pub(super) fn has_expired(&self, now: OffsetDateTime) -> bool {
        self.vault_token_expired_at <= now
    }

    /// When the vault is deleted if nothing happens before.
    fn end(&self) -> OffsetDateTime {
        self.delete_at.unwrap_or_else(|| self.vault_token_expired_at.saturating_add(KEPT_EXPIRED))
    }

    /// Whole days until the end, the one that has begun included.
    pub(super) fn days_left(&self, now: OffsetDateTime) -> Option<i64> {
        let seconds = (self.delete_at? - now).whole_seconds();
        Some(seconds.div_euclid(Duration::DAY.whole_seconds()) + i64::from(seconds % Duration::DAY.whole_seconds() > 0))
    }

    /// The vault as lists, details and the response of creating one show it; each takes its fields.
    pub(super) fn shown(&self, access: &Access, now: OffsetDateTime) -> Value {
        let last = access.of_vault(&self.id).filter_map(|key| key.expires).filter(|&end| now < end).max();
        let [token_id, token_secret] = &self.masks;
        json!({
            "access_key": format!("{:*<32}", self.access_key_id.get(..3).unwrap_or_default()),
            "access_key_id": self.access_key_id,
            "access_key_type": "Temporary",
            "account_id": account::ACCOUNT_ID,
            "acl_cidr": self.acl_cidr,
            "created_at": plain(self.created_at),
            "created_by": self.created_by,
            "delete_at": spaced(self.delete_at),
            "description": self.description,
            "id": self.id,
            "modified_at": plain(self.modified_at),
            "modified_by": self.modified_by,
            "name": self.name,
            "temp_key_expired_at": spaced(last),
            "temporary_key_ttl_nhours": self.temporary_key_ttl_nhours,
            "user_name": account::USER_NAME,
            "vault_token_expired_at": spaced(Some(self.vault_token_expired_at)),
            "vault_token_id": token_id,
            "vault_token_secret_value": token_secret,
            "vault_token_ttl_ndays": self.vault_token_ttl_ndays,
            "vaultkey_state": self.state(now),
            "vaultkey_type": "SCP Open API Key",
            "waiting_time_ndays": self.days_left(now),
        })
    }
}

/// The vault that a call names, once those that have waited long enough are gone. An expired one refuses.
pub(super) fn named<'a>(
    store: &'a mut Store,
    access: &mut Access,
    call: &Call<'_>,
) -> Result<Change<'a, Vault>, ErrorResponse> {
    store.forget_deleted(access, call.now);
    let vault = store.find(call.argument("secret_vault_id"))?;
    if vault.state(call.now) == EXPIRED {
        return Err(ErrorResponse::invalid_input(format!("secret vault {} is {EXPIRED}", vault.id)));
    }
    Ok(vault)
}

impl Default for Store {
    fn default() -> Self {
        let created_at = datetime!(2024-05-17 00:23:17 UTC);
        let mask = |text: &str| format!("[AES] {text}");
        let seed = Vault {
            id: scp::VAULT_ID.to_owned(),
            name: "vaultkey".to_owned(),
            description: Some("description".to_owned()),
            access_key_id: "91d0c6e7f4a24b58b3e9175d0c8f2a46".to_owned(),
            // The first network is the sandbox's own: a program on this machine can ask for keys.
            acl_cidr: "127.0.0.0/8, 192.168.1.1/24, 10.0.0.1/16".to_owned(),
            temporary_key_ttl_nhours: 36,
            vault_token_ttl_ndays: 7300,
            vault_token_id: scp::VAULT_TOKEN_ID.to_owned(),
            vault_token_expired_at: created_at + Duration::days(7300),
            masks: [
                mask("SZtB6RasvLypCv4soJlQO3ZmYpUPjFblz7pstjBeTQJXcz/d5KB9TUR3gMY08mga4fxWaF6IfUzTMBh6j/CAaw=="),
                mask("91/kdnK4NDfs2HGWgNH/EYNnqD7OcM1unXWs0ZAuaFttIqgP8xMUx0dOaRfD6kOD7uuujFxF2nzx35D9Gz9nwQ=="),
            ],
            created_at,
            created_by: account::USER_ID.to_owned(),
            modified_at: created_at,
            modified_by: account::USER_ID.to_owned(),
            delete_at: None,
        };
        let free = ["b754b12b39da4ce29a40c5e324650bd0", "4c9a0b7de1f84f6c8d25b3e6a7f01c92"];
        let mut access_key_ids = BTreeSet::from(free.map(str::to_owned));
        access_key_ids.insert(seed.access_key_id.clone());
        Self { vaults: Table::from_iter([seed]), access_key_ids }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_days_are_counted() {
        let mut store = Store::default();
        let mut vault = store.find(scp::VAULT_ID).unwrap();
        let now = datetime!(2026-01-01 00:00 UTC);
        assert_eq!(vault.days_left(now), None);
        vault.delete_at = Some(now + Duration::days(7));
        for (later, left) in [(Duration::ZERO, 7), (Duration::SECOND, 7), (Duration::DAY, 6), (Duration::hours(150), 1)]
        {
            assert_eq!(vault.days_left(now + later), Some(left), "{later}");
        }
    }
}

//! The secrets that the service holds, and how it shows them.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::versions::Versions;
use crate::call::Call;
use crate::scp::account;
use crate::scp::error::ErrorResponse;
use crate::scp::private_acl::PrivateAcl;
use crate::scp::timestamps::{plain, spaced};
use crate::state::table::{self, Change, Compare, Keyed, Row, Table};

/// The state of the service.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    #[serde(with = "table::map")]
    pub(super) secrets: Table<Secret>,
}

/// One secret with all of its versions.
#[derive(Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) kms_id: String,
    /// As it was when the key was candidates: keys keep their names.
    pub(super) kms_name: String,
    pub(super) acl_cidr: Option<String>,
    #[serde(flatten)]
    pub(super) private_acl: PrivateAcl,
    pub(super) created_at: OffsetDateTime,
    pub(super) created_by: String,
    pub(super) modified_at: OffsetDateTime,
    pub(super) modified_by: String,
    pub(super) recent_searched_at: Option<OffsetDateTime>,
    /// When it goes, for one that waits for it.
    pub(super) deleted_at: Option<OffsetDateTime>,
    /// No operation sets it: seed data and [`Store::stop`] do.
    #[serde(default)]
    pub(super) stopped: bool,
    pub(super) versions: Versions,
}

/// The places of the orders in [`Secret::ORDERS`].
pub(super) mod order {
    pub(crate) const ID: usize = 0;
    pub(crate) const END: usize = 1;
    pub(crate) const CREATED: usize = 2;
    pub(crate) const MODIFIED: usize = 3;
    pub(crate) const DELETED: usize = 4;
    pub(crate) const SEARCHED: usize = 5;
    pub(crate) const NAME: usize = 6;
    pub(crate) const STATE: usize = 7;
    pub(crate) const KMS_NAME: usize = 8;
}

impl Row for Secret {
    const ORDERS: &'static [Compare<Self>] = &[
        |one, other| one.id.cmp(&other.id),
        |one, other| one.deleted_at.cmp(&other.deleted_at),
        // As responses show them: whole seconds, or thousandths.
        |one, other| one.created_at.unix_timestamp().cmp(&other.created_at.unix_timestamp()),
        |one, other| one.modified_at.unix_timestamp().cmp(&other.modified_at.unix_timestamp()),
        |one, other| one.deleted_at.map(millis).cmp(&other.deleted_at.map(millis)),
        |one, other| one.recent_searched_at.map(millis).cmp(&other.recent_searched_at.map(millis)),
        |one, other| one.name.cmp(&other.name),
        |one, other| one.state().cmp(other.state()),
        |one, other| one.kms_name.cmp(&other.kms_name),
    ];

    fn age(&self, other: &Self) -> Ordering {
        (self.created_at, &self.id).cmp(&(other.created_at, &other.id))
    }
}

fn millis(at: OffsetDateTime) -> i128 {
    at.unix_timestamp_nanos().div_euclid(1_000_000)
}

impl Keyed for Secret {
    fn key(&self) -> &str {
        &self.id
    }

    fn set_key(&mut self, key: String) {
        self.id = key;
    }
}

impl Store {
    /// Deletes what has waited long enough.
    pub(super) fn forget_deleted(&mut self, now: OffsetDateTime) {
        let ended = self.secrets.span(order::END, |secret| table::due(secret.deleted_at, &now));
        self.secrets.remove_range(order::END, ended);
    }

    /// The secret that a call names.
    pub(super) fn find(&mut self, call: &Call<'_>) -> Result<Change<'_, Secret>, ErrorResponse> {
        self.forget_deleted(call.now);
        let id = call.argument("secret_id");
        let place = self.secrets.find(order::ID, |secret| (*secret.id).cmp(id));
        let secret = place.and_then(|place| self.secrets.get_mut(place));
        secret.ok_or_else(|| ErrorResponse::not_found("secret", id))
    }

    /// The same, refused while it waits for its end.
    pub(super) fn find_kept(&mut self, call: &Call<'_>) -> Result<Change<'_, Secret>, ErrorResponse> {
        let secret = self.find(call)?;
        if secret.deleted_at.is_some() {
            let reason = format!("secret {} is {}: restore it first", secret.id, secret.state());
            return Err(ErrorResponse::invalid_input(reason));
        }
        Ok(secret)
    }

    /// The same, refused also while it is stopped.
    pub(super) fn find_active(&mut self, call: &Call<'_>) -> Result<Change<'_, Secret>, ErrorResponse> {
        let secret = self.find_kept(call)?;
        if secret.stopped {
            return Err(ErrorResponse::invalid_input(format!("secret {} is {}", secret.id, secret.state())));
        }
        Ok(secret)
    }

    /// Stops a secret. Returns whether there is one with this ID.
    pub(crate) fn stop(&mut self, id: &str) -> bool {
        let place = self.secrets.find(order::ID, |secret| (*secret.id).cmp(id));
        let secret = place.and_then(|place| self.secrets.get_mut(place));
        secret.map(|mut secret| secret.stopped = true).is_some()
    }
}

impl Secret {
    pub(super) fn state(&self) -> &'static str {
        match (self.deleted_at, self.stopped) {
            (Some(_), _) => "To_Be_Terminated",
            (None, true) => "Stop",
            (None, false) => "Active",
        }
    }

    pub(super) fn touch(&mut self, now: OffsetDateTime) {
        self.modified_at = now;
        account::USER_ID.clone_into(&mut self.modified_by);
    }

    /// Everything but the value, as the newest version shows it.
    pub(super) fn shown(&self, region: &str) -> Value {
        json!({
            "account_id": account::ACCOUNT_ID,
            "acl_cidr": self.acl_cidr,
            "created_at": plain(self.created_at),
            "created_by": self.created_by,
            "deleted_at": spaced(self.deleted_at),
            "description": self.description,
            "id": self.id,
            "kms_id": self.kms_id,
            "kms_name": self.kms_name,
            "managed_type": "user",
            "modified_at": plain(self.modified_at),
            "modified_by": self.modified_by,
            "name": self.name,
            "offering": "",
            "private_acl_enabled": self.private_acl.enabled,
            "private_acl_resources": self.private_acl.shown(),
            "recent_searched_at": spaced(self.recent_searched_at),
            "region": region,
            "state": self.state(),
            "type": "General",
        })
    }
}

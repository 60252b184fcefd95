//! The secrets that the service holds, and how it shows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::versions::Versions;
use crate::call::Call;
use crate::scp::account;
use crate::scp::error::ErrorResponse;
use crate::scp::private_acl::PrivateAcl;
use crate::scp::timestamps::{plain, spaced};

/// The state of the service.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    pub(super) secrets: BTreeMap<String, Secret>,
}

/// One secret with all of its versions.
#[derive(Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) kms_id: String,
    /// As it was when the key was chosen: keys keep their names.
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
    pub(super) versions: Versions,
}

impl Store {
    /// Deletes what has waited long enough.
    pub(super) fn forget_deleted(&mut self, now: OffsetDateTime) {
        self.secrets.retain(|_, secret| secret.deleted_at.is_none_or(|end| now < end));
    }

    /// The secret that a call names.
    pub(super) fn find(&mut self, call: &Call<'_>) -> Result<&mut Secret, ErrorResponse> {
        self.forget_deleted(call.now);
        let id = call.argument("secret_id");
        self.secrets.get_mut(id).ok_or_else(|| ErrorResponse::not_found("secret", id))
    }

    /// The same, refused while it waits for its end.
    pub(super) fn find_active(&mut self, call: &Call<'_>) -> Result<&mut Secret, ErrorResponse> {
        let secret = self.find(call)?;
        if secret.deleted_at.is_some() {
            let reason = format!("secret {} is {}: restore it first", secret.id, secret.state());
            return Err(ErrorResponse::invalid_input(reason));
        }
        Ok(secret)
    }
}

impl Secret {
    pub(super) fn state(&self) -> &'static str {
        if self.deleted_at.is_some() { "To_Be_Terminated" } else { "Active" }
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

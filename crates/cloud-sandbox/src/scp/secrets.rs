//! Secrets Manager: secrets with versions and labels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use super::owner;
use super::stamp::{plain, spaced};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::registry::Handlers;
use crate::state::State;
use versions::{CURRENT, Version, Versions};

mod manage;
mod password;
mod read;
mod value;
mod versions;

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[
    ("create_secret", manage::create),
    ("delete_secret", manage::delete),
    ("restore_secret", manage::restore),
    ("set_acl_cidr", manage::set_acl_cidr),
    ("set_description", manage::set_description),
    ("set_kms_key", manage::set_kms_key),
    ("set_private_acl", manage::set_private_acl),
    ("update_secret_value", manage::update_value),
    ("set_version_label", manage::set_label),
    ("list_secrets", read::list),
    ("show_secret", read::show),
    ("list_secret_versions", read::versions),
    ("show_secret_value", read::value),
    ("generate_random_password", password::generate),
];

/// The widest network that a caller may let in.
const SHORTEST_PREFIX: u32 = 25;

/// What the service remembers.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    secrets: BTreeMap<String, Secret>,
}

/// One secret with all of its versions.
#[derive(Serialize, Deserialize)]
struct Secret {
    id: String,
    name: String,
    description: Option<String>,
    kms_id: String,
    /// As it was when the key was chosen: keys keep their names.
    kms_name: String,
    acl_cidr: Option<String>,
    #[serde(default)]
    private_acl_enabled: bool,
    /// The ids of the resources.
    #[serde(default)]
    private_acl_resources: Vec<String>,
    created_at: OffsetDateTime,
    created_by: String,
    modified_at: OffsetDateTime,
    modified_by: String,
    recent_searched_at: Option<OffsetDateTime>,
    /// When it goes, for one that waits for it.
    deleted_at: Option<OffsetDateTime>,
    versions: Versions,
}

impl Store {
    /// Forgets what has waited long enough.
    fn forget_deleted(&mut self, now: OffsetDateTime) {
        self.secrets.retain(|_, secret| secret.deleted_at.is_none_or(|end| now < end));
    }

    /// The secret that a call names.
    fn find(&mut self, call: &Call<'_>) -> Result<&mut Secret, Refusal> {
        self.forget_deleted(call.now);
        let id = call.argument("secret_id");
        self.secrets.get_mut(id).ok_or_else(|| Refusal::scp_unknown("secret", id))
    }

    /// The same, refused while it waits for its end.
    fn find_active(&mut self, call: &Call<'_>) -> Result<&mut Secret, Refusal> {
        let secret = self.find(call)?;
        if secret.deleted_at.is_some() {
            let reason = format!("secret {} is {}: restore it first", secret.id, secret.state());
            return Err(Refusal::scp_input(reason));
        }
        Ok(secret)
    }
}

impl Secret {
    fn state(&self) -> &'static str {
        if self.deleted_at.is_some() { "To_Be_Terminated" } else { "Active" }
    }

    fn touch(&mut self, now: OffsetDateTime) {
        self.modified_at = now;
        owner::USER_ID.clone_into(&mut self.modified_by);
    }

    /// Everything but the value, as the newest version shows it.
    fn shown(&self, region: &str) -> Value {
        let resources = self.private_acl_resources.iter().map(|id| json!({ "resource_id": id }));
        json!({
            "account_id": owner::ACCOUNT_ID,
            "acl_cidr": self.acl_cidr,
            "created_at": plain(self.created_at),
            "created_by": self.created_by,
            "deleted_at": spaced(self.deleted_at),
            "description": self.description,
            "id": self.id,
            "kms_id": self.kms_id,
            "kms_name": self.kms_name,
            "modified_at": plain(self.modified_at),
            "modified_by": self.modified_by,
            "name": self.name,
            "offering": "",
            "private_acl_enabled": self.private_acl_enabled,
            "private_acl_resources": resources.collect::<Vec<_>>(),
            "recent_searched_at": spaced(self.recent_searched_at),
            "region": region,
            "state": self.state(),
            "type": "General",
        })
    }
}

/// The answer of most operations: the secret as it is now.
fn answer(state: &mut State, call: &Call<'_>) -> Result<Value, Refusal> {
    let secret = state.scp.secrets.find(call)?;
    Ok(json!({ "secret": secret.shown(owner::region(call.settings)) }))
}

/// The name of a key that can protect a secret now.
fn key_name(state: &State, call: &Call<'_>, id: &str) -> Result<String, Refusal> {
    let name = state.scp.kms.protector(id, call.now).map(str::to_owned);
    name.map_err(|why| Refusal::scp_input(format!("the KMS key {id} {why}")))
}

impl Default for Store {
    fn default() -> Self {
        let created_at = datetime!(2024-05-17 00:23:17 UTC);
        let mut versions = Versions::default();
        let old = ("3265ab469f0d406d83073da3e11e7a6c", r#"{"key1":"value0"}"#, "My Custom Label");
        let new = ("e7b638507d9f4feeb6032a22b7640bf7", r#"{"key1":"value1","key2":"value2"}"#, CURRENT);
        for (id, secret_value, label) in [old, new] {
            let version = Version {
                id: id.to_owned(),
                secret_value: secret_value.to_owned(),
                labels: Some(label).filter(|label| *label != CURRENT).map(str::to_owned).into_iter().collect(),
                created_at,
                created_by: owner::USER_ID.to_owned(),
            };
            // Two are never too many.
            let _ = versions.add(version);
        }
        let id = "3265ab469f0d406d83073da3e11e7a6c".to_owned();
        let secret = Secret {
            id: id.clone(),
            name: "my-secret-name".to_owned(),
            description: Some("description".to_owned()),
            kms_id: id.clone(),
            kms_name: "kmsname".to_owned(),
            // The first network is the sandbox's own: a program on this machine can read the value.
            acl_cidr: Some("127.0.0.0/8, 192.168.1.1/24, 10.0.0.1/16".to_owned()),
            private_acl_enabled: false,
            private_acl_resources: Vec::new(),
            created_at,
            created_by: owner::USER_ID.to_owned(),
            modified_at: created_at,
            modified_by: owner::USER_ID.to_owned(),
            recent_searched_at: None,
            deleted_at: None,
            versions,
        };
        Self { secrets: BTreeMap::from([(id, secret)]) }
    }
}

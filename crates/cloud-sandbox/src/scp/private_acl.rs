//! The private resources that may read a secret or use a key.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::Call;
use crate::scp::error::ErrorResponse;

/// The private ACL of a secret or key: stored and shown, but it grants no access.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct PrivateAcl {
    #[serde(rename = "private_acl_enabled")]
    pub(super) enabled: bool,
    /// The ids of the resources.
    #[serde(rename = "private_acl_resources")]
    pub(super) resources: Vec<String>,
}

impl PrivateAcl {
    /// The resources as responses show them.
    pub(super) fn shown(&self) -> Value {
        self.resources.iter().map(|id| json!({ "resource_id": id })).collect()
    }

    /// Takes the fields that the body has; null empties the list.
    pub(super) fn changed_by(mut self, call: &Call<'_>) -> Result<Self, ErrorResponse> {
        self.enabled = call.body["private_acl_enabled"].as_bool().unwrap_or(self.enabled);
        if let Some(named) = call.body.get("private_acl_resources") {
            self.resources.clear();
            for item in named.as_array().into_iter().flatten() {
                match item["resource_id"].as_str() {
                    Some(id) if !id.is_empty() && !self.resources.iter().any(|known| known == id) => {
                        self.resources.push(id.to_owned());
                    }
                    _ => {
                        return Err(ErrorResponse::invalid_input(
                            "private_acl_resources must name each resource once by resource_id",
                        ));
                    }
                }
            }
        }
        if self.enabled && self.resources.is_empty() {
            return Err(ErrorResponse::invalid_input("Private ACL must not be empty"));
        }
        Ok(self)
    }
}

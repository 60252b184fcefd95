//! Checks that each ID of the default seed is of one kind, so that a test finds arguments that are swapped.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::State;
use crate::scp::account::ACCOUNT_ID;

/// Where the state holds IDs, and of which kind they are; `*` stands for one segment of the path.
const KINDS: &[(&str, &str)] = &[
    ("/scp/access/keys/*", "access key"),
    ("/scp/access/keys/*/secret", "secret key"),
    ("/scp/access/vault_tokens/*", "vault token"),
    ("/scp/kms/keys/*", "KMS key"),
    ("/scp/kms/keys/*/id", "KMS key"),
    ("/scp/kms/keys/*/users/*/user_id", "user"),
    ("/scp/kms/keys/*/order_ref", "order of a key"),
    ("/scp/kms/keys/*/secret_ref", "stored key"),
    ("/scp/secrets/secrets/*", "secret"),
    ("/scp/secrets/secrets/*/id", "secret"),
    ("/scp/secrets/secrets/*/kms_id", "KMS key"),
    ("/scp/secrets/secrets/*/*_by", "user"),
    ("/scp/secrets/secrets/*/versions/*/id", "secret version"),
    ("/scp/secrets/secrets/*/versions/*/created_by", "user"),
    ("/scp/vault/vaults/*", "vault"),
    ("/scp/vault/vaults/*/id", "vault"),
    ("/scp/vault/vaults/*/access_key_id", "access key"),
    ("/scp/vault/vaults/*/vault_token_id", "vault token"),
    ("/scp/vault/vaults/*/*_by", "user"),
    ("/scp/vault/access_key_ids/*", "access key"),
    ("/scp/certificates/certificates/*", "certificate"),
    ("/scp/certificates/certificates/*/id", "certificate"),
    ("/scp/certificates/certificates/*/created_by", "user"),
    ("/scp/inspection/diagnoses/*", "diagnosis"),
    ("/scp/inspection/diagnoses/*/id", "diagnosis"),
    ("/scp/inspection/diagnoses/*/*account_id", "account"),
    ("/scp/inspection/diagnoses/*/auth_key/id", "key of a diagnosis"),
    ("/scp/inspection/diagnoses/*/created_by", "user"),
    ("/scp/inspection/diagnoses/*/runs/*/sequence", "run of a diagnosis"),
    ("/scp/inspection/diagnoses/*/runs/*/requested_by", "user"),
    // The type of the key is its kind.
    ("/nhn/skm/keyStores/*/keys/*/keyId", ""),
    ("/risken/store/access/projects/*/id", "project"),
    ("/risken/store/access/projects/*/organization", "organization"),
    ("/risken/store/access/tokens/*/owner/Project", "project"),
    ("/risken/store/access/tokens/*/owner/Organization", "organization"),
    ("/risken/store/access/tokens/*/id", "access token"),
    ("/risken/store/accounts/*/id", "AWS account"),
    ("/risken/store/accounts/*/project_id", "project"),
    ("/risken/store/next_account", "AWS account"),
    ("/risken/store/sources/*/id", "data source"),
    ("/risken/store/attachments/*/aws_id", "AWS account"),
    ("/risken/store/attachments/*/source_id", "data source"),
    ("/risken/store/attachments/*/project_id", "project"),
    ("/risken/findings/findings/*/id", "finding"),
    ("/risken/findings/findings/*/project_id", "project"),
    ("/risken/findings/next_finding", "finding"),
    ("/risken/findings/tags/*/id", "tag of a finding"),
    ("/risken/findings/tags/*/finding_id", "finding"),
    ("/risken/findings/tags/*/project_id", "project"),
    ("/risken/findings/next_tag", "tag of a finding"),
];

/// The kinds of each ID, and what looks like an ID and is not listed.
#[derive(Default)]
struct Found {
    kinds: BTreeMap<String, BTreeSet<String>>,
    unlisted: Vec<String>,
    /// The rows of [`KINDS`] that something was found for.
    used: BTreeSet<&'static str>,
}

impl Found {
    fn walk(&mut self, path: &str, value: &Value, parent: &Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let path = format!("{path}/{name}");
                    // The secrets of tokens are no IDs of their own, so only their names are looked at.
                    self.look(&path, name, value);
                    if !path.starts_with("/scp/access/vault_tokens/") {
                        self.walk(&path, member, value);
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.walk(&format!("{path}/{index}"), item, value);
                }
            }
            Value::String(text) => self.look(path, text, parent),
            Value::Number(number) => self.look(path, &number.to_string(), parent),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn look(&mut self, path: &str, id: &str, parent: &Value) {
        let Some((pattern, kind)) = KINDS.iter().find(|(pattern, _)| fits(pattern, path)) else {
            if looks_like_an_id(id) {
                self.unlisted.push(path.to_owned());
            }
            return;
        };
        // The name of a member is not its value: only maps have IDs for names.
        if path.ends_with(&format!("/{id}")) != pattern.ends_with("/*") && parent.is_object() {
            return;
        }
        let kind = if kind.is_empty() { parent["keyType"].as_str().unwrap() } else { kind };
        self.used.insert(pattern);
        self.kinds.entry(id.to_owned()).or_default().insert(kind.to_owned());
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let segment = |(pattern, segment): (&&str, &&str)| match pattern.strip_prefix('*') {
        Some(end) => segment.ends_with(end),
        None => pattern == segment,
    };
    pattern.len() == path.len() && pattern.iter().zip(&path).all(segment)
}

/// 32 hexadecimal digits, with dashes or after a prefix.
fn looks_like_an_id(text: &str) -> bool {
    let digits = text.rsplit_once("IS-").or(text.rsplit_once("DIA-")).map_or(text, |(_, digits)| digits);
    let digits = digits.replace('-', "");
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[test]
fn each_id_of_the_default_seed_is_of_one_kind() {
    let state = serde_json::to_value(State::default()).unwrap();
    let mut found = Found::default();
    found.walk("", &state, &Value::Null);
    assert!(found.unlisted.is_empty(), "IDs that are not in the table: {:?}", found.unlisted);
    // The account is a constant and no part of the state.
    found.kinds.entry(ACCOUNT_ID.to_owned()).or_default().insert("account".to_owned());
    let several: Vec<_> = found.kinds.iter().filter(|(_, kinds)| kinds.len() > 1).collect();
    assert!(several.is_empty(), "{several:?}");
    let unused: Vec<_> = KINDS.iter().filter(|(pattern, _)| !found.used.contains(pattern)).collect();
    assert!(unused.is_empty(), "rows for nothing: {unused:?}");
}

//! The server's responses, and the page of keys with strings instead of the SDK's timestamps.

use cloud_core::codegen::{As, LenientAs, LenientInt, YesNo};
use cloud_core::{Days, Lenient};
use scp_security::Region;
use scp_security::kms::types::{KeyManager, KeyPurpose, KeyState, KeyType};
use serde::Deserialize;

/// A key's id.
pub const KEY_ID: &str = "0fdd87aab8cb46f59b7c1f81ed03fb3e";

/// The plaintext.
pub const PLAINTEXT: &[u8] = b"the quick brown fox\n";

/// The response to an encrypt request.
pub const ENCRYPTED: &str =
    r#"{"ciphertext":"vault:v283:YiUpW1bpF2fMY0VRh3aQpik781Ul2gFPsfdwsypwouccHtPSfRaE40wTHHl4a5AK","key_version":1}"#;

/// Returns a page with this many keys, each with all fields.
#[must_use]
pub fn page(keys: usize) -> String {
    let keys: Vec<_> = (0..keys).map(key).collect();
    let count = keys.len();
    let page = serde_json::json!({
        "count": count, "keys": keys, "page": 0, "size": count, "sort": ["created_at:asc"],
    });
    page.to_string()
}

fn key(number: usize) -> serde_json::Value {
    serde_json::json!({
        "account_id": "3265ab469f0d406d83073da3e11e7a6c",
        "auto_rotate": "Y",
        "created_at": "2024-05-17T00:23:17Z",
        "created_by": "90dddfc2b1e04edba54ba2b41539a9ac",
        "current_version": 7,
        "delete_at": "20251008",
        "delete_target_yn": "N",
        "description": "the key of one of many services",
        "id": format!("{number:032x}"),
        "key_type": "advanced",
        "managed_type": "user",
        "modified_at": "2024-05-17T00:23:17Z",
        "modified_by": "90dddfc2b1e04edba54ba2b41539a9ac",
        "name": format!("key{number}"),
        "next_rotate_at": "20241008",
        "order_ref": "0e1bfdf8-a7da-43d3-8e8c-c9f34024ba01",
        "purpose": "aes256-gcm96",
        "region": "kr-west1",
        "rotate_cycle": 90,
        "secret_ref": "0e1bfdf8-a7da-43d3-8e8c-c9f34024ba01",
        "state": "Active",
        "use_count": 1004,
    })
}

/// The SDK's `ListKeysResponse` with [`PlainKey`]s.
#[derive(Debug, Deserialize)]
#[allow(missing_docs, reason = "the SDK documents the same fields")]
pub struct PlainPage {
    #[serde(with = "As::<LenientInt>")]
    pub count: i64,
    pub keys: Vec<PlainKey>,
    #[serde(with = "As::<LenientInt>")]
    pub page: i64,
    #[serde(with = "As::<LenientInt>")]
    pub size: i64,
    #[serde(default)]
    pub sort: Option<Vec<String>>,
}

/// The SDK's `Key` with `String` in place of `Timestamp`.
#[derive(Debug, Deserialize)]
#[allow(missing_docs, reason = "the SDK documents the same fields")]
pub struct PlainKey {
    pub account_id: String,
    #[serde(with = "As::<LenientAs<YesNo>>")]
    pub auto_rotate: Lenient<bool>,
    pub created_at: String,
    pub created_by: String,
    #[serde(with = "As::<LenientInt>")]
    pub current_version: i64,
    #[serde(default)]
    pub delete_at: Option<String>,
    #[serde(default, with = "As::<Option<LenientAs<YesNo>>>")]
    pub delete_target_yn: Option<Lenient<bool>>,
    pub description: String,
    pub id: String,
    #[serde(default)]
    pub key_type: Option<KeyType>,
    #[serde(default)]
    pub managed_type: Option<KeyManager>,
    pub modified_at: String,
    pub modified_by: String,
    pub name: String,
    #[serde(default)]
    pub next_rotate_at: Option<String>,
    #[serde(default)]
    pub order_ref: Option<String>,
    pub purpose: KeyPurpose,
    pub region: Region,
    pub rotate_cycle: Days,
    #[serde(default)]
    pub secret_ref: Option<String>,
    #[serde(default)]
    pub state: Option<KeyState>,
    #[serde(with = "As::<LenientInt>")]
    pub use_count: i64,
}

#[cfg(test)]
mod tests {
    use scp_security::kms::types::{EncryptResponse, ListKeysResponse};

    use super::*;

    #[test]
    fn both_sides_decode_the_same_page() {
        let text = page(3);
        let ours: ListKeysResponse = serde_json::from_str(&text).unwrap();
        let plain: PlainPage = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_value(&ours).unwrap(), serde_json::from_str::<serde_json::Value>(&text).unwrap());
        // The two differ only in the `Debug` of a timestamp.
        let strip = |text: String| text.replace("Timestamp(", "").replace([')', '('], "");
        let ours = strip(format!("{ours:?}")).replace("ListKeysResponse", "Page");
        let plain = strip(format!("{plain:?}")).replace("PlainKey", "Key").replace("PlainPage", "Page");
        assert_eq!(ours, plain);
        assert_eq!(serde_json::from_str::<EncryptResponse>(ENCRYPTED).unwrap().key_version, 1);
    }
}

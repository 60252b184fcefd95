//! The key stores that a fresh sandbox holds, under the ids of the page's examples.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::credential::{Address, Certificate};
use super::key_store::{AuthMode, History, Key, KeyStore, Material, Version, YesNo};
use crate::settings::nhn::SKM_MAC_ADDRESS;
use crate::state::table::Table;

/// RSA keys made beforehand, since making one takes a while.
const RSA_KEYS: [&str; 3] =
    [include_str!("seed/rsa-1.b64"), include_str!("seed/rsa-2.b64"), include_str!("seed/rsa-3.b64")];

/// Three stores: one asks for address and MAC together, one for a MAC or a certificate, one for the address alone.
pub(super) fn key_stores() -> BTreeMap<i64, KeyStore> {
    let rsa = rsa_keys();
    let first = KeyStore {
        name: "키 저장소 이름".to_owned(),
        description: "키 저장소 설명".to_owned(),
        ip4_auth_use: YesNo::Y,
        mac_auth_use: YesNo::Y,
        certificate_auth_use: YesNo::N,
        auth_mode: AuthMode::And,
        ipv4_list: Table::from_iter([address("127.0.0.1", "IPv4 설명"), address("127.0.0.2", "IPv4 설명")]),
        mac_list: Table::from_iter([address(SKM_MAC_ADDRESS, "MAC 설명"), address("bb:bb:bb:bb:bb:bb", "MAC 설명")]),
        certificate_list: Table::from_iter([
            certificate("certificate1", "password1"),
            certificate("certificate2", "password2"),
        ]),
        keys: Table::from_iter([
            // The page shows this id for a key of each kind.
            key("035a0ffa16a64bbf8171c4bdcea37bbf", "키 이름", symmetric("first", 3)),
            key("1c7e5a90d3b84f62ae07f4c18d29b653", "signing", asymmetric(rsa.get(..2).unwrap_or_default())),
            key("2d8f6ba1e4c95073bf18054d9e3ac764", "password", Material::Secret { secret: "data".to_owned() }),
            key(
                "04fde6d8ee604cbe8fa7abe135a7dc3e",
                "database",
                Material::Secret { secret: r#"{"username":"app","password":"sandbox"}"#.to_owned() },
            ),
        ]),
        history: History::default(),
    };
    let second = KeyStore {
        name: "partners".to_owned(),
        description: "MAC or certificate".to_owned(),
        ip4_auth_use: YesNo::N,
        mac_auth_use: YesNo::Y,
        certificate_auth_use: YesNo::Y,
        auth_mode: AuthMode::Or,
        ipv4_list: Table::default(),
        mac_list: Table::from_iter([address(SKM_MAC_ADDRESS, "build servers")]),
        certificate_list: Table::from_iter([certificate("partner", "partner-password")]),
        keys: Table::from_iter([
            key("5b1c9f0e7d2a4c7f9a31d0c4e86f2b17", "exchange", symmetric("second", 1)),
            key("6c2dae1f8e3b4d80ab42e1d5f97a3c28", "invoices", asymmetric(rsa.get(2..).unwrap_or_default())),
            key(
                "7d3ebf209f4c4e91bc53f2e60a8b4d39",
                "webhook",
                Material::Secret { secret: "sandbox-webhook-secret".to_owned() },
            ),
        ]),
        history: History::default(),
    };
    let third = KeyStore {
        name: "servers".to_owned(),
        description: "IPv4 address alone".to_owned(),
        ip4_auth_use: YesNo::Y,
        mac_auth_use: YesNo::N,
        certificate_auth_use: YesNo::N,
        auth_mode: AuthMode::And,
        ipv4_list: Table::from_iter([address("127.0.0.0/8", "this machine")]),
        mac_list: Table::default(),
        certificate_list: Table::default(),
        keys: Table::from_iter([
            key("8e4fcb30af5d4fa2cd64a3f71b9c5e4a", "sessions", symmetric("third", 1)),
            key("9f50dc41b06e40b3de75b4082cad6f5b", "receipts", asymmetric(rsa.get(..1).unwrap_or_default())),
            key(
                "a061ed52c17f41c4ef86c5193dbe706c",
                "mail",
                Material::Secret { secret: r#"{"username":"mailer","password":"sandbox"}"#.to_owned() },
            ),
        ]),
        history: History::default(),
    };
    BTreeMap::from([(1, first), (2, second), (3, third)])
}

/// The prepared RSA keys as PKCS#8.
pub(super) fn rsa_keys() -> Vec<Vec<u8>> {
    let read = |text: &&str| STANDARD.decode(text.split_whitespace().collect::<String>()).unwrap_or_default();
    RSA_KEYS.iter().map(read).collect()
}

fn symmetric(name: &str, versions: u32) -> Material {
    let material = |version| Version::new(&Sha256::digest(format!("cloud-sandbox {name} {version}")));
    Material::SymmetricKey { versions: (0..versions).map(material).collect() }
}

fn asymmetric(keys: &[Vec<u8>]) -> Material {
    Material::AsymmetricKey { versions: keys.iter().map(|der| Version::new(der)).collect() }
}

fn key(id: &str, name: &str, material: Material) -> Key {
    Key {
        key_id: id.to_owned(),
        name: name.to_owned(),
        description: "키 설명".to_owned(),
        auto_rotation_period: 0,
        next_auto_rotation_date: None,
        last_access_datetime: "2021-12-13T15:13:13.377".to_owned(),
        deletion_datetime: None,
        history: History::default(),
        material,
    }
}

fn address(value: &str, description: &str) -> Address {
    Address {
        value: value.to_owned(),
        description: description.to_owned(),
        last_access_datetime: "2025-01-25T13:00:00".to_owned(),
        deletion_datetime: None,
        history: History::default(),
    }
}

fn certificate(name: &str, password: &str) -> Certificate {
    Certificate {
        name: name.to_owned(),
        password: password.to_owned(),
        description: "인증서 설명".to_owned(),
        expiration_date: "2029-07-21T10:26:47".to_owned(),
        last_access_datetime: "2025-01-25T13:00:00".to_owned(),
        deletion_datetime: None,
        history: History::default(),
        issued: None,
    }
}

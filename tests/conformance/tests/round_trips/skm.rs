//! Secure Key Manager of NHN Cloud: access by MAC address and certificate, and the use of keys.

use std::sync::Arc;

use cloud_core::transport::{BuiltInTransport, TransportBuilder};
use cloud_sandbox::Sandbox;
use nhn_security::ErrorKind;
use nhn_security::secure_key_manager::types::{
    DecryptRequest, EncryptRequest, KeyState, KeyType, SignRequest, VerifyRequest,
};
use nhn_security::secure_key_manager::v1_0::Client;
use serde_json::json;

use super::common::{nhn, sandbox, settings};

/// Keys of the default seed: the first store asks for address and MAC, the second for MAC or certificate.
const SECRET: &str = "04fde6d8ee604cbe8fa7abe135a7dc3e";
const KEY: &str = "035a0ffa16a64bbf8171c4bdcea37bbf";
const KEY_PAIR: &str = "1c7e5a90d3b84f62ae07f4c18d29b653";
const PARTNERS_SECRET: &str = "7d3ebf209f4c4e91bc53f2e60a8b4d39";
const SERVERS_SECRET: &str = "a061ed52c17f41c4ef86c5193dbe706c";

/// A client that names this MAC address, or none.
fn with_mac(sandbox: &Sandbox, mac: Option<&str>) -> Client {
    let builder = match mac {
        Some(mac) => nhn(sandbox).mac_address(mac),
        None => nhn(sandbox),
    };
    builder.build().unwrap().secure_key_manager_v1_0().unwrap()
}

fn known(sandbox: &Sandbox) -> Client {
    with_mac(sandbox, Some(&settings(sandbox)["NHN_CLOUD_SKM_MAC_ADDRESS"]))
}

/// A client with the certificate of this name and no MAC address, on the port for such callers.
pub(crate) fn with_certificate<T: BuiltInTransport + 'static>(sandbox: &Sandbox, name: &str) -> Client {
    let identity = sandbox.client_identity(name).unwrap().unwrap();
    let transport = TransportBuilder::<T>::default()
        .root_certificates_pem(sandbox.authority_pem().unwrap())
        .only_given_roots()
        .identity_pem(identity.pem().as_bytes())
        .unwrap()
        .build()
        .unwrap();
    let builder = nhn(sandbox).endpoint(sandbox.mtls_endpoint().unwrap()).transport(Arc::new(transport));
    builder.build().unwrap().secure_key_manager_v1_0().unwrap()
}

/// Fails unless the service itself refused, whatever the status.
#[track_caller]
fn denied<T: std::fmt::Debug>(result: nhn_security::Result<T>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service, "{error}");
}

#[tokio::test]
async fn store_accepts_a_listed_mac_address() {
    let sandbox = sandbox().await;
    let keys = known(&sandbox);
    let secret = keys.show_secret(SECRET).await.unwrap().secret;
    assert!(secret.expose_secret().contains("password"));
    let seen = keys.confirm_client().await.unwrap();
    assert_eq!((&*seen.client_ip, seen.client_sent_certificate), ("127.0.0.1", Some(false)));
    let upper = with_mac(&sandbox, Some("AA:AA:AA:AA:AA:AA"));
    assert_eq!(upper.show_secret(SECRET).await.unwrap().secret.expose_secret(), secret.expose_secret());
    for mac in [None, Some("cc:cc:cc:cc:cc:cc")] {
        let keys = with_mac(&sandbox, mac);
        // A store that asks for the address alone needs no header.
        assert!(keys.show_secret(SERVERS_SECRET).await.unwrap().secret.expose_secret().contains("mailer"));
        denied(keys.show_secret(SECRET).await);
        denied(keys.encrypt(KEY, &EncryptRequest::new("x")).await);
        denied(keys.show_secret(PARTNERS_SECRET).await);
    }
    denied(keys.show_secret("00000000000000000000000000000000").await);
}

conformance::each_transport!(async store_accepts_a_listed_certificate);

async fn store_accepts_a_listed_certificate<T: BuiltInTransport + 'static>() {
    let only = json!({"nhn": {"skm": {"keyStores": {"9": {
        "name": "certificate only", "certificateAuthUse": "Y",
        "certificateList": [{"name": "laptop", "password": "a password", "expirationDate": "2099-01-01T00:00:00"}],
        "keys": [{"keyId": "9a000000000000000000000000000009", "name": "own", "keyType": "SECRET", "secret": "for the laptop"}]
    }}}}});
    let sandbox = Sandbox::builder().mutual_tls(true).seed_data(only).start().await.unwrap();
    let laptop = with_certificate::<T>(&sandbox, "laptop");
    let own = "9a000000000000000000000000000009";
    assert_eq!(laptop.show_secret(own).await.unwrap().secret.expose_secret(), "for the laptop");
    assert_eq!(laptop.confirm_client().await.unwrap().client_sent_certificate, Some(true));
    denied(laptop.show_secret(PARTNERS_SECRET).await);

    // The other store takes a certificate or a MAC address.
    let partner = with_certificate::<T>(&sandbox, "partner");
    assert_eq!(partner.show_secret(PARTNERS_SECRET).await.unwrap().secret.expose_secret(), "sandbox-webhook-secret");
    denied(partner.show_secret(own).await);
    assert!(known(&sandbox).show_secret(PARTNERS_SECRET).await.is_ok());
    denied(known(&sandbox).show_secret(own).await);
    // And the first one takes no certificate in place of the rest.
    denied(with_certificate::<T>(&sandbox, "certificate1").show_secret(SECRET).await);
}

#[tokio::test]
async fn strings_are_encrypted_decrypted_and_signed() {
    let sandbox = sandbox().await;
    let keys = known(&sandbox);
    let text = "가".repeat(32 * 1024 / 3);
    let encrypted = keys.encrypt(KEY, &EncryptRequest::new(&*text)).await.unwrap();
    let decrypted = keys.decrypt(KEY, &DecryptRequest::new(&*encrypted.ciphertext)).await.unwrap();
    assert!(decrypted.plaintext.expose_secret() == text);
    assert_eq!(decrypted.key_version, encrypted.key_version);
    denied(
        keys.decrypt(KEY, &DecryptRequest::new(encrypted.ciphertext.replace(&encrypted.ciphertext[40..44], "AAAA")))
            .await,
    );
    let longer = EncryptRequest::new("x".repeat(32 * 1024 + 1));
    denied(keys.encrypt(KEY, &longer).skip_validation().await);

    let local = keys.create_local_key(KEY).await.unwrap();
    let decrypted = keys.decrypt(KEY, &DecryptRequest::new(&*local.local_key_ciphertext)).await.unwrap();
    assert_eq!(decrypted.plaintext.expose_secret(), local.local_key_plaintext.expose_secret());

    let (most, more) = ("s".repeat(245), "s".repeat(246));
    let signed = keys.sign(KEY_PAIR, &SignRequest::new(&*most)).await.unwrap();
    keys.verify(KEY_PAIR, &VerifyRequest::new(&*most, &*signed.signature)).await.unwrap().require_valid().unwrap();
    let other = keys.verify(KEY_PAIR, &VerifyRequest::new("s", &*signed.signature)).await.unwrap();
    assert!(!other.result);
    denied(keys.sign(KEY_PAIR, &SignRequest::new(more)).skip_validation().await);
}

#[tokio::test]
async fn keys_are_read_by_version() {
    let sandbox = sandbox().await;
    let mac = settings(&sandbox)["NHN_CLOUD_SKM_MAC_ADDRESS"].clone();
    let nhn = nhn(&sandbox).mac_address(mac).build().unwrap();
    let (keys, versions) = (nhn.secure_key_manager_v1_0().unwrap(), nhn.secure_key_manager_v1_1().unwrap());
    let newest = keys.show_symmetric_key(KEY).await.unwrap().symmetric_key;
    let mut seen = Vec::new();
    for version in 0..3 {
        let key = versions.show_symmetric_key(KEY).key_version(version).await.unwrap();
        assert_eq!(key.key_version, version);
        seen.push(key.to_bytes().unwrap().expose_secret().to_vec());
    }
    assert_eq!(Some(newest.to_bytes().unwrap().expose_secret()), seen.last().map(Vec::as_slice));
    seen.dedup();
    assert_eq!((seen.len(), seen[0].len()), (3, 32));
    denied(versions.show_symmetric_key(KEY).key_version(7).await);
}

#[tokio::test]
async fn details_agree_with_the_entries_and_are_filtered_and_paged() {
    let key = |number: usize| {
        json!({"keyId": format!("9a{number:030}"), "name": format!("name {number}"), "keyType": "SECRET", "secret": "s",
            "deletionDatetime": (number == 3).then_some("2099-01-01T00:00:00")})
    };
    let store = json!({"name": "many", "ip4AuthUse": "Y", "ipv4List": [{"value": "127.0.0.1"}], "keys": (0..23).map(key).collect::<Vec<_>>()});
    let seed = json!({"nhn": {"skm": {"keyStores": {"9": store}}}});
    let sandbox = Sandbox::builder().seed_data(seed).start().await.unwrap();
    let keys = known(&sandbox);

    let stores = keys.list_key_store_details().await.unwrap().key_store_list;
    let ids: Vec<i64> = stores.iter().map(|store| store.key_store_id).collect();
    assert_eq!(ids, keys.list_key_stores().await.unwrap().key_store_id_list);
    assert_eq!(stores.last().unwrap().name, keys.show_key_store(9).await.unwrap().name);

    let first = keys.list_key_details(9).first_page().await.unwrap().key_list;
    assert_eq!(first.len(), 10, "the page has 10 keys unless another size is asked for");
    let all = keys.list_key_details(9).items().try_collect().await.unwrap();
    let ids: Vec<_> = all.iter().map(|key| key.key_id.clone()).collect();
    assert_eq!(ids, keys.list_keys(9).await.unwrap().key_id_list);
    let shown = keys.show_key(9, &ids[3]).await.unwrap();
    assert_eq!((&all[3].name, &all[3].key_type), (&shown.name, &shown.key_type));

    let last = keys.list_key_details(9).start_at_page(3).page_size(10).first_page().await.unwrap().key_list;
    assert_eq!(last.iter().map(|key| &*key.name).collect::<Vec<_>>(), ["name 20", "name 21", "name 22"]);
    let count = async |call: nhn_security::secure_key_manager::v1_0::ListKeyDetails| {
        call.page_size(100).first_page().await.unwrap().key_list.len()
    };
    assert_eq!(count(keys.list_key_details(9).status(KeyState::Inactive)).await, 1);
    assert_eq!(count(keys.list_key_details(9).status(KeyState::Active)).await, 22);
    assert_eq!(count(keys.list_key_details(9).r#type(KeyType::SymmetricKey)).await, 0);
    assert_eq!(count(keys.list_key_details(9).r#type(KeyType::Secret).name("name 7")).await, 1);
    assert!(keys.list_key_details(9).page_size(9).first_page().await.is_err());
}

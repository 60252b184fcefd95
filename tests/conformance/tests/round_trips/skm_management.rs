//! Keys, credentials and key stores of Secure Key Manager that are created, changed and deleted.

use std::time::Duration;

use cloud_sandbox::{Fault, Sandbox};
use nhn_security::secure_key_manager::types::{
    AddCertificateRequest, AddIpv4AddressRequest, AddMacAddressRequest, AuthMode, CertificateToDelete,
    CreateKeyRequest, CreateSecretRequest, DecryptRequest, EncryptRequest, Ipv4AddressToDelete, KeyStoreSettings,
    MacAddressToDelete, SignStandardRequest, SignatureAlgorithm, UpdateSecretRequest, VerifyStandardRequest,
};
use nhn_security::secure_key_manager::{Client, v1_0, v1_2};
use nhn_security::{ErrorCategory, Networks, Nhn};

use super::common::{nhn, sandbox, settings};

/// The store of the default seed that asks for the IPv4 address alone.
const SERVERS: &str = "servers";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn handle(sandbox: &Sandbox) -> Nhn {
    nhn(sandbox).mac_address(settings(sandbox)["NHN_CLOUD_SKM_MAC_ADDRESS"].clone()).build().unwrap()
}

fn clients(sandbox: &Sandbox) -> (Client, v1_2::Client, v1_0::Client) {
    let nhn = handle(sandbox);
    let newer = (nhn.secure_key_manager().unwrap(), nhn.secure_key_manager_v1_2().unwrap());
    (newer.0, newer.1, nhn.secure_key_manager_v1_0().unwrap())
}

fn new_key(store: &str, name: &str, rotation: i64) -> CreateKeyRequest {
    let request = CreateKeyRequest::builder().key_store_name(store).name(name).description("");
    request.auto_rotation_period(rotation).build()
}

fn new_secret(store: &str, name: &str, value: &str) -> CreateSecretRequest {
    let request = CreateSecretRequest::builder().key_store_name(store).name(name).description("");
    request.secret_value(value).build()
}

fn store(name: &str, mode: AuthMode, uses: [bool; 3]) -> KeyStoreSettings {
    let settings = KeyStoreSettings::builder().name(name).description("made by a test").auth_mode(mode);
    settings.ip4_auth_use(uses[0]).mac_auth_use(uses[1]).certificate_auth_use(uses[2]).build()
}

/// Fails unless the service refused for this reason.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: nhn_security::Result<T>, reason: &str) {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(reason), "{error}");
}

#[tokio::test]
async fn key_of_a_newer_version_works_in_older_ones() {
    let sandbox = sandbox().await;
    let (keys, with_key, old) = clients(&sandbox);
    let made = keys.create_symmetric_key(&new_key(SERVERS, "made by 1.3", 0)).await.unwrap();
    assert_eq!((made.key_id.len(), &*made.key_status), (32, "ACTIVE"));
    let encrypted = old.encrypt(&made.key_id, &EncryptRequest::new("text")).await.unwrap();
    let decrypted = with_key.decrypt(&made.key_id, &DecryptRequest::new(encrypted.ciphertext)).await.unwrap();
    assert_eq!(decrypted.plaintext.expose_secret(), "text");
    refused(with_key.create_symmetric_key(&new_key(SERVERS, "made by 1.3", 0)).await, "Duplicate Name");
    refused(keys.create_symmetric_key(&new_key("nowhere", "x", 0)).await, "Invalid Key Store Name");
    refused(keys.create_symmetric_key(&new_key(SERVERS, "x", 29)).await, "autoRotationPeriod");

    let secret = with_key.create_secret(&new_secret(SERVERS, "made by 1.2", "first")).await.unwrap().key_id;
    assert_eq!(old.show_secret(&secret).await.unwrap().secret.expose_secret(), "first");
    let changed = keys.update_secret(&secret, &UpdateSecretRequest::new("second")).await.unwrap();
    assert_eq!((&*changed.name, changed.secret_value.expose_secret()), ("made by 1.2", "second"));
    assert_eq!(old.show_secret(&secret).await.unwrap().secret.expose_secret(), "second");
    refused(keys.update_secret(&made.key_id, &UpdateSecretRequest::new("x")).await, "Invalid Key Id");
}

#[tokio::test]
async fn created_key_pair_signs_for_both_kinds_of_verification() {
    let sandbox = sandbox().await;
    let (keys, ..) = clients(&sandbox);
    let id = keys.create_asymmetric_key(&new_key(SERVERS, "pair", 0)).await.unwrap().key_id;
    let sign = SignStandardRequest::new([0, 159, 146, 150], SignatureAlgorithm::RsassaPss);
    let signed = keys.sign_standard(&id, &sign).await.unwrap();
    assert_eq!((signed.salt_length, signed.mgf_algorithm.as_deref()), (Some(32), Some("MGF1-SHA-256")));
    let verify = |algorithm: SignatureAlgorithm, version: i64| {
        let request = VerifyStandardRequest::builder().plaintext([0, 159, 146, 150]).signature(&*signed.signature);
        request.algorithm(algorithm).key_version(version).build()
    };
    let good = keys.verify_standard(&id, &verify(SignatureAlgorithm::RsassaPss, 0)).await.unwrap();
    good.require_valid().unwrap();
    let other = keys.verify_standard(&id, &verify(SignatureAlgorithm::RsassaPkcs1V15, 0)).await.unwrap();
    assert!(other.require_valid().is_err());
    refused(keys.verify_standard(&id, &verify(SignatureAlgorithm::RsassaPss, 1)).await, "Invalid Key Version");
    let pkcs1 = SignStandardRequest::new([1], SignatureAlgorithm::RsassaPkcs1V15);
    let pkcs1 = keys.sign_standard(&id, &pkcs1).await.unwrap();
    assert_eq!((pkcs1.salt_length, pkcs1.mgf_algorithm), (None, None));
    let sign = |bytes| SignStandardRequest::new(vec![0; bytes], SignatureAlgorithm::RsassaPss);
    keys.sign_standard(&id, &sign(64 * 1024)).await.unwrap();
    let error = keys.sign_standard(&id, &sign(64 * 1024 + 1)).await.unwrap_err();
    assert!(error.is_unsent() && error.to_string().contains("`plaintext` must have at most 65536 bytes"), "{error}");
    refused(keys.sign_standard(&id, &sign(64 * 1024 + 1)).skip_validation().await, "at most 64 KB");
}

#[tokio::test]
async fn created_key_rotates_when_due() {
    let sandbox = sandbox().await;
    let (keys, _, old) = clients(&sandbox);
    let symmetric = keys.create_symmetric_key(&new_key(SERVERS, "rotating", 30)).await.unwrap().key_id;
    let pair = keys.create_asymmetric_key(&new_key(SERVERS, "rotating pair", 30)).await.unwrap().key_id;
    let encrypted = old.encrypt(&symmetric, &EncryptRequest::new("text")).await.unwrap();
    assert!(keys.show_key(3, &symmetric).await.unwrap().next_auto_rotation_date.is_some());
    sandbox.advance(30 * DAY);
    assert_eq!(old.encrypt(&symmetric, &EncryptRequest::new("text")).await.unwrap().key_version, 1);
    assert_eq!(keys.show_public_key(&pair).await.unwrap().key_version, 1);
    let decrypted = old.decrypt(&symmetric, &DecryptRequest::new(encrypted.ciphertext)).await.unwrap();
    assert_eq!((decrypted.plaintext.expose_secret(), decrypted.key_version), ("text", 0));
}

#[tokio::test]
async fn key_is_deleted_after_seven_days_or_at_once() {
    let sandbox = sandbox().await;
    let (keys, _, old) = clients(&sandbox);
    let secret = async |name: &str| keys.create_secret(&new_secret(SERVERS, name, "x")).await.unwrap().key_id;
    let (waiting, at_once) = (secret("waiting").await, secret("at once").await);
    refused(keys.delete_key(&at_once).await, "Invalid Key Status");
    for id in [&waiting, &at_once] {
        assert_eq!(keys.schedule_key_deletion(id).await.unwrap().key_id, *id);
        refused(old.show_secret(id).await, "Invalid Key Status");
        refused(keys.schedule_key_deletion(id).await, "Invalid Key Status");
    }
    let deleted = keys.delete_key(&at_once).await.unwrap();
    assert_eq!(deleted.key_id.as_ref(), Some(&at_once));
    assert!(deleted.deletion_date_time.is_some());
    assert!(keys.delete_key(&at_once).await.unwrap_err().is_not_found());

    sandbox.advance(7 * DAY - Duration::from_secs(60));
    let shown = keys.show_key(3, &waiting).await.unwrap();
    assert!(shown.deletion_datetime.is_some());
    sandbox.advance(Duration::from_secs(60));
    refused(keys.show_key(3, &waiting).await, "Invalid Key Id");
    assert!(!keys.list_keys(3).await.unwrap().key_id_list.contains(&waiting));
    // The name is free again.
    secret("waiting").await;
}

#[tokio::test]
async fn credentials_decide_who_may_use_a_key_store() {
    let sandbox = Sandbox::builder().mutual_tls(true).start().await.unwrap();
    let (keys, with_key, old) = clients(&sandbox);
    let made = keys.create_key_store(&store("own", AuthMode::And, [true, true, false])).await.unwrap();
    assert_eq!((made.key_store_id, &made.auth_mode), (4, &AuthMode::And));
    refused(keys.create_secret(&new_secret("own", "s", "x")).await, "IPv4 Auth Failure");
    let here: Networks = "127.0.0.0/8".parse().unwrap();
    let ipv4 = AddIpv4AddressRequest::builder().key_store_name("own").value(here.clone()).description("").build();
    keys.add_ipv4_address(&ipv4).await.unwrap();
    refused(with_key.add_ipv4_address(&ipv4).await, "Duplicate Name");
    refused(keys.create_secret(&new_secret("own", "s", "x")).await, "MAC Auth Failure");
    let mac = settings(&sandbox)["NHN_CLOUD_SKM_MAC_ADDRESS"].clone();
    let add = AddMacAddressRequest::builder().key_store_name("own").value(&*mac).description("").build();
    with_key.add_mac_address(&add).await.unwrap();
    let id = keys.create_secret(&new_secret("own", "s", "x")).await.unwrap().key_id;
    old.show_secret(&id).await.unwrap();
    assert_eq!(old.list_mac_addresses(4).await.unwrap().mac_list, std::slice::from_ref(&mac));

    // One that waits for its deletion admits nobody, and is deleted at once only then.
    let by_mac = MacAddressToDelete::new("own", &*mac);
    refused(keys.delete_mac_address(&by_mac).await, "Invalid Auth Status");
    with_key.schedule_mac_address_deletion(&by_mac).await.unwrap();
    refused(keys.schedule_mac_address_deletion(&by_mac).await, "Invalid Auth Status");
    refused(old.show_secret(&id).await, "MAC Auth Failure");
    keys.delete_mac_address(&by_mac).await.unwrap();
    refused(keys.delete_mac_address(&by_mac).await, "Invalid Auth Value");
    keys.add_mac_address(&add).await.unwrap();
    old.show_secret(&id).await.unwrap();

    let by_address = Ipv4AddressToDelete::new("own", here.clone());
    keys.schedule_ipv4_address_deletion(&by_address).await.unwrap();
    refused(old.show_secret(&id).await, "IPv4 Auth Failure");
    sandbox.advance(7 * DAY);
    refused(keys.delete_ipv4_address(&by_address).await, "Invalid Auth Value");
    keys.add_ipv4_address(&ipv4).await.unwrap();
    old.show_secret(&id).await.unwrap();
}

#[tokio::test]
async fn added_certificate_is_issued_and_admits_its_caller() {
    let sandbox = Sandbox::builder().mutual_tls(true).start().await.unwrap();
    let (keys, _, old) = clients(&sandbox);
    keys.create_key_store(&store("by certificate", AuthMode::Or, [true, false, true])).await.unwrap();
    let here: Networks = "127.0.0.1".parse().unwrap();
    let ipv4 = AddIpv4AddressRequest::builder().key_store_name("by certificate").value(here.clone()).description("");
    keys.add_ipv4_address(&ipv4.build()).await.unwrap();
    let id = keys.create_secret(&new_secret("by certificate", "s", "of the laptop")).await.unwrap().key_id;
    let add = |days| {
        let request = AddCertificateRequest::builder().key_store_name("by certificate").name("laptop");
        request.password("a password").life_time(days).description("").build()
    };
    refused(keys.add_certificate(&add(0)).await, "lifeTime");
    keys.add_certificate(&add(30)).await.unwrap();
    let shown = keys.show_certificate(4, "laptop").await.unwrap();
    assert_eq!(shown.certificate_list[0].password.expose_secret(), "a password");
    let by_address = Ipv4AddressToDelete::new("by certificate", here);
    keys.schedule_ipv4_address_deletion(&by_address).await.unwrap();
    refused(old.show_secret(&id).await, "IPv4 Auth Failure");

    let laptop = super::skm::with_certificate::<cloud_core::transport::DefaultTransport>(&sandbox, "laptop");
    assert_eq!(laptop.show_secret(&id).await.unwrap().secret.expose_secret(), "of the laptop");
    keys.schedule_certificate_deletion(&CertificateToDelete::new("by certificate", "laptop")).await.unwrap();
    assert!(laptop.show_secret(&id).await.is_err());
    keys.delete_certificate(&CertificateToDelete::new("by certificate", "laptop")).await.unwrap();
    keys.add_certificate(&add(30)).await.unwrap();
    // The new certificate has the old one's name and nothing else of it.
    assert!(laptop.show_secret(&id).await.is_err());
    let laptop = super::skm::with_certificate::<cloud_core::transport::DefaultTransport>(&sandbox, "laptop");
    laptop.show_secret(&id).await.unwrap();
    keys.replace_key_store(4, &store("by certificate", AuthMode::And, [false, false, true])).await.unwrap();
    laptop.show_secret(&id).await.unwrap();
    sandbox.advance(31 * DAY);
    refused(laptop.show_secret(&id).await, "expired");
}

#[tokio::test]
async fn key_store_is_replaced_whole_and_deleted_when_empty() {
    let sandbox = sandbox().await;
    let (keys, ..) = clients(&sandbox);
    let id = keys.create_key_store(&store("own", AuthMode::And, [true, true, false])).await.unwrap().key_store_id;
    refused(keys.create_key_store(&store("own", AuthMode::And, [true, false, false])).await, "Duplicate Name");
    refused(keys.create_key_store(&store("none", AuthMode::And, [false; 3])).await, "must be Y");
    let here: Networks = "127.0.0.1".parse().unwrap();
    let ipv4 = AddIpv4AddressRequest::builder().key_store_name("own").value(here).description("").build();
    keys.add_ipv4_address(&ipv4).await.unwrap();
    refused(keys.show_key_store(id).await, "MAC Auth Failure");

    let mut settings = store("renamed", AuthMode::Or, [true, true, false]);
    settings.description = None;
    keys.replace_key_store(id, &settings).await.unwrap();
    let shown = keys.show_key_store(id).await.unwrap();
    assert_eq!((&*shown.name, &*shown.description, shown.mac_auth_use.get().unwrap()), ("renamed", "", &true));
    refused(keys.replace_key_store(id, &store(SERVERS, AuthMode::Or, [true; 3])).await, "Duplicate Name");
    assert!(keys.replace_key_store(99, &settings).await.unwrap_err().is_not_found());

    let secret = keys.create_secret(&new_secret("renamed", "s", "x")).await.unwrap().key_id;
    refused(keys.delete_key_store(id).await, "Invalid Key Store Status");
    keys.schedule_key_deletion(&secret).await.unwrap();
    refused(keys.delete_key_store(id).await, "Invalid Key Store Status");
    keys.delete_key(&secret).await.unwrap();
    keys.delete_key_store(id).await.unwrap();
    assert!(keys.delete_key_store(id).await.unwrap_err().is_not_found());
    // Its number is not given again.
    let next = keys.create_key_store(&store("own", AuthMode::And, [true, false, false])).await.unwrap();
    assert_eq!(next.key_store_id, id + 1);
}

#[tokio::test]
async fn repeated_deletion_after_a_lost_response_is_success() {
    let sandbox = sandbox().await;
    let (keys, ..) = clients(&sandbox);
    let id = keys.create_secret(&new_secret(SERVERS, "leaving", "x")).await.unwrap().key_id;
    keys.schedule_key_deletion(&id).await.unwrap();
    sandbox.fault(Fault::reset_after().times(1).on("nhn/secure-key-manager/delete_key").unwrap()).unwrap();
    let response = keys.delete_key(&id).send().await.unwrap();
    assert_eq!(response.parts().attempts, 2);
    // What the lost response said of it is gone.
    let deleted = response.into_inner();
    assert_eq!((deleted.key_id, deleted.deletion_date_time), (None, None));

    let store = keys.create_key_store(&store("own", AuthMode::And, [true, false, false])).await.unwrap().key_store_id;
    sandbox.fault(Fault::reset_after().times(1).on("nhn/secure-key-manager/delete_key_store").unwrap()).unwrap();
    assert_eq!(keys.delete_key_store(store).send().await.unwrap().parts().attempts, 2);
}

#[tokio::test]
async fn late_response_of_a_deletion_is_not_taken_for_a_failure() {
    let sandbox = sandbox().await;
    let (keys, ..) = clients(&sandbox);
    let id = keys.create_secret(&new_secret(SERVERS, "leaving", "x")).await.unwrap().key_id;
    keys.schedule_key_deletion(&id).await.unwrap();
    let late = Fault::late(Duration::from_secs(60)).times(1).on("nhn/secure-key-manager/delete_key").unwrap();
    sandbox.fault(late).unwrap();
    let deleted = keys.delete_key(&id).attempt_timeout(Duration::from_secs(1)).await.unwrap();
    assert_eq!(deleted.key_id, None);
}

#[tokio::test]
async fn change_that_may_have_been_executed_is_not_repeated() {
    let sandbox = sandbox().await;
    let (keys, ..) = clients(&sandbox);
    let id = keys.create_secret(&new_secret(SERVERS, "leaving", "x")).await.unwrap().key_id;
    let mac = "cc:cc:cc:cc:cc:cc";
    let add = AddMacAddressRequest::builder().key_store_name(SERVERS).value(mac).description("").build();
    keys.add_mac_address(&add).await.unwrap();
    let by_mac = MacAddressToDelete::new(SERVERS, mac);
    let lost = |operation: &str| {
        let fault = Fault::reset_after().times(1).on(&format!("nhn/secure-key-manager/{operation}")).unwrap();
        sandbox.fault(fault).unwrap();
    };
    let once = |error: nhn_security::Error| {
        assert!(error.may_have_been_executed() && error.attempts() == 1, "{error}");
    };
    lost("create_secret");
    once(keys.create_secret(&new_secret(SERVERS, "unknown", "hidden-value")).await.unwrap_err());
    lost("schedule_key_deletion");
    once(keys.schedule_key_deletion(&id).await.unwrap_err());
    lost("schedule_mac_address_deletion");
    once(keys.schedule_mac_address_deletion(&by_mac).await.unwrap_err());
    lost("delete_mac_address");
    once(keys.delete_mac_address(&by_mac).await.unwrap_err());
    // Each was executed, which only another call can tell.
    refused(keys.create_secret(&new_secret(SERVERS, "unknown", "hidden-value")).await, "Duplicate Name");
    assert!(keys.show_key(3, &id).await.unwrap().deletion_datetime.is_some());
    let gone = keys.delete_mac_address(&by_mac).await.unwrap_err();
    assert!(gone.to_string().contains("Invalid Auth Value"), "{gone}");
}

#[tokio::test]
async fn expired_and_foreign_credentials_are_refused() {
    let sandbox = Sandbox::builder().token_lifetime(Duration::from_secs(60)).start().await.unwrap();
    let (keys, with_key, _) = clients(&sandbox);
    keys.confirm_client().await.unwrap();
    // The client asks for a new token where the old one has expired on the server's clock.
    sandbox.advance(Duration::from_secs(61));
    keys.confirm_client().await.unwrap();
    with_key.confirm_client().await.unwrap();

    let set = settings(&sandbox);
    let other = nhn(&sandbox).user_access_key("another", "secret").build().unwrap();
    let error = other.secure_key_manager_v1_2().unwrap().confirm_client().await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(401), Some("401")), "{error}");
    assert_eq!(error.category(), Some(ErrorCategory::InvalidCredentials));
    let half = nhn(&sandbox).user_access_key(&*set["NHN_CLOUD_USER_ACCESS_KEY_ID"], "secret").build().unwrap();
    assert!(half.secure_key_manager_v1_2().unwrap().confirm_client().await.is_err());
    let error = other.secure_key_manager().unwrap().confirm_client().await.unwrap_err();
    assert_eq!(error.category(), Some(ErrorCategory::InvalidCredentials), "{error}");
    other.secure_key_manager_v1_0().unwrap().confirm_client().await.unwrap();

    let revoke =
        |version: &str| Fault::token_revoked().times(1).on(&format!("nhn/secure-key-manager/confirm_client/{version}"));
    sandbox.fault(revoke("1.2").unwrap()).unwrap();
    let error = with_key.confirm_client().await.unwrap_err();
    assert_eq!(error.category(), Some(ErrorCategory::InvalidCredentials), "there is no other key: {error}");
    sandbox.clear_faults();
    sandbox.fault(revoke("1.3").unwrap()).unwrap();
    // A revoked token is replaced by a new one.
    keys.confirm_client().await.unwrap();
}

#[tokio::test]
async fn changes_survive_a_restart() {
    let file = std::env::temp_dir().join(format!("cloud-sandbox-skm-management-{}.json", std::process::id()));
    let builder = Sandbox::builder().state_file(&file);
    let first = builder.clone().start().await.unwrap();
    let (keys, ..) = clients(&first);
    let store_id = keys.create_key_store(&store("kept", AuthMode::Or, [true, true, false])).await.unwrap().key_store_id;
    let here: Networks = "127.0.0.1".parse().unwrap();
    let ipv4 = AddIpv4AddressRequest::builder().key_store_name("kept").value(here.clone()).description("").build();
    keys.add_ipv4_address(&ipv4).await.unwrap();
    let pair = keys.create_asymmetric_key(&new_key("kept", "pair", 30)).await.unwrap().key_id;
    let gone = keys.create_key_store(&store("gone", AuthMode::And, [true, false, false])).await.unwrap().key_store_id;
    keys.delete_key_store(gone).await.unwrap();
    let leaving = keys.create_secret(&new_secret("kept", "leaving", "x")).await.unwrap().key_id;
    keys.schedule_key_deletion(&leaving).await.unwrap();
    first.advance(6 * DAY);
    let signed =
        keys.sign_standard(&pair, &SignStandardRequest::new(b"x", SignatureAlgorithm::RsassaPss)).await.unwrap();
    first.shutdown().await.unwrap();

    let second = builder.start().await.unwrap();
    let (keys, ..) = clients(&second);
    assert_eq!(keys.show_key_store(store_id).await.unwrap().name, "kept");
    let request = VerifyStandardRequest::builder().plaintext(b"x").signature(&*signed.signature);
    let request = request.algorithm(SignatureAlgorithm::RsassaPss).key_version(0).build();
    assert!(keys.verify_standard(&pair, &request).await.unwrap().result);
    assert!(keys.show_key(store_id, &leaving).await.is_ok());
    second.advance(DAY + Duration::from_secs(1));
    refused(keys.show_key(store_id, &leaving).await, "Invalid Key Id");
    let next = keys.create_key_store(&store("next", AuthMode::And, [true, false, false])).await.unwrap();
    assert!(next.key_store_id > gone, "{}", next.key_store_id);
    second.shutdown().await.unwrap();
    std::fs::remove_file(file).unwrap();
}

//! Keys of Samsung Cloud Platform: encrypt, rotate, sign, data keys, and refusals.

#![allow(deprecated, reason = "calls a version that has ended")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_sandbox::Sandbox;
use scp_security::kms::types::{
    CreateDataKeyRequest, CreateHmacRequest, CreateKeyRequest, DataKeyForm, DecryptRequest, EncryptRequest,
    ExportPublicKeyRequest, KeyPurpose, KeyState, NewKeyState, PrivateAclResourceId, RewrapRequest, SetAclCidrRequest,
    SetKeyStateRequest, SetPrivateAclRequest, SignRequest, VerifyRequest,
};
use scp_security::kms::v1_2::types::VerifyHmacRequest;
use scp_security::{Days, Hmac, Networks, Scp, Sort};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::common::{refused, sandbox, scp, tampered, version};

async fn create(scp: &Scp, name: &str, purpose: &str) -> scp_security::Result<String> {
    let wanted = CreateKeyRequest::builder()
        .name(name)
        .purpose(purpose.parse()?)
        .description("made by a round trip")
        .auto_rotate(false)
        .rotate_cycle(Days(0))
        .build();
    Ok(scp.kms().create_key(&wanted).await?.key.id)
}

#[tokio::test]
async fn error_shows_every_text_of_a_failed_validation() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let wanted = CreateKeyRequest::builder()
        .name("A")
        .purpose(KeyPurpose::Hmac)
        .description("")
        .auto_rotate(false)
        .rotate_cycle(Days(0))
        .build();
    let error = refused(scp.kms().create_key(&wanted).skip_validation().await, 400);
    assert_eq!(error.code(), Some("ValidationError"));
    assert!(error.request_id().is_some_and(|id| id.starts_with("req-")), "{error}");
    for text in ["String should have at least 3 and at most 63 characters", "; String should match pattern '"] {
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn ciphertext_of_old_key_version_is_decrypted() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let id = create(&scp, "rotating", "aes256-gcm96").await.unwrap();
    // Every byte value, 32 KB in all: the most that the service seals.
    let data: Vec<u8> = (0..=u8::MAX).cycle().take(32 * 1024).collect();

    let first = kms.encrypt(&id, &EncryptRequest::new(&data)).await.unwrap();
    assert_eq!((first.key_version, version(&first.ciphertext)), (1, 1));
    let rotated = kms.rotate_key(&id).await.unwrap();
    assert_eq!(rotated.key.current_version, 2);
    let second = kms.encrypt(&id, &EncryptRequest::new(&data)).await.unwrap();
    assert_eq!((second.key_version, version(&second.ciphertext)), (2, 2));
    let moved = kms.rewrap(&id, &RewrapRequest::new(&*first.ciphertext)).await.unwrap();
    assert_eq!((moved.key_version, version(&moved.ciphertext)), (2, 2));
    assert_ne!(moved.ciphertext, second.ciphertext, "no two sealings are alike");

    for ciphertext in [&first.ciphertext, &second.ciphertext, &moved.ciphertext] {
        let decrypted = kms.decrypt(&id, &DecryptRequest::new(&**ciphertext)).await.unwrap();
        assert!(decrypted.plaintext().unwrap().expose_secret() == data);
        refused(kms.decrypt(&id, &DecryptRequest::new(tampered(ciphertext))).await, 400);
        refused(kms.rewrap(&id, &RewrapRequest::new(tampered(ciphertext))).await, 400);
    }
    let longer = EncryptRequest::new(vec![0; 32 * 1024 + 1]);
    refused(kms.encrypt(&id, &longer).skip_validation().await, 400);

    let other = create(&scp, "another", "aes256-gcm96").await.unwrap();
    refused(kms.decrypt(&other, &DecryptRequest::new(&*first.ciphertext)).await, 400);
    for odd in ["vault:v9:AAAA", "vault:v1:not base64", "v1:AAAA", "vault:v1:AAAA"] {
        refused(kms.decrypt(&id, &DecryptRequest::new(odd)).await, 400);
    }
    let shown = kms.show_key(&id).await.unwrap().key;
    assert_eq!(shown.current_version, 2);
    assert!(shown.use_count >= 6, "{}", shown.use_count);
}

#[tokio::test]
async fn any_bytes_survive_encryption() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let id = create(&scp, "anybytes", "aes256-gcm96").await.unwrap();
    // A step of splitmix64 for each byte: every length class of Base64, up to the most that the service takes.
    let byte = |seed: u64, index: u64| {
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(index + 1));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (z >> 56) as u8
    };
    for length in [1, 2, 3, 4, 31, 32, 33, 255, 4_095, 20_000, 32 * 1024] {
        let bytes: Vec<u8> = (0..length).map(|index| byte(length, index)).collect();
        let encrypted = kms.encrypt(&id, &EncryptRequest::new(&bytes)).await.unwrap();
        let decrypted = kms.decrypt(&id, &DecryptRequest::new(encrypted.ciphertext)).await.unwrap();
        assert!(decrypted.plaintext().unwrap().expose_secret() == bytes, "{length} bytes");
    }
}

async fn signs(purpose: &str) {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let id = create(&scp, "signing", purpose).await.unwrap();
    let input = "what is signed";
    let other = "what was not";

    let old = kms.sign(&id, &SignRequest::new(input)).await.unwrap();
    kms.rotate_key(&id).await.unwrap();
    let new = kms.sign(&id, &SignRequest::new(input)).await.unwrap();
    assert_eq!((version(&old.signature), version(&new.signature)), (1, 2));
    for signature in [&old.signature, &new.signature] {
        let valid = async |input: &str, signature: &str| {
            kms.verify(&id, &VerifyRequest::new(input, signature)).await.unwrap().valid
        };
        assert!(valid(input, signature).await);
        assert!(!valid(other, signature).await);
        assert!(!valid(input, &tampered(signature)).await);
    }
    // A signature of one version is none of the other.
    let swapped = old.signature.replace("vault:v1:", "vault:v2:");
    assert!(!kms.verify(&id, &VerifyRequest::new(input, swapped)).await.unwrap().valid);
    refused(kms.verify(&id, &VerifyRequest::new(input, "vault:v3:AAAA")).await, 400);
    refused(kms.create_hmac(&id, &CreateHmacRequest::new(input)).await, 400);
}

#[tokio::test]
async fn rsa_key_signs_and_verifies() {
    signs("rsa-2048").await;
}

#[tokio::test]
async fn ecdsa_key_signs_and_verifies() {
    signs("ecdsa-p256").await;
}

#[tokio::test]
async fn hmac_is_created_and_verified() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let id = create(&scp, "coding", "hmac").await.unwrap();
    let input = "a message";
    let old = kms.create_hmac(&id, &CreateHmacRequest::new(input)).await.unwrap().hmac;
    kms.rotate_key(&id).await.unwrap();
    let new = kms.create_hmac(&id, &CreateHmacRequest::new(input)).await.unwrap().hmac;
    assert!(!old.verify_eq(&new));
    for hmac in [&old, &new] {
        let valid = async |hmac: &Hmac, input: &str| {
            scp.kms_v1_2().verify_hmac(&id, &VerifyHmacRequest::new(input, hmac.clone())).await.unwrap().valid
        };
        assert!(valid(hmac, input).await);
        assert!(!valid(hmac, "a massage").await);
        assert!(!valid(&tampered(hmac.as_str()).into(), input).await);
    }
    refused(kms.encrypt(&id, &EncryptRequest::new(b"x")).await, 400);
    refused(kms.sign(&id, &SignRequest::new(input)).await, 400);
}

#[tokio::test]
async fn wrapped_data_key_is_decrypted() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let kms = scp.kms();
    for purpose in ["aes256-gcm96", "rsa-2048"] {
        let id = create(&scp, &purpose.replace('-', ""), purpose).await.unwrap();
        let key = kms.create_data_key(&id, &CreateDataKeyRequest::new(DataKeyForm::Plaintext)).await.unwrap();
        let plain = key.require_plaintext().unwrap();
        assert_eq!(plain.expose_secret().len(), 32);
        let decrypted = kms.decrypt(&id, &DecryptRequest::new(&*key.ciphertext)).await.unwrap();
        assert_eq!(decrypted.plaintext().unwrap().expose_secret(), plain.expose_secret());

        let wrapped = kms.create_data_key(&id, &CreateDataKeyRequest::new(DataKeyForm::Wrapped)).await.unwrap();
        assert!(wrapped.plaintext.is_none());
        let decrypted = kms.decrypt(&id, &DecryptRequest::new(&*wrapped.ciphertext)).await.unwrap();
        assert_ne!(
            decrypted.plaintext().unwrap().expose_secret(),
            plain.expose_secret(),
            "every data key is a new one"
        );
    }
}

#[tokio::test]
async fn stopped_or_deleted_key_refuses_calls() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let id = create(&scp, "shortlived", "aes256-gcm96").await.unwrap();
    let encrypted = kms.encrypt(&id, &EncryptRequest::new(b"x")).await.unwrap().ciphertext;
    let refuses = async || {
        refused(kms.encrypt(&id, &EncryptRequest::new(b"x")).await, 400);
        refused(kms.decrypt(&id, &DecryptRequest::new(&*encrypted)).await, 400);
        refused(kms.rewrap(&id, &RewrapRequest::new(&*encrypted)).await, 400);
        refused(kms.create_data_key(&id, &CreateDataKeyRequest::new(DataKeyForm::Wrapped)).await, 400);
        refused(kms.rotate_key(&id).await, 400);
    };
    let stopped = kms.set_key_state(&id, &SetKeyStateRequest::new(NewKeyState::Stop)).await.unwrap().key;
    assert_eq!(stopped.state, Some(KeyState::Stop));
    refuses().await;
    kms.set_key_state(&id, &SetKeyStateRequest::new(NewKeyState::Active)).await.unwrap();
    let decrypted = kms.decrypt(&id, &DecryptRequest::new(&*encrypted)).await.unwrap();
    assert_eq!(decrypted.plaintext().unwrap().expose_secret(), b"x");

    kms.delete_key(&id).await.unwrap();
    let going = kms.show_key(&id).await.unwrap().key;
    assert_eq!(going.state, Some(KeyState::ToBeTerminated));
    assert!(going.delete_at.is_some());
    refuses().await;
    refused(kms.set_key_state(&id, &SetKeyStateRequest::new(NewKeyState::Active)).await, 400);
    kms.delete_key(&id).immediately(true).await.unwrap();
    refused(kms.show_key(&id).await, 404);
}

#[tokio::test]
async fn key_names_are_unique_and_lists_are_paged() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let seeds = kms.list_keys().first_page().await.unwrap().count;
    for number in 0..5 {
        create(&scp, &format!("paged{number}"), "aes256-gcm96").await.unwrap();
    }
    refused(create(&scp, "paged0", "hmac").await, 400);
    refused(create(&scp, "sovereign", "aria").await, 400);
    assert_eq!(kms.check_duplicate_name("paged0").await.unwrap().is_duplicate_name, Some(true));
    assert_eq!(kms.check_duplicate_name("paged9").await.unwrap().is_duplicate_name, Some(false));
    assert_eq!(kms.list_keys().first_page().await.unwrap().count, seeds + 5);

    let mut names = Vec::new();
    let mut items = kms.list_keys().size(2).sort(Sort::descending("name")).items();
    while let Some(key) = items.next().await {
        names.push(key.unwrap().name);
    }
    assert_eq!(names.len() as i64, seeds + 5);
    assert!(names.is_sorted_by(|before, after| before > after), "{names:?}");
    let third = kms.list_keys().size(2).start_at_page(2).sort(Sort::descending("name")).first_page().await.unwrap();
    assert_eq!((third.count, &*third.keys[0].name), (seeds + 5, &*names[4]));
    let one = kms.list_keys().name("paged3").first_page().await.unwrap();
    assert_eq!((one.count, one.keys.len()), (1, 1));
}

/// Signs over 1.2, exports over 1.4, and verifies with ring, which did not sign.
async fn exports(purpose: &str, algorithm: &'static dyn ring::signature::VerificationAlgorithm) {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let id = create(&scp, "exported", purpose).await.unwrap();
    let input = "a message";
    let first = scp.kms_v1_2().sign(&id, &SignRequest::new(input)).await.unwrap().signature;
    kms.rotate_key(&id).await.unwrap();
    let second = kms.sign(&id, &SignRequest::new(input)).await.unwrap().signature;
    let export = async |version: Option<i64>| {
        let mut wanted = ExportPublicKeyRequest::default();
        wanted.key_version = version;
        kms.export_public_key(&id, &wanted).await
    };
    let verifies = |pem: &str, signature: &str, input: &str| {
        let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        assert_eq!(block.label, "PUBLIC KEY");
        let (rest, key) = SubjectPublicKeyInfo::from_der(&block.contents).unwrap();
        assert!(rest.is_empty());
        let key = ring::signature::UnparsedPublicKey::new(algorithm, key.subject_public_key.data.as_ref());
        let signature = STANDARD.decode(signature.rsplit_once(':').unwrap().1).unwrap();
        key.verify(input.as_bytes(), &signature).is_ok()
    };
    let newest = export(None).await.unwrap();
    assert_eq!((newest.key_version, newest.latest_version, newest.purpose.as_str()), (2, 2, purpose));
    let pem = newest.public_key.as_str();
    assert!(verifies(pem, &second, input), "{purpose}");
    assert!(!verifies(pem, &second, "a massage") && !verifies(pem, &first, input), "{purpose}");
    let oldest = export(Some(1)).await.unwrap();
    assert_eq!((oldest.key_version, oldest.latest_version), (1, 2));
    assert!(verifies(oldest.public_key.as_str(), &first, input), "{purpose}");
    refused(export(Some(3)).await, 400);
}

#[tokio::test]
async fn exported_rsa_key_verifies_signatures() {
    exports("rsa-2048", &ring::signature::RSA_PSS_2048_8192_SHA256).await;
}

#[tokio::test]
async fn exported_ecdsa_key_verifies_signatures() {
    exports("ecdsa-p256", &ring::signature::ECDSA_P256_SHA256_ASN1).await;
}

#[tokio::test]
async fn symmetric_key_has_no_public_key() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    for purpose in ["aes256-gcm96", "hmac"] {
        let id = create(&scp, &purpose.replace('-', ""), purpose).await.unwrap();
        let error = refused(scp.kms().export_public_key(&id, &ExportPublicKeyRequest::default()).await, 400);
        assert!(error.to_string().contains("no public key"), "{error}");
    }
}

#[tokio::test]
async fn networks_of_a_key_hold_in_every_version() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let networks = |text: &str| text.parse::<Networks>().unwrap();
    let wanted = CreateKeyRequest::builder()
        .name("fenced")
        .purpose(KeyPurpose::Aes256Gcm96)
        .description("")
        .auto_rotate(false)
        .rotate_cycle(Days(0))
        .acl_cidr(networks("198.51.100.0/24"))
        .build();
    let made = kms.create_key(&wanted).await.unwrap().key;
    let id = made.id;
    assert_eq!(made.acl_cidr.unwrap().get().unwrap().to_string(), "198.51.100.0/24");
    // Nobody on the loopback network uses the key, whichever version the call names.
    let encrypt = EncryptRequest::new(b"x");
    let codes = [
        refused(kms.encrypt(&id, &encrypt).await, 400),
        refused(scp.kms_v1_3().encrypt(&id, &encrypt).await, 400),
        refused(scp.kms_v1_2().encrypt(&id, &encrypt).await, 400),
    ];
    assert!(codes.iter().all(|error| error.code() == Some("source-cidr-error")), "{codes:?}");
    // Managing a key is no use of it, and the list shows no networks.
    assert_eq!(scp.kms_v1_2().show_key(&id).await.unwrap().key.name, "fenced");

    let opened = SetAclCidrRequest::new(networks("198.51.100.0/24, 127.0.0.0/8"));
    let shown = kms.set_acl_cidr(&id, &opened).await.unwrap().key;
    assert_eq!(shown.acl_cidr.unwrap().get().unwrap().to_string(), "198.51.100.0/24, 127.0.0.0/8");
    let encrypted = scp.kms_v1_2().encrypt(&id, &encrypt).await.unwrap();
    let decrypted = kms.decrypt(&id, &DecryptRequest::new(encrypted.ciphertext)).await.unwrap();
    assert_eq!(decrypted.plaintext().unwrap().expose_secret(), b"x");
}

#[tokio::test]
async fn private_resources_of_a_key_are_stored_and_shut_others_out() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let id = create(&scp, "private", "aes256-gcm96").await.unwrap();
    let encrypt = EncryptRequest::new(b"x");
    kms.encrypt(&id, &encrypt).await.unwrap();
    // An enabled list without resources would shut everybody out.
    let wanted = SetPrivateAclRequest::default().with_private_acl_enabled(true);
    refused(kms.set_private_acl(&id, &wanted).await, 400);
    let wanted = wanted.with_private_acl_resources(vec![PrivateAclResourceId::default().with_resource_id("vs-1")]);
    let shown = kms.set_private_acl(&id, &wanted).await.unwrap().key;
    assert_eq!(shown.private_acl_enabled, Some(true));
    let named = shown.private_acl_resources.unwrap();
    assert_eq!(named[0].resource_id.as_deref(), Some("vs-1"));
    let error = refused(scp.kms_v1_2().encrypt(&id, &encrypt).await, 400);
    assert_eq!(error.code(), Some("source-cidr-error"));
    let shown = kms.show_key(&id).await.unwrap().key;
    assert_eq!((shown.private_acl_enabled, shown.acl_cidr.is_none()), (Some(true), true));
}

#[tokio::test]
async fn keys_are_the_same_in_all_api_versions() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let id = create(&scp, "shared", "aes256-gcm96").await.unwrap();
    let encrypted = scp.kms_v1_0().encrypt(&id, &EncryptRequest::new(b"x")).await.unwrap();
    let decrypted = scp.kms_v1_1().decrypt(&id, &DecryptRequest::new(encrypted.ciphertext)).await.unwrap();
    assert_eq!(decrypted.plaintext().unwrap().expose_secret(), b"x");
    assert_eq!(scp.kms_v1_0().show_key(&id).await.unwrap().key.use_count, 2);
}

#[tokio::test]
async fn aria_keys_exist_in_the_sovereign_environment() {
    let sandbox = Sandbox::builder().sovereign(true).start().await.unwrap();
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let id = create(&scp, "korean", "aria").await.unwrap();
    let encrypted = kms.encrypt(&id, &EncryptRequest::new("아리아".as_bytes())).await.unwrap().ciphertext;
    refused(kms.decrypt(&id, &DecryptRequest::new(tampered(&encrypted))).await, 400);
    let decrypted = kms.decrypt(&id, &DecryptRequest::new(encrypted)).await.unwrap();
    assert_eq!(decrypted.plaintext().unwrap().expose_secret(), "아리아".as_bytes());
}

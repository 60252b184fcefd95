//! Secrets of Samsung Cloud Platform: versions, labels, access lists, passwords.

use cloud_sandbox::Sandbox;
use scp_security::kms::types::{NewKeyState, SetKeyStateRequest};
use scp_security::secrets_manager::types::{
    CreateSecretRequest, DeleteSecretRequest, GenerateRandomPasswordRequest, SetAclCidrRequest, SetVersionLabelRequest,
    ShowSecretValueRequest, UpdateSecretValueRequest,
};
use scp_security::{Days, ErrorKind, Networks, Scp, SecretJson, Sort};

use super::common::{refused, sandbox, scp};

/// A key of the default seed that seals.
const KMS_KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";

async fn create(scp: &Scp, value: &str) -> scp_security::Result<String> {
    let wanted = CreateSecretRequest::builder()
        .name("roundtrip")
        .kms_id(KMS_KEY)
        .acl_cidr("127.0.0.1/32".parse::<Networks>()?)
        .secret_value(value.parse()?)
        .build();
    Ok(scp.secrets_manager().create_secret(&wanted).await?.secret.id)
}

async fn read(scp: &Scp, id: &str, label: Option<&str>, version: Option<&str>) -> scp_security::Result<String> {
    let mut wanted = ShowSecretValueRequest::default();
    wanted.label = label.map(str::to_owned);
    wanted.version_id = version.map(str::to_owned);
    let shown = scp.secrets_manager().show_secret_value(id, &wanted).await?;
    Ok(shown.secret_value()?.expose_secret().to_owned())
}

fn value(password: &str) -> String {
    format!("{{\"user\":\"app\",\"password\":\"{password}\"}}")
}

/// The ids of the versions, oldest first.
async fn versions(scp: &Scp, id: &str) -> Vec<String> {
    let list =
        scp.secrets_manager().list_secret_versions(id).sort(Sort::ascending("created_at")).first_page().await.unwrap();
    let ids = list.version_list.iter().map(|version| version.get("version_id").unwrap().as_str().unwrap().to_owned());
    ids.collect()
}

#[tokio::test]
async fn secret_label_moves_between_versions() {
    let sandbox = Sandbox::builder().seed(7).start().await.unwrap();
    let scp = scp(&sandbox);
    let secrets = scp.secrets_manager();
    let id = create(&scp, &value("one")).await.unwrap();
    for password in ["two", "three"] {
        // Versions of the same instant would have no order in the list.
        sandbox.advance(std::time::Duration::from_secs(1));
        let next =
            UpdateSecretValueRequest::new(SecretJson::from_pairs([("user", "app"), ("password", password)]).unwrap());
        secrets.update_secret_value(&id, &next).await.unwrap();
    }
    let ids = versions(&scp, &id).await;
    assert_eq!(ids.len(), 3);
    assert_eq!(read(&scp, &id, None, None).await.unwrap(), value("three"));
    assert_eq!(read(&scp, &id, Some("CURRENT"), None).await.unwrap(), value("three"));
    for (version, password) in ids.iter().zip(["one", "two", "three"]) {
        assert_eq!(read(&scp, &id, None, Some(version)).await.unwrap(), value(password));
    }

    let label = async |to: Option<&str>, from: Option<&str>| {
        let mut moved = SetVersionLabelRequest::new("stable");
        moved.move_to_version_id = to.map(str::to_owned).map(Into::into).unwrap_or_default();
        moved.remove_from_version_id = from.map(str::to_owned).map(Into::into).unwrap_or_default();
        secrets.set_version_label(&id, &moved).await
    };
    label(Some(&ids[0]), None).await.unwrap();
    assert_eq!(read(&scp, &id, Some("stable"), None).await.unwrap(), value("one"));
    refused(label(Some(&ids[1]), None).await, 400);
    label(Some(&ids[1]), Some(&ids[0])).await.unwrap();
    assert_eq!(read(&scp, &id, Some("stable"), None).await.unwrap(), value("two"));
    label(None, Some(&ids[1])).await.unwrap();
    assert!(read(&scp, &id, Some("stable"), None).await.is_err());
    assert_eq!(read(&scp, &id, None, None).await.unwrap(), value("three"), "the current version is another matter");
}

#[tokio::test]
async fn caller_outside_the_acl_is_refused() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let secrets = scp.secrets_manager();
    let id = create(&scp, &value("x")).await.unwrap();
    let only = async |list: Option<&str>| {
        let list = match list {
            Some(list) => SetAclCidrRequest::new(list.parse::<Networks>()?),
            None => SetAclCidrRequest::without_limit(),
        };
        secrets.set_acl_cidr(&id, &list).await.map(drop)
    };
    only(Some("192.168.0.0/25")).await.unwrap();
    let error = refused(read(&scp, &id, None, None).await, 400);
    assert_eq!(error.code(), Some("source-cidr-error"), "{error}");
    only(None).await.unwrap();
    refused(read(&scp, &id, None, None).await, 400);
    only(Some("192.168.0.0/25, 127.0.0.0/25")).await.unwrap();
    assert_eq!(read(&scp, &id, None, None).await.unwrap(), value("x"));
    refused(only(Some("127.0.0.0/8")).await, 400);
    for odd in ["127.0.0.1/33", "localhost"] {
        assert_eq!(only(Some(odd)).await.unwrap_err().kind(), ErrorKind::Request, "{odd}");
    }
}

#[tokio::test]
async fn deleted_secret_is_restored() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let secrets = scp.secrets_manager();
    let id = create(&scp, &value("x")).await.unwrap();
    secrets.delete_secret(&id, &DeleteSecretRequest::new(Days(7))).await.unwrap();
    assert!(read(&scp, &id, None, None).await.is_err());
    assert!(secrets.show_secret(&id).await.unwrap().secret.deleted_at.is_some());
    sandbox.advance(std::time::Duration::from_secs(6 * 24 * 3600));
    secrets.restore_secret(&id).await.unwrap();
    assert_eq!(read(&scp, &id, None, None).await.unwrap(), value("x"));

    secrets.delete_secret(&id, &DeleteSecretRequest::new(Days(7))).await.unwrap();
    sandbox.advance(std::time::Duration::from_secs(8 * 24 * 3600));
    assert!(secrets.restore_secret(&id).await.is_err());
    assert!(read(&scp, &id, None, None).await.is_err());
}

#[tokio::test]
async fn deleted_keys_and_secrets_stay_listed_with_the_time_of_their_deletion() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let (secrets, kms) = (scp.secrets_manager(), scp.kms());
    create(&scp, &value("x")).await.unwrap();
    // As the guide does it: what is scheduled is skipped, so a second round finds nothing to do.
    let round = async || {
        let mut deleted = 0;
        for secret in secrets.list_secrets().items().try_collect().await.unwrap() {
            if secret.deleted_at.is_none() {
                secrets.delete_secret(&secret.id, &DeleteSecretRequest::new(Days(7))).await.unwrap();
                deleted += 1;
            }
        }
        for key in kms.list_keys().items().try_collect().await.unwrap() {
            if key.delete_at.is_none() {
                kms.delete_key(&key.id).await.unwrap();
                deleted += 1;
            }
        }
        deleted
    };
    let counts = async || {
        (secrets.list_secrets().first_page().await.unwrap().count, kms.list_keys().first_page().await.unwrap().count)
    };
    let before = counts().await;
    assert_eq!(i64::from(round().await), before.0 + before.1);
    assert_eq!((round().await, counts().await), (0, before));
    sandbox.advance(std::time::Duration::from_secs(72 * 3600));
    assert_eq!(counts().await, (before.0, 0));
    sandbox.advance(std::time::Duration::from_secs(4 * 24 * 3600));
    assert_eq!(counts().await, (0, 0));
}

#[tokio::test]
async fn secret_value_needs_an_active_key_and_a_valid_form() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let id = create(&scp, &value("x")).await.unwrap();
    scp.kms().set_key_state(KMS_KEY, &SetKeyStateRequest::new(NewKeyState::Stop)).await.unwrap();
    refused(read(&scp, &id, None, None).await, 400);
    scp.kms().set_key_state(KMS_KEY, &SetKeyStateRequest::new(NewKeyState::Active)).await.unwrap();
    read(&scp, &id, None, None).await.unwrap();

    let eleven: Vec<_> = (0..11).map(|number| format!("\"key{number}\":\"x\"")).collect();
    for odd in ["no object".to_owned(), format!("{{{}}}", eleven.join(","))] {
        assert!(create(&scp, &odd).await.unwrap_err().is_unsent(), "{odd}");
    }
}

#[tokio::test]
async fn random_passwords_follow_their_options() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let secrets = scp.secrets_manager();
    let make = async |wanted: &GenerateRandomPasswordRequest| {
        secrets.generate_random_password(wanted).await.map(|made| made.random_password.expose_secret().to_owned())
    };
    let digits = GenerateRandomPasswordRequest::default()
        .with_password_length(24)
        .with_exclude_lowercase(true)
        .with_exclude_uppercase(true)
        .with_exclude_punctuation(true)
        .with_exclude_characters("0123");
    let (first, second) = (make(&digits).await.unwrap(), make(&digits).await.unwrap());
    assert_ne!(first, second);
    for password in [first, second] {
        assert_eq!(password.len(), 24);
        assert!(password.bytes().all(|byte| (b'4'..=b'9').contains(&byte)), "{password}");
    }
    let nothing = GenerateRandomPasswordRequest::default()
        .with_exclude_lowercase(true)
        .with_exclude_uppercase(true)
        .with_exclude_punctuation(true)
        .with_exclude_numbers(true);
    refused(make(&nothing).await, 400);
    let each = GenerateRandomPasswordRequest::default().with_password_length(8).with_require_each_included_type(true);
    for _ in 0..20 {
        let password = make(&each).await.unwrap();
        let has = |kind: fn(&u8) -> bool| password.as_bytes().iter().any(kind);
        assert!(has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit), "{password}");
        assert!(has(u8::is_ascii_punctuation), "{password}");
    }
}

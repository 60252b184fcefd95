//! 17: IDs of one kind in the place of another.

use nhn_security::secure_key_manager::types::{EncryptRequest as NhnEncryptRequest, SignRequest};
use risken_aws::aws::types::{DeleteAwsRequest, DetachDataSourceRequest};
use risken_aws::{AwsDataSourceId, AwsId, ProjectId};
use scp_security::kms::types::EncryptRequest;
use scp_security::secrets_manager::types::ShowSecretValueRequest;

use crate::common::{nhn, risken, sandbox, scp};

/// The program of 17, and others that take an ID from the wrong field. The arguments as they should be succeed.
#[tokio::test]
async fn id_of_another_kind_names_nothing() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let (kms, secrets, vaults) = (scp.kms(), scp.secrets_manager(), scp.secret_vault());
    let secret = secrets.list_secrets().first_page().await.unwrap().secret.remove(0);
    let versions = secrets.list_secret_versions(&secret.id).first_page().await.unwrap().version_list;
    let version = versions[0].get("version_id").and_then(|id| id.as_str().map(str::to_owned)).unwrap();
    let version = &*version;
    let vault = vaults.list_secret_vaults().await.unwrap().secret_vaults.remove(0);
    let certificates = scp.certificate_manager();
    let certificate = certificates.list_certificates().first_page().await.unwrap().certificates.remove(0);

    let of = |version: &str| {
        let mut body = ShowSecretValueRequest::default();
        body.version_id = Some(version.to_owned());
        body
    };
    secrets.show_secret_value(&secret.id, &of(version)).await.unwrap();
    kms.encrypt(&secret.kms_id, &EncryptRequest::new(b"x")).await.unwrap();
    vaults.show_secret_vault(&vault.id).await.unwrap();
    certificates.show_certificate(&certificate.id).await.unwrap();

    let own = [&*secret.kms_id, &secret.id, version, &vault.id, &certificate.id];
    for id in own.into_iter().chain([&*secret.account_id]) {
        let right = own.map(|own| own == id);
        let found = [
            kms.show_key(id).await.is_ok(),
            secrets.show_secret_value(id, &ShowSecretValueRequest::default()).await.is_ok(),
            secrets.show_secret_value(&secret.id, &of(id)).await.is_ok(),
            vaults.show_secret_vault(id).await.is_ok(),
            certificates.show_certificate(id).await.is_ok(),
        ];
        assert_eq!(found, right, "{id}");
    }
    let error = secrets.show_secret_value(&secret.kms_id, &of(version)).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");

    let keys = nhn(&sandbox).secure_key_manager().unwrap();
    let mut kinds = Vec::new();
    for id in keys.list_keys(1).await.unwrap().key_id_list {
        kinds.push([
            keys.show_secret(&id).await.is_ok(),
            keys.encrypt(&id, &NhnEncryptRequest::new("x")).await.is_ok(),
            keys.sign(&id, &SignRequest::new("x")).await.is_ok(),
        ]);
    }
    kinds.sort_unstable();
    let (secret, symmetric, asymmetric) = ([true, false, false], [false, true, false], [false, false, true]);
    assert_eq!(kinds, [asymmetric, symmetric, secret, secret]);
}

/// RISKEN reports success for what does not exist, with the SDK too; only the sandbox's log tells.
#[tokio::test]
async fn risken_succeeds_and_the_log_says_that_nothing_was_there() {
    let sandbox = sandbox().await;
    let aws = risken(&sandbox).aws();
    let project = ProjectId::new(1001).unwrap();
    let account = aws.list_aws(project).await.unwrap().aws.unwrap().remove(0).id().unwrap();
    let sources = aws.list_data_sources(project, account).await.unwrap().data_source.unwrap();
    let source = sources.iter().find(|source| source.is_attached()).unwrap().id().unwrap();
    let detach = |aws: AwsId, source: AwsDataSourceId| {
        DetachDataSourceRequest::builder().project_id(project).aws_id(aws).aws_data_source_id(source).build()
    };
    // Only their numbers can be mixed up.
    let (odd_account, odd_source) = (AwsId::new(source.get()).unwrap(), AwsDataSourceId::new(account.get()).unwrap());
    aws.detach_data_source(&detach(odd_account, odd_source)).await.unwrap();
    aws.delete_aws(&DeleteAwsRequest::new(project, odd_account)).await.unwrap();
    aws.detach_data_source(&detach(account, source)).await.unwrap();
    let calls = sandbox.calls();
    let noted: Vec<_> = calls[2..].iter().map(|call| call.note.is_some()).collect();
    assert_eq!(noted, [true, true, false]);
    assert!(calls.iter().filter_map(|call| call.note.as_deref()).all(|note| note.starts_with("nothing was there")));
}

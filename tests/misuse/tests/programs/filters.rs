//! 1 and 4: filters that are not set, and names that are a part of another name.

#![allow(deprecated, reason = "calls a version that has ended")]

use std::sync::Arc;

use crate::common::{nhn_with, risken_with, sandbox, scp, scp_with};
use risken_aws::{AwsId, ProjectId};
use scp_security::kms::types::KeyPurpose;
use scp_security::secrets_manager::types::{CreateSecretRequest, SecretState};
use scp_security::testing::FakeTransport;
use scp_security::{BoxFuture, ErrorKind, Networks, Result, SecretJson, Sort};

type Case = (&'static str, BoxFuture<'static, Result<()>>);

fn case<T: 'static>(name: &'static str, call: impl Future<Output = Result<T>> + Send + 'static) -> Case {
    (name, Box::pin(async move { call.await.map(drop) }))
}

#[tokio::test]
async fn empty_text_and_zero_id_are_refused_as_filters_on_every_list() {
    let transport = Arc::new(FakeTransport::new().answer(200, "{}"));
    let (scp, nhn, risken) = (scp_with(&transport), nhn_with(&transport), risken_with(&transport));
    let (kms, secrets) = (scp.kms(), scp.secrets_manager());
    let (certificates, inspection) = (scp.certificate_manager(), scp.config_inspection());
    let keys = nhn.secure_key_manager().unwrap();
    let (aws, findings, project) = (risken.aws(), risken.finding(), ProjectId::new(1001).unwrap());
    let cases = [
        case("name", kms.list_keys().name("").first_page()),
        case("sort", kms.list_keys().sort(Sort::ascending("")).first_page()),
        case("sort", kms.list_keys().sort(Sort::descending("name:asc")).first_page()),
        case("name", kms.list_managed_keys().name("").items().try_collect()),
        case("name", scp.kms_v1_0().list_keys().name("").items().into_listing()),
        case("name", secrets.list_secrets().name("").skip_validation().first_page()),
        case("state", secrets.list_secrets().state([]).first_page()),
        case("state", secrets.list_secrets().state(Vec::new()).skip_validation().first_page()),
        case("cn", certificates.list_certificates().cn("").first_page()),
        case("name", certificates.list_certificates().name("x").name("").first_page()),
        case("state", certificates.list_certificates().state(["VALID", ""]).first_page()),
        case("diagnosis_name", inspection.list_diagnoses().diagnosis_name("").first_page()),
        case("diagnosis_id", inspection.list_diagnoses().diagnosis_id("").first_page()),
        case("marker", inspection.list_diagnosis_results().start_at_marker("").first_page()),
        case("name", keys.list_key_details(9).name("").first_page()),
        case("data_source", aws.list_data_sources(project, AwsId::new(7).unwrap()).data_source("")),
        case("aws_account_id", aws.list_aws(project).aws_account_id("")),
        case("data_source", findings.list_findings(project).data_source([""]).first_page()),
        case("data_source", findings.list_findings(project).data_source(["a".repeat(65)]).first_page()),
        case("resource_name", findings.list_findings(project).resource_name(["b".repeat(513)]).first_page()),
        case("to_score", findings.list_findings(project).to_score(0.0).first_page()),
        case("to_score", findings.list_findings(project).to_score(1.01).first_page()),
        case("from_score", findings.list_findings(project).from_score(-0.1).first_page()),
    ];
    for (index, (name, call)) in cases.into_iter().enumerate() {
        let error = call.await.expect_err(name);
        assert_eq!(error.kind(), ErrorKind::Request, "{index} {name}: {error}");
        assert!(error.to_string().contains(&format!("`{name}` must")), "{index} {name}: {error}");
        assert!(error.is_unsent());
    }
    assert_eq!(transport.sent().len(), 0);
}

#[tokio::test]
async fn zero_of_pages_and_sizes_is_sent() {
    let transport = Arc::new(FakeTransport::new().answer(200, r#"{"count":0,"keys":[],"page":0,"size":0,"sort":[]}"#));
    scp_with(&transport).kms().list_keys().size(0).start_at_page(0).first_page().await.unwrap();
    assert!(transport.sent()[0].uri().to_string().ends_with("?size=0&page=0"), "{:?}", transport.sent());
}

#[tokio::test]
async fn last_value_of_a_filter_is_the_only_one() {
    let transport = Arc::new(
        FakeTransport::new().answer(204, "").answer(200, r#"{"count":0,"secret":[],"page":0,"size":0,"sort":[]}"#),
    );
    let scp = scp_with(&transport);
    scp.kms().delete_key("k").immediately(true).immediately(false).await.unwrap();
    let list = scp
        .secrets_manager()
        .list_secrets()
        .size(5)
        .state([SecretState::Active])
        .size(10)
        .state([SecretState::ToBeTerminated, SecretState::Active]);
    list.first_page().await.unwrap();
    let sent: Vec<_> = transport.sent().iter().map(|request| request.uri().query().unwrap().to_owned()).collect();
    assert_eq!(sent, ["is_directly=false", "size=10&state=To_Be_Terminated&state=Active"]);
}

/// The program of 1: an account that is not found must not delete all.
#[tokio::test]
async fn unset_id_deletes_no_account() {
    let sandbox = sandbox().await;
    let aws = crate::common::risken(&sandbox).aws();
    let project = ProjectId::new(1001).unwrap();
    let count = async || aws.list_aws(project).await.unwrap().aws.map_or(0, |accounts| accounts.len());
    let before = count().await;
    assert!(before > 0);
    let found = "not a number".parse::<i64>().ok();
    // No ID comes of it, so there is no filter and no deletion to send.
    let error = AwsId::new(found.unwrap_or_default()).unwrap_err();
    assert!(error.to_string().contains("`aws_id` must be at least 1"), "{error}");
    let own = aws.list_aws(project).await.unwrap().aws.unwrap().remove(0).id().unwrap();
    assert_eq!(aws.list_aws(project).aws_id(own).await.unwrap().aws.unwrap().len(), 1);
    assert_eq!(count().await, before);
}

/// The program of 4: a newer secret whose name contains the other's.
#[tokio::test]
async fn secret_and_key_are_found_by_their_whole_name() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let (kms, secrets) = (scp.kms(), scp.secrets_manager());
    let key =
        kms.list_keys().first_page().await.unwrap().keys.into_iter().find(|key| key.purpose == KeyPurpose::Aes256Gcm96);
    let key = key.unwrap();
    let create = async |name: &str| {
        let body = CreateSecretRequest::builder()
            .name(name)
            .kms_id(&*key.id)
            .acl_cidr("127.0.0.1/32".parse::<Networks>().unwrap())
            .secret_value(SecretJson::from_pairs([("password", "x")]).unwrap())
            .build();
        secrets.create_secret(&body).await.unwrap();
    };
    for name in ["db-password", "db-password-old", "twice", "twice"] {
        create(name).await;
    }
    let listed = secrets.list_secrets().name("db-password").first_page().await.unwrap();
    assert_eq!(listed.secret[0].name.as_deref(), Some("db-password-old"), "the trap of the list");
    assert_eq!(secrets.secret_by_name("db-password").await.unwrap().name.as_deref(), Some("db-password"));
    assert_eq!(kms.key_by_name(&key.name).await.unwrap().id, key.id);
    for (error, absent, text) in [
        (secrets.secret_by_name("db").await.unwrap_err(), true, "no secret has this name"),
        (secrets.secret_by_name("twice").await.unwrap_err(), false, "2 secrets have this name"),
        (kms.key_by_name("db").await.unwrap_err(), true, "no key has this name"),
        (kms.managed_key_by_name("db").await.unwrap_err(), true, "no managed key has this name"),
    ] {
        assert_eq!((error.kind(), error.is_not_found()), (ErrorKind::Lookup, absent), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    assert!(secrets.secret_by_name("").await.unwrap_err().is_unsent());
}

/// No text that is copied teaches a default for an ID.
#[test]
fn no_example_takes_a_default_for_an_id() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.join("docs"), root.join("examples")];
    for name in ["cloud-core", "scp-security", "nhn-security", "risken-aws"] {
        folders.push(root.join("crates").join(name));
    }
    let mut texts = vec![root.join("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some("md" | "rs") => texts.push(path),
                _ => {}
            }
        }
    }
    assert!(texts.len() > 100);
    for path in texts {
        let text = std::fs::read_to_string(&path).unwrap();
        // The page of wrong programs shows them.
        let shown = text.lines().filter(|_| !path.ends_with("misuse.md"));
        // Of generated code only the examples are read by others.
        let generated = path.components().any(|part| part.as_os_str() == "generated");
        let mut shown = shown.filter(|line| !generated || line.trim_start().starts_with("///"));
        let taught = shown.find(|line| {
            let before = line.split(".unwrap_or_default()").chain(line.split(".unwrap_or(0)"));
            before.filter(|part| *part != *line).any(|part| {
                let words: Vec<_> = part.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
                let last = words.iter().rev().filter(|word| !["", "clone", "copied"].contains(word));
                // The external ID of a role is a text of the caller's.
                last.take(1).any(|word| *word == "id" || (word.ends_with("_id") && *word != "external_id"))
            })
        });
        assert_eq!(taught, None, "{}", path.display());
    }
}

//! 5, 6, 12 and 26: refusals, responses and repetitions that say something else than they seem to.

use std::sync::Arc;

use cloud_sandbox::Fault;
use risken_aws::aws::types::DeleteAwsRequest;
use scp_security::secret_vault::types::CreateSecretVaultRequest;
use scp_security::testing::FakeTransport;
use scp_security::{Days, ErrorKind, Hours, Networks, Scp};

use crate::common::{risken_with, sandbox, scp, scp_with};

#[test]
fn endpoint_with_a_path_is_refused_at_build() {
    for (url, accepted) in [
        ("https://host.example/v1", false),
        ("https://host.example/v1/kms/", false),
        ("https://host.example/", true),
        ("https://host.example:8443", true),
    ] {
        let built = Scp::builder().endpoint(url).credentials("a", "b").build();
        assert_eq!(built.is_ok(), accepted, "{url}");
        if let Err(error) = built {
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("must not have a path"), "{error}");
        }
    }
}

/// The program of 5: a clean-up that takes every 404 for "gone".
#[tokio::test]
async fn not_found_is_the_service_s_own_word() {
    let gateway = r#"{"timestamp":"t","path":"/v1/x","status":404,"error":"Not Found","requestId":"q"}"#;
    for (body, absent) in [
        (gateway, false),
        (r#"{"error":"NotFound"}"#, false),
        ("<html>404</html>", false),
        ("", false),
        (r#"{"errors":[{"code":"ResourceNotFound","detail":"no such key"}]}"#, true),
    ] {
        let transport = Arc::new(FakeTransport::new().answer(404, body));
        let error = scp_with(&transport).kms().delete_key("id").immediately(true).await.unwrap_err();
        assert_eq!((error.status(), error.is_not_found()), (Some(404), absent), "{error}");
    }
}

#[tokio::test]
async fn any_json_is_no_success() {
    let maintenance = r#"{"message":"under maintenance"}"#;
    for (status, body, deleted) in
        [(204, "", true), (204, "null", true), (200, maintenance, false), (204, "{}", false), (200, "", false)]
    {
        let transport = Arc::new(FakeTransport::new().answer(status, body));
        let outcome = scp_with(&transport).kms().delete_key("id").await;
        assert_eq!(outcome.is_ok(), deleted, "{status} {body}");
        if let Err(error) = outcome {
            assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
            assert!(error.may_have_been_executed());
        }
    }
    let transport = Arc::new(FakeTransport::new().answer(200, maintenance));
    let scp = scp_with(&transport);
    assert_eq!(scp.kms().check_duplicate_name("name").await.unwrap_err().kind(), ErrorKind::Decode);
    for (body, listed) in [
        (r#"{"data":{}}"#, true),
        (r#"{"data":{"aws":[]}}"#, true),
        (r#"{"data":{"aws_list":[{"aws_id":1}]}}"#, false),
        (r#"{"data":{"message":"under maintenance"}}"#, false),
    ] {
        let transport = Arc::new(FakeTransport::new().answer(200, body));
        let aws = risken_with(&transport).aws();
        let listed_now = aws.list_aws(1001.try_into().unwrap()).await;
        assert!(listed_now.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::Decode), "{body}");
        assert_eq!(listed_now.is_ok(), listed, "{body}");
        let empty = body == r#"{"data":{}}"#;
        assert_eq!(
            aws.delete_aws(&DeleteAwsRequest::new(1001.try_into().unwrap(), 7.try_into().unwrap())).await.is_ok(),
            empty,
            "{body}"
        );
    }
}

/// The program of 12, against a service that carries out the first request and loses its answer.
#[tokio::test]
async fn deletion_whose_answer_is_lost_succeeds() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let kms = scp.kms();
    let key = kms.list_keys().first_page().await.unwrap().keys.remove(0);
    sandbox.fault(Fault::reset_after().on("scp/kms/delete_key").unwrap()).unwrap();
    let response = kms.delete_key(&key.id).immediately(true).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.parts().attempts), (404, 2));
    // Without a lost answer it is not there, and says so.
    let error = kms.delete_key(&key.id).immediately(true).await.unwrap_err();
    assert!(error.is_not_found() && !error.may_have_been_executed(), "{error}");

    let inspection = scp.config_inspection();
    let id = &inspection.list_diagnoses().first_page().await.unwrap().summary_responses[0].diagnosis_id.clone();
    sandbox.fault(Fault::reset_after().on("scp/configinspection/delete_diagnosis").unwrap()).unwrap();
    assert!(inspection.delete_diagnosis(id).await.unwrap().delete_flag);
}

#[tokio::test]
async fn repetition_that_is_refused_says_that_the_first_may_have_been_executed() {
    let refused = r#"{"errors":[{"code":"InvalidInputValue","detail":"scheduled for deletion already"}]}"#;
    let lost = || FakeTransport::new().fail(scp_security::cloud_core::transport::Stage::PossiblySent);
    let transport = Arc::new(lost().answer(400, refused));
    let body = scp_security::secrets_manager::types::DeleteSecretRequest::new(Days(7));
    let error = scp_with(&transport).secrets_manager().delete_secret("id", &body).await.unwrap_err();
    assert!(error.may_have_been_executed());
    assert!(error.to_string().contains("an earlier attempt may have been executed"), "{error}");
}

#[tokio::test]
async fn vault_whose_answer_is_lost_is_named_with_what_to_do() {
    let sandbox = sandbox().await;
    let vaults = scp(&sandbox).secret_vault();
    sandbox.fault(Fault::reset_after().on("scp/secretvault/create_secret_vault").unwrap()).unwrap();
    let body = CreateSecretVaultRequest::builder()
        .name("misuse")
        .access_key_id("another-key")
        .acl_cidr("127.0.0.1/32".parse::<Networks>().unwrap())
        .temporary_key_ttl_nhours(Hours(1))
        .vault_token_ttl_ndays(Days(30))
        .build();
    let error = vaults.create_secret_vault(&body).await.unwrap_err();
    assert!(error.may_have_been_executed(), "{error}");
    assert!(error.to_string().contains("its token cannot be read again"), "{error}");
    assert!(error.to_string().contains("terminate it"), "{error}");
}

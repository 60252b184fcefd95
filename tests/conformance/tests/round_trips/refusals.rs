//! Refusals for want of a permission: what the error says is missing, and the policy that would allow it.

use cloud_core::{Advice, Error};
use cloud_sandbox::Fault;
use risken_aws::aws::types::InvokeScanRequest;
use risken_aws::{AwsClient, AwsDataSourceId, AwsId, FindingClient, ProjectId, policy_for};

use super::common::{nhn, refused, risken, sandbox, scp, settings};

fn codes(error: &Error) -> Vec<&'static str> {
    error.advice().iter().map(Advice::code).collect()
}

#[tokio::test]
async fn samsung_cloud_platform_names_the_action() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    sandbox.fault(Fault::status(403).on("scp").unwrap().always()).unwrap();
    let errors = [
        ("kms:ShowKey", scp.kms().show_key("a").await.unwrap_err()),
        ("kms:ListKeys", scp.kms().list_keys().first_page().await.unwrap_err()),
        ("kms:RotateKey", scp.kms().rotate_key("a").await.unwrap_err()),
        ("kms:RotateKey", scp.kms_v1_3().rotate_key("a").await.unwrap_err()),
        ("certificatemanager:DeleteCertificate", scp.certificate_manager().delete_certificate("a").await.unwrap_err()),
        ("secretsmanager:ListSecrets", scp.secrets_manager().list_secrets().first_page().await.unwrap_err()),
    ];
    for (action, error) in errors {
        assert_eq!(error.required_action(), Some(action), "{error}");
        assert!(error.is_denied() && error.request_id().is_some(), "{error}");
        assert_eq!(codes(&error), ["grant_permission", "allow_address"], "{error}");
        assert!(!error.to_string().contains("grant") && !error.to_string().contains(action), "{error}");
    }
}

#[tokio::test]
async fn risken_refusal_leads_to_the_policy_that_allows_the_call_and_nothing_else() {
    let sandbox = sandbox().await;
    let tokens = sandbox.risken_tokens();
    let viewer = &*tokens.iter().find(|(known, _)| *known == "project-viewer").unwrap().1;
    let scan = InvokeScanRequest::builder()
        .project_id(ProjectId::new(1001).unwrap())
        .aws_id(AwsId::new(2001).unwrap())
        .aws_data_source_id(AwsDataSourceId::new(3001).unwrap())
        .build();
    let error = refused(risken(&sandbox, viewer).aws().invoke_scan(&scan).await, 403);
    assert_eq!(error.required_action(), Some("aws/invoke-scan"));
    assert_eq!(codes(&error), ["grant_permission", "match_project", "add_member"]);

    let all: Vec<_> = AwsClient::OPERATIONS.iter().chain(FindingClient::OPERATIONS).copied().collect();
    let action = |path: String| path.trim_matches('/').to_owned();
    let chosen = [&[error.operation().unwrap()][..], &all[..3], &all[5..9], &all];
    for chosen in chosen {
        let policy = policy_for(chosen).unwrap();
        // As the service matches: anywhere in the name.
        let [actions, resources] =
            [&policy.action_ptn, &policy.resource_ptn].map(|text| regex_lite::Regex::new(text).unwrap());
        for operation in &all {
            let name = action(operation.template());
            let resource = format!("{}/resource_any", name.split('/').next().unwrap());
            let allowed = actions.is_match(&name) && resources.is_match(&resource);
            assert_eq!(allowed, chosen.contains(operation), "{policy}: {name}");
        }
        for other in ["aws/invoke-scan-all", "google/list-aws", "x/aws/list-aws", "aws/list-aws\n"] {
            assert!(!actions.is_match(other), "{policy}: {other}");
        }
    }
}

#[tokio::test]
async fn nhn_cloud_publishes_no_actions_so_none_is_named() {
    let sandbox = sandbox().await;
    let nhn = nhn(&sandbox).build().unwrap();
    sandbox.fault(Fault::status(403).on("nhn/security-advisor").unwrap()).unwrap();
    let refusal = nhn.security_advisor().unwrap().show_last_inspection_date().await.unwrap_err();
    let wrong = settings(&sandbox)["NHN_CLOUD_SKM_APP_KEY"].replace(char::is_alphanumeric, "0");
    let other = super::common::nhn(&sandbox).secure_key_manager_app_key(&*wrong).build().unwrap();
    let unknown = other.secure_key_manager().unwrap().show_secret("a").await.unwrap_err();
    for (error, steps) in
        [(refusal, &["grant_permission", "admit_address"][..]), (unknown, &["check_app_key", "check_realm"])]
    {
        assert_eq!((error.required_action(), &*codes(&error)), (None, steps), "{error}");
    }
}

//! RISKEN findings: those of a scan, those that a program adds, tags and suspensions.

use risken_aws::aws::types::{
    AttachDataSourceRequest, AwsForUpsert, DataSource, DataSourceForAttach, DeleteAwsRequest, PutAwsRequest,
};
use risken_aws::finding::types::{
    DeleteFindingRequest, DeletePendFindingRequest, FindingForUpsert, FindingSort, FindingStatus, FindingTagForUpsert,
    PendFindingForUpsert, PutFindingRequest, PutPendFindingRequest, SortDirection, TagFindingRequest,
    UntagFindingRequest,
};
use risken_aws::{AwsId, FindingId, JsonText, ProjectId, Risken};

use super::common::{refused, risken, sandbox, settings, waiting};
use super::findings_guide;

const ACCOUNT: &str = "210987654321";

fn project() -> ProjectId {
    ProjectId::new(1001).unwrap()
}

fn finding(id: &str, score: f64) -> PutFindingRequest {
    PutFindingRequest::from(
        FindingForUpsert::builder()
            .project_id(project())
            .data_source("own:scanner")
            .data_source_id(id)
            .resource_name(format!("host-{id}"))
            .description("found")
            .original_score(score)
            .original_max_score(10.0)
            .data(JsonText::from(r#"{"port":22}"#))
            .build(),
    )
}

/// A new account with the data source attached.
async fn attached(risken: &Risken, name: &str) -> DataSource {
    let aws = risken.aws();
    let account = AwsForUpsert::builder().project_id(project()).name("new").aws_account_id(ACCOUNT).build();
    let aws_id = aws.put_aws(&PutAwsRequest::from(account)).await.unwrap().account().unwrap().id().unwrap();
    let listed = aws.list_data_sources(project(), aws_id).data_source(name).await.unwrap().data_source.unwrap();
    let attach = DataSourceForAttach::builder()
        .project_id(project())
        .aws_id(aws_id)
        .aws_data_source_id(listed[0].id().unwrap())
        .assume_role_arn(format!("arn:aws:iam::{ACCOUNT}:role/RISKEN"))
        .external_id("0123456789abcdef")
        .build();
    aws.attach_data_source(&AttachDataSourceRequest::from(attach)).await.unwrap();
    aws.list_data_sources(project(), aws_id).data_source(name).await.unwrap().data_source.unwrap().remove(0)
}

#[tokio::test]
async fn maximum_score_of_zero_is_rejected_and_sent_unless_validation_is_skipped() {
    let sandbox = sandbox().await;
    let findings = risken(&sandbox, &settings(&sandbox)["RISKEN_ACCESS_TOKEN"]).finding();
    let mut request = finding("zero", 0.0);
    request.finding.original_max_score = 0.0;
    let error = findings.put_finding(&request).await.unwrap_err();
    assert!(error.is_unsent() && error.to_string().contains("original_max_score` must be above 0"), "{error}");
    let error = findings.put_finding(&request).skip_validation().await.unwrap_err();
    assert_eq!(error.status(), Some(400), "{error}");
}

#[test]
fn guide_shows_the_example_that_runs_here() {
    let example = include_str!("findings_guide.rs").split_once("\n\n").unwrap().1.replace("pub(crate) ", "");
    assert!(include_str!("../../../../docs/risken.md").contains(&example));
}

#[tokio::test]
async fn findings_of_a_scan_appear_when_it_has_ended_and_are_the_same_each_time() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (sandbox, runtime) = waiting().await;
        let risken = Risken::builder()
            .endpoint(sandbox.endpoint())
            .access_token(&*settings(&sandbox)["RISKEN_ACCESS_TOKEN"])
            .runtime(runtime)
            .build()
            .unwrap();
        let before = attached(&risken, "aws:portscan").await;
        let aws_id = AwsId::new(before.aws_id.unwrap()).unwrap();
        let early =
            risken.finding().list_findings(project()).data_source(["aws:portscan"]).items().into_listing().await;
        assert_eq!(early.unwrap().into_rest().unwrap(), [0_i64; 0]);
        let found = findings_guide::scan(&risken, project(), aws_id, &before).await.unwrap();
        assert_eq!(found.len(), 2);
        for own in &found {
            assert!(own.resource_name.as_deref().unwrap().contains(ACCOUNT), "{own:?}");
            assert_eq!(own.data.as_ref().unwrap().parse().unwrap().get("account").unwrap().as_str(), Some(ACCOUNT));
        }
        // Findings outlive their account.
        risken.aws().delete_aws(&DeleteAwsRequest::new(project(), aws_id)).await.unwrap();
        let id = found[0].id().unwrap();
        assert_eq!(risken.finding().show_finding(project(), id).await.unwrap().finding.as_ref(), Some(&found[0]));
        runs.push(found);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn list_is_paged_filtered_and_complete() {
    let sandbox = sandbox().await;
    let findings = risken(&sandbox, &settings(&sandbox)["RISKEN_ACCESS_TOKEN"]).finding();
    let mut ids = Vec::new();
    for (id, score) in [("a", 9.0), ("b", 1.0), ("c", 5.0), ("d", 0.0), ("e", 10.0)] {
        ids.push(findings.put_finding(&finding(id, score)).await.unwrap().finding().unwrap().id().unwrap().get());
    }
    let own = || findings.list_findings(project()).data_source(["own:", "other:"]).limit(2);
    let all = own().items().into_listing().await.unwrap().into_rest().unwrap();
    assert_eq!(all, ids, "three pages");
    let sorted = own().sort(FindingSort::Score).direction(SortDirection::Desc).items().into_listing().await.unwrap();
    assert_eq!(sorted.into_rest().unwrap(), [ids[4], ids[0], ids[2], ids[1], ids[3]]);
    let scored = own().from_score(0.5).to_score(0.9).items().into_listing().await.unwrap().into_rest().unwrap();
    assert_eq!(scored, [ids[0], ids[2]]);
    let page = own().first_page().await.unwrap();
    assert_eq!((page.count, page.total), (Some(2), Some(5)));
    let none = findings.list_findings(project()).resource_name(["nowhere"]).first_page().await.unwrap();
    assert_eq!((none.finding_id, none.total), (None, None), "zeros are left out");
}

#[tokio::test]
async fn finding_is_stored_tagged_suspended_and_deleted() {
    let sandbox = sandbox().await;
    let findings = risken(&sandbox, &settings(&sandbox)["RISKEN_ACCESS_TOKEN"]).finding();
    let stored = findings.put_finding(&finding("x", 5.5)).await.unwrap().finding.unwrap();
    let id = stored.id().unwrap();
    assert_eq!((stored.score, stored.original_score), (Some(0.55), Some(5.5)));
    assert_eq!(stored.data.as_ref().unwrap().as_str(), r#"{"port": 22}"#, "as the database writes it");
    let again = findings.put_finding(&finding("x", 10.0)).await.unwrap().finding.unwrap();
    assert_eq!((again.id().unwrap(), again.score), (id, Some(1.0)));

    let tag = |id| FindingTagForUpsert::builder().project_id(project()).finding_id(id).tag("web").build();
    let tagged = findings.tag_finding(&TagFindingRequest::from(tag(id))).await.unwrap().tag.unwrap();
    let tags = findings.list_finding_tags(project(), id).items().into_listing().await.unwrap().into_rest().unwrap();
    assert_eq!(tags, std::slice::from_ref(&tagged));
    let by_tag = || async { findings.list_findings(project()).tag("web").first_page().await.unwrap().finding_id };
    assert_eq!(by_tag().await, Some(vec![id.get()]));
    findings.untag_finding(&UntagFindingRequest::new(project(), tagged.id().unwrap())).await.unwrap();
    assert_eq!(by_tag().await, None);
    let missing =
        refused(findings.tag_finding(&TagFindingRequest::from(tag(FindingId::new(999_999).unwrap()))).await, 500);
    assert!(missing.is_not_found(), "{missing}");

    let pend = PendFindingForUpsert::new(id, project()).with_note("known");
    assert_eq!(findings.show_pend_finding(project(), id).await.unwrap().pend_finding, None);
    findings.put_pend_finding(&PutPendFindingRequest::from(pend.clone())).await.unwrap();
    let held = findings.show_pend_finding(project(), id).await.unwrap().pend_finding.unwrap();
    assert_eq!(held.note.as_deref(), Some("known"));
    let state = |status| findings.list_findings(project()).data_source(["own:"]).status(status).first_page();
    assert_eq!(state(FindingStatus::Pending).await.unwrap().finding_id, Some(vec![id.get()]));
    assert_eq!(state(FindingStatus::Active).await.unwrap().finding_id, None);
    findings.delete_pend_finding(&DeletePendFindingRequest::new(project(), id)).await.unwrap();
    assert_eq!(state(FindingStatus::Active).await.unwrap().finding_id, Some(vec![id.get()]));

    for _ in 0..2 {
        findings.delete_finding(&DeleteFindingRequest::new(project(), id)).await.unwrap();
    }
    assert_eq!(findings.show_finding(project(), id).await.unwrap().finding, None);
    let gone = refused(findings.put_pend_finding(&PutPendFindingRequest::from(pend)).await, 500);
    assert!(gone.is_not_found(), "{gone}");
}

#[tokio::test]
async fn role_decides_who_may_change_findings() {
    let sandbox = sandbox().await;
    let tokens = sandbox.risken_tokens();
    let token = |name: &str| &*tokens.iter().find(|(known, _)| *known == name).unwrap().1;
    for (role, allowed) in [("finding-editor", true), ("project-viewer", false)] {
        let findings = risken(&sandbox, token(role)).finding();
        assert!(findings.list_findings(project()).first_page().await.unwrap().total.is_some(), "{role}");
        let put = findings.put_finding(&finding("role", 1.0)).await;
        assert_eq!(put.is_ok(), allowed, "{role}: {put:?}");
    }
}

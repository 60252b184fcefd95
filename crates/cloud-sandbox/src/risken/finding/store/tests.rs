//! Tests of the tables: keys, filters, orders, and what a scan leaves behind.

use super::super::request::Request;
use super::*;

const NOW: i64 = 1_700_000_000;

fn upsert(id: &str, score: f32) -> Upsert {
    Upsert {
        description: format!("d-{id}"),
        data_source: "own:scanner".to_owned(),
        data_source_id: id.to_owned(),
        resource_name: format!("host-{id}"),
        project_id: 1001,
        original_score: score,
        original_max_score: 10.0,
        data: "{}".to_owned(),
    }
}

fn ids(store: &Store, query: &str) -> Vec<u64> {
    store.list(&Request::from_query(&format!("project_id=1001&{query}")), 0, usize::MAX).0
}

#[test]
fn finding_is_identified_by_project_source_and_its_id_there() {
    let mut store = Store::default();
    let (id, created) = store.put(&upsert("a", 5.0), NOW).map(|own| (own.id, own.created_at)).unwrap();
    assert_eq!((id, created), (4003, NOW));
    let again = store.put(&Upsert { description: String::new(), ..upsert("a", 10.0) }, NOW + 5).unwrap();
    assert_eq!((again.id, again.created_at, again.updated_at, again.score), (4003, NOW, NOW + 5, 1.0));
    let other = store.put(&Upsert { project_id: 1002, ..upsert("a", 5.0) }, NOW).unwrap();
    assert_eq!((other.id, other.score), (4004, 0.5));
    assert!(!store.delete(1001, 4004), "of another project");
    assert!(store.delete(1002, 4004) && !store.delete(1002, 4004));
}

#[test]
fn filters_are_prefixes_scores_tags_and_states() {
    let mut store = Store::default();
    for (id, score) in [("a", 5.0), ("b", 0.0), ("c", 10.0)] {
        store.put(&upsert(id, score), NOW).unwrap();
    }
    store.tag(1001, 4003, "k", NOW).unwrap();
    store.tag(1001, 4003, "l", NOW).unwrap();
    store.tag(1001, 4005, "l", NOW).unwrap();
    store.put_pend(1001, 4003, "later", NOW).unwrap();
    for (query, wanted) in [
        ("", &[4001, 4002, 4003, 4004, 4005][..]),
        ("data_source=own", &[4003, 4004, 4005]),
        ("data_source=scanner", &[]),
        ("data_source=own:scanner,aws:guard-duty", &[4001, 4002, 4003, 4004, 4005]),
        ("resource_name=host-a,host-b", &[4003, 4004]),
        ("from_score=0.5", &[4001, 4002, 4003, 4005]),
        ("from_score=0.6&to_score=0.9", &[4002]),
        ("tag=l", &[4003, 4005]),
        ("tag=k,l", &[4003, 4003, 4005]),
        ("status=1&data_source=own", &[4004, 4005]),
        ("status=2", &[4003]),
        ("finding_id=4004", &[4004]),
        ("sort=score&direction=desc&data_source=own", &[4005, 4003, 4004]),
        ("sort=resource_name&data_source=own", &[4003, 4004, 4005]),
        ("direction=desc&data_source=own", &[4005, 4004, 4003]),
    ] {
        assert_eq!(ids(&store, query), wanted, "{query}");
    }
    assert_eq!(store.list(&Request::from_query("project_id=1002"), 0, 10).1, 0);
}

#[test]
fn tags_stay_once_and_go_with_their_finding() {
    let mut store = Store::default();
    let first = store.tag(1001, 4001, "k", NOW).unwrap();
    assert_eq!(store.tag(1001, 4001, "k", NOW + 9).unwrap(), first);
    let names = |store: &Store, query: &str| -> Vec<String> {
        let request = Request::from_query(&format!("project_id=1001&finding_id=4001&{query}"));
        store.tags(&request, 0, usize::MAX).0.iter().map(|own| own.tag.clone()).collect()
    };
    assert_eq!(names(&store, ""), ["123456789012", "aws", "guard-duty", "k"]);
    assert_eq!(names(&store, "sort=finding_tag_id&direction=desc")[0], "k");
    let missing = store.tag(1002, 4001, "k", NOW).unwrap_err();
    assert_eq!(missing.0, "Failed to GetFinding, finding_id=4001, err=record not found");
    assert!(store.untag(1001, first.id) && !store.untag(1001, first.id));
    assert!(store.delete(1001, 4001));
    assert_eq!(names(&store, ""), [""; 0]);
}

#[test]
fn suspension_keeps_its_first_time_and_outlives_its_finding() {
    let mut store = Store::default();
    assert_eq!(store.put_pend(1001, 9, "", NOW).unwrap_err().0, "record not found");
    assert!(store.put_pend(1001, 4001, &"n".repeat(129), NOW).unwrap_err().0.contains("Data too long"));
    store.put_pend(1001, 4001, &"한".repeat(128), NOW).unwrap();
    let changed = store.put_pend(1001, 4001, "b", NOW + 5).unwrap();
    assert_eq!((changed.created_at, changed.updated_at), (NOW, NOW + 5));
    assert_eq!(store.put_pend(1001, 4001, "b", NOW + 9).unwrap().updated_at, NOW + 5);
    store.delete(1001, 4001);
    assert!(store.pend(1001, 4001).is_some());
    assert!(store.delete_pend(1001, 4001) && !store.delete_pend(1001, 4001));
}

#[test]
fn scan_stores_the_same_findings_each_time() {
    let mut store = Store::default();
    let ended = |at| scan::Ended {
        source: "aws:portscan".to_owned(),
        account: "000000000001".to_owned(),
        project_id: 1001,
        at,
    };
    store.scanned(&ended(NOW));
    let first: Vec<Finding> =
        store.findings.all(of_findings::ID).filter(|own| own.data_source == "aws:portscan").cloned().collect();
    assert_eq!(first.iter().map(|own| own.id).collect::<Vec<_>>(), [4003, 4004]);
    assert!(first.iter().all(|own| own.resource_name.contains("000000000001") && own.created_at == NOW));
    store.scanned(&ended(NOW + 60));
    let again: Vec<&Finding> =
        store.findings.all(of_findings::ID).filter(|own| own.data_source == "aws:portscan").collect();
    assert_eq!(again.len(), first.len());
    assert!(again.iter().all(|own| (own.created_at, own.updated_at) == (NOW, NOW + 60)));
}

#[test]
fn json_is_written_as_the_database_writes_it() {
    for (text, wanted) in [
        (r#"{"key":"value"}"#, r#"{"key": "value"}"#),
        (r#"{"bb":1,"a":[1,2],"c":{}}"#, r#"{"a": [1, 2], "c": {}, "bb": 1}"#),
        ("[ ]", "[]"),
    ] {
        assert_eq!(normalized(text).unwrap(), wanted);
    }
    assert!(normalized("").is_err());
}

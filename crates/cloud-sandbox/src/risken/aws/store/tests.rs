//! Tests of the tables: keys, orders, defaults and the progress of scans.

use super::*;

const NOW: i64 = 1_700_000_000;

fn aws(project_id: u32, name: &str, number: &str) -> Aws {
    Aws { name: name.to_owned(), project_id, aws_account_id: number.to_owned() }
}

fn attach(aws_id: u32, source: u32) -> Attach {
    Attach {
        aws_id,
        aws_data_source_id: source,
        project_id: 1001,
        assume_role_arn: "arn:aws:iam::123456789012:role/Other".to_owned(),
        external_id: "12345678".to_owned(),
        ..Attach::default()
    }
}

fn row(store: &Store, source: u32) -> &Attachment {
    store.sources(1001, 2001, "").into_iter().find(|(known, _)| known.id == source).unwrap().1.unwrap()
}

#[test]
fn account_is_identified_by_project_and_number() {
    let mut store = Store::default();
    let renamed = store.put_account(&aws(1001, "", "123456789012"), NOW);
    assert_eq!((renamed.id, &*renamed.name, renamed.created_at), (2001, "", 1_629_337_534));
    assert_eq!(store.put_account(&aws(1002, "same number", "123456789012"), NOW).id, 2002);
    assert_eq!(store.put_account(&aws(1001, "next", "000000000000"), NOW).id, 2003);
    let ids = |id, number| store.accounts(1001, id, number).into_iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(0, ""), [2003, 2001], "in the order of their numbers");
    assert_eq!(ids(2003, ""), [2003]);
    assert_eq!(ids(0, "123456789012"), [2001]);
    assert_eq!(ids(2003, "123456789012"), [0; 0]);
}

#[test]
fn account_removal_removes_its_attachments_in_its_project_only() {
    let mut store = Store::default();
    assert!(!store.delete_account(1002, 2001));
    assert_eq!((store.accounts.len(), store.attachments.len()), (1, 1));
    assert!(store.delete_account(1001, 2001));
    assert_eq!((store.accounts.len(), store.attachments.len()), (0, 0));
    assert_eq!(store.put_account(&aws(1001, "again", "123456789012"), NOW).id, 2002);
}

#[test]
fn data_source_list_is_complete_with_attached_ones_last() {
    let mut store = Store::default();
    store.attach(&attach(2001, 3004), NOW).unwrap();
    let list = |project, id, name| {
        let rows = store.sources(project, id, name).into_iter();
        rows.map(|(source, row)| (source.id, row.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(list(1001, 2001, ""), [(3002, false), (3003, false), (3005, false), (3001, true), (3004, true)]);
    let unattached = (3001..=3005).map(|id| (id, false)).collect::<Vec<_>>();
    assert_eq!(list(1001, 9, ""), unattached);
    assert_eq!(list(1002, 2001, ""), unattached);
    assert_eq!(list(1001, 2001, "aws:cloudsploit"), [(3004, true)]);
    assert_eq!(list(1001, 2001, "aws:cloudsploit  "), [(3004, true)]);
    for other in ["aws:Cloudsploit", " aws:cloudsploit", "aws:cloudsploit\t", " "] {
        assert_eq!(list(1001, 2001, other), [], "{other:?}");
    }
}

#[test]
fn attaching_replaces_the_row_but_its_creation_time() {
    let mut store = Store::default();
    let new = store.attach(&attach(2001, 3001), NOW).unwrap();
    assert_eq!((new.status, &*new.status_detail, new.scan_at, &*new.specific_version), (Status::Unknown, "", 0, ""));
    assert_eq!((new.created_at, new.updated_at), (1_629_337_534, NOW));
    let same = store.attach(&attach(2001, 3001), NOW + 5).unwrap();
    assert_eq!(same.updated_at, NOW, "nothing changed");
    // Neither the account nor the data source need exist.
    assert_eq!(store.attach(&attach(9, 9), NOW).unwrap().created_at, NOW);
    // The project is not a part of the key.
    let taken = Attach { project_id: 1002, ..attach(2001, 3001) };
    store.attach(&taken, NOW).unwrap();
    assert_eq!(store.attachments.len(), 2);
    assert_eq!(store.sources(1001, 2001, "aws:guard-duty")[0].1, None);
}

#[test]
fn status_is_stored_by_name() {
    let mut store = Store::default();
    let mut stored = |status| store.attach(&Attach { status, ..attach(2001, 3001) }, NOW).map(|row| row.status);
    let named = [Status::Unknown, Status::Ok, Status::Configured, Status::InProgress, Status::Error, Status::Error];
    for (number, status) in (0..).zip(named) {
        assert_eq!(stored(number), Ok(status));
    }
    for number in [6, -1, i32::MAX] {
        assert!(stored(number).unwrap_err().0.contains("'status'"), "{number}");
    }
}

#[test]
fn detaching_twice_succeeds() {
    let mut store = Store::default();
    assert!(!store.detach(1002, 2001, 3001));
    assert_eq!(store.attachments.len(), 1);
    for was_there in [true, false] {
        assert_eq!(store.detach(1001, 2001, 3001), was_there);
        assert_eq!(store.attachments.len(), 0);
    }
}

#[test]
fn scan_runs_until_the_worker_stores_its_end() {
    let mut store = Store::default();
    store.scan(1001, 2001, 3001, NOW).unwrap();
    store.settle(NOW + QUEUE + WORK - 1);
    let running = row(&store, 3001);
    assert_eq!((running.status, running.scan_at), (Status::InProgress, 1_629_337_534));
    assert_eq!(running.status_detail, "Start scan at 2023-11-15T07:13:20+09:00");
    store.settle(NOW + 500);
    let ended = row(&store, 3001);
    assert_eq!((ended.status, &*ended.status_detail, ended.scan_at), (Status::Ok, "", NOW + QUEUE));
    assert_eq!((&*ended.specific_version, ended.created_at), ("v1.0.0", 1_629_337_534));
    assert_eq!(ended.updated_at, NOW + QUEUE + WORK);
    assert_eq!(store.scans.len(), 0);
}

#[test]
fn scan_needs_its_three_rows() {
    let missing = Err(Failure("record not found".to_owned()));
    let mut store = Store::default();
    assert_eq!(store.scan(1001, 2001, 3002, NOW), missing);
    assert_eq!(store.scan(1002, 2001, 3001, NOW), missing);
    store.attach(&attach(9, 3001), NOW).unwrap();
    assert_eq!(store.scan(1001, 9, 3001, NOW), missing, "no such account");
    store.attach(&attach(2001, 9), NOW).unwrap();
    assert_eq!(store.scan(1001, 2001, 9, NOW), missing, "no such data source");
    store.sources.push(DataSource { id: 9, name: "aws:other".to_owned(), max_score: 1.0 });
    let unknown = Failure("unknown datasource, datasource=aws:other".to_owned());
    assert_eq!(store.scan(1001, 2001, 9, NOW), Err(unknown));
    assert_eq!(store.scans.len(), 0);
}

#[test]
fn scan_end_restores_a_detached_row() {
    let mut store = Store::default();
    store.scan(1001, 2001, 3001, NOW).unwrap();
    store.scan(1001, 2001, 3001, NOW + 2).unwrap();
    assert!(store.detach(1001, 2001, 3001));
    store.settle(NOW + 11);
    assert_eq!(row(&store, 3001).scan_at, NOW + 1);
    store.settle(NOW + 13);
    assert_eq!(row(&store, 3001).scan_at, NOW + 3);
}

#[test]
fn scanner_with_role_check_requires_a_role_of_the_account() {
    let mut store = Store::default();
    let elsewhere = Attach { assume_role_arn: "arn:aws:iam::999999999999:role/R".to_owned(), ..attach(2001, 3004) };
    store.attach(&elsewhere, NOW).unwrap();
    store.scan(1001, 2001, 3004, NOW).unwrap();
    store.settle(NOW + 60);
    let failed = row(&store, 3004);
    assert_eq!(failed.status, Status::Error);
    assert!(failed.status_detail.contains("999999999999"), "{}", failed.status_detail);
    store.attach(&attach(2001, 3004), NOW + 60).unwrap();
    store.scan(1001, 2001, 3004, NOW + 60).unwrap();
    store.settle(NOW + 120);
    assert_eq!(row(&store, 3004).status, Status::Ok);
}

#[test]
fn store_round_trips_through_json() {
    let mut store = Store::default();
    store.scan(1001, 2001, 3001, NOW).unwrap();
    let saved = serde_json::to_string(&store).unwrap();
    assert!(saved.contains("\"IN_PROGRESS\"") && !saved.contains(crate::settings::risken::SECRET));
    let mut back: Store = serde_json::from_str(&saved).unwrap();
    back.settle(NOW + 60);
    assert_eq!(row(&back, 3001).status, Status::Ok);
}

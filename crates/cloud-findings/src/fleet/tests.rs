use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cloud_core::testing::FakeRuntime;
use cloud_core::{Delivery, Error, ErrorKind};
use time::macros::datetime;
use tokio::sync::Semaphore;

use super::*;
use crate::{Event, FindingInfo, Gap, Metadata, Millis, Severity};

/// A checkpoint that is removed with the test.
struct Checkpoint(PathBuf);

impl Checkpoint {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cloud-findings-{}-{name}.checkpoint", std::process::id()));
        let _ = fs::remove_file(&path);
        Self(path)
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl AsRef<Path> for Checkpoint {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

fn targets(count: usize) -> Vec<Target> {
    (0..count).map(|number| Target::new(format!("account-{}", number / 4), format!("service-{}", number % 4))).collect()
}

fn report(target: &Target) -> Report {
    let uid = crate::uid(&["risken", &target.account, &target.service]);
    let event = Event::detection(
        Metadata::new("RISKEN", "Finding"),
        FindingInfo::new(uid, "a finding"),
        Severity::LOW,
        Millis::default(),
    );
    let mut report = Report::new();
    report.push(event);
    report.drop_row(crate::reason::NO_ID);
    report
}

fn runtime() -> Arc<FakeRuntime> {
    Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)))
}

fn transient() -> Error {
    Error::builder(ErrorKind::Transport, "the connection broke").delivery(Delivery::NotSent).transient(true).build()
}

fn uids(report: &Report) -> BTreeSet<String> {
    report.events.iter().filter_map(|event| event.uid().map(str::to_owned)).collect()
}

#[tokio::test]
async fn no_more_than_the_given_number_of_targets_is_in_work() {
    for concurrency in [0, 1, 5, 100] {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counted = (Arc::clone(&now), Arc::clone(&most));
        let summary = over(targets(40))
            .concurrency(concurrency)
            .run(move |target| {
                let (now, most) = counted.clone();
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    for _ in 0..5 {
                        tokio::task::yield_now().await;
                    }
                    now.fetch_sub(1, Ordering::SeqCst);
                    Ok(report(&target))
                }
            })
            .await
            .unwrap();
        assert_eq!((summary.done, summary.events, summary.is_complete()), (40, 40, true));
        assert_eq!(most.load(Ordering::SeqCst), concurrency.clamp(1, 40));
    }
}

#[tokio::test]
async fn one_dead_target_fails_no_other_one() {
    let file = Checkpoint::new("dead");
    let mut run = over(targets(8).into_iter().map(|target| {
        let prefix = crate::uid(&["risken", &target.account, &target.service]);
        target.with_prefix(prefix)
    }))
    .checkpoint(file.as_ref())
    .run(|target| async move {
        match &*target.service {
            "service-1" => Err(Error::config("the key is missing")),
            "service-2" if target.account == "account-0" => panic!("a bug"),
            _ => Ok(report(&target)),
        }
    });
    let mut failed = Vec::new();
    while let Some(step) = run.next().await {
        if let Progress::Failed { target, error } = step {
            failed.push(format!("{target}: {error}"));
        }
    }
    let summary = run.finish().await.unwrap();
    assert_eq!((summary.done, summary.failed, summary.is_complete()), (5, 3, false));
    assert!(failed.iter().any(|text| text == "service-1 of account-1: the key is missing"), "{failed:?}");
    assert!(
        failed.iter().any(|text| text.starts_with("service-2 of account-0: the inspection panicked")),
        "{failed:?}"
    );
    let report = read([&file]).unwrap();
    assert_eq!((report.events.len(), report.dropped_rows(), report.incomplete.len()), (5, 5, 3));
    assert!(report.incomplete.iter().any(|gap| gap.covers("risken/account-1/service-1/7")));
    assert!(!report.incomplete.iter().any(|gap| gap.covers("risken/account-1/service-0/7")));
}

#[tokio::test]
async fn dropped_run_goes_on_from_its_checkpoint() {
    let file = Checkpoint::new("dropped");
    let places = Arc::new(Semaphore::new(0));
    let mut started = BTreeSet::new();
    let mut first = {
        let places = Arc::clone(&places);
        over(targets(30)).concurrency(4).checkpoint(file.as_ref()).run(move |target| {
            let places = Arc::clone(&places);
            async move {
                places.acquire().await.map_err(|_| Error::config("closed"))?.forget();
                Ok(report(&target))
            }
        })
    };
    places.add_permits(11);
    let mut done = BTreeSet::new();
    while done.len() < 11 {
        match first.next().await.unwrap() {
            Progress::Started { target } => drop(started.insert(target)),
            Progress::Done { target, .. } => drop(done.insert(target)),
            other => panic!("{other:?}"),
        }
    }
    drop(first);
    assert!(!read([&file]).unwrap().is_complete(), "the run has not finished");

    let mut again = BTreeSet::new();
    let mut second =
        over(targets(30)).concurrency(4).checkpoint(file.as_ref()).run(|target| async move { Ok(report(&target)) });
    while let Some(step) = second.next().await {
        match step {
            Progress::Started { target } => drop(again.insert(target)),
            Progress::Skipped { target } => assert!(done.contains(&target)),
            Progress::Done { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let summary = second.finish().await.unwrap();
    assert_eq!((summary.targets, summary.skipped, summary.done), (30, 11, 19));
    assert!(done.is_disjoint(&again), "finished targets are not run again");
    assert!(started.intersection(&again).count() <= 4, "at most the unfinished ones");
    let all = read([&file]).unwrap();
    assert_eq!((all.events.len(), uids(&all).len(), all.is_complete()), (30, 30, true));
}

#[tokio::test]
async fn failed_and_incomplete_targets_are_inspected_again_and_replaced() {
    let file = Checkpoint::new("again");
    for round in 0..2 {
        let summary = over(targets(4))
            .checkpoint(file.as_ref())
            .run(move |target| async move {
                let mut found = report(&target);
                match (&*target.service, round) {
                    ("service-1", 0) => return Err(Error::config("no key")),
                    ("service-2", 0) => {
                        found.incomplete.push(Gap::new("risken/account-0/service-2", "a page is missing"))
                    }
                    _ => {}
                }
                Ok(found)
            })
            .await
            .unwrap();
        assert_eq!(summary.skipped, if round == 0 { 0 } else { 2 });
        let report = read([&file]).unwrap();
        assert_eq!((report.events.len(), uids(&report).len()), if round == 0 { (3, 3) } else { (4, 4) });
        assert_eq!(report.incomplete.len(), if round == 0 { 2 } else { 0 });
    }
}

#[tokio::test]
async fn transient_errors_take_the_retries_of_the_account() {
    let tries = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&tries);
    let summary = over(targets(8))
        .concurrency(1)
        .account_retries(2)
        .runtime(runtime())
        .run(move |target| {
            let seen = Arc::clone(&seen);
            async move {
                seen.lock().unwrap().push(target.clone());
                match (&*target.account, &*target.service) {
                    ("account-0", _) => Err(transient()),
                    ("account-1", "service-0") => Err(Error::config("not transient")),
                    _ => Ok(report(&target)),
                }
            }
        })
        .await
        .unwrap();
    let tries = tries.lock().unwrap();
    let of = |account: &str| tries.iter().filter(|target| target.account == account).count();
    assert_eq!((of("account-0"), of("account-1")), (4 + 2, 4));
    assert_eq!((summary.done, summary.failed), (3, 5));
}

#[tokio::test]
async fn deadline_of_an_account_cancels_and_fails_its_targets_alone() {
    let clock = runtime();
    let inner = Arc::clone(&clock);
    let mut run =
        over(targets(8)).concurrency(1).account_deadline(Duration::from_secs(60)).runtime(clock).run(move |target| {
            let clock = Arc::clone(&inner);
            async move {
                if target.account == "account-0" {
                    clock.sleep(Duration::from_secs(25)).await;
                }
                Ok(report(&target))
            }
        });
    let mut ends = Vec::new();
    while let Some(step) = run.next().await {
        match step {
            Progress::Done { target, .. } => ends.push((target.account, true)),
            Progress::Failed { target, error } => {
                assert_eq!(error.kind(), ErrorKind::Timeout);
                ends.push((target.account, false));
            }
            _ => {}
        }
    }
    let done = |name: &str| ends.iter().filter(|(account, done)| account == name && *done).count();
    assert_eq!((ends.len(), done("account-1")), (8, 4));
    assert!(done("account-0") < 4, "{ends:?}");
}

#[tokio::test]
async fn stopped_run_cancels_its_targets_and_says_so() {
    let file = Checkpoint::new("stopped");
    let mut run = over(targets(8)).concurrency(2).checkpoint(file.as_ref()).run(|target| async move {
        if target.account == "account-1" {
            std::future::pending::<()>().await;
        }
        Ok(report(&target))
    });
    let stopper = run.stopper();
    let mut done = 0;
    while let Some(step) = run.next().await {
        done += usize::from(matches!(step, Progress::Done { .. }));
        if done == 4 {
            stopper.stop();
        }
    }
    let summary = run.finish().await.unwrap();
    assert_eq!((summary.done, summary.stopped, summary.is_complete()), (4, true, false));
    assert!(!read([&file]).unwrap().is_complete());
}

#[tokio::test]
async fn shards_add_up_and_a_missing_one_is_noticed() {
    let files: Vec<_> = (0..3).map(|index| Checkpoint::new(&format!("shard-{index}"))).collect();
    for (index, file) in (0..).zip(&files) {
        let shard = Shard::new(index, 3).unwrap();
        let run = over(targets(60)).shard(shard).checkpoint(file.as_ref());
        assert!(run.run(|target| async move { Ok(report(&target)) }).await.unwrap().is_complete());
    }
    let all = read(&files).unwrap();
    assert_eq!((all.events.len(), uids(&all).len(), all.is_complete()), (60, 60, true));
    let some = read(&files[..2]).unwrap();
    assert!(some.events.len() < 60 && some.incomplete[0].why == "shard 2 of 3 is missing", "{:?}", some.incomplete);
}

#[tokio::test]
async fn export_is_the_report_as_json_lines() {
    let (one, other) = (Checkpoint::new("export"), Checkpoint::new("export-2"));
    for file in [&one, &other] {
        let run = over(targets(5)).checkpoint(file.as_ref()).run(|target| async move { Ok(report(&target)) });
        assert!(run.await.unwrap().is_complete());
    }
    let mut out = Vec::new();
    export([&one, &other], &mut out).unwrap();
    let exported = Report::read_jsonl(&*out).unwrap();
    let read = read([&one, &other]).unwrap();
    assert_eq!(uids(&exported), uids(&read));
    assert_eq!((exported.events.len(), exported.dropped.clone()), (5, read.dropped));
    assert!(exported.is_complete());
}

/// Runs these targets to the end; `fail` names an account whose targets fail.
async fn ran(targets: Vec<Target>, shard: Option<Shard>, file: &Checkpoint, clock: &Arc<FakeRuntime>, fail: &str) {
    let mut fleet = over(targets).checkpoint(file.as_ref()).runtime(Arc::clone(clock));
    fleet.shard = shard;
    let fail = fail.to_owned();
    let run = fleet.run(move |target| {
        let fails = target.account == fail;
        async move { if fails { Err(Error::config("no key")) } else { Ok(report(&target)) } }
    });
    assert!(!run.await.unwrap().stopped);
}

#[tokio::test]
async fn targets_that_left_the_list_are_not_exported() {
    let (file, clock) = (Checkpoint::new("list"), runtime());
    ran(targets(12), None, &file, &clock, "account-1").await;
    let all = read([&file]).unwrap();
    assert_eq!((all.events.len(), all.incomplete.len()), (8, 4));
    // The list shrinks by account-1, which failed, and by account-2, which is done.
    ran(targets(4), None, &file, &clock, "").await;
    let fewer = read([&file]).unwrap();
    assert_eq!((fewer.events.len(), fewer.is_complete()), (4, true));
    // What an earlier run has done still counts if it comes back.
    ran(targets(12), None, &file, &clock, "account-1").await;
    assert_eq!(read([&file]).unwrap().events.len(), 8);
}

#[tokio::test]
async fn run_that_ends_before_its_first_record_is_not_complete() {
    let (file, clock) = (Checkpoint::new("killed"), runtime());
    ran(targets(4), None, &file, &clock, "").await;
    assert!(read([&file]).unwrap().is_complete());
    let whole = fs::read(&file.0).unwrap();
    // The list grows, and the process is killed when the first target has started.
    let run = over(targets(8)).checkpoint(file.as_ref());
    let mut run = run.run(|_| async { std::future::pending::<Result<Report>>().await });
    while !matches!(run.next().await, Some(Progress::Started { .. })) {}
    drop(run);
    let killed = read([&file]).unwrap();
    assert_eq!((killed.events.len(), killed.incomplete.len()), (4, 1));
    assert!(killed.incomplete[0].why.contains("has not finished"), "{:?}", killed.incomplete);
    // So does a first record that was written in part.
    let mut bytes = fs::read(&file.0).unwrap();
    assert!(bytes.len() > whole.len());
    bytes.extend(b"{\"done\":{\"tar");
    fs::write(&file.0, bytes).unwrap();
    assert!(!read([&file]).unwrap().is_complete());
}

#[tokio::test]
async fn failure_after_an_earlier_result_is_a_gap() {
    let (file, clock) = (Checkpoint::new("stale"), runtime());
    ran(targets(4), None, &file, &clock, "").await;
    clock.advance(Duration::from_secs(86_400));
    let inspected = Arc::new(AtomicUsize::new(0));
    for (age, fails, wanted) in [(100_000, true, (0, 4, 0)), (80_000, true, (4, 4, 4)), (80_000, false, (4, 4, 0))] {
        inspected.store(0, Ordering::SeqCst);
        let counter = Arc::clone(&inspected);
        let fleet = over(targets(4)).checkpoint(file.as_ref()).max_age(Duration::from_secs(age));
        let run = fleet.runtime(Arc::clone(&clock)).run(move |target| {
            counter.fetch_add(1, Ordering::SeqCst);
            async move { if fails { Err(Error::config("no key")) } else { Ok(report(&target)) } }
        });
        run.await.unwrap();
        let found = read([&file]).unwrap();
        let found = (inspected.load(Ordering::SeqCst), found.events.len(), found.incomplete.len());
        assert_eq!(found, wanted, "{age} {fails}");
    }
}

#[tokio::test]
async fn another_number_of_shards_is_noticed() {
    let clock = runtime();
    let files: Vec<_> = (0..4).map(|index| Checkpoint::new(&format!("count-{index}"))).collect();
    let why = |report: &Report| report.incomplete.iter().map(|gap| gap.why.clone()).collect::<Vec<_>>();
    for index in 0..3 {
        ran(targets(60), Some(Shard::new(index, 3).unwrap()), &files[index as usize], &clock, "").await;
    }
    clock.advance(Duration::from_secs(60));
    let gaps = [
        &["shards 1 to 3 of 4 are missing", "the checkpoints are shards of 3 and of 4, so accounts may be missing"][..],
        &["shards 2 to 3 of 4 are missing"],
        &["shard 3 of 4 is missing"],
        &[],
    ];
    for index in 0..4 {
        ran(targets(60), Some(Shard::new(index, 4).unwrap()), &files[index as usize], &clock, "").await;
        let there = &files[..(index as usize + 1).max(3)];
        let found = why(&read(there).unwrap());
        let wanted = gaps[index as usize];
        assert!(wanted.iter().all(|text| found.iter().any(|own| own == text)), "{index}: {found:?}");
        assert_eq!(found.is_empty(), wanted.is_empty(), "{index}: {found:?}");
    }
    let all = read(&files).unwrap();
    assert_eq!((all.events.len(), uids(&all).len(), all.dropped.get(crate::reason::DUPLICATE)), (60, 60, None));
    // The highest number of shards is no work.
    ran(targets(4), Some(Shard::new(7, u32::MAX).unwrap()), &files[0], &clock, "").await;
    assert_eq!(why(&read(&files[..1]).unwrap()).len(), 2);
}

#[tokio::test]
async fn later_run_wins_whatever_the_order_of_the_files() {
    let (old, new, clock) = (Checkpoint::new("old"), Checkpoint::new("new"), runtime());
    ran(targets(4), None, &old, &clock, "").await;
    clock.advance(Duration::from_secs(60));
    let run = over(targets(4)).checkpoint(new.as_ref()).runtime(Arc::clone(&clock));
    let run = run.run(|target| async move {
        let mut found = report(&target);
        found.events[0].message = Some("the later one".to_owned());
        Ok(found)
    });
    run.await.unwrap();
    for files in [[&old, &new], [&new, &old]] {
        let found = read(files).unwrap();
        assert!(found.events.len() == 4 && found.events.iter().all(|event| event.message.is_some()));
    }
}

#[tokio::test]
async fn every_prefix_of_a_failed_target_is_a_gap() {
    let (file, clock) = (Checkpoint::new("prefixes"), runtime());
    let target = Target::new("web", "advisor").with_prefix("nhn/web/KR1").and_prefix("nhn/web/organization");
    ran(vec![target], None, &file, &clock, "web").await;
    let found = read([&file]).unwrap().incomplete;
    for (uid, covered) in [("nhn/web/KR1/7", true), ("nhn/web/organization/7", true), ("nhn/web/KR2/7", false)] {
        assert_eq!(found.iter().any(|gap| gap.covers(uid)), covered, "{uid}");
    }
}

#[tokio::test]
async fn service_that_asks_for_a_long_delay_is_not_waited_for() {
    for (seconds, tries, waited) in [(5, 2, 5), (30, 2, 30), (86_400, 1, 0)] {
        let (clock, calls) = (runtime(), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&calls);
        let run = over(targets(1)).account_retries(1).runtime(Arc::clone(&clock)).run(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            let delay = Duration::from_secs(seconds);
            let error = Error::builder(ErrorKind::Service, "busy").delivery(Delivery::NotSent).transient(true);
            async move { Err(error.retry_after(delay).build()) }
        });
        assert_eq!(run.await.unwrap().failed, 1);
        assert_eq!((calls.load(Ordering::SeqCst), clock.waits().iter().sum()), (tries, Duration::from_secs(waited)));
    }
}

#[test]
fn run_outside_a_runtime_is_an_error() {
    let run = over(targets(1)).run(|target| async move { Ok(report(&target)) });
    let mut ended = std::pin::pin!(run.finish());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = ended.as_mut().poll(&mut context) else { panic!("it must not run") };
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

#[test]
fn settings_and_runs_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Fleet>();
    shared::<Run>();
    shared::<Progress>();
}

/// A target in a region, whose service reports a rule of the organization in each region.
fn regional(region: &str) -> Target {
    Target::new("web", "advisor").in_region(region).with_prefix(format!("web/{region}")).and_prefix("web/organization")
}

/// A report with this one rule of the organization.
fn organization(message: &str) -> Report {
    let mut found = report(&Target::new("web", "organization"));
    found.events[0].message = Some(message.to_owned());
    found
}

#[tokio::test]
async fn newest_of_several_events_with_one_uid_is_exported() {
    let (file, clock) = (Checkpoint::new("newest"), runtime());
    for (failing, message) in [("KR2", "older"), ("", "newer")] {
        let targets = ["KR1", "KR2"].map(regional);
        let run = over(targets).concurrency(1).checkpoint(file.as_ref()).runtime(Arc::clone(&clock));
        let run = run.run(move |target| async move {
            match target.region.as_deref() == Some(failing) {
                true => Err(Error::config("no key")),
                false => Ok(organization(message)),
            }
        });
        run.await.unwrap();
        clock.advance(Duration::from_secs(60));
    }
    // The result of the first region is that of the earlier run, and comes first in the file.
    let found = read([&file]).unwrap();
    let messages: Vec<_> = found.events.iter().map(|event| event.message.as_deref()).collect();
    assert_eq!((messages, found.dropped[crate::reason::DUPLICATE]), (vec![Some("newer")], 1));
    assert_eq!(found.covers.unwrap(), ["web/KR1", "web/KR2", "web/organization"]);
}

#[tokio::test]
async fn what_was_looked_for_is_recorded_if_it_is_known_of_each_target() {
    let clock = runtime();
    let bare = || Target::new("pay", "advisor");
    for (targets, failing, wanted) in [
        (vec![regional("KR1")], "", Some(&["web/KR1", "web/organization"][..])),
        (vec![regional("KR1")], "web", Some(&["web/KR1", "web/organization"])),
        (vec![regional("KR1"), bare()], "", None),
        (vec![regional("KR1"), bare()], "pay", None),
        (Vec::new(), "", Some(&[])),
    ] {
        let file = Checkpoint::new("covers");
        ran(targets, None, &file, &clock, failing).await;
        let mut out = Vec::new();
        export([&file], &mut out).unwrap();
        for found in [read([&file]).unwrap(), Report::read_jsonl(&*out).unwrap()] {
            let covers = found.covers.as_ref().map(|covers| covers.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(covers.as_deref(), wanted, "{failing:?}");
        }
    }
}

#[tokio::test]
async fn one_shard_can_be_read_alone() {
    let (file, clock) = (Checkpoint::new("alone"), runtime());
    ran(targets(60), Some(Shard::new(1, 3).unwrap()), &file, &clock, "").await;
    let (alone, all) = (read_shard(&file).unwrap(), read([&file]).unwrap());
    assert_eq!((alone.is_complete(), all.is_complete()), (true, false));
    assert!(!alone.events.is_empty() && alone.events == all.events);
    // What the shard itself lacks is noted.
    ran(targets(60), Some(Shard::new(1, 3).unwrap()), &file, &clock, "").await;
    let account = Shard::new(1, 3).unwrap();
    let mine = targets(60).into_iter().find(|target| account.contains(target)).unwrap();
    let lacking = Checkpoint::new("lacking");
    ran(targets(60), Some(account), &lacking, &clock, &mine.account).await;
    assert_eq!(read_shard(&lacking).unwrap().incomplete.len(), 4);
}

#[tokio::test]
async fn result_under_other_parameters_is_not_that_of_the_target() {
    let (file, clock) = (Checkpoint::new("parameters"), runtime());
    let in_language = |language: &str| -> Vec<Target> {
        targets(4).into_iter().map(|target| target.with_parameter("language", language)).collect()
    };
    for (language, skipped) in [("EN", 0), ("EN", 4), ("KO", 0), ("EN", 4), ("KO", 4)] {
        let own = language.to_owned();
        let run = over(in_language(language)).checkpoint(file.as_ref()).runtime(Arc::clone(&clock));
        let run = run.run(move |target| {
            let language = own.clone();
            async move {
                let mut found = report(&target);
                found.events[0].message = Some(language);
                Ok(found)
            }
        });
        assert_eq!(run.await.unwrap().skipped, skipped, "{language}");
        let found = read([&file]).unwrap();
        assert_eq!(found.events.len(), 4);
        assert!(found.events.iter().all(|event| event.message.as_deref() == Some(language)), "{language}");
    }
}

/// Runs the same targets so often that most of the file is replaced results.
async fn repeated(file: &Checkpoint, clock: &Arc<FakeRuntime>, runs: u32) {
    for number in 0..runs {
        // Each result is too old for the next run.
        clock.advance(Duration::from_secs(60));
        let run = over(targets(8)).checkpoint(file.as_ref()).max_age(Duration::from_secs(30));
        let run = run.runtime(Arc::clone(clock)).run(move |target| async move {
            let mut found = report(&target);
            found.events[0].message = Some(format!("{number}{:4000}", ""));
            Ok(found)
        });
        assert_eq!(run.await.unwrap().done, 8);
    }
}

#[tokio::test]
async fn size_of_a_checkpoint_does_not_follow_the_number_of_runs() {
    let (file, clock) = (Checkpoint::new("size"), runtime());
    let mut largest = 0;
    for number in 0..20 {
        repeated(&file, &clock, 1).await;
        largest = largest.max(fs::metadata(&file).unwrap().len());
        let found = read([&file]).unwrap();
        assert_eq!((found.events.len(), found.is_complete()), (8, true), "{number}");
    }
    // One run writes about 40 KB.
    assert!((40_000..200_000).contains(&largest), "{largest}");
}

#[tokio::test]
async fn checkpoint_that_changes_while_it_is_read_is_an_error() {
    struct Disturbing<'a>(&'a Path);
    impl std::io::Write for Disturbing<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            // As if a run had put a compacted file in its place.
            let text = fs::read_to_string(self.0)?;
            let moved = text.lines().filter(|line| !line.contains("account-0"));
            fs::write(self.0, moved.flat_map(|line| [line, "\n"]).collect::<String>())?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (file, clock) = (Checkpoint::new("disturbed"), runtime());
    repeated(&file, &clock, 1).await;
    let error = export([&file], Disturbing(file.as_ref())).unwrap_err();
    assert!(error.to_string().contains("a run changed it while it was read"), "{error}");
}

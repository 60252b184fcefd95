use std::fs;

use super::*;
use crate::{Gap, fleet};

/// A file that is removed with the test.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cloud-findings-{}-{name}.fleet", std::process::id()));
        let _ = fs::remove_file(&path);
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn outcome(number: u32, incomplete: bool) -> Outcome {
    let mut report = Report::new();
    if incomplete {
        report.incomplete.push(Gap::new("a", "a page is missing"));
    }
    Outcome { target: Target::new(format!("account-{number}"), "service"), result: Ok(report) }
}

fn open(path: &Path) -> Result<Journal> {
    Journal::open(path.to_owned(), Begin::new(OffsetDateTime::UNIX_EPOCH, None), None)
}

fn target(number: u32) -> Target {
    Target::new(format!("account-{number}"), "service")
}

#[test]
fn journal_cut_at_any_byte_keeps_every_whole_record() {
    let file = Temporary::new("cut");
    let mut journal = open(&file.0).unwrap();
    let mut ends = Vec::new();
    for number in 0..2 {
        journal.append(&[outcome(number, false)]).unwrap();
        ends.push(fs::metadata(&file.0).unwrap().len());
    }
    drop(journal);
    let whole = fs::read(&file.0).unwrap();
    for length in 0..=whole.len() {
        fs::write(&file.0, &whole[..length]).unwrap();
        let mut journal = open(&file.0).unwrap();
        let kept = ends.iter().filter(|end| **end <= length as u64).count();
        let done: Vec<_> = (0..2).filter(|number| journal.has_done(&target(*number))).collect();
        assert_eq!(done, (0..kept as u32).collect::<Vec<_>>(), "{length} bytes");
        // The next record begins on a line of its own.
        journal.append(&[outcome(9, false)]).unwrap();
        drop(journal);
        let journal = open(&file.0).unwrap();
        assert!(journal.has_done(&target(9)), "{length} bytes");
    }
}

#[test]
fn damaged_record_is_inspected_again_and_keeps_the_others() {
    let file = Temporary::new("damaged");
    let mut journal = open(&file.0).unwrap();
    journal.append(&[outcome(0, false), outcome(1, false), outcome(2, false)]).unwrap();
    journal.end(3).unwrap();
    drop(journal);
    assert!(fleet::read([&file.0]).unwrap().is_complete());
    // A power failure can leave zeros where the middle of a batch was.
    let mut bytes = fs::read(&file.0).unwrap();
    let at = String::from_utf8_lossy(&bytes).find("account-1").unwrap();
    bytes[at..at + 40].fill(0);
    fs::write(&file.0, &bytes).unwrap();
    let why = fleet::read([&file.0]).unwrap().incomplete[0].why.clone();
    assert!(why.ends_with("2 of 3 records of its latest run are in the file"), "{why}");

    let mut journal = open(&file.0).unwrap();
    assert_eq!([0, 1, 2].map(|number| journal.has_done(&target(number))), [true, false, true]);
    journal.keep(&target(0)).unwrap();
    journal.keep(&target(2)).unwrap();
    journal.append(&[outcome(1, false)]).unwrap();
    journal.end(3).unwrap();
    drop(journal);
    assert!(fleet::read([&file.0]).unwrap().is_complete());

    // Damage to a result that a later run has kept.
    let mut bytes = fs::read(&file.0).unwrap();
    let at = String::from_utf8_lossy(&bytes).find("account-2").unwrap();
    bytes[at..at + 40].fill(0);
    fs::write(&file.0, &bytes).unwrap();
    let why = fleet::read([&file.0]).unwrap().incomplete[0].why.clone();
    assert!(why.ends_with("the results of 1 targets are damaged"), "{why}");
}

#[test]
fn damaged_newer_result_is_inspected_again_although_an_older_one_is_whole() {
    let file = Temporary::new("newer");
    for _ in 0..2 {
        let mut journal = open(&file.0).unwrap();
        journal.append(&[outcome(0, false), outcome(1, false)]).unwrap();
        journal.end(2).unwrap();
    }
    let mut bytes = fs::read(&file.0).unwrap();
    let at = String::from_utf8_lossy(&bytes).rfind("account-1").unwrap();
    bytes[at..at + 40].fill(0);
    fs::write(&file.0, &bytes).unwrap();
    let journal = open(&file.0).unwrap();
    assert_eq!([0, 1].map(|number| journal.has_done(&target(number))), [true, false]);
}

#[test]
fn failure_counts_although_the_clock_went_back_before_it() {
    let file = Temporary::new("clock");
    let begin = |minute| Begin::new(OffsetDateTime::UNIX_EPOCH + time::Duration::minutes(minute), None);
    let failed = Outcome { target: target(0), result: Err(Error::config("no key")) };
    for (minute, outcome) in [(60, outcome(0, false)), (0, failed)] {
        let mut journal = Journal::open(file.0.clone(), begin(minute), None).unwrap();
        journal.append(&[outcome]).unwrap();
        journal.end(1).unwrap();
    }
    assert!(!fleet::read([&file.0]).unwrap().is_complete());
}

#[test]
fn file_that_is_not_a_checkpoint_is_rejected_and_left_as_it_is() {
    let file = Temporary::new("foreign");
    let later = r#"{"begin":{"format":2,"at":0,"news":1}}"#;
    let own = r#"{"begin":{"format":1,"at":0}}"#;
    for (text, wanted) in [
        (r#"[{"account":"web"}]"#.to_owned(), "is not a checkpoint"),
        ("{\"targets\":[]}\n".to_owned(), "is not a checkpoint"),
        ("\n".to_owned(), "is not a checkpoint"),
        ("\0\0\0".to_owned(), "is not a checkpoint"),
        (r#"{"begin":{"form":"of words"}}"#.to_owned(), "is not a checkpoint"),
        ("{\"begin\":{\"format\":\"pdf\"}}\n".to_owned(), "is not a checkpoint"),
        (format!("{later}\n"), "format 2 is not known"),
        // A record of a later version, as the last line and in the middle.
        (format!("{own}\n{{\"paused\":{{}}}}\n"), "line 2 is not a record"),
        (format!("{own}\n{{\"paused\":{{}}}}\n{own}\n"), "line 2 is not a record"),
    ] {
        fs::write(&file.0, &text).unwrap();
        let error = open(&file.0).unwrap_err();
        assert!(error.kind() == ErrorKind::Decode && error.to_string().contains(wanted), "{text:?}: {error}");
        assert_eq!(fs::read_to_string(&file.0).unwrap(), text);
        if text.ends_with('\n') {
            assert_eq!(fleet::read([&file.0]).unwrap_err().kind(), ErrorKind::Decode, "{text:?}");
        }
    }
}

#[test]
fn results_of_earlier_runs_count_up_to_an_age() {
    let file = Temporary::new("age");
    let at = |second| OffsetDateTime::from_unix_timestamp(second).unwrap();
    let open = |second, oldest: Option<i64>| {
        let oldest = oldest.map(|second| at(second).into());
        Journal::open(file.0.clone(), Begin::new(at(second), None), oldest).unwrap()
    };
    open(100, None).append(&[outcome(0, false)]).unwrap();
    open(200, None).append(&[outcome(1, false)]).unwrap();
    for (oldest, wanted) in [(None, [true, true]), (Some(100), [true, true]), (Some(101), [false, true])] {
        let journal = open(300, oldest);
        assert_eq!([0, 1].map(|number| journal.has_done(&target(number))), wanted, "{oldest:?}");
    }
}

#[test]
fn incomplete_and_failed_targets_are_not_done() {
    let file = Temporary::new("incomplete");
    let mut journal = open(&file.0).unwrap();
    let failed = Outcome { target: target(2), result: Err(Error::config("no key")) };
    journal.append(&[outcome(0, false), outcome(1, true), failed]).unwrap();
    drop(journal);
    let journal = open(&file.0).unwrap();
    assert_eq!([0, 1, 2].map(|number| journal.has_done(&target(number))), [true, false, false]);
    let report = fleet::read([&file.0]).unwrap();
    let why: Vec<_> = report.incomplete.iter().map(|gap| gap.why.as_str()).collect();
    assert!(why.len() == 3 && why.contains(&"service of account-2: no key"), "{why:?}");
}

#[test]
fn journal_is_locked_and_private() {
    let file = Temporary::new("locked");
    let journal = open(&file.0).unwrap();
    assert!(open(&file.0).unwrap_err().to_string().contains("another run uses it"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file.0).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file.0, fs::Permissions::from_mode(0o644)).unwrap();
    }
    drop(journal);
    assert!(open(&file.0).is_ok());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file.0).unwrap().permissions().mode() & 0o777, 0o600, "one that was there before");
    }
    assert!(open(Path::new("/nonexistent/x.fleet")).unwrap_err().to_string().contains("/nonexistent/x.fleet"));
}

/// A file that is worth compacting: results that later ones have replaced, then a failure after a result, an
/// incomplete result, and two results that count.
#[cfg(unix)]
fn grown(file: &Temporary) {
    let large = |number: u32, incomplete: bool, text: &str| {
        let mut outcome = outcome(number, incomplete);
        let report = outcome.result.as_mut().unwrap();
        let info = crate::FindingInfo::new(format!("risken/{number}"), format!("{text}{:4000}", ""));
        let metadata = crate::Metadata::new("RISKEN", "Finding");
        report.push(crate::Event::detection(metadata, info, crate::Severity::LOW, Millis::default()));
        outcome
    };
    for round in 0..10 {
        let at = OffsetDateTime::from_unix_timestamp(round).unwrap();
        let mut journal = Journal::open(file.0.clone(), Begin::new(at, None), None).unwrap();
        // Below the smallest size that is compacted, until the last run.
        if round < 9 {
            journal.append(&[large(0, false, "old")]).unwrap();
            continue;
        }
        let many: Vec<_> = (0..40).map(|_| large(1, false, "old")).collect();
        journal.append(&many).unwrap();
        let failed = Outcome { target: target(3), result: Err(Error::config("no key")) };
        journal.append(&[large(3, false, "before"), failed]).unwrap();
        journal.append(&[large(1, false, "new"), large(2, true, "new")]).unwrap();
        journal.keep(&target(0)).unwrap();
        journal.end(45).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn compacted_file_says_the_same() {
    let file = Temporary::new("compact");
    grown(&file);
    let before = fs::metadata(&file.0).unwrap().len();
    let shown = |report: &Report| {
        let mut events: Vec<_> = report.events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        events.sort();
        let gaps = report.incomplete.iter().filter(|gap| !gap.why.contains("checkpoint"));
        (events, gaps.cloned().collect::<Vec<_>>())
    };
    let wanted = shown(&fleet::read([&file.0]).unwrap());
    assert_eq!((wanted.0.len(), wanted.1.len()), (4, 2), "the incomplete one and the one that failed");
    // What a process left behind that was killed while it compacted.
    let temporary = file.0.with_extension("fleet.compact");
    fs::write(&temporary, "{\"begin\":{\"form").unwrap();

    // A link keeps pointing to the file.
    let link = Temporary::new("compact-link");
    std::os::unix::fs::symlink(&file.0, &link.0).unwrap();
    let at = |second| OffsetDateTime::from_unix_timestamp(second).unwrap();
    let mut journal = Journal::open(link.0.clone(), Begin::new(at(60), None), None).unwrap();
    assert!(fs::symlink_metadata(&link.0).unwrap().is_symlink() && !temporary.exists());
    let after = fs::metadata(&file.0).unwrap().len();
    assert!(after < before / 5, "{after} of {before} bytes");
    assert_eq!([0, 1, 2, 3].map(|number| journal.has_done(&target(number))), [true, true, false, false]);
    // The lock is that of the new file, which only its owner can read.
    assert!(open(&file.0).unwrap_err().to_string().contains("another run uses it"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file.0).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let killed = fleet::read([&file.0]).unwrap();
    assert!(killed.incomplete.iter().any(|gap| gap.why.contains("has not finished")));
    assert_eq!(shown(&killed), wanted);

    journal.append(&[outcome(2, false), outcome(3, false)]).unwrap();
    journal.keep(&target(0)).unwrap();
    journal.keep(&target(1)).unwrap();
    journal.end(4).unwrap();
    drop(journal);
    let found = fleet::read([&file.0]).unwrap();
    assert_eq!((found.events.len(), found.is_complete()), (2, true));
    // Results keep the time of their run.
    for (oldest, wanted) in [(8, [true, true]), (9, [false, true]), (10, [false, false])] {
        let journal = Journal::open(file.0.clone(), Begin::new(at(70), None), Some(at(oldest).into())).unwrap();
        assert_eq!([0, 1].map(|number| journal.has_done(&target(number))), wanted, "{oldest}");
    }
}

#[cfg(unix)]
#[test]
fn file_that_cannot_be_compacted_is_used_as_it_is() {
    let file = Temporary::new("stays");
    grown(&file);
    let before = fs::read(&file.0).unwrap();
    let temporary = file.0.with_extension("fleet.compact");
    // A folder of that name cannot be replaced.
    fs::create_dir(&temporary).unwrap();
    let journal = open(&file.0).unwrap();
    fs::remove_dir(&temporary).unwrap();
    assert!(journal.has_done(&target(0)));
    assert!(fs::read(&file.0).unwrap().starts_with(&before));
}

/// Nothing is lost to a damaged beginning of a run.
#[cfg(unix)]
#[test]
fn damaged_beginning_of_a_run_is_not_copied() {
    let file = Temporary::new("beginning");
    grown(&file);
    let mut bytes = fs::read(&file.0).unwrap();
    let last = String::from_utf8_lossy(&bytes).rfind("{\"begin\"").unwrap();
    bytes[last + START.len()..last + START.len() + 3].fill(0);
    fs::write(&file.0, &bytes).unwrap();
    let journal = open(&file.0).unwrap();
    assert!(fs::metadata(&file.0).unwrap().len() < bytes.len() as u64 / 5);
    assert!([0, 1].iter().all(|number| journal.has_done(&target(*number))));
    drop(journal);
    assert!(open(&file.0).is_ok_and(|journal| journal.has_done(&target(1))));
}

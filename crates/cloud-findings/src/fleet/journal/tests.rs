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

fn target(number: u32) -> Target {
    Target::new(format!("account-{number}"), "service")
}

#[test]
fn journal_cut_at_any_byte_keeps_every_whole_record() {
    let file = Temporary::new("cut");
    let mut journal = Journal::open(file.0.clone()).unwrap();
    let mut ends = vec![0];
    for number in 0..2 {
        journal.append(&[outcome(number, false)]).unwrap();
        ends.push(fs::metadata(&file.0).unwrap().len());
    }
    drop(journal);
    let whole = fs::read(&file.0).unwrap();
    for length in 0..=whole.len() {
        fs::write(&file.0, &whole[..length]).unwrap();
        let mut journal = Journal::open(file.0.clone()).unwrap();
        let kept = ends.iter().filter(|end| **end <= length as u64).count() - 1;
        let done: Vec<_> = (0..2).filter(|number| journal.has_done(&target(*number))).collect();
        assert_eq!(done, (0..kept as u32).collect::<Vec<_>>(), "{length} bytes");
        // The next record begins on a line of its own.
        journal.append(&[outcome(9, false)]).unwrap();
        drop(journal);
        let journal = Journal::open(file.0.clone()).unwrap();
        assert!(journal.has_done(&target(9)), "{length} bytes");
    }
}

#[test]
fn last_line_of_garbage_is_cut_off_and_one_in_the_middle_is_an_error() {
    let file = Temporary::new("garbage");
    let mut journal = Journal::open(file.0.clone()).unwrap();
    journal.append(&[outcome(0, false)]).unwrap();
    drop(journal);
    let mut bytes = fs::read(&file.0).unwrap();
    bytes.extend(b"\0\0\0\0\n");
    fs::write(&file.0, &bytes).unwrap();
    let mut journal = Journal::open(file.0.clone()).unwrap();
    assert!(journal.has_done(&target(0)));
    journal.append(&[outcome(1, false)]).unwrap();
    drop(journal);
    bytes.extend(fs::read(&file.0).unwrap());
    fs::write(&file.0, &bytes).unwrap();
    let error = Journal::open(file.0.clone()).unwrap_err();
    assert!(error.kind() == ErrorKind::Decode && error.to_string().contains("line 2"), "{error}");
}

#[test]
fn incomplete_and_failed_targets_are_not_done() {
    let file = Temporary::new("incomplete");
    let mut journal = Journal::open(file.0.clone()).unwrap();
    let failed = Outcome { target: target(2), result: Err(Error::config("no key")) };
    journal.append(&[outcome(0, false), outcome(1, true), failed]).unwrap();
    drop(journal);
    let journal = Journal::open(file.0.clone()).unwrap();
    assert_eq!([0, 1, 2].map(|number| journal.has_done(&target(number))), [true, false, false]);
    let report = fleet::read([&file.0]).unwrap();
    let why: Vec<_> = report.incomplete.iter().map(|gap| gap.why.as_str()).collect();
    assert!(why.len() == 3 && why.contains(&"service of account-2: no key"), "{why:?}");
}

#[test]
fn journal_is_locked_and_private() {
    let file = Temporary::new("locked");
    let journal = Journal::open(file.0.clone()).unwrap();
    assert!(Journal::open(file.0.clone()).unwrap_err().to_string().contains("another run uses it"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file.0).unwrap().permissions().mode() & 0o777, 0o600);
    }
    drop(journal);
    assert!(Journal::open(file.0.clone()).is_ok());
    assert!(Journal::open("/nonexistent/x.fleet".into()).unwrap_err().to_string().contains("/nonexistent/x.fleet"));
}

//! A fleet of 500 targets with faults, killed in the middle and resumed.

#![cfg(test)]
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cloud_findings::{Report, fleet};
use cloud_sandbox::{Fault, Sandbox};
use findings::{Fleet, SERVICES};

const CONCURRENCY: usize = 16;
/// Accounts beside the first: 100 with five services each are 500 targets.
const FURTHER: u32 = 99;
const TARGETS: usize = 500;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cloud-findings-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One in twenty requests fails: half of these with 503, the others with a broken connection.
fn inject(sandbox: &Sandbox) {
    for number in 0..1_000 {
        let fault = if number % 2 == 0 { Fault::status(503) } else { Fault::reset_before() };
        sandbox.fault(fault.after(20 * number)).unwrap();
    }
}

/// Without the inspection of the seed that could not connect, so that every report is complete.
fn without_failed_run() -> serde_json::Value {
    serde_json::json!({"scp": {"inspection": {"diagnoses": {"DIA-0C2B1E6D5F7A4E0B9A3D8C1F6E5B4A32": null}}}})
}

/// The steps that a process printed, by kind.
#[derive(Debug, Default)]
struct Steps {
    started: BTreeSet<String>,
    done: BTreeSet<String>,
    skipped: BTreeSet<String>,
    failed: Vec<String>,
    summary: String,
}

impl Steps {
    fn add(&mut self, line: &str) {
        let (kind, rest) = line.split_once(' ').unwrap_or_default();
        let target = rest.to_owned();
        let fresh = match kind {
            "started" => self.started.insert(target),
            "done" => self.done.insert(target),
            "skipped" => self.skipped.insert(target),
            "failed" => {
                self.failed.push(target);
                true
            }
            "summary" => {
                self.summary = target;
                true
            }
            _ => panic!("{line}"),
        };
        assert!(fresh, "twice: {line}");
    }
}

/// Runs a fleet in a process of its own, which is killed after so many targets.
fn run(folder: &Path, checkpoint: &Path, kill_after: Option<usize>, shard: &[&str]) -> Steps {
    let mut command = Command::new(env!("CARGO_BIN_EXE_findings"));
    command.arg("run").arg(folder.join("accounts.json")).arg(checkpoint).arg(CONCURRENCY.to_string()).args(shard);
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut steps = Steps::default();
    let mut killed = false;
    for line in BufReader::new(process.stdout.take().unwrap()).lines() {
        steps.add(&line.unwrap());
        if !killed && kill_after.is_some_and(|count| steps.done.len() >= count) {
            // SIGKILL: the process cannot finish anything.
            process.kill().unwrap();
            killed = true;
        }
    }
    assert_eq!(process.wait().unwrap().success(), !killed);
    steps
}

fn uids(report: &Report) -> BTreeSet<String> {
    let uids: BTreeSet<_> = report.events.iter().map(|event| event.uid().unwrap().to_owned()).collect();
    assert_eq!(uids.len(), report.events.len(), "an event occurs twice");
    uids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_fleet_goes_on_without_loss_and_without_repetition() {
    let folder = Folder::new("kill");
    let sandbox = Sandbox::builder().seed_data(without_failed_run()).accounts(FURTHER).start().await.unwrap();
    fs::write(folder.0.join("accounts.json"), Fleet::of(&sandbox, FURTHER).to_json()).unwrap();
    inject(&sandbox);
    let checkpoint = folder.0.join("killed.fleet");
    let (path, file) = (folder.0.clone(), checkpoint.clone());
    let first = tokio::task::spawn_blocking(move || run(&path, &file, Some(TARGETS / 2), &[])).await.unwrap();
    assert!(first.done.len() < TARGETS && first.summary.is_empty(), "it was killed in the middle");
    let struck = sandbox.calls().iter().filter(|call| call.fault.is_some()).count();
    assert!(struck > 0, "no fault struck");
    let half = fleet::read([&checkpoint]).unwrap();
    assert!(!half.is_complete() && !half.events.is_empty());

    let (path, file) = (folder.0.clone(), checkpoint.clone());
    let second = tokio::task::spawn_blocking(move || run(&path, &file, None, &[])).await.unwrap();
    assert_eq!(second.failed, Vec::<String>::new());
    // What was reported as done is in the checkpoint, and is not inspected again.
    assert!(first.done.is_subset(&second.skipped));
    assert!(second.started.is_disjoint(&second.skipped));
    let again = first.started.intersection(&second.started).count();
    assert!(again <= CONCURRENCY, "{again} unfinished targets were started again");
    assert_eq!(second.skipped.len() + second.done.len(), TARGETS);

    // Nothing is lost and nothing occurs twice: the same as a run without faults that was not killed.
    sandbox.clear_faults();
    let (path, file) = (folder.0.clone(), folder.0.join("whole.fleet"));
    let whole = tokio::task::spawn_blocking(move || run(&path, &file, None, &[])).await.unwrap();
    assert_eq!((whole.done.len(), SERVICES.len() * (FURTHER as usize + 1)), (TARGETS, TARGETS));
    let (resumed, whole) = (fleet::read([&checkpoint]).unwrap(), fleet::read([folder.0.join("whole.fleet")]).unwrap());
    assert_eq!(uids(&resumed), uids(&whole));
    assert_eq!(resumed.dropped, whole.dropped);
    assert!(resumed.is_complete() && whole.is_complete());
    assert!(cloud_findings::diff(&resumed, &whole).is_empty());
    sandbox.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_in_processes_of_their_own_add_up() {
    let folder = Folder::new("shards");
    let sandbox = Sandbox::builder().seed_data(without_failed_run()).accounts(19).start().await.unwrap();
    fs::write(folder.0.join("accounts.json"), Fleet::of(&sandbox, 19).to_json()).unwrap();
    let files: Vec<_> = (0..4).map(|index| folder.0.join(format!("{index}.fleet"))).collect();
    let mut shards = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let (path, file, index) = (folder.0.clone(), file.clone(), index.to_string());
        shards.push(tokio::task::spawn_blocking(move || run(&path, &file, None, &[&index, "4"])));
    }
    let mut done = 0;
    for shard in shards {
        done += shard.await.unwrap().done.len();
    }
    assert_eq!(done, 100);
    let mut out = Vec::new();
    fleet::export(&files, &mut out).unwrap();
    let report = Report::read_jsonl(&*out).unwrap();
    assert_eq!((uids(&report).len(), report.is_complete()), (20 * 50, true));
    sandbox.shutdown().await.unwrap();
}

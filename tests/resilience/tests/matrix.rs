//! The fault matrix: every cell is as expected, no unsafe call is executed twice, and the guide is current.

#![cfg(test)]

use std::collections::BTreeSet;

use cloud_core::transport::{BuiltInTransport, DefaultTransport};
use resilience::matrix::{Cell, Class, Manner, command, guide, replace, run};

/// Faults after which an unsafe request may be sent again, because the service did not execute it.
const CERTAIN: [&str; 5] = [
    "connection refused",
    "TLS: closed during the handshake",
    "TLS: plain HTTP instead",
    "the client's clock is an hour slow",
    "the client's clock is an hour fast",
];

fn shown(cell: &Cell) -> String {
    format!("{} ({:?}), {}: {}", cell.fault, cell.frequency, cell.operation, cell.error.as_deref().unwrap_or("ok"))
}

conformance::each_transport!(async cells_are_as_expected);

async fn cells_are_as_expected<T: BuiltInTransport + 'static>() {
    let cells = run::<T>(Manner::Awaited).await.unwrap();
    assert_as_expected(&cells);
    let faults: BTreeSet<_> = cells.iter().map(|cell| cell.fault).collect();
    assert!(faults.len() > 60, "{} faults", faults.len());
    for (vendor, classes) in [("scp", 5), ("nhn", 5), ("risken", 3)] {
        let found: BTreeSet<_> =
            cells.iter().filter(|c| c.vendor == vendor).map(|c| format!("{:?}", c.class)).collect();
        assert_eq!(found.len(), classes, "{vendor}: {found:?}");
    }
    for cell in &cells {
        assert_unsafe_operation_executed_once(cell, Manner::Awaited);
        assert_error_is_one_line_and_names_operation(cell);
        assert!(cell.arrived <= cell.sent, "{}: the transport repeated a request", shown(cell));
        assert!(cell.observed.total <= 30_000 || cell.class == Class::List, "{}: past the deadline", shown(cell));
    }
    let old = std::fs::read_to_string(guide()).unwrap();
    assert!(replace(&old, &cells).unwrap() == old, "stale: run `cargo run -p resilience -- matrix`");
}

/// A thread that blocks gets what a task that awaits gets, of every cell.
#[tokio::test]
async fn cells_are_as_expected_through_wait() {
    let cells = run::<DefaultTransport>(Manner::Waited).await.unwrap();
    assert!(cells.len() > 1000, "{} cells", cells.len());
    assert_as_expected(&cells);
    cells.iter().for_each(|cell| assert_unsafe_operation_executed_once(cell, Manner::Waited));
}

fn assert_as_expected(cells: &[Cell]) {
    let wrong: Vec<_> = cells.iter().filter(|cell| cell.observed != cell.expected).collect();
    let texts =
        wrong.iter().map(|cell| format!("{}\n  is   {:?}\n  want {:?}", shown(cell), cell.observed, cell.expected));
    assert!(wrong.is_empty(), "{} of {} cells:\n{}", wrong.len(), cells.len(), texts.collect::<Vec<_>>().join("\n"));
}

/// Must hold independently of the expected cells.
fn assert_unsafe_operation_executed_once(cell: &Cell, manner: Manner) {
    if cell.class == Class::Unsafe {
        assert!(cell.observed.executed <= 1, "{}: executed {} times", shown(cell), cell.observed.executed);
        let renewed = cell.note.contains("temporary") && ["401", "credentials revoked"].contains(&cell.fault);
        let certain = CERTAIN.contains(&cell.fault) || renewed;
        assert!(cell.sent <= 1 || certain, "{}: sent {} times", shown(cell), cell.sent);
    }
    if cell.observed.outcome.contains("unsent") {
        // The first page of a resumable list was received. The error of a list that a thread waits for does not tell.
        let resumable = match manner {
            Manner::Awaited => cell.observed.outcome.contains("resumed"),
            Manner::Waited => cell.class == Class::List && !cell.observed.outcome.starts_with("Credentials"),
        };
        let pages = u32::from(resumable);
        let came = (cell.arrived, cell.observed.executed);
        assert_eq!(came, (pages, pages), "{}: reported as not sent", shown(cell));
    }
}

fn assert_error_is_one_line_and_names_operation(cell: &Cell) {
    let Some(error) = cell.error.as_deref().filter(|_| cell.class != Class::List) else { return };
    let name = cell.operation.rsplit('/').next().unwrap();
    let named =
        ["refused", "failed", "rejected locally"].iter().any(|verb| error.contains(&format!(" {name} {verb}: ")));
    assert!(named && !error.contains('\n') && error.len() < 400, "{error}");
    for secret in ["5a4db0c5", "sandbox", "c2FuZGJve", "Bearer"] {
        assert!(!error.contains(secret), "{error}");
    }
}

#[test]
fn matrix_command_accepts_its_options_only() {
    let say = |words: &[&str]| command(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    assert!(say(&["--help"]).unwrap().contains("usage: resilience matrix"));
    assert!(say(&["--frobnicate"]).unwrap_err().contains("no option --frobnicate"));
    assert!(say(&["--check", "--cells"]).is_err());
}

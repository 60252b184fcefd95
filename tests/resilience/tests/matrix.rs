//! The matrix of faults: every cell is what the rules say, nothing unsafe is done twice, and the guide shows all of it.

#![cfg(test)]

use std::collections::BTreeSet;

use resilience::matrix::{Cell, Class, command, guide, replace, run};

/// What may be sent again although the operation is unsafe, because the service has certainly done nothing.
const CERTAIN: [&str; 5] = [
    "nobody listens",
    "TLS: closed in the handshake",
    "TLS: plain HTTP in its place",
    "the client's clock is an hour slow",
    "the client's clock is an hour fast",
];

fn shown(cell: &Cell) -> String {
    format!("{} ({:?}), {}: {}", cell.fault, cell.often, cell.operation, cell.error.as_deref().unwrap_or("ok"))
}

#[tokio::test]
async fn every_cell_is_what_the_rules_say() {
    let cells = run().await.unwrap();
    let wrong: Vec<_> = cells.iter().filter(|cell| cell.seen != cell.expected).collect();
    let texts = wrong.iter().map(|cell| format!("{}\n  is   {:?}\n  want {:?}", shown(cell), cell.seen, cell.expected));
    assert!(wrong.is_empty(), "{} of {} cells:\n{}", wrong.len(), cells.len(), texts.collect::<Vec<_>>().join("\n"));

    let faults: BTreeSet<_> = cells.iter().map(|cell| cell.fault).collect();
    assert!(faults.len() > 60, "{} faults", faults.len());
    for (vendor, classes) in [("scp", 4), ("nhn", 2), ("risken", 3)] {
        let found: BTreeSet<_> =
            cells.iter().filter(|c| c.vendor == vendor).map(|c| format!("{:?}", c.class)).collect();
        assert_eq!(found.len(), classes, "{vendor}: {found:?}");
    }
    for cell in &cells {
        unsafe_operations_are_done_once(cell);
        an_error_is_a_line_that_names_the_operation(cell);
        assert!(cell.arrived <= cell.sent, "{}: sent again below the client", shown(cell));
        assert!(cell.seen.total <= 30_000 || cell.class == Class::List, "{}: past the deadline", shown(cell));
    }
    let old = std::fs::read_to_string(guide()).unwrap();
    assert!(replace(&old, &cells).unwrap() == old, "stale: run `cargo run -p resilience -- matrix`");
}

/// Holds whatever the rules say.
fn unsafe_operations_are_done_once(cell: &Cell) {
    if cell.class == Class::Unsafe {
        assert!(cell.seen.executed <= 1, "{}: executed {} times", shown(cell), cell.seen.executed);
        let renewed = cell.note.contains("temporary") && ["401", "credentials revoked"].contains(&cell.fault);
        let certain = CERTAIN.contains(&cell.fault) || renewed;
        assert!(cell.sent <= 1 || certain, "{}: sent {} times", shown(cell), cell.sent);
    }
    if cell.seen.outcome.contains("unsent") {
        // Of a list that can be resumed, the first page had come.
        let pages = u32::from(cell.seen.outcome.contains("resumed"));
        let came = (cell.arrived, cell.seen.executed);
        assert_eq!(came, (pages, pages), "{}: it says that it was not sent", shown(cell));
    }
}

fn an_error_is_a_line_that_names_the_operation(cell: &Cell) {
    let Some(error) = cell.error.as_deref().filter(|_| cell.class != Class::List) else { return };
    let name = cell.operation.rsplit('/').next().unwrap();
    assert!(error.contains(&format!(" {name}: ")) && !error.contains('\n') && error.len() < 400, "{error}");
    for secret in ["5a4db0c5", "sandbox", "c2FuZGJve", "Bearer", "127.0.0.1"] {
        assert!(!error.contains(secret), "{error}");
    }
}

#[test]
fn the_command_knows_its_words() {
    let say = |words: &[&str]| command(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    assert!(say(&["--help"]).unwrap().contains("usage: resilience matrix"));
    assert!(say(&["--frobnicate"]).unwrap_err().contains("no option --frobnicate"));
    assert!(say(&["--check", "--cells"]).is_err());
}

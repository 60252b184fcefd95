//! The matrix as tables of Markdown: cells that came to the same share a row.

use std::fmt::Write as _;

use super::{Cell, Class, Often, Seen};

/// Single calls and lists, each in a table.
#[must_use]
pub fn render(cells: &[Cell]) -> String {
    let (lists, calls): (Vec<_>, Vec<_>) = cells.iter().partition(|cell| cell.class == Class::List);
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{} cells. Single calls, {} of them:\n", cells.len(), calls.len());
    text.push_str("| fault | strikes | calls | attempts | waits, ms | time, ms | ends as | executed |\n");
    text.push_str("|---|---|---|---:|---|---:|---|---:|\n");
    rows(&mut text, &calls);
    let _ = writeln!(text, "\nLists in three pages, {} of them; the second page is struck:\n", lists.len());
    text.push_str("| fault | strikes | lists | requests | waits, ms | time, ms | ends as | executed |\n");
    text.push_str("|---|---|---|---:|---|---:|---|---:|\n");
    rows(&mut text, &lists);
    text
}

/// What one fault, striking so often, comes to: each outcome with the calls that have it.
type Outcomes<'a> = Vec<(&'a Seen, Vec<&'a Cell>)>;

fn rows(text: &mut String, cells: &[&Cell]) {
    for group in cells.chunk_by(|a, b| a.fault == b.fault) {
        let of = |often| outcomes(group.iter().copied().filter(|cell| cell.often == often));
        let (once, always) = (of(Often::Once), of(Often::Always));
        if same(&once, &always) {
            write(text, "once, always", &once);
        } else {
            write(text, "once", &once);
            write(text, "always", &always);
        }
    }
}

fn outcomes<'a>(cells: impl Iterator<Item = &'a Cell>) -> Outcomes<'a> {
    let mut found: Outcomes<'a> = Vec::new();
    for cell in cells {
        match found.iter_mut().find(|(seen, _)| **seen == cell.seen) {
            Some((_, others)) => others.push(cell),
            None => found.push((&cell.seen, vec![cell])),
        }
    }
    found
}

fn same(a: &Outcomes<'_>, b: &Outcomes<'_>) -> bool {
    let calls = |cells: &[&Cell]| cells.iter().map(|cell| (cell.operation, cell.note)).collect::<Vec<_>>();
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && calls(&a.1) == calls(&b.1))
}

fn write(text: &mut String, strikes: &str, outcomes: &Outcomes<'_>) {
    let all: Vec<_> = outcomes.iter().flat_map(|(_, cells)| cells.iter().copied()).collect();
    for (seen, cells) in outcomes {
        let Seen { attempts, total, outcome, executed, .. } = seen;
        let waits = match seen.waits.as_slice() {
            [] => "-".to_owned(),
            waits => waits.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
        };
        let (fault, calls) = (cells[0].fault, name(cells, &all));
        let _ = writeln!(
            text,
            "| {fault} | {strikes} | {calls} | {attempts} | {waits} | {total} | {outcome} | {executed} |"
        );
    }
}

/// The shortest name for some of the calls that a fault strikes.
fn name(some: &[&Cell], all: &[&Cell]) -> String {
    if some.len() == all.len() {
        return "all".to_owned();
    }
    let mut names = Vec::new();
    for (class, word) in [(Class::Safe, "safe"), (Class::Idempotent, "idempotent"), (Class::Unsafe, "unsafe")] {
        let of = |cells: &[&Cell]| cells.iter().filter(|cell| cell.class == class).count();
        match of(some) {
            0 => {}
            count if count == of(all) => names.push(word.to_owned()),
            _ => names.extend(some.iter().filter(|cell| cell.class == class).map(|cell| label(cell, word))),
        }
    }
    let lists = some.iter().filter(|cell| cell.class == Class::List);
    names.extend(lists.map(|cell| cell.vendor.to_owned()));
    names.join(", ")
}

fn label(cell: &Cell, word: &str) -> String {
    format!("{word} ({}{})", cell.vendor, cell.note)
}

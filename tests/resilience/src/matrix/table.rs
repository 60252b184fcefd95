//! The matrix as Markdown tables: cells with the same result share a row.

use std::fmt::Write as _;

use super::{Cell, Class, Frequency, Observation};

/// Renders one table of single calls, one of lists and one of cached values.
#[must_use]
pub fn render(cells: &[Cell]) -> String {
    let of = |class: Option<Class>| {
        let one = |cell: &&Cell| Some(cell.class).filter(|class| matches!(class, Class::List | Class::Cached)) == class;
        cells.iter().filter(one).collect::<Vec<_>>()
    };
    let (calls, lists, cached) = (of(None), of(Some(Class::List)), of(Some(Class::Cached)));
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{} cells. Single calls, {} of them:\n", cells.len(), calls.len());
    text.push_str("| fault | applies | calls | attempts | delays, ms | time, ms | result | executed |\n");
    text.push_str("|---|---|---|---:|---|---:|---|---:|\n");
    rows(&mut text, &calls);
    let _ = writeln!(text, "\nLists in three pages, {} of them; the second page has the fault:\n", lists.len());
    text.push_str("| fault | applies | lists | requests | delays, ms | time, ms | result | executed |\n");
    text.push_str("|---|---|---|---:|---|---:|---|---:|\n");
    rows(&mut text, &lists);
    let _ = writeln!(
        text,
        "\nCached secrets, {} of them; the value is past its TTL, and the request for another has the fault:\n",
        cached.len()
    );
    text.push_str("| fault | applies | secrets | requests | delays, ms | time, ms | result | executed |\n");
    text.push_str("|---|---|---|---:|---|---:|---|---:|\n");
    rows(&mut text, &cached);
    text
}

/// The results of one fault: each with the calls that have it.
type Outcomes<'a> = Vec<(&'a Observation, Vec<&'a Cell>)>;

fn rows(text: &mut String, cells: &[&Cell]) {
    for group in cells.chunk_by(|a, b| a.fault == b.fault) {
        let of = |frequency| outcomes(group.iter().copied().filter(|cell| cell.frequency == frequency));
        let (once, always) = (of(Frequency::Once), of(Frequency::Always));
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
        match found.iter_mut().find(|(observed, _)| **observed == cell.observed) {
            Some((_, others)) => others.push(cell),
            None => found.push((&cell.observed, vec![cell])),
        }
    }
    found
}

fn same(a: &Outcomes<'_>, b: &Outcomes<'_>) -> bool {
    let calls = |cells: &[&Cell]| cells.iter().map(|cell| (cell.operation, cell.note)).collect::<Vec<_>>();
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && calls(&a.1) == calls(&b.1))
}

fn write(text: &mut String, applies: &str, outcomes: &Outcomes<'_>) {
    let all: Vec<_> = outcomes.iter().flat_map(|(_, cells)| cells.iter().copied()).collect();
    for (observed, cells) in outcomes {
        let Observation { attempts, total, outcome, executed, .. } = observed;
        let waits = match observed.waits.as_slice() {
            [] => "-".to_owned(),
            waits => waits.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
        };
        let (fault, calls) = (cells[0].fault, name(cells, &all));
        let _ = writeln!(
            text,
            "| {fault} | {applies} | {calls} | {attempts} | {waits} | {total} | {outcome} | {executed} |"
        );
    }
}

/// Returns the shortest name of some of a fault's calls.
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
    let others = some.iter().filter(|cell| matches!(cell.class, Class::List | Class::Cached));
    names.extend(others.map(|cell| cell.vendor.to_owned()));
    names.join(", ")
}

fn label(cell: &Cell, word: &str) -> String {
    format!("{word} ({}{})", cell.vendor, cell.note)
}

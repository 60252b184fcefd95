//! The command `matrix`: writes the tables into the guide, or checks them.

use std::path::PathBuf;

use cloud_core::transport::DefaultTransport;

use super::{Cell, Manner, render};

const HELP: &str = "\
Runs every cell of the fault matrix.

usage: resilience matrix [--check | --cells]

Without an option it writes the tables into docs/resilience.md. With --check it changes nothing and
fails if those in the guide are stale; with --cells it prints every cell with its error text.";

const BEGIN: &str = "<!-- written by `cargo run -p resilience -- matrix`; do not edit -->\n";
const END: &str = "<!-- end of what is written -->\n";

/// Runs the command with these arguments and returns its output.
///
/// # Errors
/// If an argument, a cell or the guide is wrong.
pub fn command(words: &[String]) -> Result<String, String> {
    let word = match words {
        [] => "",
        [one] => one.as_str(),
        _ => return Err("matrix takes at most one option: see --help".into()),
    };
    match word {
        "--help" | "-h" => return Ok(HELP.to_owned()),
        "" | "--check" | "--cells" => {}
        other => return Err(format!("matrix has no option {other}: see --help")),
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    let cells = runtime.block_on(super::run::<DefaultTransport>(Manner::Awaited))?;
    if word == "--cells" {
        return Ok(cells.iter().map(line).collect::<Vec<_>>().join("\n"));
    }
    if let Some(wrong) = cells.iter().find(|cell| cell.observed != cell.expected) {
        return Err(format!("a cell is not as expected: {}", line(wrong)));
    }
    let waited = runtime.block_on(super::run::<DefaultTransport>(Manner::Waited))?;
    if let Some(wrong) = waited.iter().find(|cell| cell.observed != cell.expected) {
        return Err(format!("a cell is not as expected when its thread waits: {}", line(wrong)));
    }
    let path = guide();
    let old = std::fs::read_to_string(&path).map_err(|error| format!("docs/resilience.md cannot be read: {error}"))?;
    let new = replace(&old, &cells)?;
    match word {
        _ if old == new => Ok(format!("docs/resilience.md has {} cells and is up to date", cells.len())),
        "--check" => Err("docs/resilience.md is stale: run `cargo run -p resilience -- matrix`".into()),
        _ => {
            std::fs::write(&path, new).map_err(|error| format!("docs/resilience.md cannot be written: {error}"))?;
            Ok(format!("docs/resilience.md has {} cells", cells.len()))
        }
    }
}

/// Returns the path of the guide.
#[must_use]
pub fn guide() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/resilience.md")
}

/// Returns the guide with its tables replaced.
///
/// # Errors
/// If it has no markers for them.
pub fn replace(guide: &str, cells: &[Cell]) -> Result<String, String> {
    let place = guide.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = place.ok_or("docs/resilience.md has no markers around its tables")?;
    Ok(format!("{before}{BEGIN}\n{}\n{END}{after}", render(cells)))
}

fn line(cell: &Cell) -> String {
    let Cell { fault, frequency, operation, class, note, observed, error, .. } = cell;
    let error = error.as_deref().unwrap_or("ok");
    format!(
        "{fault} | {frequency:?} | {operation} | {class:?}{note} | {} attempts | {} ms | {error}",
        observed.attempts, observed.total
    )
}

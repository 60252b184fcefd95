//! The gate: every check of the repository by name, in the order in which they run.

use std::error::Error;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

mod checks;
mod process;
mod providers;
mod tools;
mod workspace;

use workspace::Workspace;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How a check that did not fail ended.
enum Outcome {
    Passed,
    /// The check could not run on this machine, and why.
    Skipped(String),
}

struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace) -> Result<Outcome>,
    /// Whether it is a part of the gate, or runs only if it is named.
    gate: bool,
}

const fn step(name: &'static str, about: &'static str, run: fn(&Workspace) -> Result<Outcome>) -> Step {
    Step { name, about, run, gate: true }
}

const fn on_demand(name: &'static str, about: &'static str, run: fn(&Workspace) -> Result<Outcome>) -> Step {
    Step { name, about, run, gate: false }
}

/// The cheap checks come first.
const STEPS: &[Step] = &[
    step("toolchain", "the toolchain is the minimum version, and the documents state it", checks::toolchain),
    step("lock", "the lock files are current", checks::lock),
    step("fmt", "the sources are formatted", checks::fmt),
    step("spelling", "typos finds no misspelling", checks::spelling),
    step("lint", "the fixtures are complete", checks::lint),
    step("codegen", "the generated files match the fixtures", checks::codegen),
    step("deny", "dependencies, licenses and registries are allowed ones", checks::deny),
    step("clippy", "clippy reports nothing for any target", checks::clippy),
    step("features", "each published crate builds with each of its features alone", checks::features),
    step("providers", "an SDK adds no other crypto provider than its features say", providers::check),
    step("test", "all tests pass", checks::test),
    step("numbers", "decoding is the same with serde_json's `arbitrary_precision`", checks::numbers),
    step("doc", "the documentation builds and its links resolve", checks::doc),
    step("public-api", "the public items are those of the committed lists, and Send and Sync", checks::public_api),
    step("fuzz", "the fuzz targets compile", checks::fuzz),
    step("package", "each published crate builds from its package", checks::package),
    step("newest", "the published crates build with the newest compatible dependencies", checks::newest),
    on_demand("minimal", "the published crates build with the oldest direct dependencies", checks::minimal),
];

/// Lists the steps, one a line.
pub(crate) fn list() {
    for step in STEPS {
        let note = if step.gate { "" } else { " (on demand)" };
        println!("{:<11}{}{note}", step.name, step.about);
    }
}

/// Runs the named steps in the gate's order, or the whole gate, and stops at the first failure.
#[allow(clippy::disallowed_methods, reason = "the gate reports how long each step takes")]
pub(crate) fn run(root: &std::path::Path, names: &[&str]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        return Err(format!("there is no step {unknown}; `cargo xtask ci --list` lists them").into());
    }
    let workspace = Workspace::load(root)?;
    let mut report = String::new();
    for step in STEPS.iter().filter(|step| if names.is_empty() { step.gate } else { names.contains(&step.name) }) {
        println!("\n== {}: {}", step.name, step.about);
        let start = Instant::now();
        let outcome = (step.run)(&workspace);
        let took = seconds(start.elapsed());
        let ended = match outcome {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::Skipped(why)) => format!("SKIPPED: {why}"),
            Err(error) => {
                print!("\n{report}");
                return Err(format!("{:<11}{took}  FAILED: {error}", step.name).into());
            }
        };
        println!("== {}: {ended}", step.name);
        // Writing into a string cannot fail.
        let _ = writeln!(report, "{:<11}{took}  {ended}", step.name);
    }
    print!("\n{report}");
    Ok(())
}

fn seconds(duration: Duration) -> String {
    format!("{:>7.1} s", duration.as_secs_f64())
}

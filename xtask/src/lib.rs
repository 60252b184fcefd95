//! The project's own tasks: import of vendor pages, lint of the fixtures, generation of models.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "tasks print to the terminal")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub mod add_version;
mod ci;
pub mod codegen;
pub mod drift;
pub mod import;
pub mod lint;
pub mod openapi;
pub mod vendors;

mod defaults;
mod emit;
mod ir;
mod lower;
mod marked;
mod moved;
mod names;
mod render;

const USAGE: &str = "\
usage: cargo xtask <task>

  import VENDOR PAGE... [--check]
                              make the fixtures of a vendor from its pages, or report what differs
  drift PAGES_DIR [--apply] [--as-of DAY]
                              compare all pages of a folder, say which release the differences need, and with
                              `--apply` take them over: documents, changelog, everything that is generated
  add-version VENDOR SERVICE VERSION --from VERSION [--move-default]
                              start a new API version from an existing one; the default version stays unless
                              `--move-default` is given, which a major release alone may do
  features                    print each vendor crate with its features, one crate a line
  lint                        check every fixture, and warn of versions that end within 90 days
  ci [STEP...] [--list]       run every check, or those named; list them
  codegen [--check]           write the generated sources, or report what is stale
";

/// Runs the task that the arguments name.
#[must_use]
pub fn run(arguments: &[String]) -> ExitCode {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = root();
    let outcome = match words.as_slice() {
        ["ci", "--list"] => {
            ci::list();
            Ok(())
        }
        ["ci", steps @ ..] => ci::run(&root, steps),
        ["codegen"] => codegen::run(&root, false),
        ["codegen", "--check"] => codegen::run(&root, true),
        ["lint"] => lint::run(&root).and_then(|()| warn_of_ends(&root)),
        ["features"] => features(&root),
        ["add-version", vendor, service, version, "--from", from, rest @ ..]
            if matches!(rest, [] | ["--move-default"]) =>
        {
            add_version(&root, add_version::Request { vendor, service, version, from, move_default: !rest.is_empty() })
        }
        ["import", vendor, pages @ .., "--check"] if !pages.is_empty() => import::run(&root, vendor, pages, true),
        ["import", vendor, pages @ ..] if !pages.is_empty() => import::run(&root, vendor, pages, false),
        ["drift", folder, rest @ ..] => {
            drift_options(rest).and_then(|options| drift::run(&root, Path::new(folder), options))
        }
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => Err(USAGE.into()),
    };
    report(outcome)
}

fn add_version(root: &Path, request: add_version::Request<'_>) -> Result<(), Box<dyn Error>> {
    let changed = add_version::run(root, request)?;
    print!("{}", add_version::next_steps(request, &changed));
    Ok(())
}

fn drift_options<'a>(words: &[&'a str]) -> Result<drift::Options<'a>, Box<dyn Error>> {
    match words {
        [] => Ok(drift::Options::default()),
        ["--apply", rest @ ..] => Ok(drift::Options { apply: true, ..drift_options(rest)? }),
        ["--as-of", day, rest @ ..] => Ok(drift::Options { as_of: Some(day), ..drift_options(rest)? }),
        _ => Err(USAGE.into()),
    }
}

/// The only task that looks at today's date, so that a day alone changes neither the gate nor what is generated.
#[allow(clippy::disallowed_methods, reason = "the warning is about today")]
fn warn_of_ends(root: &Path) -> Result<(), Box<dyn Error>> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    for line in lint::ending(root, i64::try_from(since.as_secs() / 86_400)?)? {
        println!("warning: {line}");
    }
    Ok(())
}

fn features(root: &Path) -> Result<(), Box<dyn Error>> {
    for (package, features) in vendors::Vendors::load(root)?.features() {
        println!("{package} {}", features.join(" "));
    }
    Ok(())
}

/// The workspace root: the folder above this crate.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

fn report(outcome: Result<(), Box<dyn Error>>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

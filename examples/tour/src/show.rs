//! How the tour prints: a heading for each vendor, a line for each result.

use std::error::Error;
use std::fmt::Display;
use std::io::{ErrorKind, Write as _, stderr, stdout};
use std::process::exit;

/// Prints one line, and ends the program when nobody reads any further, as in `tour | head`.
pub(crate) fn print(text: impl Display) {
    if let Err(error) = writeln!(stdout(), "{text}") {
        exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}

/// Prints an error and its causes, each as it is meant to be read.
pub(crate) fn complain(error: &dyn Error) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    // Nobody may read it.
    let _ = writeln!(stderr(), "tour: {text}");
}

/// Prints a heading with the file that has the code.
pub(crate) fn heading(title: &str, file: &str) {
    let text = format!("{title} (examples/tour/src/{file})");
    print(format_args!("\n{text}\n{}", "─".repeat(text.chars().count())));
}

/// Prints a call and its result.
pub(crate) fn line(call: &str, result: impl Display) {
    print(format_args!("  {call:<34} {result}"));
}

/// Prints one more line of the same result.
pub(crate) fn more(result: impl Display) {
    print(format_args!("  {:<34} {result}", ""));
}

/// Shortens a string to fit a line.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(48) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

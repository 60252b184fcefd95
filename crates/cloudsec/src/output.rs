//! What the command prints: the standard output, tables, CSV and progress bars.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::exit::{Failure, Result};

/// A format of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people: the default on a terminal
    Table,
    /// One JSON document
    Json,
    /// A JSON object on each line: the default for pipes and files
    Jsonl,
    /// Comma-separated values with a header (RFC 4180)
    Csv,
}

impl Format {
    /// Returns the format, or the default one for the standard output.
    pub(crate) fn or_default(given: Option<Self>) -> Self {
        given.unwrap_or(if io::stdout().is_terminal() { Self::Table } else { Self::Jsonl })
    }
}

/// Writes to the standard output. A reader that has gone away is not an error.
pub(crate) fn write(bytes: &[u8]) -> Result<()> {
    match write_all(bytes) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::io("the standard output", &error)),
        _ => Ok(()),
    }
}

/// Writes to the standard output. A reader that has gone away is an error.
pub(crate) fn write_all(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush())
}

/// Writes a line for people to the standard error.
pub(crate) fn note(quiet: bool, text: &str) {
    if !quiet {
        // Nobody is left to be told if the standard error is closed.
        let _ = writeln!(io::stderr(), "{}", plain(text));
    }
}

/// Writes rows in a format. `rows` have the values of `head`, and `values` are the rows as JSON objects.
pub(crate) fn print(format: Format, head: &[&str], rows: &[Vec<String>], values: &[impl Serialize]) -> Result<()> {
    let failed = |error: serde_json::Error| Failure::new(format!("the output cannot be encoded: {error}"));
    match format {
        Format::Table => write(table(head, rows).as_bytes()),
        Format::Csv => write(csv(head, rows).as_bytes()),
        Format::Json => {
            let mut text = serde_json::to_vec_pretty(values).map_err(failed)?;
            text.push(b'\n');
            write(&text)
        }
        Format::Jsonl => {
            let mut text = Vec::new();
            for value in values {
                serde_json::to_writer(&mut text, value).map_err(failed)?;
                text.push(b'\n');
            }
            write(&text)
        }
    }
}

/// The longest cell of a table, in columns of the terminal.
const MAX_CELL: usize = 60;

/// Lays out a table. Cells have one line and no control characters, because vendors' texts could move the cursor.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<_> = head.iter().map(|cell| cell.to_uppercase()).collect();
    let rows: Vec<Vec<_>> =
        std::iter::once(&head).chain(rows).map(|row| row.iter().map(|cell| cut(cell)).collect()).collect();
    let columns = head.len();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let padding = width.saturating_sub(cell.width());
            // Writing to a string does not fail.
            let _ = write!(line, "{cell}{:padding$}  ", "");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn cut(cell: &str) -> String {
    let text = plain(cell);
    if text.width() <= MAX_CELL {
        return text;
    }
    let mut short = String::new();
    for letter in text.chars() {
        if short.width() + letter.to_string().width() >= MAX_CELL {
            break;
        }
        short.push(letter);
    }
    short.push('…');
    short
}

/// Replaces control characters and those that change the direction of text.
pub(crate) fn plain(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if is_odd(c) { ' ' } else { c }).collect()
}

/// Writes comma-separated values, without control characters. A cell that a spreadsheet would run as a formula begins
/// with an apostrophe; a plain number does not.
pub(crate) fn csv(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = head.join(",") + "\r\n";
    for row in rows {
        let cells: Vec<_> = row.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn quoted(cell: &str) -> String {
    // Spreadsheets skip white space before a formula, and read its signs in full width, too.
    let is_formula = cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) && !is_number(cell);
    let guard = if is_formula || cell.starts_with(['\t', '\r', '\n']) { "'" } else { "" };
    let text = plain(cell);
    // Where the comma is the decimal sign, spreadsheets separate cells by semicolons.
    if guard.is_empty() && !text.contains([',', ';', '"']) {
        return text;
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// Returns whether a cell is a number such as `-1` or `3.5`, which does the same as a formula and as a value.
fn is_number(cell: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = cell.strip_prefix('-').unwrap_or(cell);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

/// A bar that counts bytes on the standard error, if that is a terminal.
pub(crate) fn bytes_bar(length: Option<u64>, quiet: bool) -> ProgressBar {
    bar(length, quiet, "{bytes}/{total_bytes} {bar:30} {bytes_per_sec}", "{bytes} {bytes_per_sec}")
}

/// A bar that counts targets on the standard error, if that is a terminal.
pub(crate) fn targets_bar(length: u64, quiet: bool) -> ProgressBar {
    bar(Some(length), quiet, "{pos}/{len} {bar:30} {msg}", "{pos} {msg}")
}

fn bar(length: Option<u64>, quiet: bool, known: &str, unknown: &str) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(length, target);
    let template = if length.is_some() { known } else { unknown };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn wide_letters_align_and_control_characters_vanish() {
        let rows = [row(&["점검", "a"]), row(&["abcd", "b\u{1b}[2J\u{202e}"]), row(&[&"가".repeat(60), "c"])];
        let text = table(&["name", "x"], &rows);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1].replace(' ', ""), "점검a");
        // Each line has its second column at the same place.
        for (line, end) in lines.iter().zip(["X", "a", "b [2J", "c"]) {
            assert_eq!(line.strip_suffix(end).map(UnicodeWidthStr::width), Some(61), "{line:?}");
        }
        assert!(lines[3].contains('…') && !text.contains('\u{1b}') && !text.contains('\u{202e}'));
    }

    #[test]
    fn csv_quotes_and_disarms_formulas() {
        for (cell, wanted) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "two lines"),
            ("a\u{1b}[2J", "a [2J"),
            ("=1+1", "\"'=1+1\""),
            ("-1", "-1"),
            ("3.5", "3.5"),
            ("-12.50", "-12.50"),
            ("-", "\"'-\""),
            ("-.5", "\"'-.5\""),
            ("-1.", "\"'-1.\""),
            ("-1-1", "\"'-1-1\""),
            ("--1", "\"'--1\""),
            ("-1e5", "\"'-1e5\""),
            ("-1.2.3", "\"'-1.2.3\""),
            ("-١", "\"'-١\""),
            (" -1", "\"' -1\""),
            ("-1,5", "\"'-1,5\""),
            ("+1", "\"'+1\""),
            ("-cmd|' /C calc'!A0", "\"'-cmd|' /C calc'!A0\""),
            (" +1", "\"' +1\""),
            ("\n=1", "\"' =1\""),
            ("\n1", "\"' 1\""),
            ("＝1", "\"'＝1\""),
            ("＠a", "\"'＠a\""),
        ] {
            assert_eq!(csv(&["h"], &[row(&[cell])]), format!("h\r\n{wanted}\r\n"), "{cell:?}");
        }
    }
}

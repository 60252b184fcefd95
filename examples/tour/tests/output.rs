//! The tour prints what `README.md` shows, and ends quietly when nobody reads any further.

#![cfg(test)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// The lines of README's sample; `…` stands for lines that it leaves out.
fn sample() -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let section = text.split("\n## The tour\n").nth(1).unwrap();
    let block = section.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    block.lines().map(comparable).collect()
}

/// Without the port, which the system chooses.
fn comparable(line: &str) -> String {
    match line.split_once("http://127.0.0.1:") {
        Some((before, after)) => format!("{before}{}", after.trim_start_matches(|digit: char| digit.is_ascii_digit())),
        None => line.to_owned(),
    }
}

#[test]
fn readme_shows_what_the_tour_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_tour")).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut printed = printed.lines().map(comparable);
    let mut skips = false;
    for line in sample() {
        if line.trim() == "…" {
            skips = true;
            continue;
        }
        let found = if skips { printed.find(|other| *other == line) } else { printed.next() };
        assert_eq!(found.as_deref(), Some(&*line));
        skips = false;
    }
}

#[test]
fn closed_pipe_ends_the_tour_quietly() {
    let mut tour =
        Command::new(env!("CARGO_BIN_EXE_tour")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(tour.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("Sandbox of all three clouds"), "{first}");
    let output = tour.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

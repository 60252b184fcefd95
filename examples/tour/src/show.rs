//! How the tour prints: a heading for each vendor, a line for each finding.

/// A heading.
pub(crate) fn heading(text: &str) {
    println!("\n{text}\n{}", "─".repeat(text.chars().count()));
}

/// A call and what it gave.
pub(crate) fn line(call: &str, answer: impl std::fmt::Display) {
    println!("  {call:<34} {answer}");
}

/// One more line of the same answer.
pub(crate) fn more(answer: impl std::fmt::Display) {
    println!("  {:<34} {answer}", "");
}

/// A text cut to a length that fits a line.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(48) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

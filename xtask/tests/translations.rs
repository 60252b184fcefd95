//! The translations of `README.md` show its own code and tables: only prose is translated.
#![cfg(test)]

use std::path::Path;

const TRANSLATIONS: [&str; 2] = ["README.ko.md", "README.ja.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// Each block of code with its first line, and each row of a table.
fn verbatim(text: &str) -> (Vec<String>, Vec<&str>) {
    let (mut blocks, mut rows, mut open) = (Vec::new(), Vec::new(), None::<String>);
    for line in text.lines() {
        match open.take() {
            None if line.starts_with("```") => open = Some(line.to_owned()),
            None if line.starts_with('|') => rows.push(line),
            None => {}
            Some(block) if line == "```" => blocks.push(block),
            Some(block) => open = Some(format!("{block}\n{line}")),
        }
    }
    assert!(open.is_none(), "a block of code has no end");
    (blocks, rows)
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()).filter(|link| !link.contains("://"))
}

#[test]
fn code_and_tables_of_translations_are_those_of_the_original() {
    let original = read("README.md");
    let (wanted, rows_wanted) = verbatim(&original);
    for name in TRANSLATIONS {
        let translation = read(name);
        let (blocks, rows) = verbatim(&translation);
        let mut rest = wanted.iter();
        for block in &blocks {
            assert!(rest.any(|other| other == block), "{name}: not in README.md, or in another order:\n{block}");
        }
        assert!(rows.iter().all(|row| rows_wanted.contains(row)), "{name}: a table differs");
        // The two commands, and the first call of each vendor.
        for needed in wanted.iter().filter(|block| block.starts_with("```rust") || block.contains("cargo run -p tour"))
        {
            assert!(blocks.contains(needed), "{name} lacks:\n{needed}");
        }
    }
}

#[test]
fn translations_and_the_original_link_each_other() {
    let all = ["README.md"].into_iter().chain(TRANSLATIONS);
    for name in all.clone() {
        let text = read(name);
        let top = text.lines().take(4).collect::<Vec<_>>().join("\n");
        for other in all.clone().filter(|other| *other != name) {
            assert!(links(&top).any(|link| link == other), "{name} does not link {other} at its top");
        }
        for link in links(&text) {
            assert!(root().join(link).exists(), "{name} links {link}, which is missing");
        }
    }
}

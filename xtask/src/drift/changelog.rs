//! The changelog's entry about a drift.

use std::collections::BTreeMap;

use super::{Section, Version};

/// Lines by section.
pub(super) type Entry = BTreeMap<Section, Vec<String>>;

const SECTIONS: [(Section, &str); 4] = [
    (Section::Added, "### Added"),
    (Section::Changed, "### Changed"),
    (Section::Deprecated, "### Deprecated"),
    (Section::Removed, "### Removed"),
];

/// Columns of a line.
const WIDTH: usize = 100;

/// What users notice: a line for each section of a version, or of several versions that changed alike.
pub(super) fn entry(versions: &[Version]) -> Entry {
    let mut entry = Entry::new();
    for (section, _) in SECTIONS {
        let mut lines: Vec<(&Version, Vec<&str>, String)> = Vec::new();
        for version in versions {
            let changes = version.changes.iter().filter(|change| change.section() == section);
            let texts: Vec<String> = changes.map(super::Change::text).collect();
            let text = texts.join("; ");
            let same = |(other, _, own): &&mut (&Version, Vec<&str>, String)| {
                (&other.package, &other.service, own) == (&version.package, &version.service, &text)
            };
            match lines.iter_mut().find(same) {
                _ if text.is_empty() => {}
                Some((_, numbers, _)) => numbers.push(&version.number),
                None => lines.push((version, vec![&version.number], text)),
            }
        }
        let lines = lines.into_iter().map(|(version, numbers, text)| {
            let name = format!("{} {}", version.title, listed(&numbers));
            wrapped(&format!("- `{}`, {}: {text}.", version.package, name.trim_end()))
        });
        let lines: Vec<String> = lines.collect();
        if !lines.is_empty() {
            entry.insert(section, lines);
        }
    }
    entry
}

/// `1.0, 1.1 and 1.2`.
fn listed(numbers: &[&str]) -> String {
    match numbers {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => numbers.concat(),
    }
}

/// The entry as written in the file.
pub(super) fn show(entry: &Entry) -> String {
    let sections = SECTIONS.iter().filter_map(|(section, heading)| {
        let lines = entry.get(section)?;
        Some(format!("{heading}\n\n{}\n", lines.join("\n")))
    });
    sections.collect::<Vec<_>>().join("\n")
}

/// The changelog with the entry among what is not released yet; a line that is there already is not repeated.
pub(super) fn insert(text: &str, entry: &Entry) -> Result<String, String> {
    let start = text.find("## Unreleased\n").ok_or("CHANGELOG.md has no section `## Unreleased`")?;
    let after = start + "## Unreleased\n".len();
    let end = text[after..].find("\n## ").map_or(text.len(), |at| after + at + 1);
    let mut body = text[after..end].trim_end().to_owned();
    for (section, heading) in SECTIONS {
        let Some(lines) = entry.get(&section) else { continue };
        let lines: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !body.contains(line)).collect();
        if lines.is_empty() {
            continue;
        }
        let lines = lines.join("\n");
        let full = format!("\n{heading}\n");
        match body.find(&full) {
            Some(at) => {
                let from = at + full.len();
                let to = body[from..].find("\n### ").map_or(body.len(), |at| from + at);
                let kept = body[..to].trim_end().to_owned();
                let rest = body[to..].to_owned();
                // No blank lines separate the bullets of a section.
                let gap = if kept.ends_with(heading) { "\n\n" } else { "\n" };
                body = format!("{kept}{gap}{lines}\n{rest}").trim_end().to_owned();
            }
            None => body = format!("{body}\n{full}\n{lines}"),
        }
    }
    let rest = &text[end..];
    let gap = if rest.is_empty() { "" } else { "\n" };
    Ok(format!("{}{body}\n{gap}{rest}", &text[..after]))
}

/// The line with breaks between words; what follows the first line is indented.
fn wrapped(line: &str) -> String {
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in line.split(' ') {
        if !current.is_empty() && current.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut current, format!("  {word}")));
        } else {
            let space = if current.is_empty() { "" } else { " " };
            current.push_str(&format!("{space}{word}"));
        }
    }
    lines.push(current);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::{Change, What};
    use super::*;

    #[test]
    fn lines_join_their_section_and_stand_once() {
        let entry = Entry::from([
            (Section::Added, vec!["- `x`, Keys 1.0: new.".to_owned()]),
            (Section::Removed, vec!["- `x`, Keys 1.0: gone.".to_owned()]),
        ]);
        let text =
            "# Changelog\n\n## Unreleased\n\n### Added\n\n- Old.\n\n### Fixed\n\n- Fault.\n\n## 0.1.0\n\n- First.\n";
        let inserted = insert(text, &entry).unwrap();
        assert_eq!(
            inserted,
            "# Changelog\n\n## Unreleased\n\n### Added\n\n- Old.\n- `x`, Keys 1.0: new.\n\n### Fixed\n\n- Fault.\n\n\
             ### Removed\n\n- `x`, Keys 1.0: gone.\n\n## 0.1.0\n\n- First.\n"
        );
        assert_eq!(insert(&inserted, &entry).unwrap(), inserted);
        let last = "## Unreleased\n\n### Added\n\n- Old.\n";
        let last = insert(last, &entry).unwrap();
        assert!(last.ends_with("### Removed\n\n- `x`, Keys 1.0: gone.\n"), "{last}");
        assert!(insert("# Changelog\n", &entry).is_err());
    }

    #[test]
    fn versions_that_changed_alike_share_a_line() {
        let version = |number: &str, what| Version {
            vendor: "v".to_owned(),
            package: "x".to_owned(),
            service: "keys".to_owned(),
            title: "Keys".to_owned(),
            number: number.to_owned(),
            changes: vec![Change::new(what, "Key.id", "")],
        };
        let versions = [
            version("1.0", What::FieldRemoved),
            version("1.1", What::FieldRemoved),
            version("1.2", What::FieldRemoved),
            version("1.3", What::Default),
            version("1.4", What::Documentation),
        ];
        assert_eq!(
            show(&entry(&versions)),
            "### Changed\n\n- `x`, Keys 1.3: `Key.id`: default.\n\n\
             ### Removed\n\n- `x`, Keys 1.0, 1.1 and 1.2: `Key.id`: field removed.\n"
        );
    }

    #[test]
    fn long_lines_are_wrapped_between_words() {
        let line = format!("- {}.", ["new field `Model.name`"; 12].join("; "));
        let text = wrapped(&line);
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("  ")));
        assert_eq!(text.split_whitespace().collect::<Vec<_>>().join(" "), line);
    }
}

//! The guide lists every code of advice, with those that give it and the text of the first.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Who gives the advice of each crate.
const GIVERS: [(&str, &str); 4] =
    [("cloud-core", "core"), ("scp-security", "SCP"), ("nhn-security", "NHN Cloud"), ("risken-aws", "RISKEN")];

/// The sources of a crate, without its tests.
fn sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if !path.ends_with("tests.rs") {
            texts.push(fs::read_to_string(path).unwrap().split("#[cfg(test)]\nmod").next().unwrap().to_owned());
        }
    }
    texts
}

#[test]
fn guide_lists_every_code_and_who_gives_it() {
    let mut codes: BTreeMap<String, (Vec<&str>, String)> = BTreeMap::new();
    for (folder, giver) in GIVERS {
        for source in sources(&root().join("crates").join(folder).join("src")) {
            // The first two strings are the code and the text of each step.
            for step in source.split("Advice::new(").skip(1) {
                let mut strings = step.split('"').skip(1).step_by(2);
                let (code, text) = (strings.next().unwrap(), strings.next().unwrap());
                let (givers, _) = codes.entry(code.to_owned()).or_insert_with(|| (Vec::new(), text.to_owned()));
                if !givers.contains(&giver) {
                    givers.push(giver);
                }
            }
        }
    }
    assert!(codes.keys().all(|code| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
    let rows = codes.iter().map(|(code, (givers, text))| format!("| `{code}` | {} | {text} |", givers.join(", ")));
    let wanted = rows.collect::<Vec<_>>().join("\n");
    let guide = fs::read_to_string(root().join("docs/resilience.md")).unwrap();
    let section = guide.split("\n## What to do about an error\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let listed = section.lines().filter(|line| line.starts_with("| `")).collect::<Vec<_>>().join("\n");
    assert_eq!(listed, wanted, "the table should be:\n{wanted}\n");
}

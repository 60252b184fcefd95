//! The guide lists every code of advice, with those that give it.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const FILES: [(&str, &str); 5] = [
    ("all", "crates/cloud-core/src/error/advice.rs"),
    ("all", "crates/cloud-core/src/json/secret.rs"),
    ("SCP", "crates/scp-security/src/dialect/advice.rs"),
    ("NHN Cloud", "crates/nhn-security/src/dialect/advice.rs"),
    ("RISKEN", "crates/risken-aws/src/dialect/advice.rs"),
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

#[test]
fn guide_lists_every_code_and_who_gives_it() {
    let mut wanted: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (giver, file) in FILES {
        let source = read(file);
        let code = source.split("#[cfg(test)]").next().unwrap();
        // The first two are the code and the text of each step.
        for step in code.split("Advice::new(").skip(1) {
            let code = step.split('"').nth(1).unwrap();
            let givers = wanted.entry(code.to_owned()).or_default();
            if !givers.contains(&giver) {
                givers.push(giver);
            }
        }
    }
    let guide = read("docs/resilience.md");
    let section = guide.split("\n## What to do about an error\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let listed: BTreeMap<_, Vec<_>> =
        rows.map(|(code, givers)| (code.to_owned(), givers.trim_end_matches(" |").split(", ").collect())).collect();
    assert_eq!(listed, wanted);
    assert!(wanted.keys().all(|code| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
}

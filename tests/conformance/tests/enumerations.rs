//! Every open enumeration of the SDKs lists its values.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The plain variants of an enumeration, which is empty or holds data otherwise.
fn variants(body: &str) -> Option<Vec<&str>> {
    let lines = body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['/', '#']));
    let names: Vec<_> =
        lines.filter(|line| !line.starts_with("Other(")).map(|line| line.trim_end_matches(',')).collect();
    (!names.is_empty() && names.iter().all(|name| name.chars().all(char::is_alphanumeric))).then_some(names)
}

#[test]
fn all_has_every_variant_in_its_order() {
    let mut count = 0;
    for crate_name in ["nhn-security", "risken-aws", "scp-security"] {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates").join(crate_name).join("src"), &mut files);
        for file in files {
            let source = fs::read_to_string(&file).unwrap();
            for part in source.split("\npub enum ").skip(1) {
                let (head, body) = part.split_once("{\n").unwrap_or(("", ""));
                let body = body.split("\n}").next().unwrap_or_default();
                let Some(variants) = variants(body) else { continue };
                let wanted: String = variants.iter().map(|name| format!("Self::{name},")).collect();
                let name = head.trim();
                let listed = source.split(&format!("\nimpl {name} {{")).nth(1).unwrap_or_default();
                let listed = listed.split_once("pub const ALL: &'static [Self] = &[").map_or("", |(_, rest)| rest);
                let listed: String = listed.split(']').next().unwrap().split_whitespace().collect();
                let listed = format!("{},", listed.trim_end_matches(','));
                assert_eq!(listed, wanted, "{name} in {}", file.display());
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count} enumerations: the search finds no others");
}

/// Each value is written and read as itself.
fn survive<T: FromStr + AsRef<str> + PartialEq + std::fmt::Debug>(all: &[T])
where
    T::Err: std::fmt::Debug,
{
    for (index, value) in all.iter().enumerate() {
        assert_eq!(value.as_ref().parse::<T>().as_ref().unwrap(), value);
        assert!(!all[..index].contains(value), "{value:?} comes twice");
    }
    assert!(!all.is_empty());
}

#[test]
fn named_values_are_listed_and_read_again() {
    survive(scp_security::Region::ALL);
    survive(scp_security::Language::ALL);
    survive(nhn_security::Region::ALL);
    survive(nhn_security::Language::ALL);
    survive(scp_security::kms::types::KeyPurpose::ALL);
    survive(nhn_security::server_security_check::types::Os::ALL);
    for realm in nhn_security::Realm::ALL {
        assert_eq!(realm.as_str().parse::<nhn_security::Realm>().unwrap(), *realm);
    }
    for environment in scp_security::Environment::ALL {
        assert_eq!(environment.as_str().parse::<scp_security::Environment>().unwrap(), *environment);
    }
    for status in risken_aws::aws::types::DataSourceStatus::ALL {
        assert_eq!(
            serde_json::from_str::<risken_aws::aws::types::DataSourceStatus>(&status.as_i64().to_string()).unwrap(),
            *status
        );
    }
}

//! The table is read strictly, and an error names the entry.

use super::*;

const GOOD: &str = r#"
[[vendor]]
name = "scp"
title = "Samsung Cloud Platform"
crate = "scp-security"
handle = "Scp"

[[vendor.service]]
name = "secretvault"
module = "secret_vault"
default = "1.0"
page = "https://example.com/vault/"
"#;

const PAGE: &str = "page = \"https://example.com/vault/\"";

fn refused(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    Vendors::parse(&GOOD.replace(from, to)).unwrap_err()
}

#[test]
fn good_table_is_read() {
    let vendors = Vendors::parse(GOOD).unwrap();
    let scp = vendors.get("scp").unwrap();
    assert_eq!((scp.path().as_str(), scp.fallible), ("scp_security", false));
    assert_eq!(scp.service("secretvault").unwrap().feature(), "secret-vault");
    assert_eq!(vendors.features().collect::<Vec<_>>(), [("scp-security", vec!["secret-vault".to_owned()])]);
}

#[test]
fn committed_table_is_read() {
    Vendors::load(&crate::root()).unwrap();
}

#[test]
fn unknown_keys_are_refused_with_their_line() {
    let error = refused("handle =", "handel =");
    assert!(error.contains("line 6") && error.contains("handel"), "{error}");
}

#[test]
fn wrong_values_are_refused_with_their_entry() {
    let vault = "service `secretvault` of vendor `scp`: ";
    for (from, to, place, rule) in [
        ("name = \"scp\"", "name = \"../scp\"", "vendor `../scp`: ", "`name` must be lower-case letters"),
        (
            "crate = \"scp-security\"",
            "crate = \"scp_security\"",
            "vendor `scp`: ",
            "`crate` must be lower-case letters",
        ),
        ("handle = \"Scp\"", "handle = \"scp\"", "vendor `scp`: ", "`handle` must be a type name"),
        ("title = \"Samsung Cloud Platform\"", "title = \" \"", "vendor `scp`: ", "`title` must not be empty"),
        ("\"secret_vault\"", "\"secret-vault\"", vault, "`module` must be a module name"),
        ("\"1.0\"", "\"newest\"", vault, "`default` must be a version number"),
        ("https://example", "http://example", vault, "`page` must be an https URL"),
        ("/vault/", "/vault)|(x", vault, "`page` must be an https URL"),
        (
            "\"Samsung Cloud Platform\"",
            "\"Samsung\\nCloud\"",
            "vendor `scp`: ",
            "`title` must not be empty, and one line",
        ),
        (
            PAGE,
            &format!("{PAGE}\n[vendor.service.listed]\nas_of = \"soon\"\nversions = [\"1.0\"]"),
            vault,
            "`listed.as_of`",
        ),
        (
            PAGE,
            &format!("{PAGE}\n[vendor.service.listed]\nas_of = \"2026-09-18\"\nversions = []"),
            vault,
            "`listed.versions`",
        ),
        (
            PAGE,
            &format!(
                "{PAGE}\n[vendor.service.listed]\nas_of = \"2026-09-18\"\nversions = [\"1.0\"]\ncurrent = \"1.1\""
            ),
            vault,
            "`listed.current` must be one of the versions",
        ),
        (
            PAGE,
            &format!(
                "{PAGE}\n[vendor.service.listed]\nas_of = \"2026-09-18\"\nversions = [\"1.0\"]\ndeprecated = [\"1.1\"]"
            ),
            vault,
            "`listed.deprecated` must be some of the versions",
        ),
        (
            PAGE,
            &format!(
                "{PAGE}\n[vendor.service.listed]\nas_of = \"2026-09-18\"\nversions = [\"1.0\"]\n\
                 ends = {{ \"1.0\" = \"soon\" }}"
            ),
            vault,
            "`listed.ends` must give versions of the list a day",
        ),
    ] {
        let error = refused(from, to);
        assert!(error.starts_with(place) && error.contains(rule), "{error}");
    }
}

#[test]
fn repeated_entries_are_refused() {
    let error = Vendors::parse(&format!("{GOOD}{GOOD}")).unwrap_err();
    assert_eq!(error, "vendor `scp`: another entry has the name `scp`");
    let (_, service) = GOOD.split_once("[[vendor.service]]").unwrap();
    let error = Vendors::parse(&format!("{GOOD}[[vendor.service]]{service}")).unwrap_err();
    assert_eq!(error, "service `secretvault` of vendor `scp`: another entry has the name `secretvault`");
}

#[test]
fn vendor_without_service_is_refused() {
    let (vendor, _) = GOOD.split_once("[[vendor.service]]").unwrap();
    assert_eq!(Vendors::parse(vendor).unwrap_err(), "vendor `scp` has no service");
}

//! The versions that the vendor's page lists by now, against the committed list.

use std::collections::BTreeMap;

use super::change::Change;
use super::rules::What;
use super::{State, Version};
use crate::import::Listing;
use crate::vendors::{Listed, Service, Vendors};

/// One entry for each service whose list changed, and one for each version that left it.
pub(super) fn changes(
    lists: &BTreeMap<(String, String), Listing>,
    vendors: &Vendors,
    states: &BTreeMap<&str, State>,
) -> Vec<Version> {
    let mut found = Vec::new();
    for ((vendor, name), list) in lists {
        let Some(known) = vendors.get(vendor) else { continue };
        let Some(service) = known.service(name) else { continue };
        let Some(state) = states.get(vendor.as_str()) else { continue };
        if !differs(list, service) {
            continue;
        }
        let document = state.after.iter().find(|(key, _)| key.0 == *name);
        let title = document.map_or_else(|| name.clone(), |(_, own)| own.document.info.title.clone());
        let version = |number: &str, change: Change| Version {
            vendor: vendor.clone(),
            package: known.package.clone(),
            service: name.clone(),
            title: title.clone(),
            number: number.to_owned(),
            compiled: true,
            changes: vec![change],
        };
        let current = list.current.as_deref().map(|own| format!(", current {own}")).unwrap_or_default();
        let how = format!("{}{current}", list.versions.join(", "));
        found.push(version("", Change::new(What::VersionsListed, "", how)));
        let before = service.listed.as_ref().map(|own| own.versions.clone()).unwrap_or_default();
        for number in before.iter().filter(|number| !list.versions.contains(number)) {
            found.push(version(number, Change::new(What::VersionEnded, "", "no longer listed")));
        }
    }
    found
}

/// Whether the committed list says something else.
pub(super) fn differs(list: &Listing, service: &Service) -> bool {
    let own = service.listed.as_ref();
    let current = |own: &Listed| own.current == list.current;
    let mut versions = own.map(|own| own.versions.clone()).unwrap_or_default();
    versions.sort_by_key(|number| crate::names::version_parts(number));
    versions != list.versions || !own.is_some_and(current)
}

/// The table of vendors with another list for one service; comments and order stay.
pub(super) fn with_list(table: &str, vendor: &str, service: &str, list: &Listing, as_of: &str) -> String {
    let quoted: Vec<String> = list.versions.iter().map(|own| format!("\"{own}\"")).collect();
    let mut block = format!("[vendor.service.listed]\nas_of = \"{as_of}\"\nversions = [{}]\n", quoted.join(", "));
    if let Some(current) = &list.current {
        block.push_str(&format!("current = \"{current}\"\n"));
    }
    let mut out = String::new();
    let (mut in_vendor, mut service_table, mut wanted, mut skipping) = (false, false, false, false);
    let finish = |out: &mut String, wanted: &mut bool| {
        if std::mem::take(wanted) {
            let trimmed = out.trim_end().len();
            out.truncate(trimmed);
            out.push_str(&format!("\n\n{block}\n"));
        }
    };
    for line in table.lines() {
        let text = line.trim();
        if text.starts_with('[') {
            if text != "[vendor.service.listed]" {
                finish(&mut out, &mut wanted);
                service_table = text == "[[vendor.service]]";
            }
            skipping = wanted && text == "[vendor.service.listed]";
        }
        if let Some(name) = text.strip_prefix("name = ").filter(|_| !skipping) {
            let name = name.trim_matches('"');
            match service_table {
                true => wanted = in_vendor && name == service,
                false => in_vendor = name == vendor,
            }
        }
        if !skipping {
            out.push_str(line);
            out.push('\n');
        }
    }
    finish(&mut out, &mut wanted);
    format!("{}\n", out.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Why.\n[[vendor]]\nname = \"scp\"\n\n[[vendor.service]]\nname = \"a\"\npage = \"p\"\n\n\
        [vendor.service.listed]\nas_of = \"2026-01-01\"\nversions = [\"1.0\"]\n\n[[vendor.service]]\nname = \"b\"\n\n\
        [[vendor]]\nname = \"nhn\"\n\n[[vendor.service]]\nname = \"a\"\n";

    fn list(versions: &[&str], current: Option<&str>) -> Listing {
        let versions = versions.iter().map(|own| (*own).to_owned()).collect();
        Listing { versions, current: current.map(str::to_owned) }
    }

    #[test]
    fn list_of_the_named_service_alone_is_replaced_or_added() {
        let two = list(&["1.0", "1.1"], Some("1.1"));
        let block =
            "[vendor.service.listed]\nas_of = \"2026-09-18\"\nversions = [\"1.0\", \"1.1\"]\ncurrent = \"1.1\"\n";
        let old = "[vendor.service.listed]\nas_of = \"2026-01-01\"\nversions = [\"1.0\"]\n";
        assert_eq!(with_list(TABLE, "scp", "a", &two, "2026-09-18"), TABLE.replace(old, block));
        let added = TABLE.replace("name = \"b\"\n", &format!("name = \"b\"\n\n{block}"));
        assert_eq!(with_list(TABLE, "scp", "b", &two, "2026-09-18"), added);
        assert_eq!(with_list(TABLE, "nhn", "a", &two, "2026-09-18"), format!("{TABLE}\n{block}"));
    }
}

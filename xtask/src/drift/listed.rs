//! Updates `[vendor.service.listed]` in `vendors.toml`.

use std::fmt::Write as _;

use crate::import::Listing;
use crate::names::version_parts;
use crate::vendors::Listed;

/// The committed list with what the page says now.
pub(super) fn with(old: &Listed, list: &Listing) -> Listed {
    let mut versions = old.versions.clone();
    versions.sort_by_key(|number| version_parts(number));
    // The order of the table has no meaning, so it stays.
    let versions = if versions == list.versions { old.versions.clone() } else { list.versions.clone() };
    Listed {
        as_of: old.as_of.clone(),
        versions,
        current: list.current.clone(),
        deprecated: list.deprecated.clone(),
        ends: list.ends.clone(),
    }
}

/// The table of vendors with another list for one service. The order stays, and so do comments, except those between
/// the lines of a list that is replaced.
pub(super) fn with_list(table: &str, vendor: &str, service: &str, list: &Listed) -> String {
    let block = block(list);
    let mut out = String::new();
    let (mut in_vendor, mut service_table, mut wanted, mut skipping) = (false, false, false, false);
    // Comments below the replaced list, which belong to what follows.
    let mut comments = String::new();
    let finish = |out: &mut String, wanted: &mut bool, comments: &mut String| {
        if std::mem::take(wanted) {
            out.truncate(out.trim_end().len());
            out.push_str(&format!("\n\n{block}\n{}", std::mem::take(comments).trim_start()));
        }
    };
    for line in table.lines() {
        let text = line.trim();
        if text.starts_with('[') {
            if text != "[vendor.service.listed]" {
                finish(&mut out, &mut wanted, &mut comments);
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
        let kept = match (skipping, text.is_empty() || text.starts_with('#')) {
            (false, _) => &mut out,
            (true, true) => &mut comments,
            (true, false) => {
                comments.clear();
                continue;
            }
        };
        kept.push_str(line);
        kept.push('\n');
    }
    finish(&mut out, &mut wanted, &mut comments);
    format!("{}\n", out.trim_end())
}

fn block(list: &Listed) -> String {
    let quoted = |own: &[String]| own.iter().map(|own| format!("\"{own}\"")).collect::<Vec<_>>().join(", ");
    let mut block = format!("[vendor.service.listed]\nas_of = \"{}\"\n", list.as_of);
    // Writing into a string cannot fail.
    let _ = writeln!(block, "versions = [{}]", quoted(&list.versions));
    if let Some(current) = &list.current {
        let _ = writeln!(block, "current = \"{current}\"");
    }
    if !list.deprecated.is_empty() {
        let _ = writeln!(block, "deprecated = [{}]", quoted(&list.deprecated));
    }
    if !list.ends.is_empty() {
        let days: Vec<String> = list.ends.iter().map(|(number, day)| format!("\"{number}\" = \"{day}\"")).collect();
        let _ = writeln!(block, "ends = {{ {} }}", days.join(", "));
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Why.\n[[vendor]]\nname = \"scp\"\n\n[[vendor.service]]\nname = \"a\"\npage = \"p\"\n\n\
        [vendor.service.listed]\nas_of = \"2026-01-01\"\nversions = [\"1.0\"]\n\n[[vendor.service]]\nname = \"b\"\n\n\
        [[vendor]]\nname = \"nhn\"\n\n[[vendor.service]]\nname = \"a\"\n";

    fn list(versions: &[&str], current: Option<&str>) -> Listed {
        let versions = versions.iter().map(|own| (*own).to_owned()).collect();
        Listed { as_of: "2026-09-18".to_owned(), versions, current: current.map(str::to_owned), ..Listed::default() }
    }

    #[test]
    fn list_of_the_named_service_alone_is_replaced_or_added() {
        let mut two = list(&["1.0", "1.1"], Some("1.1"));
        two.deprecated.push("1.0".to_owned());
        two.ends.insert("1.0".to_owned(), "2027-01-31".to_owned());
        let block = "[vendor.service.listed]\nas_of = \"2026-09-18\"\nversions = [\"1.0\", \"1.1\"]\n\
             current = \"1.1\"\n\
             deprecated = [\"1.0\"]\nends = { \"1.0\" = \"2027-01-31\" }\n";
        let old = "[vendor.service.listed]\nas_of = \"2026-01-01\"\nversions = [\"1.0\"]\n";
        assert_eq!(with_list(TABLE, "scp", "a", &two), TABLE.replace(old, block));
        let added = TABLE.replace("name = \"b\"\n", &format!("name = \"b\"\n\n{block}"));
        assert_eq!(with_list(TABLE, "scp", "b", &two), added);
        assert_eq!(with_list(TABLE, "nhn", "a", &two), format!("{TABLE}\n{block}"));
        // Comments stay, except those of the old lines.
        let below = "\n# Why b.\n# Why again.\n[[vendor.service]]\nname = \"b\"";
        let commented = TABLE.replace("\n[[vendor.service]]\nname = \"b\"", below);
        let inside = commented.replace("as_of = \"2026-01-01\"\n", "as_of = \"2026-01-01\" # The day.\n# Both.\n");
        assert_eq!(with_list(&inside, "scp", "a", &two), commented.replace(old, block));
        let end = format!("{TABLE}\n{old}\n# The end.\n");
        assert_eq!(with_list(&end, "nhn", "a", &two), format!("{TABLE}\n{block}\n# The end.\n"));
    }
}

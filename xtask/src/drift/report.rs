//! The drift as text: by service and version, with the release that each change needs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Bump, Drift, changelog};

/// What the command prints.
pub(super) fn text(drift: &Drift) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    for path in &drift.unread {
        let _ = writeln!(text, "not a page: {}", path.display());
    }
    for document in &drift.without_page {
        let _ = writeln!(text, "no page: {document}");
    }
    let _ = writeln!(text, "{} pages", drift.pages);
    let mut packages: BTreeMap<&str, Bump> = BTreeMap::new();
    for version in &drift.versions {
        let bump = version.bump();
        let _ = writeln!(text, "\n{} {} ({bump})", version.vendor, version.name(&version.service));
        for change in &version.changes {
            let _ = writeln!(text, "  {:<6} {}", change.bump(), change.text());
            if change.bump() > Bump::Patch {
                let _ = writeln!(text, "         {}", change.what.why());
            }
        }
        let known = packages.entry(&version.package).or_insert(bump);
        *known = (*known).max(bump);
    }
    if !drift.undecided.is_empty() {
        let _ = writeln!(text, "\nto decide by hand:");
        for line in &drift.undecided {
            let _ = writeln!(text, "  {line}");
        }
    }
    if drift.is_empty() {
        let _ = writeln!(text, "no differences");
        return text;
    }
    let entry = changelog::entry(&drift.versions);
    if !entry.is_empty() {
        let _ = writeln!(text, "\nchangelog:\n{}", changelog::show(&entry));
    }
    for (package, bump) in packages {
        let _ = writeln!(text, "{package}: {bump}");
    }
    let _ = writeln!(text, "release: {}", drift.bump());
    text
}

//! Compares the lists of versions: added, deprecated, ended.

use super::change::{Change, arrow};
use super::rules::What;
use crate::names;
use crate::openapi::Document;
use crate::vendors::{Listed, Service};

/// What differs between two lists: as a whole, and in what they say of versions that have no document.
pub(super) fn list(before: Option<&Listed>, after: Option<&Listed>, documents: &[&str]) -> Vec<Change> {
    let Some(after) = after else { return Vec::new() };
    let show = |own: &Listed| {
        let current = own.current.as_deref().map(|own| format!(", current {own}")).unwrap_or_default();
        format!("{}{current}", own.versions.join(", "))
    };
    let mut found = Vec::new();
    let old = before.map_or_else(|| "none".to_owned(), show);
    if old != show(after) {
        found.push(Change::new(What::VersionsListed, "", arrow(&old, show(after))));
    }
    if let Some(before) = before.filter(|before| before.as_of != after.as_of) {
        found.push(Change::new(What::ListRead, "", arrow(&before.as_of, &after.as_of)));
    }
    let none = Listed::default();
    let before = before.unwrap_or(&none);
    let all = [before, after].into_iter().flat_map(|own| own.deprecated.iter().chain(own.ends.keys()));
    let mut numbers: Vec<&str> = all.map(String::as_str).filter(|number| !documents.contains(number)).collect();
    numbers.sort_by_key(|number| names::version_parts(number));
    numbers.dedup();
    for number in numbers {
        found.extend(only_listed(number, before, after));
    }
    found
}

/// Without a document, a version has no accessor: its state and date are facts of the list alone.
fn only_listed(number: &str, before: &Listed, after: &Listed) -> Vec<Change> {
    let state = |own: &Listed| if own.deprecated.iter().any(|own| own == number) { "deprecated" } else { "supported" };
    let day = |own: &Listed| own.ends.get(number).cloned().unwrap_or_else(|| "none".to_owned());
    let facts = [
        (What::VersionState, state(before).to_owned(), state(after).to_owned()),
        (What::LifecycleDate, day(before), day(after)),
    ];
    let changed = facts.into_iter().filter(|(_, one, other)| one != other);
    changed.map(|(what, one, other)| Change::new(what, number, arrow(one, other))).collect()
}

/// State, end date and end of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    listed: bool,
    deprecated: bool,
    sunset: Option<String>,
    /// The document's own, which is compared with the document.
    own: (bool, Option<String>),
    /// Whether its accessor needs `ended-versions`.
    ended: bool,
}

impl State {
    pub(super) fn of(service: &Service, number: &str, document: Option<&Document>) -> Self {
        let (status, sunset) = match document {
            Some(own) => (own.sdk.status.as_deref(), own.sdk.sunset.as_deref()),
            None => (None, None),
        };
        let list = service.listed.as_ref();
        let is_deprecated = |status: Option<&str>| status == Some("DEPRECATED");
        Self {
            listed: list.is_none_or(|own| own.versions.iter().any(|other| other == number)),
            deprecated: is_deprecated(list.map_or(status, |own| own.status(number, status))),
            sunset: list.map_or(sunset, |own| own.sunset(number, sunset)).map(str::to_owned),
            own: (is_deprecated(status), sunset.map(str::to_owned)),
            // What everyone gets by default is always there.
            ended: number != service.default && list.is_some_and(|own| own.has_ended(number, sunset)),
        }
    }
}

/// What the lists change for one version, beyond what its document says.
pub(super) fn version(before: &State, after: &State, found: &mut Vec<Change>) {
    let date = || {
        let day = |own: &State| own.sunset.clone().unwrap_or_else(|| "none".to_owned());
        arrow(day(before), day(after))
    };
    if before.sunset != after.sunset && before.own.1 == after.own.1 {
        found.push(Change::new(What::LifecycleDate, "", date()));
    }
    if before.deprecated != after.deprecated && before.own.0 == after.own.0 {
        let what = if after.deprecated { What::VersionDeprecated } else { What::VersionState };
        found.push(Change::new(what, "", if after.deprecated { "in the list" } else { "no longer deprecated" }));
    }
    match (before.ended, after.ended) {
        (false, true) if !after.listed => found.push(Change::new(What::VersionEnded, "", "no longer listed")),
        (false, true) => {
            let day = after.sunset.as_deref().unwrap_or_default();
            found.push(Change::new(What::VersionEnded, "", format!("on {day}")));
        }
        (false, false) if before.listed && !after.listed => found.push(Change::new(What::VersionUnlisted, "", "")),
        (true, false) => found.push(Change::new(What::VersionRestored, "", "")),
        _ => {}
    }
}

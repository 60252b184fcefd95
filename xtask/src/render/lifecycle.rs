//! The state of a version: as the vendor's page lists it, or else as its document says.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::{Service, Version};
use crate::names::version_parts;

/// The states that a version can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Current,
    Supported,
    Deprecated,
    /// The page no longer has the version.
    Unlisted,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Supported => "supported",
            Self::Deprecated => "deprecated",
            Self::Unlisted => "no longer listed",
        }
    }
}

/// The state, where the vendor publishes one.
pub(super) fn state(service: &Service, version: &Version) -> Option<State> {
    let own = version.status.as_deref();
    let status = match &service.listed {
        Some(listed) if !listed.versions.contains(&version.number) => return Some(State::Unlisted),
        Some(listed) => listed.status(&version.number, own),
        None => own,
    };
    match status {
        Some("CURRENT") => Some(State::Current),
        Some("SUPPORTED") => Some(State::Supported),
        Some("DEPRECATED") => Some(State::Deprecated),
        _ => None,
    }
}

/// The feature that brings the versions that have ended.
pub(super) const ENDED: &str = "ended-versions";

/// The attribute of what a version alone has.
pub(super) fn gate(version: &Version) -> TokenStream {
    if version.ended { quote!(#[cfg(feature = #ENDED)]) } else { TokenStream::new() }
}

/// State and end date in words; empty where the vendor publishes neither.
pub(super) fn brief(service: &Service, version: &Version) -> String {
    let state = state(service, version);
    let ends =
        |day: &String| if state == Some(State::Unlisted) { format!("ended {day}") } else { format!("until {day}") };
    let words = state.map(|state| state.word().to_owned());
    let parts: Vec<String> = words.into_iter().chain(version.sunset.as_ref().map(ends)).collect();
    parts.join(", ")
}

/// The same, and for the newest version with a document which newer one the vendor has.
pub(super) fn full(service: &Service, version: &Version) -> String {
    let last = service.versions.last().is_some_and(|last| last.number == version.number);
    let newer = newer(service).filter(|_| last).map(|number| format!("newest here, vendor has {number}"));
    let brief = Some(brief(service, version)).filter(|text| !text.is_empty());
    brief.into_iter().chain(newer).collect::<Vec<_>>().join("; ")
}

/// The newest version that the vendor lists, if no document is of it or a newer one.
pub(super) fn newer(service: &Service) -> Option<&str> {
    let newest = service.listed.as_ref()?.newest()?;
    let own = service.versions.last()?;
    (version_parts(newest) > version_parts(&own.number)).then_some(newest)
}

/// The day of each vendor's list, oldest first if a vendor's services have different ones.
pub(super) fn as_of(services: &[&Service]) -> String {
    let mut days: Vec<(&str, &str)> = Vec::new();
    for service in services {
        let Some(listed) = &service.listed else { continue };
        let (package, day) = (service.vendor.package.as_str(), listed.as_of.as_str());
        match days.iter_mut().find(|(name, _)| *name == package) {
            Some((_, known)) => *known = day.min(known),
            None => days.push((package, day)),
        }
    }
    let days: Vec<String> = days.iter().map(|(package, day)| format!("{day} (`{package}`)")).collect();
    match days.is_empty() {
        true => String::new(),
        false => format!("\nStates as of {}.\n", days.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::Listed;

    /// A service with documents of these versions, the last one being current, and what the page lists.
    fn service(numbers: &[&str], listed: Option<(&[&str], Option<&str>)>) -> Service {
        let mut services = crate::lower::tests::lowered(&crate::lower::tests::good()).unwrap();
        let mut service = services.remove(0);
        let version = service.versions.remove(0);
        service.versions = numbers
            .iter()
            .map(|number| Version {
                number: (*number).to_owned(),
                status: Some(if numbers.last() == Some(number) { "CURRENT" } else { "DEPRECATED" }.to_owned()),
                sunset: (numbers.last() != Some(number)).then(|| "2026-05-31".to_owned()),
                ..version.clone()
            })
            .collect();
        service.listed = listed.map(|(versions, current)| Listed {
            as_of: "2026-09-18".to_owned(),
            versions: versions.iter().map(|number| (*number).to_owned()).collect(),
            current: current.map(str::to_owned),
            ..Listed::default()
        });
        service
    }

    #[test]
    fn states_are_those_of_the_list_where_there_is_one() {
        let cells = |service: &Service| service.versions.iter().map(|own| full(service, own)).collect::<Vec<_>>();
        for (own, listed, expected) in [
            (["1.9", "1.10"], None, ["deprecated, until 2026-05-31", "current"]),
            (["1.9", "1.10"], Some((&["1.9", "1.10"][..], Some("1.10"))), ["deprecated, until 2026-05-31", "current"]),
            (
                ["1.9", "1.10"],
                Some((&["1.10", "1.11"][..], Some("1.11"))),
                ["no longer listed, ended 2026-05-31", "supported; newest here, vendor has 1.11"],
            ),
            (
                ["1.9", "1.10"],
                Some((&["1.11", "1.12"][..], Some("1.12"))),
                ["no longer listed, ended 2026-05-31", "no longer listed; newest here, vendor has 1.12"],
            ),
            // A list without states says only which versions there are.
            (["1.0", "1.1"], Some((&["1.0", "1.1"][..], None)), ["deprecated, until 2026-05-31", "current"]),
            // An older list hides no newer document.
            (["1.1", "1.2"], Some((&["1.1"][..], Some("1.1"))), ["current, until 2026-05-31", "no longer listed"]),
        ] {
            assert_eq!(cells(&service(&own, listed)), expected, "{own:?} {listed:?}");
        }
    }

    #[test]
    fn day_of_the_list_is_named_once_a_vendor() {
        let (old, new) = (service(&["1.0"], Some((&["1.0"], None))), service(&["1.0"], None));
        assert_eq!(as_of(&[&old, &old, &new]), "\nStates as of 2026-09-18 (`scp-security`).\n");
        assert_eq!(as_of(&[&new]), "");
    }
}

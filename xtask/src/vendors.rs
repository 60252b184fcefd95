//! The vendor table: the crate of each vendor, and the Rust names of its services.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::names;

/// Where the table is, relative to the root.
pub const TABLE: &str = "fixtures/vendors.toml";

/// Every vendor in the order of the generated tables.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendors {
    #[serde(rename = "vendor", default)]
    list: Vec<Vendor>,
}

/// One vendor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// Folder below `fixtures`, and `x-sdk.vendor` of its documents.
    pub name: String,
    /// The vendor as prose names it.
    pub title: String,
    /// Folder below `crates`, and the name of the package.
    #[serde(rename = "crate")]
    pub package: String,
    /// The type whose methods return the clients.
    pub handle: String,
    /// Whether a service may lack a setting, so that its accessors return a `Result`.
    #[serde(default)]
    pub fallible: bool,
    /// Its services in the order of the generated tables.
    #[serde(rename = "service", default)]
    pub services: Vec<Service>,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// `x-sdk.service` of its documents.
    pub name: String,
    /// Rust module and accessor.
    pub module: String,
    /// The version that the accessor without a number returns.
    pub default: String,
    /// The vendor's documentation.
    pub page: String,
    /// Whether the feature of the service is not a default one.
    #[serde(default)]
    pub optional: bool,
    /// What that page lists, where it differs from the documents.
    pub listed: Option<Listed>,
}

/// The versions that the vendor's page lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The day of the page, `YYYY-MM-DD`.
    pub as_of: String,
    /// Their numbers.
    pub versions: Vec<String>,
    /// The one that is called current; the others are then supported.
    pub current: Option<String>,
    /// Those that it calls deprecated, and whose documents come from a page that did not.
    #[serde(default)]
    pub deprecated: Vec<String>,
    /// End dates that it states, and the documents' own pages do not.
    #[serde(default)]
    pub ends: BTreeMap<String, String>,
}

impl Vendor {
    /// The Rust path of the crate.
    #[must_use]
    pub fn path(&self) -> String {
        self.package.replace('-', "_")
    }

    /// The service with this name in documents.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
}

impl Service {
    /// The Cargo feature that compiles the service in.
    #[must_use]
    pub fn feature(&self) -> String {
        self.module.replace('_', "-")
    }
}

impl Vendors {
    /// Reads and checks the table below `root`.
    ///
    /// # Errors
    /// The file that cannot be read, or the entry that breaks a rule.
    pub fn load(root: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(root.join(TABLE)).map_err(|error| format!("cannot read {TABLE}: {error}"))?;
        Self::parse(&text).map_err(|message| format!("{TABLE}: {message}"))
    }

    /// Reads and checks the text of a table.
    ///
    /// # Errors
    /// The line that is not understood, or the entry that breaks a rule.
    pub fn parse(text: &str) -> Result<Self, String> {
        let vendors: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        vendors.check()?;
        Ok(vendors)
    }

    /// The vendors in order.
    pub fn iter(&self) -> impl Iterator<Item = &Vendor> {
        self.list.iter()
    }

    /// The vendor with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Vendor> {
        self.list.iter().find(|vendor| vendor.name == name)
    }

    /// Replaces what the page of a service lists.
    pub fn set_listed(&mut self, vendor: &str, service: &str, listed: Listed) {
        let vendors = self.list.iter_mut().filter(|own| own.name == vendor);
        for own in vendors.flat_map(|own| &mut own.services).filter(|own| own.name == service) {
            own.listed = Some(listed.clone());
        }
    }

    /// Each package with the features of its services.
    pub fn features(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        self.list.iter().map(|vendor| (vendor.package.as_str(), vendor.services.iter().map(Service::feature).collect()))
    }

    fn check(&self) -> Result<(), String> {
        let (mut names, mut packages, mut handles) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for vendor in &self.list {
            let place = format!("vendor `{}`", vendor.name);
            names::is_label(&vendor.name).then_some(()).ok_or_else(|| wrong(&place, "name", LABEL))?;
            names::is_label(&vendor.package).then_some(()).ok_or_else(|| wrong(&place, "crate", LABEL))?;
            names::is_title(&vendor.title).then_some(()).ok_or_else(|| wrong(&place, "title", TITLE))?;
            if !names::is_identifier(&vendor.handle) || names::pascal(&vendor.handle) != vendor.handle {
                return Err(wrong(&place, "handle", "must be a type name such as `Scp`"));
            }
            unique(&mut names, &vendor.name, &place, "name")?;
            unique(&mut packages, &vendor.package, &place, "crate")?;
            unique(&mut handles, &vendor.handle, &place, "handle")?;
            if vendor.services.is_empty() {
                return Err(format!("{place} has no service"));
            }
            vendor.check()?;
        }
        Ok(())
    }
}

impl Vendor {
    fn check(&self) -> Result<(), String> {
        let (mut names, mut modules) = (BTreeSet::new(), BTreeSet::new());
        for service in &self.services {
            let place = format!("service `{}` of vendor `{}`", service.name, self.name);
            names::is_label(&service.name).then_some(()).ok_or_else(|| wrong(&place, "name", LABEL))?;
            if !names::is_identifier(&service.module) || names::snake(&service.module) != service.module {
                return Err(wrong(&place, "module", "must be a module name in snake case"));
            }
            if !names::is_version(&service.default) {
                return Err(wrong(&place, "default", "must be a version number such as `1.2`"));
            }
            if !is_page(&service.page) {
                return Err(wrong(&place, "page", "must be an https URL without spaces, brackets, quotes and bars"));
            }
            if let Some(listed) = &service.listed {
                listed.check().map_err(|(key, rule)| wrong(&place, &format!("listed.{key}"), rule))?;
            }
            unique(&mut names, &service.name, &place, "name")?;
            unique(&mut modules, &service.module, &place, "module")?;
        }
        Ok(())
    }
}

impl Listed {
    /// The newest version of the list.
    #[must_use]
    pub fn newest(&self) -> Option<&str> {
        self.versions.iter().map(String::as_str).max_by_key(|number| names::version_parts(number))
    }

    /// The end date of a version: the list's, else its document's.
    #[must_use]
    pub fn sunset<'a>(&'a self, number: &str, own: Option<&'a str>) -> Option<&'a str> {
        self.ends.get(number).map(String::as_str).or(own)
    }

    /// The state of a version that the page lists; `own` is its document's. A list without a current version has none.
    #[must_use]
    pub fn status<'a>(&self, number: &str, own: Option<&'a str>) -> Option<&'a str> {
        let is = |numbers: &[String]| numbers.iter().any(|other| other == number);
        match &self.current {
            Some(current) if current == number => Some("CURRENT"),
            _ if is(&self.deprecated) || own == Some("DEPRECATED") => Some("DEPRECATED"),
            Some(_) => Some("SUPPORTED"),
            None => own,
        }
    }

    /// Whether a version had ended on the day of the page: it is past its date, or the page no longer has it.
    #[must_use]
    pub fn has_ended(&self, number: &str, sunset: Option<&str>) -> bool {
        let past = self.sunset(number, sunset).is_some_and(|day| day < self.as_of.as_str());
        past || !self.versions.iter().any(|listed| listed == number)
    }

    /// The key that breaks a rule, and the rule.
    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if !names::is_day(&self.as_of) {
            return Err(("as_of", "must be a day such as `2026-08-31`"));
        }
        if self.versions.is_empty() || !self.versions.iter().all(|number| names::is_version(number)) {
            return Err(("versions", "must be version numbers such as `1.2`"));
        }
        match &self.current {
            Some(current) if !self.versions.contains(current) => Err(("current", "must be one of the versions")),
            _ if !self.deprecated.iter().all(|number| self.versions.contains(number)) => {
                Err(("deprecated", "must be some of the versions"))
            }
            _ if !self.ends.iter().all(|(number, day)| self.versions.contains(number) && names::is_day(day)) => {
                Err(("ends", "must give versions of the list a day such as `2026-08-31`"))
            }
            _ => Ok(()),
        }
    }
}

const LABEL: &str = "must be lower-case letters, digits and dashes, beginning with a letter";

const TITLE: &str = "must not be empty, and one line";

/// Whether the URL can stand in a Markdown link inside of a table.
fn is_page(url: &str) -> bool {
    let breaks = |c: char| c.is_whitespace() || c.is_control() || "()<>[]|\"`\\".contains(c);
    url.starts_with("https://") && !url.contains(breaks)
}

fn wrong(place: &str, key: &str, rule: &str) -> String {
    format!("{place}: `{key}` {rule}")
}

fn unique<'a>(seen: &mut BTreeSet<&'a str>, value: &'a str, place: &str, key: &str) -> Result<(), String> {
    match seen.insert(value) {
        true => Ok(()),
        false => Err(format!("{place}: another entry has the {key} `{value}`")),
    }
}

#[cfg(test)]
mod tests;

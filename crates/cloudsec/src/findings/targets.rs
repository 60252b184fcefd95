//! The accounts that are inspected: a file of them, or the one of the environment.

use std::path::Path;

use cloud_core::ConfigSource;
use cloud_core::config::ProcessEnv;
use cloud_core::time::OffsetDateTime;
use cloud_findings::fleet::{Shard, Target};
use nhn_security::Region;
use serde::Deserialize;

use super::inspect::{Inspector, SERVICES, Service};
use crate::exit::{Failure, Result};
use crate::vendors::{self, Vendor};

/// The accounts.
#[derive(Debug)]
pub(super) struct Fleet(Vec<Account>);

/// An account of a vendor.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) vendor: Vendor,
    pub(super) settings: Settings,
    regions: Vec<String>,
    services: Vec<&'static Service>,
}

/// The variables of this process whose names begin with a prefix. With one, files of the home folder do not count: they
/// belong to one account.
#[derive(Clone, Debug)]
pub(super) struct Settings(String);

impl ConfigSource for Settings {
    fn variable(&self, name: &str) -> Option<String> {
        ProcessEnv.variable(&format!("{}{name}", self.0))
    }

    fn home_file(&self, path: &str) -> std::io::Result<Option<Vec<u8>>> {
        if self.0.is_empty() { ProcessEnv.home_file(path) } else { Ok(None) }
    }

    fn home_file_changed(&self, path: &str) -> Option<OffsetDateTime> {
        if self.0.is_empty() { ProcessEnv.home_file_changed(path) } else { None }
    }
}

/// The file. It names no secrets: the credentials of an account are in variables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileOf {
    #[serde(default)]
    account: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    vendor: String,
    /// The prefix of the names of the account's variables.
    #[serde(default)]
    variables: String,
    #[serde(default)]
    regions: Vec<String>,
    #[serde(default)]
    services: Vec<String>,
}

impl Fleet {
    /// Reads a file of accounts.
    pub(super) fn load(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Failure::io(&shown, &error))?;
        Self::parse(&text).map_err(|failure| failure.context(&shown))
    }

    fn parse(text: &str) -> Result<Self> {
        // The message of the error alone: the rest quotes the file.
        let file: FileOf = toml::from_str(text).map_err(|error| Failure::usage(error.message().to_owned()))?;
        let accounts = file.account.into_iter().map(Account::read).collect::<Result<Vec<_>>>()?;
        let mut names: Vec<_> = accounts.iter().map(|own| (&own.name, own.vendor)).collect();
        names.sort();
        if let Some(two) = names.windows(2).find(|two| two[0] == two[1]) {
            return Err(Failure::usage(format!("account {:?} of {} is listed twice", two[0].0, two[0].1)));
        }
        match accounts.is_empty() {
            true => Err(Failure::usage("the file has no [[account]]")),
            false => Ok(Self(accounts)),
        }
    }

    /// The vendors that the environment configures, each as an account of this name.
    pub(super) fn of_environment(name: &str, regions: &[String]) -> Result<Self> {
        let mut accounts = Vec::new();
        for vendor in Vendor::ALL {
            if !vendors::is_configured(&vendor.explain(ProcessEnv)) {
                continue;
            }
            let regions = if vendor == Vendor::Nhn { regions.to_vec() } else { Vec::new() };
            let row = Row {
                name: name.to_owned(),
                vendor: vendor.name().to_owned(),
                variables: String::new(),
                regions,
                services: Vec::new(),
            };
            let mut account = Account::read(row)?;
            account.services.retain(|service| service.is_configured(&account.settings));
            accounts.push(account);
        }
        let why = match (accounts.is_empty(), accounts.iter().all(|own| own.services.is_empty())) {
            (true, _) => "no vendor is configured",
            (_, true) => "no service with findings is configured: the services of NHN Cloud need app keys of their own",
            _ => return Ok(Self(accounts)),
        };
        Err(Failure::new(why).advise("run `cloudsec doctor`"))
    }

    /// The targets of a shard, account by account.
    pub(super) fn targets(&self, inspector: &Inspector, shard: Option<Shard>) -> Result<Vec<Target>> {
        let targets = self.0.iter().flat_map(|account| {
            account.services.iter().flat_map(move |service| {
                let target = Target::new(&*account.name, service.name);
                match account.regions.as_slice() {
                    [] => vec![target],
                    regions => regions.iter().map(|region| target.clone().in_region(region)).collect(),
                }
            })
        });
        let complete = |target: Target| {
            let (account, service) = self.find(&target)?;
            Ok(inspector.with_parameters(account, service.with_prefixes(account, target)?))
        };
        targets.filter(|target| shard.is_none_or(|shard| shard.contains(target))).map(complete).collect()
    }

    /// The account and the service of a target.
    pub(super) fn find(&self, target: &Target) -> Result<(&Account, &'static Service)> {
        let service = SERVICES.iter().find(|service| service.name == target.service);
        let found = service.and_then(|service| {
            let account = self.0.iter().find(|own| own.name == target.account && own.vendor == service.vendor)?;
            Some((account, service))
        });
        found.ok_or_else(|| Failure::new(format!("unknown target: {target}")))
    }
}

impl Account {
    fn read(row: Row) -> Result<Self> {
        let Row { name, vendor, variables, mut regions, services } = row;
        let wrong = |text: String| Failure::usage(format!("account {name:?}: {text}"));
        let vendor: Vendor = vendor.parse().map_err(wrong)?;
        let of_vendor = || SERVICES.iter().filter(|service| service.vendor == vendor);
        match (vendor, regions.is_empty()) {
            (Vendor::Nhn, true) => regions.push(Region::Kr1.as_str().to_owned()),
            (Vendor::Nhn, false) | (_, true) => {}
            (_, false) => return Err(wrong("only nhn has regions; the region of scp is a variable".to_owned())),
        }
        for region in &regions {
            Region::other(region).map_err(|error| wrong(error.to_string()))?;
        }
        let services = match services.as_slice() {
            [] => of_vendor().collect(),
            names => {
                let known = |wanted: &String| {
                    let found = of_vendor().find(|service| service.short() == wanted);
                    let all: Vec<_> = of_vendor().map(Service::short).collect();
                    found.ok_or_else(|| wrong(format!("the services of {vendor} are {}", all.join(", "))))
                };
                names.iter().map(known).collect::<Result<Vec<_>>>()?
            }
        };
        Ok(Self { name, vendor, settings: Settings(variables), regions, services })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_accounts_by_services_by_regions() {
        let text = "[[account]]\nname = \"web\"\nvendor = \"nhn\"\nregions = [\"KR1\", \"JP1\"]\n\
                    [[account]]\nname = \"web\"\nvendor = \"scp\"\nvariables = \"WEB_\"\n";
        let inspector = Inspector::new("EN", None, None).unwrap();
        let targets = Fleet::parse(text).unwrap().targets(&inspector, None).unwrap();
        let shown: Vec<_> = targets.iter().map(|own| format!("{own}: {}", own.prefix)).collect();
        assert_eq!(
            shown,
            [
                "nhn/security-advisor of web in KR1: nhn/security-advisor/web/KR1",
                "nhn/security-advisor of web in JP1: nhn/security-advisor/web/JP1",
                "nhn/server-security-check of web in KR1: nhn/server-security-check/web/KR1",
                "nhn/server-security-check of web in JP1: nhn/server-security-check/web/JP1",
                "scp/config-inspection of web: scp/config-inspection/web",
            ]
        );
    }

    #[test]
    fn arguments_that_decide_on_a_result_are_part_of_its_target() {
        let account = |vendor: &str| format!("[[account]]\nname = \"web\"\nvendor = \"{vendor}\"\n");
        let fleet = Fleet::parse(&(account("nhn") + &account("scp"))).unwrap();
        let day = |text| Some(crate::findings::inspect::day(text).unwrap());
        for (language, from, to, wanted) in [
            ("EN", None, None, ["language=EN", "language=EN", ""]),
            ("KO", None, day("2025-07-28"), ["language=KO", "language=KO to=2025-07-28", ""]),
            (
                "EN",
                day("2025-07-01"),
                day("2025-07-28"),
                ["language=EN", "from=2025-07-01 language=EN to=2025-07-28", ""],
            ),
        ] {
            let inspector = Inspector::new(language, from, to).unwrap();
            let targets = fleet.targets(&inspector, None).unwrap();
            let shown: Vec<_> = targets
                .iter()
                .map(|target| {
                    let pairs: Vec<_> =
                        target.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
                    pairs.join(" ")
                })
                .collect();
            assert_eq!(shown, wanted);
        }
    }

    #[test]
    fn wrong_files_say_what_is_wrong() {
        let account = "[[account]]\nname = \"a\"\nvendor = ";
        for (text, wanted) in [
            (String::new(), "no [[account]]"),
            ("account = 1".to_owned(), "invalid type"),
            (format!("{account}\"aws\""), "scp, nhn or risken"),
            (format!("{account}\"scp\"\nsecret_key = \"canary-value-of-16\""), "unknown field"),
            (format!("{account}\"scp\"\nregions = [\"KR1\"]"), "only nhn has regions"),
            (format!("{account}\"nhn\"\nregions = [\"moon\"]"), "region"),
            (
                format!("{account}\"nhn\"\nservices = [\"config-inspection\"]"),
                "security-advisor, server-security-check",
            ),
            (format!("{account}\"nhn\"\n{account}\"nhn\""), "is listed twice"),
        ] {
            let failure = Fleet::parse(&text).unwrap_err();
            assert!(failure.text().contains(wanted) && !failure.text().contains("canary"), "{text}: {failure:?}");
        }
    }
}

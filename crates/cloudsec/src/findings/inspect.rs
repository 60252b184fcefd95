//! The services that have findings, and how each is inspected.

use cloud_core::runtime::BoxFuture;
use cloud_core::time::macros::offset;
use cloud_core::time::{Date, Duration, Month, OffsetDateTime, Time};
use cloud_findings::fleet::Target;
use cloud_findings::{Error, Report, Scope};
use nhn_security::{Language, Nhn, Period, Region};
use scp_security::config_inspection::ocsf::Codes;

use super::targets::{Account, Fleet, Settings};
use crate::exit::{Failure, Result};
use crate::vendors::{self, Vendor};

/// A service that has findings.
#[derive(Debug)]
pub(super) struct Service {
    /// The vendor and the service, as uids begin.
    pub(super) name: &'static str,
    pub(super) vendor: Vendor,
}

/// All services that have findings.
pub(super) const SERVICES: [Service; 5] = [
    Service { name: "nhn/security-advisor", vendor: Vendor::Nhn },
    Service { name: "nhn/server-security-check", vendor: Vendor::Nhn },
    Service { name: "scp/config-inspection", vendor: Vendor::Scp },
    Service { name: "risken/aws", vendor: Vendor::Risken },
    Service { name: "risken/finding", vendor: Vendor::Risken },
];

impl Service {
    /// The name without the vendor.
    pub(super) fn short(&self) -> &'static str {
        self.name.split_once('/').map_or(self.name, |(_, short)| short)
    }

    /// Returns whether the service has its app key, if it needs one of its own. Other settings that are missing or not
    /// valid are reported when the service is inspected.
    pub(super) fn is_configured(&self, settings: &Settings) -> bool {
        let app_key = match self.name {
            "nhn/security-advisor" => "security_advisor_app_key",
            "nhn/server-security-check" => "server_security_check_app_key",
            _ => return true,
        };
        let explanation = self.vendor.explain(settings.clone());
        let mut lookups = explanation.lookups().iter().filter(|lookup| lookup.setting == app_key);
        lookups.any(|lookup| lookup.found.is_some() || lookup.invalid.is_some())
    }

    /// Adds the prefixes of a target's uids.
    pub(super) fn with_prefixes(&self, account: &Account, target: Target) -> Result<Target> {
        let prefix = self.prefix(account, &target)?;
        let target = target.with_prefix(prefix);
        Ok(match self.name {
            // Each region reports the rules of the organization, too.
            "nhn/security-advisor" => {
                let scope = Scope::new(&*account.name, OffsetDateTime::UNIX_EPOCH);
                target.and_prefix(nhn_security::security_advisor::ocsf::prefix(&scope, None))
            }
            _ => target,
        })
    }

    fn prefix(&self, account: &Account, target: &Target) -> Result<String> {
        let scope = Scope::new(&*account.name, OffsetDateTime::UNIX_EPOCH);
        let region = region(target)?;
        Ok(match self.name {
            "nhn/security-advisor" => nhn_security::security_advisor::ocsf::prefix(&scope, Some(&region)),
            "nhn/server-security-check" => nhn_security::server_security_check::ocsf::prefix(&scope, &region),
            "scp/config-inspection" => scp_security::config_inspection::ocsf::prefix(&scope),
            _ => match vendors::project(&account.settings) {
                Ok(project) if self.name == "risken/aws" => risken_aws::aws::ocsf::prefix(project, &scope),
                Ok(project) => risken_aws::finding::ocsf::prefix(project, &scope),
                // The prefix of every project. Inspecting the target reports what is wrong with the setting.
                Err(_) => cloud_findings::uid(&[self.vendor.name(), self.short(), &account.name]),
            },
        })
    }
}

/// Makes a report incomplete for the instances of an earlier one that were not inspected in its period.
pub(super) fn note_absent(report: &mut Report, earlier: &Report, targets: &[Target]) -> Result<()> {
    for target in targets.iter().filter(|target| target.service == "nhn/server-security-check") {
        let scope = Scope::new(&*target.account, OffsetDateTime::UNIX_EPOCH);
        nhn_security::server_security_check::ocsf::note_absent(report, earlier, &region(target)?, &scope);
    }
    Ok(())
}

fn region(target: &Target) -> Result<Region> {
    match &target.region {
        Some(region) => Ok(Region::other(region)?),
        None => Ok(Region::Kr1),
    }
}

/// What is the same for all targets.
#[derive(Debug)]
pub(super) struct Inspector {
    language: Language,
    now: OffsetDateTime,
    period: Period,
    /// The days of the period that were given.
    days: [Option<Date>; 2],
}

impl Inspector {
    pub(super) fn new(language: &str, from: Option<Date>, to: Option<Date>) -> Result<Self> {
        let language = language.parse().map_err(|error: Error| Failure::usage(error.to_string()))?;
        let now = vendors::now();
        // The vendor counts days in Korea.
        let start_of = |day: Date| day.midnight().assume_offset(offset!(+9));
        let end = to.map_or(now, |day| start_of(day).replace_time(LAST_SECOND));
        let start = from.map_or(end - Duration::days(30), start_of);
        let period = Period::new(start, end).map_err(|error| match end - start > LONGEST {
            true => Failure::usage("the service lists at most 31 days: set --from and --to closer together"),
            false => Failure::usage(error.to_string()),
        })?;
        Ok(Self { language, now, period, days: [from, to] })
    }

    /// Adds what else decides the result of a target, so that a checkpoint's result under other arguments does not count. The
    /// default period moves with the time: how old its results may be is for `--max-age`.
    pub(super) fn with_parameters(&self, account: &Account, target: Target) -> Target {
        let language = |target: Target| target.with_parameter("language", self.language.to_string());
        match &*target.service {
            "nhn/security-advisor" => language(target),
            "nhn/server-security-check" => {
                let days = ["from", "to"].into_iter().zip(self.days);
                let given = days.filter_map(|(name, day)| Some((name, day?)));
                given.fold(language(target), |target, (name, day)| target.with_parameter(name, day.to_string()))
            }
            service if service.starts_with("risken/") => match vendors::project(&account.settings) {
                Ok(project) => target.with_parameter("project", project.to_string()),
                Err(_) => target,
            },
            _ => target,
        }
    }

    /// Inspects a target.
    pub(super) fn inspect<'a>(
        &'a self,
        fleet: &'a Fleet,
        target: &'a Target,
    ) -> BoxFuture<'a, cloud_core::Result<Report>> {
        Box::pin(async move {
            let config = |failure: Failure| Error::config(failure.text());
            let (account, service) = fleet.find(target).map_err(config)?;
            let scope = Scope::new(&*account.name, self.now);
            let region = region(target).map_err(config)?;
            let settings = account.settings.clone();
            match service.vendor {
                Vendor::Scp => {
                    let client = vendors::scp(settings).build()?.config_inspection();
                    scp_security::config_inspection::ocsf::inspect(&client, &Codes::default(), &scope).await
                }
                Vendor::Nhn => self.inspect_nhn(&vendors::nhn(settings).build()?, service, region, &scope).await,
                Vendor::Risken => {
                    let project = vendors::project(&settings).map_err(config)?;
                    let risken = vendors::risken(settings).build()?;
                    match service.name {
                        "risken/aws" => risken_aws::aws::ocsf::inspect(&risken.aws(), project, &scope).await,
                        _ => risken_aws::finding::ocsf::inspect(&risken.finding(), project, &scope).await,
                    }
                }
            }
        })
    }

    async fn inspect_nhn(
        &self,
        nhn: &Nhn,
        service: &Service,
        region: Region,
        scope: &Scope,
    ) -> cloud_core::Result<Report> {
        let language = self.language.clone();
        if service.name == "nhn/security-advisor" {
            let client = nhn.security_advisor()?;
            return nhn_security::security_advisor::ocsf::inspect(&client, region, language, scope).await;
        }
        let client = nhn.server_security_check()?;
        nhn_security::server_security_check::ocsf::inspect(&client, region, self.period, language, scope).await
    }
}

/// The longest period of Server Security Check.
const LONGEST: Duration = Duration::days(31);
/// The end of a day; the vendor's times have whole seconds.
const LAST_SECOND: Time = cloud_core::time::macros::time!(23:59:59);

/// Reads a day such as `2026-01-31`.
pub(super) fn day(text: &str) -> std::result::Result<Date, String> {
    let usage = || "a day is YYYY-MM-DD, such as 2026-01-31".to_owned();
    let parts: Vec<_> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return Err(usage()) };
    let month: u8 = month.parse().map_err(|_| usage())?;
    let month = Month::try_from(month).map_err(|_| usage())?;
    let (year, day) = (year.parse().map_err(|_| usage())?, day.parse().map_err(|_| usage())?);
    Date::from_calendar_date(year, month, day).map_err(|_| usage())
}

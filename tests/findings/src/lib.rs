//! Inspections of the sandbox: an account of each vendor, and a fleet of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use cloud_findings::fleet::Target;
use cloud_findings::{Error, Report, Result, Scope};
use cloud_sandbox::Sandbox;
use nhn_security::{Language, Nhn, Period, Region};
use risken_aws::{ProjectId, Risken};
use scp_security::Scp;
use scp_security::config_inspection::ocsf::Codes;
use time::OffsetDateTime;
use time::macros::datetime;

/// The services that have findings, and the region of each that has regions.
pub const SERVICES: [(&str, Option<&str>); 5] = [
    ("nhn/security-advisor", Some("KR1")),
    ("nhn/server-security-check", Some("KR1")),
    ("scp/config-inspection", None),
    ("risken/aws", None),
    ("risken/finding", None),
];

/// The time of each reading, so that reports are the same in each run.
const NOW: OffsetDateTime = datetime!(2026-06-01 0:00 UTC);

/// The variables of one account.
type Variables = BTreeMap<String, String>;

/// The variables of accounts by the names of the accounts.
#[derive(Clone, Debug)]
pub struct Fleet(Arc<BTreeMap<String, Variables>>);

impl Fleet {
    /// The first account of a sandbox, and so many further ones.
    #[must_use]
    pub fn of(sandbox: &Sandbox, further: u32) -> Self {
        let variables = |account| {
            let pairs = sandbox.account_env_vars(account).into_iter();
            pairs.map(|(name, value)| (name.to_owned(), value)).collect::<Variables>()
        };
        Self(Arc::new((0..=further).map(|account| (account.to_string(), variables(account))).collect()))
    }

    /// The accounts as JSON, for another process.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&*self.0).unwrap_or_default()
    }

    /// Reads the JSON of [`to_json`](Self::to_json).
    ///
    /// # Errors
    /// If it is other JSON.
    pub fn from_json(text: &str) -> std::result::Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(|accounts| Self(Arc::new(accounts)))
    }

    /// The targets: each service of each account.
    pub fn targets(&self) -> impl Iterator<Item = Target> + Send + use<> {
        let accounts: Vec<_> = self.0.keys().cloned().collect();
        accounts.into_iter().flat_map(|account| {
            SERVICES.map(|(service, region)| {
                let target = Target::new(&*account, service);
                let prefix = match region {
                    _ if service.starts_with("risken/") => format!("{service}/sandbox-{account}"),
                    Some(region) => format!("{service}/{account}/{region}"),
                    None => format!("{service}/{account}"),
                };
                let target = region.map_or(target.clone(), |region| target.in_region(region)).with_prefix(prefix);
                match service {
                    "nhn/security-advisor" => target.and_prefix(format!("{service}/{account}/organization")),
                    _ => target,
                }
            })
        })
    }

    /// Inspects a target.
    ///
    /// # Errors
    /// What the service returns.
    pub async fn inspect(self, target: Target) -> Result<Report> {
        let unknown = || Error::config(format!("there is no target {target}"));
        let variables = self.0.get(&target.account).ok_or_else(unknown)?;
        let get = |name: &str| variables.get(name).cloned().unwrap_or_default();
        match &*target.service {
            "nhn/security-advisor" => {
                let client = nhn(&get)?.security_advisor()?;
                let scope = Scope::new(&*target.account, NOW);
                nhn_security::security_advisor::ocsf::inspect(&client, Region::Kr1, Language::En, &scope).await
            }
            "nhn/server-security-check" => {
                let client = nhn(&get)?.server_security_check()?;
                let period = Period::new(datetime!(2025-07-01 0:00 +9), datetime!(2025-07-28 0:00 +9))?;
                let scope = Scope::new(&*target.account, NOW);
                let (region, language) = (Region::Kr1, Language::En);
                nhn_security::server_security_check::ocsf::inspect(&client, region, period, language, &scope).await
            }
            "scp/config-inspection" => {
                let scp = Scp::builder().endpoint(get("SCP_ENDPOINT"));
                let client = scp.credentials(get("SCP_ACCESS_KEY"), get("SCP_SECRET_KEY")).build()?.config_inspection();
                let scope = Scope::new(&*target.account, NOW);
                scp_security::config_inspection::ocsf::inspect(&client, &Codes::default(), &scope).await
            }
            "risken/aws" => {
                let (risken, project) = risken(&get, &target.account)?;
                let scope = Scope::new(format!("sandbox-{}", target.account), NOW);
                risken_aws::aws::ocsf::inspect(&risken.aws(), project, &scope).await
            }
            "risken/finding" => {
                let (risken, project) = risken(&get, &target.account)?;
                let scope = Scope::new(format!("sandbox-{}", target.account), NOW);
                risken_aws::finding::ocsf::inspect(&risken.finding(), project, &scope).await
            }
            _ => Err(unknown()),
        }
    }
}

fn nhn(get: &dyn Fn(&str) -> String) -> Result<Nhn> {
    Nhn::builder()
        .endpoint(get("NHN_CLOUD_ENDPOINT"))
        .user_access_key(get("NHN_CLOUD_USER_ACCESS_KEY_ID"), get("NHN_CLOUD_USER_SECRET_ACCESS_KEY"))
        .security_advisor_app_key(get("NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"))
        .server_security_check_app_key(get("NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY"))
        .build()
}

/// The client, and the project of its token: 1001, and from 100001 on for the further accounts.
fn risken(get: &dyn Fn(&str) -> String, account: &str) -> Result<(Risken, ProjectId)> {
    let risken = Risken::builder().endpoint(get("RISKEN_URL")).access_token(get("RISKEN_ACCESS_TOKEN")).build()?;
    let number: i64 = account.parse().unwrap_or_default();
    let project = if number == 0 { 1001 } else { 100_000 + number };
    Ok((risken, ProjectId::new(project)?))
}

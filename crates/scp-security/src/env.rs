//! The settings and their sources: the builder, environment variables, the files of the vendor's tools.

use std::fmt;

use cloud_core::config::{FileEntry, Origin, Resolver, Setting, Value};
use cloud_core::{Error, Result};

use crate::credentials::Credentials;
use crate::hosts::{Environment, Hosts};
use crate::names::Region;

const CONFIG_FILE: &str = ".scpconf/config.json";
const CREDENTIALS_FILE: &str = ".scpconf/credentials.json";

static ACCESS_KEY: Setting = Setting::new("access_key", "ScpBuilder::credentials")
    .secret()
    .variables(&["SCP_ACCESS_KEY", "SCP_TF_ACCESS_KEY"])
    .files(&[FileEntry::new(CREDENTIALS_FILE, "access-key")]);
static SECRET_KEY: Setting = Setting::new("secret_key", "ScpBuilder::credentials")
    .secret()
    .variables(&["SCP_SECRET_KEY", "SCP_TF_SECRET_KEY"])
    .files(&[FileEntry::new(CREDENTIALS_FILE, "secret-key")]);
static VAULT_TOKEN_ID: Setting =
    Setting::new("vault_token_id", "ScpBuilder::vault_token").secret().variables(&["SCP_VAULT_TOKEN_ID"]);
static VAULT_TOKEN_SECRET: Setting =
    Setting::new("vault_token_secret", "ScpBuilder::vault_token").secret().variables(&["SCP_VAULT_TOKEN_SECRET"]);
static VAULT_ID: Setting =
    Setting::new("secret_vault_id", "ScpBuilder::secret_vault_id").secret().variables(&["SCP_SECRET_VAULT_ID"]);
static ENDPOINT: Setting = Setting::new("endpoint", "ScpBuilder::endpoint")
    .endpoint()
    .variables(&["SCP_ENDPOINT", "SCP_TF_ENDPOINT_OVERRIDE"])
    .files(&[FileEntry::new(CONFIG_FILE, "endpoint-override")]);
static REGION: Setting = Setting::new("region", "ScpBuilder::region")
    .variables(&["SCP_REGION", "SCP_TF_DEFAULT_REGION"])
    .files(&[FileEntry::new(CONFIG_FILE, "default-region")]);
static ENVIRONMENT: Setting = Setting::new("environment", "ScpBuilder::environment")
    .variables(&["SCP_ENVIRONMENT", AUTH_URL])
    .files(&[FileEntry::new(CONFIG_FILE, "auth-url")]);
/// Its host names the environment, and so does that of `auth-url` in the file.
const AUTH_URL: &str = "SCP_TF_AUTH_URL";

/// Only the builder sets it.
pub(crate) static LANGUAGE: Setting = Setting::new("language", "ScpBuilder::language");

/// Settings given in code.
#[derive(Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) credentials: Option<Credentials>,
    pub(crate) vault_token: Option<Credentials>,
    pub(crate) vault_id: Option<String>,
    pub(crate) region: Option<Region>,
    pub(crate) environment: Option<Environment>,
    pub(crate) endpoint: Option<String>,
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overrides")
            .field("credentials", &self.credentials.is_some())
            .field("vault_token", &self.vault_token.is_some())
            .field("vault_id", &self.vault_id.is_some())
            .field("region", &self.region)
            .field("environment", &self.environment)
            .field("endpoint", &self.endpoint.is_some())
            .finish()
    }
}

/// Settings with their sources applied. What only some programs need may be missing; the texts say where it was
/// searched.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) credentials: Result<Credentials, String>,
    pub(crate) vault_token: Result<Credentials, String>,
    pub(crate) vault_id: Result<String, String>,
    pub(crate) hosts: Result<Hosts, String>,
}

impl Resolved {
    /// Reads each setting from its first source that has a value.
    ///
    /// All are looked up before the first problem counts, so that [`ScpBuilder::explain`](crate::ScpBuilder::explain)
    /// shows every one.
    pub(crate) fn new(given: Overrides, resolver: &mut Resolver<'_>, insecure: bool) -> Result<Self> {
        let vault_token = pair(resolver, (&VAULT_TOKEN_ID, &VAULT_TOKEN_SECRET), given.vault_token, false);
        let vault_id = resolver.find(&VAULT_ID, given.vault_id.map(Into::into));
        // A vault and its token, which the environment or the builder set, come before the keys in the file.
        let with_file = !matches!(vault_token, Ok(Some(_)));
        let credentials = pair(resolver, (&ACCESS_KEY, &SECRET_KEY), given.credentials, with_file);
        let place = Place::new(resolver, given.endpoint, given.region.as_ref(), given.environment);
        let vault_token = vault_token?;
        let vault_id = vault_id?.map(Value::visible_ascii).transpose()?;
        both_or_neither(resolver, vault_token.is_some(), vault_id.is_some())?;
        let credentials = credentials?;
        let hosts = hosts(resolver, place, given.region, insecure)?;
        Ok(Self {
            credentials: credentials.ok_or_else(|| no_credentials(resolver)),
            vault_token: vault_token.ok_or_else(|| resolver.describe_missing(&[&VAULT_TOKEN_ID, &VAULT_TOKEN_SECRET])),
            vault_id: vault_id.map(|id| id.as_str().to_owned()).ok_or_else(|| resolver.describe_missing(&[&VAULT_ID])),
            hosts,
        })
    }
}

/// A vault without its token, or the reverse, would silently leave the choice to the other sources of keys.
fn both_or_neither(resolver: &Resolver<'_>, token: bool, vault: bool) -> Result<()> {
    match (token, vault) {
        (true, false) => {
            let missing = resolver.describe_missing(&[&VAULT_ID]);
            Err(Error::config(format!("a vault token is set (vault_token_id and vault_token_secret), but {missing}")))
        }
        (false, true) => {
            let missing = resolver.describe_missing(&[&VAULT_TOKEN_ID, &VAULT_TOKEN_SECRET]);
            Err(Error::config(format!("secret_vault_id is set, but {missing}")))
        }
        _ => Ok(()),
    }
}

fn no_credentials(resolver: &Resolver<'_>) -> String {
    let keys = resolver.describe_missing(&[&ACCESS_KEY, &SECRET_KEY]);
    let vault = resolver.describe_missing(&[&VAULT_ID]);
    let token = resolver.describe_missing(&[&VAULT_TOKEN_ID, &VAULT_TOKEN_SECRET]);
    format!("no credentials: {keys}; for temporary keys: {token}; {vault}")
}

fn pair(
    resolver: &mut Resolver<'_>,
    settings: (&'static Setting, &'static Setting),
    given: Option<Credentials>,
    with_files: bool,
) -> Result<Option<Credentials>> {
    let given = given.map(|pair| (pair.access_key().to_owned().into(), pair.secret_key().clone()));
    let Some((id, secret)) = resolver.find_pair(settings, given, with_files)? else { return Ok(None) };
    Ok(Some(Credentials::new(id.visible_ascii()?.as_str(), secret.into_secret())))
}

/// What names the hosts, as it was found.
struct Place {
    endpoint: Result<Option<Value>>,
    region: Result<Option<Value>>,
    environment: Result<Option<Value>>,
}

impl Place {
    /// Looks for the base URL, or region and environment. The file counts only where the other sources leave something
    /// open.
    fn new(
        resolver: &mut Resolver<'_>,
        endpoint: Option<String>,
        region: Option<&Region>,
        environment: Option<Environment>,
    ) -> Self {
        let region = region.map(|region| region.as_str().into());
        let environment = environment.map(|environment| environment.as_str().into());
        let mut place = Self {
            endpoint: resolver.find_before_files(&ENDPOINT, endpoint.map(Into::into)),
            region: resolver.find_before_files(&REGION, region),
            environment: resolver.find_before_files(&ENVIRONMENT, environment),
        };
        let absent = |value: &Result<Option<Value>>| matches!(value, Ok(None));
        if absent(&place.endpoint) && (absent(&place.region) || absent(&place.environment)) {
            let Self { endpoint, region, environment } = &mut place;
            for (value, setting) in [(endpoint, &ENDPOINT), (region, &REGION), (environment, &ENVIRONMENT)] {
                if absent(value) {
                    *value = resolver.find(setting, None);
                }
            }
        }
        place
    }
}

fn hosts(
    resolver: &mut Resolver<'_>,
    place: Place,
    given_region: Option<Region>,
    insecure: bool,
) -> Result<Result<Hosts, String>> {
    let (endpoint, region, environment) = (place.endpoint?, place.region?, place.environment?);
    let environment = environment.as_ref().map(environment_of).transpose()?;
    if let Some(url) = endpoint {
        let endpoint = resolver.endpoint(&url, insecure)?;
        // The paths of the services begin at the root: below another path, every call would meet a gateway's 404.
        if endpoint.path().is_empty() {
            return Ok(Ok(Hosts::One(endpoint)));
        }
        return Err(url.error("the endpoint must not have a path: the services add their own, such as `/v1/kms`"));
    }
    let missing: Vec<_> = [(region.is_none(), &REGION), (environment.is_none(), &ENVIRONMENT)]
        .into_iter()
        .filter(|(missing, _)| *missing)
        .map(|(_, setting)| resolver.describe_missing(&[setting]))
        .collect();
    let (Some(region), Some(environment)) = (region, environment) else {
        let url = resolver.describe_missing(&[&ENDPOINT]);
        return Ok(Err(format!("{}; for another host: {url}", missing.join("; "))));
    };
    let region = region_of(&region, given_region, environment)?;
    Ok(Ok(Hosts::Region { environment, region }))
}

/// The region, which the environment has unless the builder was given an unknown one.
fn region_of(value: &Value, given: Option<Region>, environment: Environment) -> Result<Region> {
    let region = match given.filter(|given| given.as_str() == value.as_str()) {
        Some(Region::Other(_)) => return Region::other(value.as_str()).map_err(|error| value.error(error.message())),
        Some(given) => given,
        None => value.as_str().parse().map_err(|error: Error| value.error(error.message()))?,
    };
    if environment.regions().contains(&region) {
        return Ok(region);
    }
    let known: Vec<_> = environment.regions().iter().map(Region::as_str).collect();
    Err(value.error(&format!(
        "environment `{environment}` has no such region, it has {}; for another host use ScpBuilder::endpoint or \
         SCP_ENDPOINT",
        known.join(", ")
    )))
}

fn environment_of(value: &Value) -> Result<Environment> {
    match value.origin() {
        Origin::Variable(AUTH_URL) | Origin::File(_) => Environment::of_auth_url(value.as_str()).ok_or_else(|| {
            value.error("the host names no known environment, as https://iam.e.samsungsdscloud.com/v1 does")
        }),
        _ => value.as_str().parse().map_err(|error: Error| value.error(error.message())),
    }
}

#[cfg(test)]
mod tests;

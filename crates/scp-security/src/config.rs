//! Where settings come from: the builder, the environment, the vendor's own files, in this order.

use std::fmt;

use cloud_core::{Endpoint, Error, ExposeSecret, Result, SecretString};
use serde::Deserialize;

use crate::credentials::Credentials;

mod surroundings;
pub use surroundings::{ConfigSource, Process};

/// A cloud of the vendor: a set of regions with consoles, accounts and hosts of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// `e`: for enterprises.
    Enterprise,
    /// `s`: for the Samsung group.
    Samsung,
    /// `g`: sovereign, for public institutions.
    Sovereign,
}

impl Environment {
    /// The letter in host names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enterprise => "e",
            Self::Samsung => "s",
            Self::Sovereign => "g",
        }
    }

    /// The regions that this environment has.
    #[must_use]
    pub const fn regions(self) -> &'static [&'static str] {
        match self {
            Self::Enterprise | Self::Samsung => &["kr-west1", "kr-east1"],
            Self::Sovereign => &["kr-south1", "kr-south2", "kr-south3"],
        }
    }
}

impl std::str::FromStr for Environment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Enterprise, Self::Samsung, Self::Sovereign].into_iter().find(|e| e.as_str() == text).ok_or_else(|| {
            let shown = plain(text).map_or("this".to_owned(), |text| format!("`{text}`"));
            Error::config(format!(
                "{shown} is not an environment: use `e` (enterprise), `s` (Samsung) or `g` (sovereign)"
            ))
        })
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text if it looks like a name; anything else may be a secret in the wrong place, or spoil the line.
fn plain(text: &str) -> Option<&str> {
    let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    Some(text).filter(|text| text.len() <= 16 && text.bytes().all(name))
}

/// Settings as given; what is absent is looked for elsewhere.
#[derive(Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) credentials: Option<Credentials>,
    pub(crate) vault_token: Option<Credentials>,
    pub(crate) vault_id: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) environment: Option<Environment>,
    pub(crate) endpoint: Option<String>,
}

/// The vendor's `~/.scpconf/config.json`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct ConfigFile {
    auth_url: Option<String>,
    endpoint_override: Option<String>,
    default_region: Option<String>,
}

/// The vendor's `~/.scpconf/credentials.json`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct CredentialsFile {
    access_key: Option<String>,
    secret_key: Option<SecretString>,
}

const CONFIG_FILE: &str = ".scpconf/config.json";
const CREDENTIALS_FILE: &str = ".scpconf/credentials.json";

/// Where access keys are looked for, for the error when there are none.
pub(crate) const NO_CREDENTIALS: &str = "no credentials: set `.credentials()`, or SCP_ACCESS_KEY and SCP_SECRET_KEY, \
     or SCP_TF_ACCESS_KEY and SCP_TF_SECRET_KEY, or access-key and secret-key in ~/.scpconf/credentials.json, \
     or a vault token with SCP_VAULT_TOKEN_ID, SCP_VAULT_TOKEN_SECRET and SCP_SECRET_VAULT_ID";

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overrides")
            .field("credentials", &self.credentials.is_some())
            .field("vault_token", &self.vault_token.is_some())
            .field("vault_id", &self.vault_id.is_some())
            .field("region", &self.region.is_some())
            .field("environment", &self.environment)
            .field("endpoint", &self.endpoint.is_some())
            .finish()
    }
}

impl Overrides {
    /// Fills what is absent from the environment and the vendor's files.
    pub(crate) fn complete(&mut self, around: &dyn ConfigSource) -> Result<()> {
        // Values come out of files and often with a line break at their end.
        let var = |name: &str| {
            let value = around.variable(name)?.trim().to_owned();
            Some(value).filter(|value| !value.is_empty())
        };
        let first = |names: &[&str]| names.iter().find_map(|name| var(name));
        if let Some(given) = &self.vault_token {
            check(given, "`.vault_token()`", "`.vault_token()`")?;
        }
        if let Some(given) = &self.credentials {
            check(given, "`.credentials()`", "`.credentials()`")?;
        }
        if self.vault_token.is_none() {
            self.vault_token = pair(&var, "SCP_VAULT_TOKEN_ID", "SCP_VAULT_TOKEN_SECRET")?;
        }
        self.vault_id = self.vault_id.take().or_else(|| var("SCP_SECRET_VAULT_ID"));
        if self.vault_id.as_ref().is_some_and(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(Error::config(
                "the vault's id (from `.secret_vault_id()` or SCP_SECRET_VAULT_ID) is empty or holds blanks, control or non-ascii characters",
            ));
        }
        if self.credentials.is_none() {
            self.credentials = match pair(&var, "SCP_ACCESS_KEY", "SCP_SECRET_KEY")? {
                None => pair(&var, "SCP_TF_ACCESS_KEY", "SCP_TF_SECRET_KEY")?,
                found => found,
            };
        }
        // A vault without its token is one to be managed; it does not hide the keys that manage it.
        if self.credentials.is_none() && (self.vault_id.is_none() || self.vault_token.is_none()) {
            let file: CredentialsFile = read(around, CREDENTIALS_FILE)?;
            let key = file.access_key.filter(|key| !key.is_empty());
            let secret = file.secret_key.filter(|secret| !secret.expose_secret().is_empty());
            self.credentials = match (key, secret) {
                (Some(key), Some(secret)) => {
                    let found = Credentials::new(key, secret);
                    let place = |name| format!("{name} in ~/{CREDENTIALS_FILE}");
                    check(&found, &place("access-key"), &place("secret-key"))?;
                    Some(found)
                }
                (None, None) => None,
                _ => return Err(Error::config(format!("~/{CREDENTIALS_FILE} needs both access-key and secret-key"))),
            };
        }
        if self.endpoint.is_none() {
            self.endpoint = first(&["SCP_ENDPOINT", "SCP_TF_ENDPOINT_OVERRIDE"]);
        }
        if self.environment.is_none() {
            if let Some(text) = var("SCP_ENVIRONMENT") {
                let problem = |error: Error| Error::config(format!("SCP_ENVIRONMENT: {}", error.message()));
                self.environment = Some(text.parse().map_err(problem)?);
            } else if let Some(url) = var("SCP_TF_AUTH_URL") {
                self.environment = Some(of_auth_url(&url, "SCP_TF_AUTH_URL")?);
            }
        }
        self.region = self.region.take().or_else(|| first(&["SCP_REGION", "SCP_TF_DEFAULT_REGION"]));
        if self.endpoint.is_none() && (self.region.is_none() || self.environment.is_none()) {
            let file: ConfigFile = read(around, CONFIG_FILE)?;
            self.endpoint = file.endpoint_override.filter(|url| !url.is_empty());
            self.region = self.region.take().or(file.default_region);
            if let (None, Some(url)) = (self.environment, file.auth_url) {
                self.environment = Some(of_auth_url(&url, "auth-url in ~/.scpconf/config.json")?);
            }
        }
        Ok(())
    }

    /// The base URL of a service.
    pub(crate) fn endpoint(&self, service: &str, insecure: bool) -> Result<Endpoint> {
        if let Some(url) = &self.endpoint {
            let parsed = if insecure { Endpoint::parse_insecure(url) } else { Endpoint::parse(url) };
            return parsed.map_err(|error| {
                Error::config(format!("{} (from `.endpoint()`, SCP_ENDPOINT, SCP_TF_ENDPOINT_OVERRIDE or endpoint-override in ~/{CONFIG_FILE})", error.message()))
            });
        }
        let missing = |what: &str, where_: &str| {
            Error::config(format!("no {what}: set {where_}, or a base url with `.endpoint()` or SCP_ENDPOINT"))
        };
        let region = self.region.as_deref().ok_or_else(|| {
            missing(
                "region",
                "`.region()`, SCP_REGION, SCP_TF_DEFAULT_REGION or default-region in ~/.scpconf/config.json",
            )
        })?;
        let environment = self.environment.ok_or_else(|| {
            missing(
                "environment",
                "`.environment()`, SCP_ENVIRONMENT (e, s or g), SCP_TF_AUTH_URL or auth-url in ~/.scpconf/config.json",
            )
        })?;
        if !environment.regions().contains(&region) {
            let known = environment.regions().join(", ");
            let shown = plain(region).map_or("such region".to_owned(), |region| format!("region `{region}`"));
            return Err(Error::config(format!(
                "environment `{environment}` has no {shown}, it has {known}; for another host set `.endpoint()` or SCP_ENDPOINT"
            )));
        }
        Endpoint::parse(&format!("https://{service}.{region}.{environment}.samsungsdscloud.com"))
    }
}

/// Both variables or neither: half a pair is a mistake that must not fall through to other keys.
fn pair(var: &dyn Fn(&str) -> Option<String>, id: &str, secret: &str) -> Result<Option<Credentials>> {
    match (var(id), var(secret)) {
        (Some(key), Some(value)) => {
            let found = Credentials::new(key, value);
            check(&found, id, secret)?;
            Ok(Some(found))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(Error::config(format!("{id} is set but {secret} is not"))),
        (None, Some(_)) => Err(Error::config(format!("{secret} is set but {id} is not"))),
    }
}

/// Refuses what cannot be a pair of keys, and says where it came from.
fn check(pair: &Credentials, id: &str, secret: &str) -> Result<()> {
    if pair.access_key().is_empty() || !pair.access_key().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::config(format!(
            "{id}: the key's id is empty or holds blanks, control characters or non-ascii characters"
        )));
    }
    let text = pair.secret_key().expose_secret();
    if text.is_empty() || text.contains(char::is_control) || text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(Error::config(format!(
            "{secret}: the secret is empty, holds control characters or is not unicode"
        )));
    }
    Ok(())
}

fn of_auth_url(url: &str, source: &str) -> Result<Environment> {
    let host = url.split("://").nth(1).unwrap_or(url).split('/').next().unwrap_or_default();
    let letter = host.strip_suffix(".samsungsdscloud.com").and_then(|host| host.rsplit('.').next());
    letter.and_then(|letter| letter.parse().ok()).ok_or_else(|| {
        Error::config(format!("{source} names no known environment, such as https://iam.e.samsungsdscloud.com/v1"))
    })
}

fn read<T: Default + for<'de> Deserialize<'de>>(around: &dyn ConfigSource, path: &str) -> Result<T> {
    match around.home_file(path) {
        Ok(Some(text)) => serde_json::from_slice(&text)
            .map_err(|error| Error::config(format!("~/{path} is not the json it should be, at line {}", error.line()))),
        Ok(None) => Ok(T::default()),
        Err(error) => Err(Error::config(format!("~/{path} cannot be read: {}", error.kind()))),
    }
}

#[cfg(test)]
mod tests;

//! Settings: the builder first, then the environment, which is read here and nowhere else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::transport::reqwest::ReqwestTransport;
use cloud_core::{Client, Endpoint, Error, Result, RetryPolicy, Runtime, SecretString, Settings, Transport};

use crate::dialect::RiskenDialect;
use crate::generated::clients::Clients;
use crate::risken::Risken;
use crate::sign::BearerSigner;

/// The first of a pair wins: RISKEN's own tools disagree about the names.
const URL: [&str; 2] = ["RISKEN_URL", "RISKEN_API_ENDPOINT"];
const TOKEN: [&str; 2] = ["RISKEN_ACCESS_TOKEN", "RISKEN_API_TOKEN"];
const API: &str = "/api/v1";

/// Where a variable is looked for; tests give their own.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

fn environment(name: &str) -> Option<String> {
    // A value that is not Unicode is kept as a malformed one, so that its check names it.
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Settings of a [`Risken`]. What is not set here is looked for in the environment when it is built.
///
/// ```
/// use risken_aws::Risken;
///
/// let risken = Risken::builder().url("https://risken.example.com").access_token("a-token").build()?;
/// # Ok::<(), risken_aws::Error>(())
/// ```
#[derive(Default)]
#[must_use = "call `build` to get the clients"]
pub struct RiskenBuilder {
    url: Option<String>,
    token: Option<SecretString>,
    insecure: bool,
    transport: Option<Arc<dyn Transport>>,
    runtime: Option<Arc<dyn Runtime>>,
    settings: Settings,
}

impl RiskenBuilder {
    /// The site, with or without `/api/v1` and a slash at the end.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// The same as [`url`](Self::url), under the name that the other crates of this family use.
    pub fn endpoint(self, url: impl Into<String>) -> Self {
        self.url(url)
    }

    /// The access token of a project or an organization.
    pub fn access_token(mut self, token: impl Into<SecretString>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Accepts an `http` site beyond the loopback, such as one inside a cluster. The token then travels in the clear.
    pub fn allow_insecure_http(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// What sends; a transport of the client's own unless set.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The clock; the system's unless set.
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// All limits and rules at once.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// When to try again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// The longest that one attempt may take; 15 seconds unless set.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.settings.attempt_timeout = limit;
        self
    }

    /// The longest that a call may take, with its attempts and waits; 30 seconds unless set.
    pub fn call_timeout(mut self, limit: Duration) -> Self {
        self.settings.call_timeout = limit;
        self
    }

    /// Refuses API versions past their sunset date instead of warning about them.
    pub fn deny_sunset_versions(mut self) -> Self {
        self.settings.deny_sunset_versions = true;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the setting that is missing or malformed and where it
    /// was looked for.
    pub fn build(self) -> Result<Risken> {
        self.build_with(&environment)
    }

    pub(crate) fn build_with(self, lookup: Lookup<'_>) -> Result<Risken> {
        let look = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| Some((lookup(name).filter(|value| !value.trim().is_empty())?, name)))
        };
        let (url, place) = self
            .url
            .map(|url| (url, "RiskenBuilder::url"))
            .or_else(|| look(URL))
            .ok_or_else(|| missing("the url of the site", "RiskenBuilder::url", URL))?;
        let endpoint = endpoint(&url, self.insecure, place)?;
        let (token, place) = self
            .token
            .map(|token| (token, "RiskenBuilder::access_token"))
            .or_else(|| look(TOKEN).map(|(token, name)| (token.into(), name)))
            .ok_or_else(|| missing("the access token", "RiskenBuilder::access_token", TOKEN))?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => {
                let agent = concat!("risken-aws/", env!("CARGO_PKG_VERSION"));
                Arc::new(ReqwestTransport::builder().user_agent(agent).build()?)
            }
        };
        let mut client = Client::builder(endpoint, Arc::new(RiskenDialect))
            .signer(Arc::new(BearerSigner::new(&token, place)?))
            .transport(transport)
            .settings(self.settings);
        if let Some(runtime) = self.runtime {
            client = client.runtime(runtime);
        }
        let client = client.build()?;
        Ok(Risken::new(Clients::new(|_| Ok(client.clone()))?))
    }
}

/// The base URL of the API at this site.
fn endpoint(url: &str, insecure: bool, place: &str) -> Result<Endpoint> {
    let parse = if insecure { Endpoint::parse_insecure } else { Endpoint::parse };
    let site = parse(url).map_err(|error| Error::config(format!("{place}: {}", error.message())))?;
    let missing = match site.path() {
        path if path.ends_with(API) => "",
        path if path.ends_with("/api") => "/v1",
        _ => API,
    };
    Ok(site.with_path(&format!("{}{missing}", site.path())))
}

fn missing(what: &str, method: &str, [first, second]: [&str; 2]) -> Error {
    Error::config(format!("{what} is set neither by `{method}` nor in {first} or {second}"))
}

impl fmt::Debug for RiskenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RiskenBuilder")
            .field("url", &self.url.is_some())
            .field("access_token", &self.token.is_some())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "aws")]
#[cfg(test)]
mod tests;

//! The settings and their sources: the builder and environment variables.

use std::fmt;

use cloud_core::config::{Resolver, Setting, Value};
use cloud_core::{Endpoint, Result, SecretString};

// RISKEN's own tools disagree about the names; the first one wins.
static ENDPOINT: Setting =
    Setting::new("endpoint", "RiskenBuilder::endpoint").endpoint().variables(&["RISKEN_URL", "RISKEN_API_ENDPOINT"]);
static ACCESS_TOKEN: Setting = Setting::new("access_token", "RiskenBuilder::access_token")
    .secret()
    .variables(&["RISKEN_ACCESS_TOKEN", "RISKEN_API_TOKEN"]);

/// The path of the API below a site.
const API: &str = "/api/v1";

/// Settings given in code.
#[derive(Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) endpoint: Option<String>,
    pub(crate) access_token: Option<SecretString>,
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overrides")
            .field("endpoint", &self.endpoint.is_some())
            .field("access_token", &self.access_token.is_some())
            .finish()
    }
}

/// Settings with their sources applied.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) endpoint: Endpoint,
    pub(crate) access_token: Value,
}

impl Resolved {
    /// Reads each setting from its first source that has a value.
    ///
    /// All are looked up before the first problem counts, so that
    /// [`RiskenBuilder::explain`](crate::RiskenBuilder::explain) shows every one.
    pub(crate) fn new(given: Overrides, resolver: &mut Resolver<'_>, insecure: bool) -> Result<Self> {
        let mut find = |setting, given| {
            let found = resolver.find(setting, given)?;
            found.ok_or_else(|| resolver.missing(&[setting]))
        };
        let site = find(&ENDPOINT, given.endpoint.map(Into::into));
        let access_token = find(&ACCESS_TOKEN, given.access_token);
        let (site, access_token) = (resolver.endpoint(&site?, insecure)?, access_token?.visible_ascii()?);
        resolver.sends_to_endpoint(&site, "");
        Ok(Self { endpoint: api(&site), access_token })
    }
}

/// The base URL of the API at this site, which may be given with or without the path of the API.
fn api(site: &Endpoint) -> Endpoint {
    let missing = match site.path() {
        path if path.ends_with(API) => "",
        path if path.ends_with("/api") => "/v1",
        _ => API,
    };
    site.with_path(&format!("{}{missing}", site.path()))
}

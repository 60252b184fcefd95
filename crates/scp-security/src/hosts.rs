//! The vendor's environments, their regions, and the hosts of services.

use std::fmt;

use cloud_core::{Endpoint, Error, Result};

use crate::names::Region;

/// A cloud of the vendor: a set of regions with its own consoles, accounts and hosts.
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
    /// Every environment.
    pub const ALL: &'static [Self] = &[Self::Enterprise, Self::Samsung, Self::Sovereign];

    /// Returns the letter in host names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enterprise => "e",
            Self::Samsung => "s",
            Self::Sovereign => "g",
        }
    }

    /// Returns the regions of this environment.
    #[must_use]
    pub const fn regions(self) -> &'static [Region] {
        const WEST_AND_EAST: &[Region] = &[Region::KrWest1, Region::KrEast1];
        const SOUTH: &[Region] = &[Region::KrSouth1, Region::KrSouth2, Region::KrSouth3];
        match self {
            Self::Enterprise | Self::Samsung => WEST_AND_EAST,
            Self::Sovereign => SOUTH,
        }
    }

    /// The environment in the host of an authentication URL, such as `https://iam.e.samsungsdscloud.com/v1`.
    pub(crate) fn of_auth_url(url: &str) -> Option<Self> {
        let host = url.split("://").nth(1).unwrap_or(url).split('/').next().unwrap_or_default();
        let letter = host.strip_suffix(DOMAIN)?.strip_suffix('.')?.rsplit('.').next()?;
        letter.parse().ok()
    }
}

const DOMAIN: &str = "samsungsdscloud.com";

impl std::str::FromStr for Environment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        (Self::ALL.iter().copied())
            .find(|e| e.as_str() == text)
            .ok_or_else(|| Error::config("not an environment: use `e` (enterprise), `s` (Samsung) or `g` (sovereign)"))
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where the services are.
#[derive(Debug)]
pub(crate) enum Hosts {
    /// All services at one base URL.
    One(Endpoint),
    /// A host for each service, in a region that the environment has.
    Region { environment: Environment, region: Region },
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(endpoint) => write!(f, "{endpoint}, which takes the place of region and environment"),
            Self::Region { environment, region } => write!(f, "https://SERVICE.{region}.{environment}.{DOMAIN}"),
        }
    }
}

impl Hosts {
    /// The base URL of a service.
    pub(crate) fn endpoint(&self, service: &str) -> Result<Endpoint> {
        match self {
            Self::One(endpoint) => Ok(endpoint.clone()),
            Self::Region { environment, region } => {
                Endpoint::parse(&format!("https://{service}.{region}.{environment}.{DOMAIN}"))
            }
        }
    }
}

//! Realms and the hosts that each of them has.

use std::fmt;
use std::str::FromStr;

use cloud_core::{Error, Result};

/// A realm of NHN Cloud, with its own hosts, keys and tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Realm {
    /// The public cloud.
    #[default]
    Public,
    /// The cloud for Korean public institutions. It has no Server Security Check.
    Gov,
}

impl Realm {
    /// Every realm.
    pub const ALL: &'static [Self] = &[Self::Public, Self::Gov];

    /// Returns the name, as `NHN_CLOUD_REALM` spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Gov => "gov",
        }
    }

    /// The base URL of a service in this realm, where it exists there.
    pub(crate) const fn url(self, host: Host) -> Option<&'static str> {
        Some(match (self, host) {
            (Self::Public, Host::Token) => "https://oauth.api.nhncloudservice.com",
            (Self::Gov, Host::Token) => "https://oauth.api.gov-nhncloudservice.com",
            (Self::Public, Host::SecurityAdvisor) => "https://security-advisor.api.nhncloudservice.com",
            (Self::Gov, Host::SecurityAdvisor) => "https://security-advisor.api.gov-nhncloudservice.com",
            (Self::Public, Host::ServerSecurityCheck) => "https://kr1-server-security-check.api.nhncloudservice.com",
            (Self::Gov, Host::ServerSecurityCheck) => return None,
            (Self::Public, Host::SecureKeyManager) => "https://api-keymanager.nhncloudservice.com",
            (Self::Gov, Host::SecureKeyManager) => "https://api-keymanager.gov-nhncloudservice.com",
        })
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Realm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "public" => Ok(Self::Public),
            "gov" => Ok(Self::Gov),
            _ => Err(Error::config("the realm must be `public` or `gov`")),
        }
    }
}

/// A service with its own host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Token,
    SecurityAdvisor,
    ServerSecurityCheck,
    SecureKeyManager,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn realm_is_parsed_by_name() {
        for realm in Realm::ALL.iter().copied() {
            assert_eq!(realm.as_str().parse::<Realm>().unwrap(), realm);
            assert_eq!(format!(" {realm}\n").to_uppercase().parse::<Realm>().unwrap(), realm);
        }
        for text in ["", "government", "kr1"] {
            let error = text.parse::<Realm>().unwrap_err();
            assert!(error.to_string().contains("`public` or `gov`"), "{error}");
        }
    }

    #[test]
    fn government_realm_lacks_one_host() {
        let hosts = [Host::Token, Host::SecurityAdvisor, Host::ServerSecurityCheck, Host::SecureKeyManager];
        for host in hosts {
            let url = Realm::Public.url(host).unwrap();
            assert!(url.starts_with("https://") && url.ends_with("nhncloudservice.com"), "{url}");
            match Realm::Gov.url(host) {
                Some(gov) => assert_eq!(gov, url.replace(".nhncloudservice", ".gov-nhncloudservice")),
                None => assert_eq!(host, Host::ServerSecurityCheck),
            }
        }
    }
}

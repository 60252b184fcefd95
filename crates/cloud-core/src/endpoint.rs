//! Base URLs, normalised once so that what is signed is what is sent.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

use crate::config::Warning;
use crate::error::{Error, Result};

/// The base URL of a service: scheme, host, port and an optional path, without a slash at the end.
///
/// ```
/// use cloud_core::Endpoint;
///
/// assert_eq!(Endpoint::parse("HTTPS://KMS.Example.com:443/")?.as_str(), "https://kms.example.com");
/// assert!(Endpoint::parse("http://kms.example.com").is_err(), "credentials never travel in the clear");
/// assert!(Endpoint::parse("http://127.0.0.1:8080").is_ok(), "but for the loopback");
/// # Ok::<(), cloud_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(String);

impl Endpoint {
    /// Parses a base URL. Only `https` is accepted, and `http` to the loopback.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the invalid part.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text, false)
    }

    /// Parses a base URL and accepts `http` to any host. Keys and secrets then travel in the clear: for
    /// networks that encrypt beneath HTTP only. A warning in the log says so each time.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the invalid part.
    pub fn parse_insecure(text: &str) -> Result<Self> {
        let endpoint = Self::read(text, true)?;
        if let Some(warning) = endpoint.warning() {
            warning.log();
        }
        Ok(endpoint)
    }

    /// What to say about a base URL to which requests are not encrypted.
    pub(crate) fn warning(&self) -> Option<Warning> {
        let clear = self.0.starts_with("http:") && !is_loopback(self.host());
        clear.then(|| Warning::Cleartext { host: self.host().to_owned() })
    }

    pub(crate) fn read(text: &str, insecure: bool) -> Result<Self> {
        let problem = |what: &str| Error::config(format!("the endpoint {what}"));
        let text = text.trim();
        if text.contains('#') {
            return Err(problem("must not have a fragment"));
        }
        let uri: Uri = text.parse().map_err(|_| problem("is not a valid URL"))?;
        let scheme =
            uri.scheme_str().map(str::to_ascii_lowercase).ok_or_else(|| problem("must begin with https://"))?;
        let authority = uri.authority().ok_or_else(|| problem("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(problem("must not hold a user name or password"));
        }
        if uri.query().is_some() {
            return Err(problem("must not have a query"));
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err(problem("names no host"));
        }
        let default_port = match scheme.as_str() {
            "https" => 443,
            "http" if insecure || is_loopback(&host) => 80,
            "http" => return Err(problem("must begin with https://; http is accepted for the loopback only")),
            _ => return Err(problem("must begin with https://")),
        };
        let mut url = format!("{scheme}://{host}");
        match authority.port_u16() {
            Some(port) if port != default_port => url.push_str(&format!(":{port}")),
            None if authority.as_str().rsplit(']').next().is_some_and(|rest| rest.contains(':')) => {
                return Err(problem("has a port that is not a number"));
            }
            _ => {}
        }
        let path = uri.path().trim_end_matches('/');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
        let hidden =
            |part: &str| part.is_empty() || part == "." || part == ".." || part.to_ascii_lowercase().contains("%2e");
        if !path.bytes().all(plain) || path.split('/').skip(1).any(hidden) {
            return Err(problem("has a path that would not be sent as written"));
        }
        url.push_str(path);
        Ok(Self(url))
    }

    /// Returns the URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the same host with another path, which begins with a slash or is empty.
    #[must_use]
    pub fn with_path(&self, path: &str) -> Self {
        let host =
            self.0.find("://").and_then(|i| self.0[i + 3..].find('/').map(|j| i + 3 + j)).unwrap_or(self.0.len());
        Self(format!("{}{path}", &self.0[..host]))
    }

    /// Returns the host without its port; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        let rest = rest.split_once('/').map_or(rest, |(host, _)| host);
        match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => host,
            _ => rest,
        }
    }

    /// Returns the path without a trailing slash; empty if there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        let after = self.0.find("://").map_or(0, |i| i + 3);
        self.0[after..].find('/').map_or("", |i| &self.0[after + i..])
    }
}

/// Returns whether every resolver maps the host to this machine. Some resolvers ask DNS for names below `localhost`.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_normalised_or_refused() {
        let cases: &[(&str, Result<&str, &str>)] = &[
            ("https://a.example", Ok("https://a.example")),
            (" https://A.example:443/ ", Ok("https://a.example")),
            ("https://a.example:8443/api/v1/", Ok("https://a.example:8443/api/v1")),
            ("http://localhost:80", Ok("http://localhost")),
            ("http://[::1]:9000/", Ok("http://[::1]:9000")),
            ("http://127.8.9.1:1", Ok("http://127.8.9.1:1")),
            ("http://a.example", Err("must begin with https://; http")),
            ("http://127.0.0.1.example", Err("must begin with https://; http")),
            ("http://localhost.example", Err("must begin with https://; http")),
            ("http://a.localhost", Err("must begin with https://; http")),
            ("http://localhost.", Err("must begin with https://; http")),
            ("http://127.1", Err("must begin with https://; http")),
            ("http://2130706433", Err("must begin with https://; http")),
            ("http://0x7f.0.0.1", Err("must begin with https://; http")),
            ("http://0.0.0.0", Err("must begin with https://; http")),
            ("http://[::ffff:127.0.0.1]", Err("must begin with https://; http")),
            ("http://[::]", Err("must begin with https://; http")),
            ("http://128.0.0.1", Err("must begin with https://; http")),
            ("HTTP://LocalHost:8080", Ok("http://localhost:8080")),
            ("http://127.0.0.1@a.example", Err("must not hold a user name")),
            ("http://127.0.0.1\\@a.example", Err("is not a valid URL")),
            ("http://127.0.0.1\t.example", Err("is not a valid URL")),
            ("ftp://a.example", Err("must begin with https://")),
            ("a.example", Err("must begin with https://")),
            ("", Err("is not a valid URL")),
            ("https://", Err("is not a valid URL")),
            ("https://u:p@a.example", Err("must not hold a user name")),
            ("https://a.example?x=1", Err("must not have a query")),
            ("https://a.example#x", Err("must not have a fragment")),
            ("https://a.example:port", Err("has a port that is not a number")),
            ("https://a.example/x/../y", Err("has a path")),
            ("https://a.example/%2e%2E/y", Err("has a path")),
            ("https://a.example//y", Err("has a path")),
            ("https://a.example/x'y", Err("has a path")),
        ];
        for (text, wanted) in cases {
            match (Endpoint::parse(text), wanted) {
                (Ok(seen), Ok(wanted)) => assert_eq!(seen.as_str(), *wanted, "{text}"),
                (Err(seen), Err(wanted)) => assert!(seen.to_string().contains(wanted), "{text}: {seen}"),
                (seen, _) => panic!("{text}: {seen:?}, wanted {wanted:?}"),
            }
        }
    }

    #[test]
    fn path_is_replaced_and_host_is_kept() {
        let endpoint = Endpoint::parse("https://a.example:1/api").unwrap();
        assert_eq!((endpoint.host(), endpoint.path()), ("a.example", "/api"));
        for url in ["http://[::1]:9000/", "http://[::1]", "http://[::1]/x"] {
            assert_eq!(Endpoint::parse(url).unwrap().host(), "[::1]");
        }
        assert_eq!(endpoint.with_path("/x").as_str(), "https://a.example:1/x");
        assert_eq!(endpoint.with_path("").path(), "");
        assert!(Endpoint::parse_insecure("http://a.example").is_ok());
    }

    #[cfg(feature = "testing")]
    #[test]
    fn endpoint_without_tls_logs_a_warning() {
        for (url, loud) in [("http://a.example", true), ("https://a.example", false), ("http://127.0.0.1:1", false)] {
            let (endpoint, lines) = crate::testing::capture(|| Endpoint::parse_insecure(url));
            assert!(endpoint.is_ok());
            assert_eq!(lines.iter().any(|line| line.contains("in the clear")), loud, "{url}: {lines:?}");
        }
    }
}

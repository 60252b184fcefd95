//! Which proxy a request goes through, for errors. The HTTP client decides by the same rules.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use crate::config::ConfigSource;

/// The proxy of a transport.
#[derive(Clone)]
pub(super) enum Proxy {
    None,
    /// Host and port of the proxy that everything goes through.
    Given(String),
    /// The proxy of the environment, or what is wrong with it, and the hosts that `NO_PROXY` leaves to it.
    Environment(Result<String, String>, Arc<Matcher>),
}

impl Proxy {
    /// The proxy with this URL; else what is wrong with it.
    pub(super) fn given(url: &str) -> Result<Self, &'static str> {
        host(url).map(Self::Given)
    }

    pub(super) fn of_environment(source: &dyn ConfigSource) -> Self {
        // As the HTTP client reads them: of each pair the first that is set, though it be empty.
        let pair = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, source.variable(name)?)));
        let pairs = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]].into_iter().filter_map(pair);
        let Some((name, url)) = pairs.into_iter().find(|(_, url)| !url.is_empty()) else { return Self::None };
        let found = match host(&url) {
            Ok(host) => Ok(format!("{host} of {name}")),
            Err(what) => Err(format!(
                "the proxy of {name} {what}; correct or unset it, list the host in NO_PROXY, or set a proxy with \
                 ReqwestTransport::builder().proxy()"
            )),
        };
        let excluded = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| source.variable(name)).unwrap_or_default();
        // Any proxy will do: only the excluded hosts are asked for.
        let matcher = Matcher::builder().https("http://proxy.invalid").no(excluded).build();
        Self::Environment(found, Arc::new(matcher))
    }

    /// Returns the proxy of a request to this URL.
    ///
    /// # Errors
    /// What is wrong with the proxy.
    pub(super) fn of(&self, uri: &Uri) -> Result<Option<&str>, &str> {
        match self {
            Self::Given(host) => Ok(Some(host)),
            Self::Environment(found, matcher) if matcher.intercept(uri).is_some() => match found {
                Ok(host) => Ok(Some(host)),
                Err(problem) => Err(problem),
            },
            _ => Ok(None),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxy([redacted])")
    }
}

/// Returns host and port of a proxy's URL, or what is wrong with it. The credentials are not part of either.
fn host(url: &str) -> Result<String, &'static str> {
    if url.trim() != url {
        return Err("has blanks around it");
    }
    let uri: Uri = url.parse().map_err(|_| "is not a valid URL")?;
    if !matches!(uri.scheme_str(), None | Some("http" | "https")) {
        return Err("must begin with http:// or https://; other schemes are not supported");
    }
    let authority = uri.authority().ok_or("names no host")?;
    let rest = uri.path_and_query().map_or("", |rest| rest.as_str());
    let has_port = authority.as_str().rsplit(']').next().is_some_and(|end| end.contains(':') && !end.contains('@'));
    if !matches!(rest, "" | "/") || url.contains(['#', '?']) || (has_port && authority.port_u16().is_none()) {
        // A character such as `/` or `#` within a password would end it, and part of it would count as the host.
        return Err("holds more than scheme, user, password, host and port; percent-encode special characters");
    }
    Ok(authority.as_str().rsplit('@').next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[derive(Debug)]
    struct Variables(HashMap<&'static str, &'static str>);

    impl ConfigSource for Variables {
        fn variable(&self, name: &str) -> Option<String> {
            self.0.get(name).map(|value| (*value).to_owned())
        }
    }

    fn check(variables: &[(&'static str, &'static str)], url: &str, wanted: Result<Option<&str>, &str>) {
        let proxy = Proxy::of_environment(&Variables(variables.iter().copied().collect()));
        let found = proxy.of(&url.parse().unwrap());
        match (found, wanted) {
            (Err(found), Err(wanted)) => {
                assert!(found.contains(wanted) && found.contains(variables[0].0), "{found}");
                assert!(!found.contains("canary"), "{found}");
            }
            _ => assert_eq!(found, wanted, "{variables:?} {url}"),
        }
        assert!(!format!("{proxy:?}").contains("canary"));
    }

    #[test]
    fn proxy_of_the_environment_is_checked_and_named() {
        const KMS: &str = "https://kms.example.com/v1";
        check(&[("HTTPS_PROXY", "http://user:canary@proxy:3128")], KMS, Ok(Some("proxy:3128 of HTTPS_PROXY")));
        check(&[("all_proxy", "https://proxy")], KMS, Ok(Some("proxy of all_proxy")));
        check(&[("https_proxy", "proxy:3128")], KMS, Ok(Some("proxy:3128 of https_proxy")));
        check(&[("HTTPS_PROXY", ""), ("https_proxy", "http://unused")], KMS, Ok(None));
        check(&[("HTTPS_PROXY", " http://proxy")], KMS, Err("has blanks"));
        for url in ["http://user:canary/canary@proxy:1", "http://user:1#canary@proxy:1", "http://user:1?canary@proxy"] {
            check(&[("HTTPS_PROXY", url)], KMS, Err("percent-encode"));
        }
        check(&[("HTTP_PROXY", "socks5://proxy")], KMS, Ok(None));
        for url in ["socks5://user:canary@proxy:1080", "ftp://proxy"] {
            check(&[("HTTPS_PROXY", url)], KMS, Err("must begin with http:// or https://"));
        }
        check(&[("ALL_PROXY", "http://[canary")], KMS, Err("is not a valid URL"));
    }

    #[test]
    fn excluded_hosts_have_no_proxy() {
        for (excluded, url, has_proxy) in [
            ("example.com", "https://kms.example.com/v1", false),
            ("*", "https://kms.example.com/v1", false),
            ("10.0.0.0/8", "https://10.1.2.3/v1", false),
            ("other.com", "https://kms.example.com/v1", true),
        ] {
            let wanted = if has_proxy { Err("other schemes") } else { Ok(None) };
            check(&[("ALL_PROXY", "socks5://proxy"), ("NO_PROXY", excluded)], url, wanted);
        }
    }
}

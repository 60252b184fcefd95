//! Which proxy a request goes through. An HTTP client that decides for itself does so by the same rules.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::config::ConfigSource;
use crate::endpoint::is_loopback;

/// The proxies of a transport.
#[derive(Clone)]
pub(in crate::transport) struct Proxy(Option<Arc<Rules>>);

struct Rules {
    /// By the scheme of the request: what to call its proxy, or what is wrong with it.
    http: Option<Result<String, String>>,
    https: Option<Result<String, String>>,
    matcher: Matcher,
}

/// The proxy of one request.
pub(in crate::transport) struct Via<'a> {
    /// Host and port, and the variable that names them, for errors.
    pub(in crate::transport) name: &'a str,
    #[cfg_attr(not(feature = "hyper-no-provider"), expect(dead_code, reason = "reqwest finds it by itself"))]
    pub(in crate::transport) intercept: Intercept,
}

/// Given to the matcher in place of an unusable proxy, so that it still applies `NO_PROXY`.
const UNUSABLE: &str = "http://proxy.invalid";

impl Proxy {
    #[cfg(feature = "reqwest-0_13")]
    pub(in crate::transport) fn none() -> Self {
        Self(None)
    }

    /// The proxy with this URL, for everything; else what is wrong with it.
    pub(super) fn given(url: &str) -> Result<Self, &'static str> {
        let found = Some(Ok(host(url)?));
        Ok(Self(Some(Arc::new(Rules {
            http: found.clone(),
            https: found,
            matcher: Matcher::builder().all(url).build(),
        }))))
    }

    pub(super) fn of_environment(source: &dyn ConfigSource) -> Self {
        // A CGI program gets `HTTP_PROXY` from a header of the request that it answers.
        if source.variable("REQUEST_METHOD").is_some() {
            return Self(None);
        }
        // As the HTTP client reads them: of each pair the first that is set, even if empty.
        let pair = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, source.variable(name)?)));
        let of_scheme = |own: [&'static str; 2]| {
            let pairs = [own, ["ALL_PROXY", "all_proxy"]].into_iter().filter_map(pair);
            pairs.into_iter().find(|(_, url)| !url.is_empty())
        };
        let (http, https) = (of_scheme(["HTTP_PROXY", "http_proxy"]), of_scheme(["HTTPS_PROXY", "https_proxy"]));
        if http.is_none() && https.is_none() {
            return Self(None);
        }
        let excluded = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| source.variable(name)).unwrap_or_default();
        let ((http, http_url), (https, https_url)) = (checked(http), checked(https));
        let matcher = Matcher::builder().http(http_url).https(https_url).no(excluded).build();
        Self(Some(Arc::new(Rules { http, https, matcher })))
    }

    /// Returns the proxy of a request to this URL. `http` to the loopback must not leave the machine through one.
    ///
    /// # Errors
    /// What is wrong with the proxy.
    pub(in crate::transport) fn of(&self, uri: &Uri) -> Result<Option<Via<'_>>, &str> {
        let Some(rules) = &self.0 else { return Ok(None) };
        if is_local(uri) {
            return Ok(None);
        }
        let found = if uri.scheme_str() == Some("http") { &rules.http } else { &rules.https };
        match (found, rules.matcher.intercept(uri)) {
            (Some(Ok(name)), Some(intercept)) => Ok(Some(Via { name, intercept })),
            (Some(Err(problem)), Some(_)) => Err(problem),
            _ => Ok(None),
        }
    }
}

/// Whether the URL is one of unencrypted requests that stay on this machine.
pub(in crate::transport) fn is_local(uri: &Uri) -> bool {
    uri.scheme_str() == Some("http") && uri.host().is_some_and(is_loopback)
}

/// What to call the proxy of a variable, or what is wrong with it; and the URL for the matcher.
fn checked(variable: Option<(&str, String)>) -> (Option<Result<String, String>>, String) {
    let Some((name, url)) = variable else { return (None, String::new()) };
    match host(&url) {
        Ok(host) => (Some(Ok(format!("{host} of {name}"))), url),
        Err(what) => {
            let problem = format!(
                "the proxy of {name} {what}; correct or unset it, list the host in NO_PROXY, or set a proxy with the \
                 transport's builder().proxy()"
            );
            (Some(Err(problem)), UNUSABLE.to_owned())
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
        return Err("has leading or trailing spaces");
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
        let uri = url.parse().unwrap();
        let found = proxy.of(&uri).map(|via| via.map(|via| via.name));
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
        check(&[("HTTPS_PROXY", " http://proxy")], KMS, Err("has leading or trailing spaces"));
        for url in ["http://user:canary/canary@proxy:1", "http://user:1#canary@proxy:1", "http://user:1?canary@proxy"] {
            check(&[("HTTPS_PROXY", url)], KMS, Err("percent-encode"));
        }
        check(&[("HTTP_PROXY", "socks5://proxy")], KMS, Ok(None));
        check(&[("HTTP_PROXY", "http://proxy:1"), ("REQUEST_METHOD", "GET")], "http://kms.example.com/", Ok(None));
        for url in ["socks5://user:canary@proxy:1080", "ftp://proxy"] {
            check(&[("HTTPS_PROXY", url)], KMS, Err("must begin with http:// or https://"));
        }
        check(&[("ALL_PROXY", "http://[canary")], KMS, Err("is not a valid URL"));
    }

    #[test]
    fn proxy_of_unencrypted_requests_has_its_own_variable() {
        const PLAIN: &str = "http://kms.example.com/v1";
        check(&[("HTTP_PROXY", "proxy:1"), ("ALL_PROXY", "proxy:2")], PLAIN, Ok(Some("proxy:1 of HTTP_PROXY")));
        check(&[("all_proxy", "proxy:2"), ("HTTP_PROXY", "")], PLAIN, Ok(Some("proxy:2 of all_proxy")));
        check(&[("HTTPS_PROXY", "socks5://proxy")], PLAIN, Ok(None));
        check(&[("http_proxy", "socks5://user:canary@proxy")], PLAIN, Err("other schemes"));
        for host in ["localhost", "127.0.0.1:1", "[::1]:1"] {
            check(&[("HTTP_PROXY", "socks5://proxy")], &format!("http://{host}/"), Ok(None));
            check(&[("HTTPS_PROXY", "socks5://proxy")], &format!("https://{host}/"), Err("other schemes"));
        }
    }

    #[test]
    fn given_proxy_is_used_but_for_plain_requests_to_the_loopback() {
        let proxy = Proxy::given("http://user:pass%20word@proxy:3128").unwrap();
        for (url, has_proxy) in [
            ("https://127.0.0.1/", true),
            ("https://a.example/", true),
            ("http://a.example/", true),
            ("http://[::1]/", false),
        ] {
            let uri = url.parse().unwrap();
            let via = proxy.of(&uri).unwrap();
            assert_eq!(via.as_ref().map(|via| via.name), has_proxy.then_some("proxy:3128"), "{url}");
            let Some(via) = via else { continue };
            assert_eq!(via.intercept.uri(), "http://proxy:3128/");
            assert_eq!(via.intercept.basic_auth().unwrap(), "Basic dXNlcjpwYXNzIHdvcmQ=");
        }
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

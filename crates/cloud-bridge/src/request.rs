//! The parts of a request that decide whether it is allowed: path, operation, query and token.

use cloud_core::SecretString;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use crate::failure::{Failure, Result};

/// What a client wants to do. PUT is POST, as for Vault, whose Go client writes with PUT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Post,
    Patch,
    Delete,
}

impl Verb {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::List => "LIST",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Reads the method. A GET with `?list=true` is a list.
    pub(crate) fn read(method: &Method, query: &Query) -> Result<Self> {
        let list = query.flag("list")?;
        match (method.as_str(), list) {
            ("GET" | "HEAD", true) | ("LIST", _) => Ok(Self::List),
            (_, true) => Err(Failure::invalid("the query parameter `list` goes with GET")),
            ("GET" | "HEAD", false) => Ok(Self::Get),
            ("POST" | "PUT", false) => Ok(Self::Post),
            ("PATCH", false) => Ok(Self::Patch),
            ("DELETE", false) => Ok(Self::Delete),
            _ => Err(Failure::unsupported("the method is not one of Vault's")),
        }
    }
}

/// The most parameters of a query. It is read before the token is known.
const MOST_PARAMETERS: usize = 16;

/// The parameters of a query. Each name comes once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn read(raw: &str) -> Result<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == MOST_PARAMETERS {
                return Err(Failure::invalid("the query has too many parameters"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(Failure::invalid("a query parameter comes twice"));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(Failure::invalid(format!("the query parameter `{name}` must be true or false"))),
        }
    }

    /// A number; 0 if the parameter is missing.
    pub(crate) fn number(&self, name: &str) -> Result<u64> {
        let Some(text) = self.get(name) else { return Ok(0) };
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = plain.then(|| text.parse().ok()).flatten();
        number.ok_or_else(|| Failure::invalid(format!("the query parameter `{name}` must be a number")))
    }

    /// Rejects parameters that a route does not have: ignoring one could change what a request means.
    pub(crate) fn only(&self, known: &[&str]) -> Result<()> {
        let mut names = self.0.iter().map(|(name, _)| name.as_str());
        match names.find(|name| *name != "list" && !known.contains(name)) {
            None => Ok(()),
            Some(name) if is_plain(name) => {
                Err(Failure::invalid(format!("the query parameter `{name}` is not supported by this bridge")))
            }
            Some(_) => Err(Failure::invalid("the request has a query parameter that is not supported by this bridge")),
        }
    }
}

/// Whether the name of a parameter may be repeated in an error: any other text may be a value in the wrong place.
fn is_plain(name: &str) -> bool {
    name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn decode(raw: &str) -> Result<String> {
    let malformed = || Failure::invalid("the query is not percent-encoded UTF-8");
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).ok_or_else(malformed);
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => u8::try_from(digit(bytes.next())? * 16 + digit(bytes.next())?).map_err(|_| malformed())?,
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| malformed())
}

/// The token of a request, from the only header that has one. Beside `X-Vault-Token`, other schemes of `Authorization`
/// are those of a proxy.
pub(crate) fn token(headers: &HeaderMap) -> Result<Option<SecretString>> {
    let mut found = Vec::new();
    for value in headers.get_all("x-vault-token") {
        found.push(value.to_str().map_err(|_| Failure::denied())?);
    }
    let named = !found.is_empty();
    for value in headers.get_all(AUTHORIZATION) {
        match bearer(value) {
            Some(token) => found.push(token?),
            None if named => {}
            None => return Err(Failure::denied()),
        }
    }
    match *found {
        [] => Ok(None),
        [token] => Ok(Some(token.into())),
        // Which one counts would depend on who reads them.
        [first, ref rest @ ..] if rest.iter().all(|other| *other == first) => Ok(Some(first.into())),
        _ => Err(Failure::denied()),
    }
}

/// The token of an `Authorization` header, if its scheme is `Bearer`.
fn bearer(value: &HeaderValue) -> Option<Result<&str>> {
    let (scheme, token) = value.as_bytes().split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(())?;
    let text = std::str::from_utf8(token).map(|text| text.trim_start_matches(' '));
    Some(text.map_err(|_| Failure::denied()))
}

/// Rejects headers that ask for what the bridge does not do.
pub(crate) fn check_headers(headers: &HeaderMap, namespace: &str) -> Result<()> {
    for value in headers.get_all("x-vault-namespace") {
        let named = value.to_str().is_ok_and(|text| text.trim_matches('/') == namespace);
        if !named {
            return Err(Failure::invalid("the namespace is not the one that this bridge serves"));
        }
    }
    let set = |name: &str| headers.get_all(name).iter().any(|value| !matches!(value.as_bytes(), b"" | b"0"));
    if set("x-vault-wrap-ttl") {
        return Err(Failure::invalid("response wrapping (`X-Vault-Wrap-TTL`) is not supported by this bridge"));
    }
    if headers.get_all("x-vault-request").iter().any(|value| value != "true") {
        return Err(Failure::invalid("the header `X-Vault-Request` must be true"));
    }
    Ok(())
}

/// The path and the query of a request target.
pub(crate) fn target(parts: &Parts) -> (&str, &str) {
    (parts.uri.path(), parts.uri.query().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn token_is_in_one_place() {
        for (pairs, wanted) in [
            (&[("x-vault-token", "a")][..], Some("a")),
            (&[("authorization", "Bearer a")], Some("a")),
            (&[("authorization", "bearer a")], Some("a")),
            (&[("x-vault-token", "a"), ("authorization", "Bearer a")], Some("a")),
            (&[("x-vault-token", "a"), ("authorization", "Basic YTpi")], Some("a")),
            (&[("authorization", "Negotiate"), ("x-vault-token", "a")], Some("a")),
            (&[], None),
        ] {
            let token = token(&headers(pairs)).unwrap();
            assert_eq!(token.as_ref().map(SecretString::expose_secret), wanted, "{pairs:?}");
        }
        for pairs in [
            &[("x-vault-token", "a"), ("x-vault-token", "b")][..],
            &[("x-vault-token", "a"), ("authorization", "Bearer b")],
            &[("x-vault-token", "a"), ("authorization", "Basic YTpi"), ("authorization", "Bearer b")],
            &[("authorization", "Basic YTpi")],
            &[("authorization", "a")],
            &[("authorization", "bearer")],
        ] {
            assert_eq!(token(&headers(pairs)).unwrap_err().status(), 403, "{pairs:?}");
        }
    }

    #[test]
    fn headers_that_ask_for_more_are_rejected() {
        assert!(check_headers(&headers(&[("x-vault-request", "true"), ("x-vault-wrap-ttl", "0")]), "").is_ok());
        assert!(check_headers(&headers(&[("x-vault-namespace", "team/")]), "team").is_ok());
        assert!(check_headers(&headers(&[("x-vault-namespace", "")]), "").is_ok());
        for (pairs, namespace) in [
            (&[("x-vault-namespace", "other")][..], "team"),
            (&[("x-vault-namespace", "Team")], "team"),
            (&[("x-vault-namespace", "team"), ("x-vault-namespace", "other")], "team"),
            (&[("x-vault-namespace", "team")], ""),
            (&[("x-vault-wrap-ttl", "60")], ""),
            (&[("x-vault-request", "false")], ""),
        ] {
            assert_eq!(check_headers(&headers(pairs), namespace).unwrap_err().status(), 400, "{pairs:?}");
        }
    }

    #[test]
    fn query_has_each_name_once() {
        let query = Query::read("version=2&li%73t=true&a=%20+b").unwrap();
        assert_eq!(
            (query.number("version").unwrap(), query.flag("list").unwrap(), query.get("a")),
            (2, true, Some("  b"))
        );
        assert!(query.only(&["version", "a"]).is_ok() && query.only(&["version"]).is_err());
        for (raw, wanted) in [
            ("recurse=1", "`recurse` is not supported"),
            ("version=1&dry_run=", "`dry_run` is not supported"),
            ("canary-value=1", "a query parameter that is not supported"),
            ("hvs.AAAAcanary=1", "a query parameter that is not supported"),
        ] {
            let failure = Query::read(raw).unwrap().only(&["version"]).unwrap_err();
            let text = failure.text().unwrap();
            assert!(text.contains(wanted) && !text.contains("canary"), "{raw}: {text}");
        }
        for raw in ["a=1&a=2", "a=1&%61=2", "a=%", "a=%4", "a=%zz", "%FF=1"] {
            assert!(Query::read(raw).is_err(), "{raw}");
        }
        let many = |count: usize| (0..count).map(|index| format!("p{index}=")).collect::<Vec<_>>().join("&");
        assert!(Query::read(&many(MOST_PARAMETERS)).is_ok() && Query::read(&many(MOST_PARAMETERS + 1)).is_err());
        assert!(Query::read("version=+1").unwrap().number("version").is_err());
        assert!(Query::read("list=yes").unwrap().flag("list").is_err());
    }
}

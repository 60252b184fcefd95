//! URLs for the HTTP client, from the URIs of requests.

use std::sync::OnceLock;

use http::Uri;
use http::uri::PathAndQuery;
use reqwest::Url;

use crate::transport::{Stage, TransportError};

/// The origins of the first few services. Parsing a host is most of the work of parsing a URL, so it is done once.
#[derive(Default)]
pub(super) struct Origins([OnceLock<Url>; 8]);

impl Origins {
    /// Returns the URL that is the same text as the URI. A parser that rewrites it would invalidate the signature; better
    /// no request than a wrong one.
    pub(super) fn url(&self, uri: &Uri) -> Result<Url, TransportError> {
        let known = self.0.iter().map_while(OnceLock::get).find(|origin| after_origin(origin, uri).is_some());
        if let Some(origin) = known {
            let mut url = origin.clone();
            url.set_path(uri.path());
            url.set_query(uri.query());
            return unchanged(url, uri);
        }
        let url = Url::parse(&uri.to_string())
            .map_err(|error| TransportError::new(Stage::Invalid, "the URL cannot be sent").with_source(error))?;
        let url = unchanged(url, uri)?;
        if let Some(free) = self.0.iter().find(|place| place.get().is_none()) {
            let mut origin = url.clone();
            // Paths and queries may hold what must not be kept.
            origin.set_path("/");
            origin.set_query(None);
            // Another thread may take the place at this moment; the origin is then kept by a later request.
            let _ = free.set(origin);
        }
        Ok(url)
    }
}

fn unchanged(url: Url, uri: &Uri) -> Result<Url, TransportError> {
    let same = after_origin(&url, uri) == uri.path_and_query().map(PathAndQuery::as_str);
    if same { Ok(url) } else { Err(TransportError::rewritten()) }
}

/// Returns what follows the scheme and the authority, if both are those of the URI.
fn after_origin<'a>(url: &'a Url, uri: &Uri) -> Option<&'a str> {
    let rest = url.as_str().strip_prefix(uri.scheme_str()?)?.strip_prefix("://")?;
    rest.strip_prefix(uri.authority()?.as_str()).filter(|rest| rest.starts_with(['/', '?', '#']) || rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_the_text_of_the_uri_or_an_error() {
        let origins = Origins::default();
        let good = [
            "http://a.example/",
            "https://a.example/v1/x?y=1&z=%20",
            "https://a.example:8443/x",
            "http://[::1]:9/x%2Fy?q",
        ];
        let changed = [
            "https://a.example/x/../y",
            "https://a.example/x/%2e%2e/y",
            "https://A.example/x",
            "https://a.example/x?y='",
        ];
        for round in 0..3 {
            for text in good {
                let uri: Uri = text.parse().unwrap();
                assert_eq!(origins.url(&uri).unwrap().as_str(), text, "round {round}");
            }
            for text in changed {
                let uri: Uri = text.parse().unwrap();
                let error = origins.url(&uri).unwrap_err();
                assert!(error.to_string().contains("would change the URL"), "round {round}, {text}: {error}");
            }
        }
        assert_eq!(
            origins.0.iter().filter(|place| place.get().is_some()).count(),
            good.len(),
            "each origin is kept once"
        );
    }

    #[test]
    fn origin_beyond_the_places_is_parsed_each_time() {
        let origins = Origins::default();
        for number in (0..20).chain(0..20) {
            let text = format!("https://a{number}.example/x?y={number}");
            assert_eq!(origins.url(&text.parse().unwrap()).unwrap().as_str(), text);
        }
    }

    #[test]
    fn host_that_begins_like_a_known_one_is_another() {
        let origins = Origins::default();
        for text in
            ["https://a.example/x", "https://a.example.org/x", "https://a.example:1/x", "https://a.example:10/x"]
        {
            assert_eq!(origins.url(&text.parse().unwrap()).unwrap().as_str(), text);
        }
    }
}

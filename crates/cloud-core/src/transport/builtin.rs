//! What the built-in transports share: settings, TLS, proxies, pools, limits and the meaning of errors.

use std::borrow::Cow;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;

use super::{BodyLimit, Stage, TransportError};
use crate::error::Result;

mod body;
mod builder;
mod failure;
mod pools;
mod proxy;
mod tls;

pub(super) use body::Collector;
pub use builder::{BuiltInTransport, TransportBuilder};
pub(super) use builder::{TransportSettings, sealed};
pub(super) use failure::{Failure, Target, failure};
pub(super) use pools::Pools;
#[cfg(feature = "reqwest-no-provider")]
pub(super) use proxy::is_local;
pub(super) use proxy::{Proxy, Via};

/// 16 MiB.
const DEFAULT_BODY_LIMIT: usize = 16 << 20;

/// A transport's pools, each a `P`, and what it checks before it sends.
pub(super) struct Common<P> {
    pools: Arc<Pools<P>>,
    proxy: Proxy,
    /// Why no server can be trusted, if so.
    no_roots: Option<String>,
    body_limit: usize,
}

impl<P: Clone + Send + Sync + 'static> Common<P> {
    /// Makes pools with these settings, one for each runtime.
    pub(super) fn new(
        settings: TransportSettings,
        make: impl Fn(&TransportSettings) -> Result<P> + Send + Sync + 'static,
    ) -> Result<Self> {
        let (proxy, no_roots) = (settings.proxy.clone(), settings.no_roots.clone());
        let body_limit = settings.body_limit;
        let pools = Pools::making(move || make(&settings))?;
        Ok(Self { pools, proxy, no_roots, body_limit })
    }

    /// Only one pool, which cannot be made again.
    #[cfg(feature = "reqwest-0_13")]
    pub(super) fn of_one(pool: P) -> Self {
        Self { pools: Pools::of_one(pool), proxy: Proxy::none(), no_roots: None, body_limit: DEFAULT_BODY_LIMIT }
    }

    pub(super) fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// Returns the limit of the response to this request.
    pub(super) fn limit_of<B>(&self, request: &http::Request<B>) -> usize {
        request.extensions().get().map_or(self.body_limit, |limit: &BodyLimit| limit.bytes())
    }

    /// Returns the pool and the proxy of a request to this URL.
    pub(super) fn route(&self, uri: &Uri) -> Result<(Cow<'_, P>, Option<Via<'_>>), TransportError> {
        if let Some(problem) = self.no_roots.as_ref().filter(|_| uri.scheme() == Some(&Scheme::HTTPS)) {
            return Err(TransportError::new(Stage::Config, problem));
        }
        let via = self.proxy.of(uri).map_err(|problem| TransportError::new(Stage::Config, problem))?;
        let pool = self.pools.current().map_err(|error| {
            TransportError::new(Stage::Config, "the HTTP client of this runtime cannot be set up").with_source(error)
        })?;
        Ok((pool, via))
    }
}

impl<P> Clone for Common<P> {
    fn clone(&self) -> Self {
        Self {
            pools: Arc::clone(&self.pools),
            proxy: self.proxy.clone(),
            no_roots: self.no_roots.clone(),
            body_limit: self.body_limit,
        }
    }
}

/// Whether an HTTP client sends the URL as it is written, which the signature covers. It leaves out a user, a default
/// port and a fragment, and begins each path with a slash.
pub(super) fn is_sent_as_written(uri: &Uri) -> bool {
    let (Some(scheme), Some(authority), Some(path)) = (uri.scheme(), uri.authority(), uri.path_and_query()) else {
        return false;
    };
    let default_port = match scheme {
        scheme if *scheme == Scheme::HTTP => 80,
        scheme if *scheme == Scheme::HTTPS => 443,
        _ => return false,
    };
    let has_port = authority.as_str().len() > authority.host().len();
    let port_is_sent = !has_port || authority.port_u16().is_some_and(|port| port != default_port);
    !authority.as_str().contains('@') && port_is_sent && path.as_str().starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_that_a_client_would_rewrite_is_recognised() {
        for (url, wanted) in [
            ("https://a.example/x?y=%2F", true),
            ("https://a.example", true),
            ("http://a.example:8080/x", true),
            ("http://[::1]:8080/x", true),
            ("http://[::1]/x", true),
            ("https://a.example:80/", true),
            ("https://a.example:443/", false),
            ("http://a.example:80/", false),
            ("http://a.example:/", false),
            ("https://user@a.example/", false),
            ("https://user:password@a.example:8080/", false),
            ("https://a.example?x=1", false),
            ("ftp://a.example/", false),
            ("/x", false),
            ("a.example:80", false),
        ] {
            let uri: Uri = url.parse().unwrap();
            assert_eq!(is_sent_as_written(&uri), wanted, "{url}");
        }
    }
}

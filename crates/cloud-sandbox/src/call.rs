//! What a handler is given: one checked call, and what it may ask of the sandbox.

use std::net::IpAddr;

use serde_json::Value;
use time::OffsetDateTime;

use crate::http::HttpRequest;
use crate::rng::Rng;
use crate::rsa_keys::ReadyKeys;
use crate::settings::Settings;

/// Performs one operation, in all of its versions, on the state `S` of a vendor.
///
/// It returns the fullest form of the payload, without the vendor's envelope; fields that the version does not
/// document are removed afterwards. The value of an operation without a response body is ignored. A handler that finds
/// no RSA key ready returns an error, leaves the rest undone and is called again with a key.
pub(crate) type Handler<S, E> = fn(&mut S, &mut Call<'_>) -> Result<Value, E>;

/// The handlers of one service by operation name.
pub(crate) type Handlers<S, E> = &'static [(&'static str, Handler<S, E>)];

/// One call whose caller, parameters and body passed all checks.
pub(crate) struct Call<'a> {
    /// The decoded path arguments by name.
    pub(crate) arguments: Vec<(String, String)>,
    /// The decoded query, in order; keys may repeat.
    pub(crate) query: &'a [(String, String)],
    /// The body, or null when there is none.
    pub(crate) body: &'a Value,
    pub(crate) now: OffsetDateTime,
    pub(crate) rng: &'a mut Rng,
    /// RSA keys that were made ahead, since no call may wait for one while the state is locked.
    pub(crate) keys: &'a mut ReadyKeys,
    /// The id of the access key or token that signed; empty where the service asks for none.
    pub(crate) credential: &'a str,
    pub(crate) settings: &'a Settings,
    /// The request itself, for headers and the peer.
    pub(crate) request: &'a HttpRequest,
    /// The address of this server, without a trailing slash.
    pub(crate) endpoint: &'a str,
    /// What the log says about a call whose response does not show it.
    pub(crate) note: Option<&'static str>,
}

impl Call<'_> {
    /// A path argument; empty when the template has none of this name.
    pub(crate) fn argument(&self, name: &str) -> &str {
        self.arguments.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The first value of a query parameter; an empty one counts as absent.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query_all(name).next()
    }

    /// All values of a query parameter but empty ones.
    pub(crate) fn query_all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.query.iter().filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| &**value)
    }

    /// A string field at the top of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.header(name)
    }

    /// The address from which the call came.
    pub(crate) fn caller(&self) -> IpAddr {
        self.request.peer.address.ip()
    }
}

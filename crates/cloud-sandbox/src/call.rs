//! What a handler is given: one checked call, and what it may ask of the sandbox.

use std::net::IpAddr;

use rsa::PrivateKey as RsaPrivateKey;
use serde_json::Value;
use time::OffsetDateTime;

use crate::refusal::Refusal;
use crate::rng::Rng;
use crate::settings::Settings;
use crate::state::State;
use crate::wire::Received;

/// Performs one operation, in all of its versions, on the state.
///
/// It gives the fullest form of the payload, without the vendor's envelope; fields that the version does not
/// list are cut off afterwards. The value of an operation that answers no body is not looked at. One that asks for a
/// key made ahead and gets [`Refusal::NeedsKey`] leaves the rest undone and is called again with a key.
pub(crate) type Handler = fn(&mut State, &mut Call<'_>) -> Result<Value, Refusal>;

/// Who calls, as the vendor's gateway found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    /// The access key that signed.
    Scp(String),
    /// The Secret Vault token that signed.
    VaultToken(String),
    /// The token of the User Access Key; none where the service asks for none.
    Nhn(Option<String>),
    /// The access token of RISKEN.
    Risken { access_token_id: u32 },
}

/// One call whose caller, parameters and body were found good.
pub(crate) struct Call<'a> {
    /// The decoded path arguments by name.
    pub(crate) arguments: Vec<(String, String)>,
    /// The decoded query, in order; keys may repeat.
    pub(crate) query: &'a [(String, String)],
    /// The body, or null when there is none.
    pub(crate) body: &'a Value,
    pub(crate) now: OffsetDateTime,
    pub(crate) rng: &'a mut Rng,
    /// RSA keys that were made ahead, since nobody may wait for one while the state is held.
    pub(crate) keys: &'a mut Vec<RsaPrivateKey>,
    pub(crate) principal: &'a Principal,
    pub(crate) settings: &'a Settings,
    /// The request itself, for headers and the peer.
    pub(crate) received: &'a Received,
    /// The address of this server, without a trailing slash.
    pub(crate) endpoint: &'a str,
}

impl Call<'_> {
    /// An RSA key made ahead.
    pub(crate) fn rsa_key(&mut self) -> Result<RsaPrivateKey, Refusal> {
        self.keys.pop().ok_or(Refusal::NeedsKey)
    }

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

    /// A textual field at the top of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.received.header(name)
    }

    /// The address from which the call came.
    pub(crate) fn caller(&self) -> IpAddr {
        self.received.peer.address.ip()
    }
}

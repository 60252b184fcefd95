//! The handle: the clients of all services.

use std::fmt;
use std::sync::Arc;

use cloud_core::{Client, Result};

use crate::generated::clients::Clients;
use crate::hosts::Realm;

/// NHN Cloud's security services. Cloning is cheap and shares connections and token.
///
/// If a setting of a service is missing, only the accessor of that service returns an error, which names the setting.
#[derive(Clone)]
pub struct Nhn(Arc<Inner>);

/// The client of a service, or what is missing.
pub(crate) type Slot = Result<Client, String>;

struct Inner {
    realm: Realm,
    clients: Clients,
}

impl Nhn {
    pub(crate) fn new(realm: Realm, clients: Clients) -> Self {
        Self(Arc::new(Inner { realm, clients }))
    }

    /// Returns the realm.
    #[must_use]
    pub fn realm(&self) -> Realm {
        self.0.realm
    }

    pub(crate) fn clients(&self) -> &Clients {
        &self.0.clients
    }
}

/// Returns a copy of the client, or the error that names what is missing.
pub(crate) fn configured(service: &str, slot: &Slot) -> Result<Client> {
    slot.clone().map_err(|missing| cloud_core::Error::config(format!("{service} cannot be used: {missing}")))
}

impl fmt::Debug for Nhn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nhn").field("realm", &self.0.realm).field("clients", &self.0.clients).finish()
    }
}

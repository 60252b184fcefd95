//! The handle: the clients of all services.

use std::fmt;
use std::sync::Arc;

use cloud_core::{Authentication, Client, Error, Result};

use crate::env::Found;
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
    /// Whether there is a User Access Key, or where it was searched.
    access_key: Found<()>,
}

/// The service whose first version needs no User Access Key, and what a caller without one is told.
const WITHOUT_ACCESS_KEY: (&str, &str) = ("Secure Key Manager", "`secure_key_manager_v1_0()` needs no user access key");

impl Nhn {
    pub(crate) fn new(realm: Realm, clients: Clients, access_key: Found<()>) -> Self {
        Self(Arc::new(Inner { realm, clients, access_key }))
    }

    /// Returns the realm.
    #[must_use]
    pub fn realm(&self) -> Realm {
        self.0.realm
    }

    /// Returns a handle that refuses operations that create, change, delete or remove something: calls of them end with
    /// [`ErrorKind::Restricted`](crate::ErrorKind::Restricted) before anything is sent. Clients, lists and waiters made
    /// from it do so too. It cannot be undone on the handle.
    ///
    /// The handle still fetches the credentials that it signs with.
    ///
    /// ```
    /// # async fn run(nhn: nhn_security::Nhn) -> nhn_security::Result<()> {
    /// let nhn = nhn.read_only();
    /// let stores = nhn.secure_key_manager()?.list_key_stores().await?;
    /// let error = nhn.secure_key_manager()?.delete_key_store(1).await.unwrap_err();
    /// assert_eq!(error.kind(), nhn_security::ErrorKind::Restricted);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read_only(&self) -> Self {
        self.changed(Client::read_only)
    }

    /// The same handle with clients that are changed so.
    pub(crate) fn changed(&self, change: impl Fn(Client) -> Client) -> Self {
        Self::new(self.0.realm, self.0.clients.map(change), self.0.access_key.clone())
    }

    #[allow(dead_code, reason = "without the feature of a service, nothing calls it")]
    pub(crate) fn clients(&self) -> &Clients {
        &self.0.clients
    }
}

/// Returns a copy of the client, or the error that names what a version that authenticates in this way lacks.
pub(crate) fn configured(nhn: &Nhn, service: &str, slot: &Slot, authentication: Authentication) -> Result<Client> {
    let key = match &nhn.0.access_key {
        Err(missing) if authentication != Authentication::None => {
            let (has_other, other) = WITHOUT_ACCESS_KEY;
            Err(if service == has_other { format!("{missing}; {other}") } else { missing.clone() })
        }
        _ => Ok(()),
    };
    let found = both(slot.clone(), key);
    found.map(|(client, ())| client).map_err(|missing| Error::config(format!("{service} cannot be used: {missing}")))
}

/// Both settings, or everything that is missing.
fn both<A, B>(first: Found<A>, second: Found<B>) -> Found<(A, B)> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(first), Err(second)) => Err(format!("{first}; {second}")),
        (Err(missing), Ok(_)) | (Ok(_), Err(missing)) => Err(missing),
    }
}

impl fmt::Debug for Nhn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nhn").field("realm", &self.0.realm).field("clients", &self.0.clients).finish()
    }
}

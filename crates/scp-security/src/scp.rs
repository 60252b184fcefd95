//! The handle: the clients of all services.

use std::fmt;
use std::sync::Arc;

use cloud_core::Client;

use crate::generated::clients::Clients;
use crate::sign::ScpSigner;

/// Samsung Cloud Platform, configured. Cloning is cheap and shares connections and credentials.
///
/// ```no_run
/// # async fn run() -> scp_security::Result<()> {
/// let scp = scp_security::Scp::from_env()?;
/// let mut keys = scp.kms().list_keys().items();
/// while let Some(key) = keys.next().await {
///     let key = key?;
///     println!("{} {}", key.id, key.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Scp(Arc<Inner>);

struct Inner {
    clients: Clients,
    signer: Arc<ScpSigner>,
}

impl Scp {
    pub(crate) fn new(clients: Clients, signer: Arc<ScpSigner>) -> Self {
        Self(Arc::new(Inner { clients, signer }))
    }

    /// Returns a handle that refuses operations that create, change, delete or remove something: calls of them end with
    /// [`ErrorKind::Restricted`](crate::ErrorKind::Restricted) before anything is sent. Clients, lists and waiters made
    /// from it do so too. It cannot be undone on the handle.
    ///
    /// The handle still fetches the credentials that it signs with.
    ///
    /// ```
    /// # async fn run(scp: scp_security::Scp) -> scp_security::Result<()> {
    /// let scp = scp.read_only();
    /// let keys = scp.kms().list_keys().items().try_collect().await?;
    /// let error = scp.kms().delete_key("3265ab469f0d406d83073da3e11e7a6c").await.unwrap_err();
    /// assert_eq!(error.kind(), scp_security::ErrorKind::Restricted);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read_only(&self) -> Self {
        self.changed(Client::read_only)
    }

    /// The same handle with clients that are changed so.
    pub(crate) fn changed(&self, change: impl Fn(Client) -> Client) -> Self {
        Self::new(self.0.clients.map(change), Arc::clone(&self.0.signer))
    }

    #[allow(dead_code, reason = "without the feature of a service, nothing calls it")]
    pub(crate) fn clients(&self) -> &Clients {
        &self.0.clients
    }
}

impl fmt::Debug for Scp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scp").field("signer", &self.0.signer).finish_non_exhaustive()
    }
}

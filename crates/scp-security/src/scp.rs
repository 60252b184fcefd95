//! The handle: the clients of all services.

use std::fmt;
use std::sync::Arc;

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

    pub(crate) fn clients(&self) -> &Clients {
        &self.0.clients
    }
}

impl fmt::Debug for Scp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scp").field("signer", &self.0.signer).finish_non_exhaustive()
    }
}

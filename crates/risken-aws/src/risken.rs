//! The handle: the clients of a site's APIs.

use std::fmt;
use std::sync::Arc;

use cloud_core::Client;

use crate::generated::clients::Clients;

/// A RISKEN site. Cloning is cheap and shares connections.
///
/// ```no_run
/// # async fn run() -> risken_aws::Result<()> {
/// let risken = risken_aws::Risken::from_env()?;
/// for account in risken.aws().list_aws(1001.try_into()?).await?.aws.unwrap_or_default() {
///     println!("{:?} {:?}", account.aws_id, account.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Risken(Arc<Clients>);

impl Risken {
    pub(crate) fn new(clients: Clients) -> Self {
        Self(Arc::new(clients))
    }

    /// Returns a handle that refuses operations that create, change, delete or remove something: calls of them end with
    /// [`ErrorKind::Restricted`](crate::ErrorKind::Restricted) before anything is sent. Clients, lists and waiters made
    /// from it do so too. It cannot be undone on the handle.
    ///
    /// The handle still fetches the credentials that it signs with.
    ///
    /// ```
    /// # async fn run(risken: risken_aws::Risken) -> risken_aws::Result<()> {
    /// let risken = risken.read_only();
    /// let accounts = risken.aws().list_aws(1001.try_into()?).await?;
    /// let body = risken_aws::aws::types::DeleteAwsRequest::new(1001.try_into()?, 1.try_into()?);
    /// let error = risken.aws().delete_aws(&body).await.unwrap_err();
    /// assert_eq!(error.kind(), risken_aws::ErrorKind::Restricted);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read_only(&self) -> Self {
        self.changed(Client::read_only)
    }

    /// The same handle with clients that are changed so.
    pub(crate) fn changed(&self, change: impl Fn(Client) -> Client) -> Self {
        Self::new(self.0.map(change))
    }

    #[allow(dead_code, reason = "without the feature of a service, nothing calls it")]
    pub(crate) fn clients(&self) -> &Clients {
        &self.0
    }
}

impl fmt::Debug for Risken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Risken").field("clients", &self.0).finish()
    }
}

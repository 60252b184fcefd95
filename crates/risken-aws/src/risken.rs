//! The handle: the clients of a site's APIs.

use std::fmt;
use std::sync::Arc;

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

    pub(crate) fn clients(&self) -> &Clients {
        &self.0
    }
}

impl fmt::Debug for Risken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Risken").field("clients", &self.0).finish()
    }
}

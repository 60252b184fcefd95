//! The entrance: a site and a token, and the clients of its APIs.

use std::fmt;

use cloud_core::{Client, Result};

use crate::config::RiskenBuilder;

/// A RISKEN site. Cloning is cheap and shares connections.
///
/// ```no_run
/// # async fn run() -> risken_aws::Result<()> {
/// let risken = risken_aws::Risken::from_env()?;
/// for account in risken.aws().list_aws(1001).await?.aws.unwrap_or_default() {
///     println!("{:?} {:?}", account.aws_id, account.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Risken(Client);

impl Risken {
    pub(crate) fn new(core: Client) -> Self {
        Self(core)
    }

    /// Settings from the environment alone.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the variable that is missing or malformed.
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// Starts with nothing set.
    pub fn builder() -> RiskenBuilder {
        RiskenBuilder::default()
    }

    /// The AWS API in its current version.
    #[cfg(feature = "aws")]
    #[must_use]
    pub fn aws(&self) -> crate::aws::v1::Client {
        self.aws_v1()
    }

    /// The AWS API, version 1.
    #[cfg(feature = "aws")]
    #[must_use]
    pub fn aws_v1(&self) -> crate::aws::v1::Client {
        crate::aws::v1::Client::new(self.0.clone())
    }
}

impl fmt::Debug for Risken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Risken").field("client", &self.0).finish()
    }
}

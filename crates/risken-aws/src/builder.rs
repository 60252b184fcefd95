//! The builder: settings in, a handle with the client of the site out.

use std::sync::Arc;

use cloud_core::client::ClientConfig;
use cloud_core::config::Resolver;
use cloud_core::{Result, SecretString, client_setters};

use crate::dialect::RiskenDialect;
use crate::env::{Overrides, Resolved};
use crate::generated::clients::Clients;
use crate::risken::Risken;
use crate::sign::BearerSigner;

const PRODUCT: &str = concat!("risken-aws/", env!("CARGO_PKG_VERSION"));

impl Risken {
    /// Creates the handle from the environment alone: the same as `Risken::builder().env().build()`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the variable that is missing or malformed.
    pub fn from_env() -> Result<Self> {
        Self::builder().env().build()
    }

    /// Creates a builder that knows no setting and reads none; [`RiskenBuilder::env`] adds the environment.
    pub fn builder() -> RiskenBuilder {
        RiskenBuilder::default()
    }
}

/// Builds a [`Risken`].
///
/// ```
/// use risken_aws::Risken;
///
/// let risken = Risken::builder().endpoint("https://risken.example.com").access_token("a-token").build()?;
/// # Ok::<(), risken_aws::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "call `build` to get the clients"]
pub struct RiskenBuilder {
    given: Overrides,
    config: ClientConfig,
}

client_setters!(RiskenBuilder);

impl RiskenBuilder {
    /// Sets the URL of the site, with or without `/api/v1` and a slash at the end.
    #[doc(alias = "url")]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.given.endpoint = Some(url.into());
        self
    }

    /// Sets the access token of a project or an organization.
    pub fn access_token(mut self, token: impl Into<SecretString>) -> Self {
        self.given.access_token = Some(token.into());
        self
    }

    /// Builds the handle.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the setting that is missing or malformed, and every
    /// place that was searched.
    pub fn build(self) -> Result<Risken> {
        let source = self.config.source.clone();
        self.assemble(&mut Resolver::new(source.as_deref()))
    }

    /// Builds the handle, for `build` and `explain`.
    fn assemble(self, resolver: &mut Resolver<'_>) -> Result<Risken> {
        let resolved = Resolved::new(self.given, resolver, self.config.insecure);
        self.config.record(resolver);
        let Resolved { endpoint, access_token } = resolved?;
        let signer = Arc::new(BearerSigner::new(&access_token)?);
        let client = self.config.shared(PRODUCT)?.client(endpoint, RiskenDialect, signer);
        Ok(Risken::new(Clients::new(|_| Ok(client.clone()))?))
    }
}

#[cfg(feature = "aws")]
#[cfg(test)]
mod tests;

//! The builder: settings in, a handle with the clients of all services out.

use std::sync::Arc;

use cloud_core::client::{ClientConfig, Shared};
use cloud_core::config::{Resolver, Shown};
use cloud_core::{Client, Error, Result, SecretString, client_setters};

use crate::credentials::{Cached, Credentials, KeySource, Keys, ProvideCredentials};
use crate::dialect::ScpDialect;
use crate::env::{LANGUAGE, Overrides, Resolved};
use crate::generated::clients::{Clients, Service};
use crate::hosts::Environment;
use crate::names::{Language, Region};
use crate::scp::Scp;
use crate::sign::ScpSigner;

const PRODUCT: &str = concat!("scp-security/", env!("CARGO_PKG_VERSION"));

impl Scp {
    /// Creates the handle from the environment and the vendor's files alone: the same as
    /// `Scp::builder().env().build()`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the setting that is missing or malformed, and every
    /// place that was searched.
    pub fn from_env() -> Result<Self> {
        Self::builder().env().build()
    }

    /// Creates a builder that knows no setting and reads none; [`ScpBuilder::env`] adds the environment.
    pub fn builder() -> ScpBuilder {
        ScpBuilder::default()
    }
}

/// Builds an [`Scp`].
///
/// ```
/// use scp_security::{Environment, Region, Scp};
///
/// let scp = Scp::builder()
///     .credentials("an-access-key", "its-secret-key")
///     .region(Region::KrWest1)
///     .environment(Environment::Enterprise)
///     .app_name("my-app/1.2")
///     .build()?;
/// # Ok::<(), scp_security::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "call `build` to get the clients"]
pub struct ScpBuilder {
    given: Overrides,
    provider: Option<Arc<dyn ProvideCredentials>>,
    from_vault: bool,
    language: Option<Language>,
    config: ClientConfig,
}

client_setters!(ScpBuilder);

impl ScpBuilder {
    /// Sets the access key and its secret key, as the console displays them.
    pub fn credentials(mut self, access_key: impl Into<String>, secret_key: impl Into<SecretString>) -> Self {
        self.given.credentials = Some(Credentials::new(access_key, secret_key));
        self
    }

    /// Sets a provider of keys, which takes precedence over a fixed pair. Its keys are kept until they expire or a
    /// service refuses them.
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.provider = Some(Arc::new(provider));
        self
    }

    /// Sets the token of a secret vault: its id and its secret. The vault itself must be set too, with
    /// [`secret_vault_id`](Self::secret_vault_id). It takes precedence over keys from the environment.
    pub fn vault_token(mut self, id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        self.given.vault_token = Some(Credentials::new(id, secret));
        self
    }

    /// Sets the secret vault that issues temporary credentials. Its token must be set too, with
    /// [`vault_token`](Self::vault_token).
    pub fn secret_vault_id(mut self, id: impl Into<String>) -> Self {
        self.given.vault_id = Some(id.into());
        self
    }

    /// Signs with temporary credentials from the secret vault even if a fixed pair of keys is set.
    pub fn vault_credentials(mut self) -> Self {
        self.from_vault = true;
        self
    }

    /// Sets the region. It must be one of the environment's, or one that this crate does not know.
    pub fn region(mut self, region: Region) -> Self {
        self.given.region = Some(region);
        self
    }

    /// Sets the environment that the account belongs to.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.given.environment = Some(environment);
        self
    }

    /// Sets one base URL for all services, instead of the hosts that follow from region and environment.
    #[doc(alias = "url")]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.given.endpoint = Some(url.into());
        self
    }

    /// Sets the language of the services' error texts; `en-US` unless set.
    pub fn language(mut self, language: Language) -> Self {
        self.language = Some(language);
        self
    }

    /// Builds the handle.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the setting that is missing or malformed, and every
    /// place that was searched.
    pub fn build(self) -> Result<Scp> {
        let source = self.config.source.clone();
        self.assemble(&mut Resolver::new(source.as_deref()))?.finish()
    }

    /// Does all that can go wrong, for `build` and `explain`. It starts nothing and registers no use of a vault.
    fn assemble(self, resolver: &mut Resolver<'_>) -> Result<Assembled> {
        // What the program says comes before the environment: a vault set here before keys set there.
        let vault = self.given.vault_id.is_some() || self.given.vault_token.is_some();
        let from_vault = self.from_vault || (vault && self.given.credentials.is_none() && self.provider.is_none());
        let language = self.language.as_ref();
        resolver.note(&LANGUAGE, language.map(|language| shown(language.as_str())));
        resolver.defaults_to(&LANGUAGE, "en-US");
        let resolved = Resolved::new(self.given, resolver, self.config.insecure);
        self.config.record(resolver);
        let resolved = resolved?;
        if let Ok(hosts) = &resolved.hosts {
            resolver.sends_to(hosts.to_string());
        }
        let dialect = Arc::new(ScpDialect::new(language.unwrap_or(&Language::EnUs))?);
        let parts = Parts { shared: self.config.shared(PRODUCT)?, dialect };
        let keys = keys(&resolved, self.provider, from_vault)?;
        resolver.signs_with(keys.phrase());
        resolved.hosts.as_ref().map_err(Error::config)?;
        Ok(Assembled { resolved, parts, keys })
    }
}

/// A language as explanations show it: only one from a response can be anything but a short tag.
fn shown(language: &str) -> Shown {
    let is_tag = language.len() <= 16 && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_tag { Shown::Text(language.to_owned()) } else { Shown::Length(language.len()) }
}

/// All that a handle is made of.
struct Assembled {
    resolved: Resolved,
    parts: Parts,
    keys: KeysFrom,
}

impl Assembled {
    fn finish(self) -> Result<Scp> {
        let Self { resolved, parts, keys } = self;
        let credentials = match keys {
            KeysFrom::Fixed(pair) => Keys::Fixed(pair),
            KeysFrom::Provider(provider) => {
                Keys::Renewed(Arc::new(Cached::new(provider, Arc::clone(parts.shared.runtime()))))
            }
            KeysFrom::Vault => Keys::Renewed(vault_provider(&resolved, &parts)?),
        };
        let vault_token = resolved.vault_token.clone().ok().map(Arc::new);
        let signer = Arc::new(ScpSigner { credentials: Some(credentials), vault_token });
        let clients = Clients::new(|service| parts.client(&resolved, service, Arc::clone(&signer)))?;
        Ok(Scp::new(clients, signer))
    }
}

/// What the clients of all services share.
struct Parts {
    shared: Shared,
    dialect: Arc<ScpDialect>,
}

impl Parts {
    fn client(&self, resolved: &Resolved, service: Service, signer: Arc<ScpSigner>) -> Result<Client> {
        let hosts = resolved.hosts.as_ref().map_err(Error::config)?;
        Ok(self.shared.client(hosts.endpoint(service.name())?, Arc::clone(&self.dialect), signer))
    }
}

/// Where the keys that sign come from.
enum KeysFrom {
    Fixed(Credentials),
    Provider(Arc<dyn ProvideCredentials>),
    Vault,
}

impl KeysFrom {
    fn phrase(&self) -> &'static str {
        match self {
            Self::Fixed(_) => "the access key",
            Self::Provider(_) => "the keys of the credentials provider",
            Self::Vault => "temporary keys from the secret vault",
        }
    }
}

fn keys(resolved: &Resolved, provider: Option<Arc<dyn ProvideCredentials>>, from_vault: bool) -> Result<KeysFrom> {
    let fixed = || resolved.credentials.clone().ok().map(KeysFrom::Fixed);
    if !from_vault {
        if let Some(found) = provider.map(KeysFrom::Provider).or_else(fixed) {
            return Ok(found);
        }
        if resolved.vault_id.is_err() {
            return Err(Error::config(resolved.credentials.as_ref().err().cloned().unwrap_or_default()));
        }
    }
    if !cfg!(feature = "secret-vault") {
        return Err(Error::config("temporary keys from a secret vault need the feature `secret-vault`"));
    }
    resolved.vault_token.as_ref().map_err(Error::config)?;
    resolved.vault_id.as_ref().map_err(Error::config)?;
    Ok(KeysFrom::Vault)
}

#[cfg(feature = "secret-vault")]
fn vault_provider(resolved: &Resolved, parts: &Parts) -> Result<Arc<dyn KeySource>> {
    let token = resolved.vault_token.clone().map_err(Error::config)?;
    let vault = resolved.vault_id.clone().map_err(Error::config)?;
    let signer = ScpSigner { credentials: None, vault_token: Some(Arc::new(token)) };
    let client = parts.client(resolved, Service::SecretVault, Arc::new(signer))?;
    let client = crate::secret_vault::v1_0::Client::new(client);
    Ok(Arc::new(crate::credentials::VaultProvider::new(client, vault, Arc::clone(parts.shared.runtime()))))
}

#[cfg(not(feature = "secret-vault"))]
fn vault_provider(_: &Resolved, _: &Parts) -> Result<Arc<dyn KeySource>> {
    Err(Error::config("temporary keys from a secret vault need the feature `secret-vault`"))
}

#[cfg(test)]
mod tests;

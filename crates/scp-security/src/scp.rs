//! The entry point: settings in, clients of the services out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::client::default_transport;
use cloud_core::runtime::TokioRuntime;
use cloud_core::{Client, Endpoint, Error, Result, RetryPolicy, Runtime, SecretString, Settings, Transport};

use crate::config::{ConfigSource, Environment, NO_CREDENTIALS, Overrides, Process};
use crate::credentials::{Credentials, Fixed, ProvideCredentials};
use crate::dialect::ScpDialect;
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
    /// Takes every setting from the environment and the vendor's files; see the [crate documentation](crate).
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the setting that is missing or malformed and where it
    /// was looked for.
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// Starts with no setting; what is not set is taken from the environment and the vendor's files.
    pub fn builder() -> ScpBuilder {
        ScpBuilder::default()
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

/// Settings of an [`Scp`]. What is not set here is taken from the environment and the vendor's files.
#[derive(Debug)]
#[must_use = "call `build` to get the clients"]
pub struct ScpBuilder {
    given: Overrides,
    provider: Option<Arc<dyn ProvideCredentials>>,
    from_vault: bool,
    insecure: bool,
    language: String,
    transport: Option<Arc<dyn Transport>>,
    runtime: Option<Arc<dyn Runtime>>,
    settings: Settings,
    surroundings: Box<dyn ConfigSource>,
}

impl Default for ScpBuilder {
    fn default() -> Self {
        Self {
            given: Overrides::default(),
            provider: None,
            from_vault: false,
            insecure: false,
            language: "en-US".to_owned(),
            transport: None,
            runtime: None,
            settings: Settings::default(),
            surroundings: Box::new(Process),
        }
    }
}

impl ScpBuilder {
    /// The access key and its secret key, as the console displays them.
    pub fn credentials(mut self, access_key: impl Into<String>, secret_key: impl Into<SecretString>) -> Self {
        self.given.credentials = Some(Credentials::new(access_key, secret_key));
        self
    }

    /// Where keys come from, instead of a fixed pair.
    pub fn credentials_provider(mut self, provider: Arc<dyn ProvideCredentials>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// The token of a secret vault: its id and its secret.
    pub fn vault_token(mut self, id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        self.given.vault_token = Some(Credentials::new(id, secret));
        self
    }

    /// The secret vault that temporary credentials come from.
    pub fn secret_vault_id(mut self, id: impl Into<String>) -> Self {
        self.given.vault_id = Some(id.into());
        self
    }

    /// Signs with temporary credentials from the secret vault even where a fixed pair of keys is configured.
    pub fn vault_credentials(mut self) -> Self {
        self.from_vault = true;
        self
    }

    /// The region, such as `kr-west1`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.given.region = Some(region.into());
        self
    }

    /// The environment that the account belongs to.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.given.environment = Some(environment);
        self
    }

    /// One base URL for all services, instead of the hosts that follow from region and environment.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.given.endpoint = Some(url.into());
        self
    }

    /// Accepts `http` endpoints beyond the loopback. Keys and secrets then travel in the clear.
    pub fn allow_insecure_http(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// The language of the services' error texts, `en-US` or `ko-KR`; `en-US` unless set.
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = language.into();
        self
    }

    /// What sends the requests; the reqwest transport with its defaults unless set.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The clock; the system's unless set.
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// All limits and rules at once.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// When to try again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// The longest that a call may take, with its attempts and waits; 30 seconds unless set.
    pub fn call_timeout(mut self, limit: Duration) -> Self {
        self.settings.call_timeout = limit;
        self
    }

    /// The longest that one attempt may take; 15 seconds unless set.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.settings.attempt_timeout = limit;
        self
    }

    /// Refuses API versions past their sunset date instead of warning about them.
    pub fn deny_sunset_versions(mut self) -> Self {
        self.settings.deny_sunset_versions = true;
        self
    }

    /// Where unset settings are looked for, instead of the process environment and the home folder.
    pub fn surroundings(mut self, surroundings: Box<dyn ConfigSource>) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// The clients.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the setting that is missing or malformed and where it
    /// was looked for.
    pub fn build(mut self) -> Result<Scp> {
        self.given.complete(self.surroundings.as_ref())?;
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => default_transport()?,
        };
        let parts = Parts {
            transport,
            runtime: self.runtime.take().unwrap_or_else(|| Arc::new(TokioRuntime::default())),
            dialect: Arc::new(ScpDialect::new(&self.language)?),
            settings: self.settings.clone(),
        };
        let signer = Arc::new(self.signer(&parts)?);
        let clients = Clients::new(|service| {
            parts.client(self.given.endpoint(service.name(), self.insecure)?, Arc::clone(&signer))
        })?;
        Ok(Scp(Arc::new(Inner { clients, signer })))
    }

    fn signer(&self, parts: &Parts) -> Result<ScpSigner> {
        let vault_token = self.given.vault_token.clone().map(Arc::new);
        let fixed = || self.given.credentials.clone().map(|keys| Arc::new(Fixed(Arc::new(keys))) as Arc<_>);
        let credentials = if self.from_vault {
            Some(self.vault_provider(parts)?)
        } else if let Some(found) = self.provider.clone().or_else(fixed) {
            Some(found)
        } else if self.given.vault_id.is_some() {
            Some(self.vault_provider(parts)?)
        } else if vault_token.is_some() {
            // A vault token alone is enough to fetch temporary keys; other calls will say what they lack.
            None
        } else {
            return Err(Error::config(NO_CREDENTIALS));
        };
        Ok(ScpSigner { credentials, vault_token, looked_for: NO_CREDENTIALS.to_owned() })
    }

    #[cfg(feature = "secret-vault")]
    fn vault_provider(&self, parts: &Parts) -> Result<Arc<dyn ProvideCredentials>> {
        let token = self.given.vault_token.clone().ok_or_else(|| {
            Error::config("no vault token: set `.vault_token()`, or SCP_VAULT_TOKEN_ID and SCP_VAULT_TOKEN_SECRET")
        })?;
        let vault = self
            .given
            .vault_id
            .clone()
            .ok_or_else(|| Error::config("no secret vault: set `.secret_vault_id()` or SCP_SECRET_VAULT_ID"))?;
        let signer =
            ScpSigner { credentials: None, vault_token: Some(Arc::new(token)), looked_for: NO_CREDENTIALS.to_owned() };
        let client = parts.client(self.given.endpoint("secretvault", self.insecure)?, Arc::new(signer))?;
        let client = crate::secret_vault::v1_0::Client::new(client);
        Ok(Arc::new(crate::credentials::VaultProvider::new(client, vault, Arc::clone(&parts.runtime))))
    }

    #[cfg(not(feature = "secret-vault"))]
    fn vault_provider(&self, _: &Parts) -> Result<Arc<dyn ProvideCredentials>> {
        Err(Error::config("credentials from a secret vault need the feature `secret-vault`"))
    }
}

/// What the clients of all services share.
struct Parts {
    transport: Arc<dyn Transport>,
    runtime: Arc<dyn Runtime>,
    dialect: Arc<ScpDialect>,
    settings: Settings,
}

impl Parts {
    fn client(&self, endpoint: Endpoint, signer: Arc<ScpSigner>) -> Result<Client> {
        Client::builder(endpoint, Arc::clone(&self.dialect) as _)
            .signer(signer)
            .transport(Arc::clone(&self.transport))
            .runtime(Arc::clone(&self.runtime))
            .settings(self.settings.clone())
            .build()
    }
}

//! The builder: settings in, a handle with the clients of all services out.

use std::sync::Arc;

use cloud_core::auth::Anonymous;
use cloud_core::client::{ClientConfig, Shared};
use cloud_core::config::{Resolver, Setting, Shown};
use cloud_core::{Endpoint, Error, Result, SecretString, Signer, client_setters};

use crate::client_identity::Certificate;
use crate::dialect::NhnDialect;
#[cfg(feature = "pkcs12")]
use crate::env::CERTIFICATE_PKCS12;
use crate::env::{ADVISOR_APP_KEY, CERTIFICATE_PEM, CHECK_APP_KEY, Found, Overrides, Resolved};
use crate::generated::clients::{Clients, Service};
use crate::hosts::{Host, Realm};
use crate::nhn::Nhn;
use crate::sign::AccessKeySigner;
use crate::token::AccessKey;

const PRODUCT: &str = concat!("nhn-security/", env!("CARGO_PKG_VERSION"));

impl Nhn {
    /// Creates the handle from the environment alone: the same as `Nhn::builder().env().build()`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the variable that is malformed.
    pub fn from_env() -> Result<Self> {
        Self::builder().env().build()
    }

    /// Creates a builder that knows no setting and reads none; [`NhnBuilder::env`] adds the environment.
    pub fn builder() -> NhnBuilder {
        NhnBuilder::default()
    }
}

/// Builds an [`Nhn`].
///
/// ```
/// use nhn_security::{Nhn, Realm};
///
/// let nhn = Nhn::builder()
///     .realm(Realm::Public)
///     .secure_key_manager_app_key("app-key-of-secure-key-manager")
///     .mac_address("aa:bb:cc:dd:ee:ff")
///     .build()?;
/// # Ok::<(), nhn_security::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "call `build` to get the clients"]
pub struct NhnBuilder {
    given: Overrides,
    certificate: Option<Certificate>,
    config: ClientConfig,
}

client_setters!(NhnBuilder);

impl NhnBuilder {
    /// Sets the User Access Key. Services send a token that is issued for it, Secure Key Manager 1.2 sends the key
    /// itself, and Secure Key Manager 1.0 and 1.1 need none.
    pub fn user_access_key(mut self, id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        self.given.access_key = Some((id.into(), secret.into()));
        self
    }

    /// Sets the realm; public unless set.
    pub fn realm(mut self, realm: Realm) -> Self {
        self.given.realm = Some(realm);
        self
    }

    /// Sets one base URL instead of every host, that of the token service too: for a gateway, a test server, or a
    /// dedicated zone of Secure Key Manager.
    #[doc(alias = "url")]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.given.endpoint = Some(url.into());
        self
    }

    /// Sets the app key of Security Advisor.
    pub fn security_advisor_app_key(mut self, key: impl Into<SecretString>) -> Self {
        self.given.security_advisor = Some(key.into());
        self
    }

    /// Sets the app key of Server Security Check.
    pub fn server_security_check_app_key(mut self, key: impl Into<SecretString>) -> Self {
        self.given.server_security_check = Some(key.into());
        self
    }

    /// Sets the app key of Secure Key Manager.
    pub fn secure_key_manager_app_key(mut self, key: impl Into<SecretString>) -> Self {
        self.given.secure_key_manager = Some(key.into());
        self
    }

    /// Sets the MAC address that is sent to Secure Key Manager, in the spelling that the key store lists.
    pub fn mac_address(mut self, address: impl Into<SecretString>) -> Self {
        self.given.mac_address = Some(address.into());
        self
    }

    /// Sets the client certificate for Secure Key Manager: PEM with the chain and the private key. Its connections
    /// are then shared with no other service.
    pub fn client_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificate = Some(Certificate::Pem(pem.into().into()));
        self
    }

    /// Sets the client certificate for Secure Key Manager as the console issues it: a PKCS#12 file (`.p12`) and
    /// its password.
    #[cfg(feature = "pkcs12")]
    pub fn client_certificate_pkcs12(mut self, der: impl Into<Vec<u8>>, password: impl Into<SecretString>) -> Self {
        self.certificate = Some(Certificate::Pkcs12 { der: der.into().into(), password: password.into() });
        self
    }

    /// Builds the handle. A setting that only one service needs may be missing; the accessor of that service then
    /// returns an error that names it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the setting that is malformed.
    pub fn build(self) -> Result<Nhn> {
        let source = self.config.source.clone();
        self.assemble(&mut Resolver::new(source.as_deref()))
    }

    /// Builds the handle, for `build` and `explain`.
    fn assemble(self, resolver: &mut Resolver<'_>) -> Result<Nhn> {
        let (setting, length) = certificate_setting(self.certificate.as_ref());
        resolver.note(setting, length.map(Shown::Length));
        let resolved = Resolved::new(self.given, resolver, self.config.insecure);
        self.config.record(resolver);
        let resolved = resolved?;
        if self.certificate.is_some() && self.config.transport.is_some() {
            return Err(Error::config(
                "a client certificate and a transport exclude each other: set the certificate in the transport",
            ));
        }
        let shared = self.config.shared(PRODUCT)?;
        let for_keys = match &self.certificate {
            Some(certificate) => shared.clone().with_transport(certificate.transport()?),
            None => shared.clone(),
        };
        // Without a key, the accessors give no client of a version that needs one.
        let signer: Arc<dyn Signer> = match &resolved.access_key {
            Ok(key) => Arc::new(access_key_signer(key, &resolved, &shared)?),
            Err(_) => Arc::new(Anonymous),
        };
        let inspecting = |host, app_key: &Found<SecretString>, variable| {
            let dialect = Arc::new(NhnDialect::new(app_key.clone()?, variable));
            Ok(shared.client(endpoint(&resolved, host)?, dialect, Arc::clone(&signer)))
        };
        let clients = Clients::new(|service| match service {
            Service::SecurityAdvisor => inspecting(Host::SecurityAdvisor, &resolved.security_advisor, ADVISOR_APP_KEY),
            Service::ServerSecurityCheck => {
                inspecting(Host::ServerSecurityCheck, &resolved.server_security_check, CHECK_APP_KEY)
            }
            Service::SecureKeyManager => {
                let app_key = resolved.secure_key_manager.clone()?;
                let dialect = NhnDialect::key_manager(app_key, resolved.mac_address.clone());
                let dialect = Arc::new(dialect.with_certificate(self.certificate.is_some()));
                Ok(for_keys.client(endpoint(&resolved, Host::SecureKeyManager)?, dialect, Arc::clone(&signer)))
            }
        });
        Ok(Nhn::new(resolved.realm, clients, resolved.access_key.map(drop)))
    }
}

/// The setting of the client certificate, and its length.
fn certificate_setting(certificate: Option<&Certificate>) -> (&'static Setting, Option<usize>) {
    match certificate {
        None => (&CERTIFICATE_PEM, None),
        Some(Certificate::Pem(pem)) => (&CERTIFICATE_PEM, Some(pem.expose_secret().len())),
        #[cfg(feature = "pkcs12")]
        Some(Certificate::Pkcs12 { der, .. }) => (&CERTIFICATE_PKCS12, Some(der.expose_secret().len())),
    }
}

fn access_key_signer(key: &AccessKey, resolved: &Resolved, shared: &Shared) -> Result<AccessKeySigner> {
    AccessKeySigner::new(key, endpoint(resolved, Host::Token).map_err(Error::config)?, shared)
}

/// The base URL of a service, or why it has none.
fn endpoint(resolved: &Resolved, host: Host) -> Found<Endpoint> {
    let missing = match &resolved.endpoint {
        Ok(endpoint) => return Ok(endpoint.clone()),
        Err(missing) => missing,
    };
    let url = resolved
        .realm
        .url(host)
        .ok_or_else(|| format!("it has no host in the realm `{}`, and {missing}", resolved.realm))?;
    Endpoint::parse(url).map_err(|error| error.message().to_owned())
}

#[cfg(all(feature = "secure-key-manager", feature = "security-advisor", feature = "server-security-check"))]
#[cfg(test)]
mod tests;

//! Settings: the builder first, then the environment, which is read here and nowhere else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::auth::Anonymous;
use cloud_core::runtime::TokioRuntime;
use cloud_core::{
    Client, Dialect, Endpoint, Error, ExposeSecret, Result, RetryPolicy, Runtime, SecretString, Settings, Signer,
    Transport, secret,
};
use http::HeaderValue;

use crate::dialect::NhnDialect;
use crate::endpoint::{Host, Realm};
use crate::generated::clients::{Clients, Service};
use crate::identity::{self, Certificate};
use crate::nhn::{Nhn, Slot};
use crate::token::{AccessKey, TokenSigner};

const ACCESS_KEY_ID: &str = "NHN_CLOUD_USER_ACCESS_KEY_ID";
const ACCESS_KEY_SECRET: &str = "NHN_CLOUD_USER_SECRET_ACCESS_KEY";
const REALM: &str = "NHN_CLOUD_REALM";
const SECURITY_ADVISOR: &str = "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY";
const SERVER_SECURITY_CHECK: &str = "NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY";
const SECURE_KEY_MANAGER: &str = "NHN_CLOUD_SKM_APP_KEY";
const MAC_ADDRESS: &str = "NHN_CLOUD_SKM_MAC_ADDRESS";
const ENDPOINT: &str = "NHN_CLOUD_ENDPOINT";

/// Where a variable is looked for; tests give their own.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(crate) fn environment(name: &str) -> Option<String> {
    // A value that is not Unicode is kept as a malformed one, so that its check names it.
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Settings of an [`Nhn`]. What is not set here is looked for in the environment when it is built.
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
#[derive(Default)]
#[must_use]
pub struct NhnBuilder {
    access_key: Option<AccessKey>,
    realm: Option<Realm>,
    endpoint: Option<String>,
    insecure: bool,
    security_advisor: Option<SecretString>,
    server_security_check: Option<SecretString>,
    secure_key_manager: Option<SecretString>,
    mac_address: Option<SecretString>,
    certificate: Option<Certificate>,
    transport: Option<Arc<dyn Transport>>,
    runtime: Option<Arc<dyn Runtime>>,
    settings: Settings,
}

impl NhnBuilder {
    /// The User Access Key, for which tokens are issued. Secure Key Manager needs none.
    pub fn user_access_key(mut self, id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        self.access_key = Some(AccessKey { id: id.into(), secret: secret.into() });
        self
    }

    /// The realm; public unless set.
    pub fn realm(mut self, realm: Realm) -> Self {
        self.realm = Some(realm);
        self
    }

    /// One base URL instead of every host, that of the token service too: for a gateway, a test server, or a
    /// dedicated zone of Secure Key Manager.
    pub fn endpoint(mut self, url: &str) -> Self {
        self.endpoint = Some(url.to_owned());
        self
    }

    /// Accepts an `http` endpoint beyond the loopback. Keys and secrets then travel in the clear.
    pub fn allow_insecure_http(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// The app key of Security Advisor.
    pub fn security_advisor_app_key(mut self, key: impl Into<SecretString>) -> Self {
        self.security_advisor = Some(key.into());
        self
    }

    /// The app key of Server Security Check.
    pub fn server_security_check_app_key(mut self, key: impl Into<SecretString>) -> Self {
        self.server_security_check = Some(key.into());
        self
    }

    /// The app key of Secure Key Manager.
    pub fn secure_key_manager_app_key(mut self, key: impl Into<SecretString>) -> Self {
        self.secure_key_manager = Some(key.into());
        self
    }

    /// The MAC address that Secure Key Manager is told, in the spelling that the key store lists.
    pub fn mac_address(mut self, address: impl Into<SecretString>) -> Self {
        self.mac_address = Some(address.into());
        self
    }

    /// The client certificate for Secure Key Manager: PEM with the chain and the private key. Its connections
    /// are then shared with no other service.
    pub fn client_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificate = Some(Certificate::Pem(pem.into().into()));
        self
    }

    /// The client certificate for Secure Key Manager as the console hands it out: a PKCS#12 file (`.p12`) and
    /// the password chosen for it.
    #[cfg(feature = "pkcs12")]
    pub fn client_certificate_pkcs12(mut self, der: impl Into<Vec<u8>>, password: impl Into<SecretString>) -> Self {
        self.certificate = Some(Certificate::Pkcs12 { der: der.into().into(), password: password.into() });
        self
    }

    /// What sends; a transport of the client's own unless set.
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

    /// The longest that one attempt, or one request for a token, may take.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.settings.attempt_timeout = limit;
        self
    }

    /// The longest that a call may take with everything that belongs to it.
    pub fn call_timeout(mut self, limit: Duration) -> Self {
        self.settings.call_timeout = limit;
        self
    }

    /// Refuses versions past their sunset date instead of warning.
    pub fn deny_sunset_versions(mut self) -> Self {
        self.settings.deny_sunset_versions = true;
        self
    }

    /// The clients. Settings that only one service needs may be missing; its accessor then says which.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) names the setting that is malformed.
    pub fn build(self) -> Result<Nhn> {
        self.build_with(&environment)
    }

    pub(crate) fn build_with(self, lookup: Lookup<'_>) -> Result<Nhn> {
        let look = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let secret = |given: Option<SecretString>, name: &'static str, method: &'static str| {
            let given = given.map(|value| (value, method));
            given.or_else(|| look(name).map(|value| (value.into(), name)))
        };
        let app_key = |given, name, method| match secret(given, name, method) {
            Some((key, place)) => checked(key, place).map(Ok),
            None => Ok(Err(format!("its app key is set neither by `{method}` nor in {name}"))),
        };
        let realm = match (self.realm, look(REALM)) {
            (Some(realm), _) => realm,
            (None, Some(text)) => text.parse().map_err(|error: Error| at(REALM, &error))?,
            (None, None) => Realm::default(),
        };
        let parse = if self.insecure { Endpoint::parse_insecure } else { Endpoint::parse };
        let endpoint = match (self.endpoint, look(ENDPOINT)) {
            (Some(url), _) => Some(parse(&url).map_err(|error| at("NhnBuilder::endpoint", &error))?),
            (None, Some(url)) => Some(parse(&url).map_err(|error| at(ENDPOINT, &error))?),
            (None, None) => None,
        };
        let security_advisor =
            app_key(self.security_advisor, SECURITY_ADVISOR, "NhnBuilder::security_advisor_app_key")?;
        let server_security_check =
            app_key(self.server_security_check, SERVER_SECURITY_CHECK, "NhnBuilder::server_security_check_app_key")?;
        let secure_key_manager =
            app_key(self.secure_key_manager, SECURE_KEY_MANAGER, "NhnBuilder::secure_key_manager_app_key")?;
        let mac_address = match secret(self.mac_address, MAC_ADDRESS, "NhnBuilder::mac_address") {
            Some((address, place)) => Some(mac_header(&address, place)?),
            None => None,
        };
        let access_key = access_key(self.access_key, &look)?;
        if self.certificate.is_some() && self.transport.is_some() {
            return Err(Error::config(
                "a client certificate and a transport of the caller's exclude each other; set the identity in that transport",
            ));
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => identity::plain()?,
        };
        let key_manager_transport = match &self.certificate {
            Some(certificate) => certificate.transport()?,
            None => Arc::clone(&transport),
        };
        let wiring = Wiring {
            realm,
            endpoint,
            runtime: self.runtime.unwrap_or_else(|| Arc::new(TokioRuntime::default())),
            settings: self.settings,
        };
        let signer = match access_key {
            Ok(key) => Ok(wiring.signer(&key, Arc::clone(&transport))?),
            Err(missing) => Err(missing),
        };
        let with_token = |host, app_key: Found<SecretString>| {
            let (app_key, signer) = both(app_key, signer.clone())?;
            wiring.client(host, Arc::new(NhnDialect::with_token(app_key)), signer, &transport)
        };
        let clients = Clients::new(|service| match service {
            Service::SecurityAdvisor => with_token(Host::SecurityAdvisor, security_advisor.clone()),
            Service::ServerSecurityCheck => with_token(Host::ServerSecurityCheck, server_security_check.clone()),
            Service::SecureKeyManager => {
                let dialect = Arc::new(NhnDialect::without_token(secure_key_manager.clone()?, mac_address.clone()));
                wiring.client(Host::SecureKeyManager, dialect, Arc::new(Anonymous), &key_manager_transport)
            }
        });
        Ok(Nhn::new(realm, clients))
    }
}

/// A setting, or why it is missing: a lowercase fragment for the service that needs it.
type Found<T> = Result<T, String>;

/// What the clients of all services have in common.
struct Wiring {
    realm: Realm,
    endpoint: Option<Endpoint>,
    runtime: Arc<dyn Runtime>,
    settings: Settings,
}

impl Wiring {
    fn endpoint(&self, host: Host) -> Found<Endpoint> {
        if let Some(endpoint) = &self.endpoint {
            return Ok(endpoint.clone());
        }
        let url = self.realm.url(host).ok_or_else(|| {
            format!(
                "it has no host in the realm `{}`, and neither `NhnBuilder::endpoint` nor {ENDPOINT} names one",
                self.realm
            )
        })?;
        Endpoint::parse(url).map_err(|error| error.message().to_owned())
    }

    fn signer(&self, key: &AccessKey, transport: Arc<dyn Transport>) -> Result<Arc<dyn Signer>> {
        let endpoint = self.endpoint(Host::Token).map_err(Error::config)?;
        let limit = self.settings.attempt_timeout;
        Ok(Arc::new(TokenSigner::new(key, &endpoint, transport, Arc::clone(&self.runtime), limit)?))
    }

    fn client(
        &self,
        host: Host,
        dialect: Arc<dyn Dialect>,
        signer: Arc<dyn Signer>,
        transport: &Arc<dyn Transport>,
    ) -> Slot {
        Client::builder(self.endpoint(host)?, dialect)
            .signer(signer)
            .transport(Arc::clone(transport))
            .runtime(Arc::clone(&self.runtime))
            .settings(self.settings.clone())
            .build()
            .map_err(|error| error.message().to_owned())
    }
}

/// Both settings, or everything that is missing.
fn both<A, B>(first: Found<A>, second: Found<B>) -> Found<(A, B)> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(first), Err(second)) => Err(format!("{first}; {second}")),
        (Err(missing), Ok(_)) | (Ok(_), Err(missing)) => Err(missing),
    }
}

fn access_key(given: Option<AccessKey>, look: &dyn Fn(&str) -> Option<String>) -> Result<Found<AccessKey>> {
    const METHOD: &str = "NhnBuilder::user_access_key";
    let (key, id_place, secret_place) = match given {
        Some(key) => (key, METHOD, METHOD),
        None => match (look(ACCESS_KEY_ID), look(ACCESS_KEY_SECRET)) {
            (Some(id), Some(secret)) => (AccessKey { id, secret: secret.into() }, ACCESS_KEY_ID, ACCESS_KEY_SECRET),
            (None, None) => {
                return Ok(Err(format!(
                    "the user access key is set neither by `{METHOD}` nor in {ACCESS_KEY_ID} and {ACCESS_KEY_SECRET}"
                )));
            }
            (Some(_), None) => {
                return Err(Error::config(format!("{ACCESS_KEY_ID} is set, but {ACCESS_KEY_SECRET} is not")));
            }
            (None, Some(_)) => {
                return Err(Error::config(format!("{ACCESS_KEY_SECRET} is set, but {ACCESS_KEY_ID} is not")));
            }
        },
    };
    if key.id.is_empty() || key.id.contains(':') || !is_plain(&key.id) {
        return Err(Error::config(format!("{id_place}: the id is empty or holds a colon, blank or control character")));
    }
    checked(key.secret.clone(), secret_place)?;
    Ok(Ok(key))
}

/// A key made of visible ASCII characters, or an error that names where it came from.
fn checked(key: SecretString, place: &str) -> Result<SecretString> {
    let text = key.expose_secret();
    if text.is_empty() || !is_plain(text) {
        return Err(Error::config(format!(
            "{place}: the value is empty or holds blanks, control characters or non-ascii characters"
        )));
    }
    Ok(key)
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn mac_header(address: &SecretString, place: &str) -> Result<HeaderValue> {
    let text = address.expose_secret().trim();
    let pairs: Vec<_> = text.split([':', '-']).collect();
    let is_pair = |pair: &&str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    if pairs.len() != 6 || !pairs.iter().all(is_pair) {
        return Err(Error::config(format!(
            "{place}: a mac address has six pairs of hexadecimal digits between colons"
        )));
    }
    secret::header(text).map_err(|_| Error::config(format!("{place}: the mac address cannot stand in a header")))
}

fn at(place: &str, error: &Error) -> Error {
    Error::config(format!("{place}: {}", error.message()))
}

impl fmt::Debug for NhnBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NhnBuilder")
            .field("realm", &self.realm)
            .field("user_access_key", &self.access_key.is_some())
            .field("security_advisor_app_key", &self.security_advisor.is_some())
            .field("server_security_check_app_key", &self.server_security_check.is_some())
            .field("secure_key_manager_app_key", &self.secure_key_manager.is_some())
            .field("mac_address", &self.mac_address.is_some())
            .field("client_certificate", &self.certificate.is_some())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(all(feature = "secure-key-manager", feature = "security-advisor", feature = "server-security-check"))]
#[cfg(test)]
mod tests;

//! The entrance: one value that holds the clients of all services.

use std::fmt;
use std::sync::Arc;

use cloud_core::{Client, Result};

use crate::config::NhnBuilder;
use crate::endpoint::Realm;

/// NHN Cloud's security services. Cloning is cheap and shares connections and token.
///
/// A service whose settings are missing does not keep the others from being used: its accessor says what it needs.
#[derive(Clone)]
pub struct Nhn(Arc<Services>);

/// A service's client, or what it lacks.
pub(crate) type Slot = Result<Client, String>;

pub(crate) struct Services {
    pub(crate) realm: Realm,
    pub(crate) security_advisor: Slot,
    pub(crate) server_security_check: Slot,
    pub(crate) secure_key_manager: Slot,
}

impl Nhn {
    pub(crate) fn new(services: Services) -> Self {
        Self(Arc::new(services))
    }

    /// Settings from the environment alone.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) names the variable that is malformed.
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// Starts with nothing set.
    pub fn builder() -> NhnBuilder {
        NhnBuilder::default()
    }

    /// The realm.
    #[must_use]
    pub fn realm(&self) -> Realm {
        self.0.realm
    }

    /// The current version of Security Advisor.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) names the setting that is missing.
    #[cfg(feature = "security-advisor")]
    pub fn security_advisor(&self) -> Result<crate::security_advisor::v1_0::Client> {
        self.security_advisor_v1_0()
    }

    /// Security Advisor 1.0.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) names the setting that is missing.
    #[cfg(feature = "security-advisor")]
    pub fn security_advisor_v1_0(&self) -> Result<crate::security_advisor::v1_0::Client> {
        configured("Security Advisor", &self.0.security_advisor).map(crate::security_advisor::v1_0::Client::new)
    }

    /// The current version of Server Security Check.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) names the setting that is missing.
    #[cfg(feature = "server-security-check")]
    pub fn server_security_check(&self) -> Result<crate::server_security_check::v1_0::Client> {
        self.server_security_check_v1_0()
    }

    /// Server Security Check 1.0.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) names the setting that is missing, or says that the
    /// realm has no such service.
    #[cfg(feature = "server-security-check")]
    pub fn server_security_check_v1_0(&self) -> Result<crate::server_security_check::v1_0::Client> {
        configured("Server Security Check", &self.0.server_security_check)
            .map(crate::server_security_check::v1_0::Client::new)
    }

    /// Secure Key Manager 1.0, which has all of its operations.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) names the setting that is missing.
    #[cfg(feature = "secure-key-manager")]
    pub fn secure_key_manager(&self) -> Result<crate::secure_key_manager::v1_0::Client> {
        self.secure_key_manager_v1_0()
    }

    /// Secure Key Manager 1.0.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) names the setting that is missing.
    #[cfg(feature = "secure-key-manager")]
    pub fn secure_key_manager_v1_0(&self) -> Result<crate::secure_key_manager::v1_0::Client> {
        configured("Secure Key Manager", &self.0.secure_key_manager).map(crate::secure_key_manager::v1_0::Client::new)
    }

    /// Secure Key Manager 1.1, which reads earlier versions of symmetric keys and has nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) names the setting that is missing.
    #[cfg(feature = "secure-key-manager")]
    pub fn secure_key_manager_v1_1(&self) -> Result<crate::secure_key_manager::v1_1::Client> {
        configured("Secure Key Manager", &self.0.secure_key_manager).map(crate::secure_key_manager::v1_1::Client::new)
    }
}

/// A copy of the client, or the error that says what its service lacks.
#[cfg(any(feature = "secure-key-manager", feature = "security-advisor", feature = "server-security-check"))]
fn configured(service: &str, slot: &Slot) -> Result<Client> {
    slot.clone().map_err(|missing| cloud_core::Error::config(format!("{service} cannot be used: {missing}")))
}

impl fmt::Debug for Nhn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nhn")
            .field("realm", &self.0.realm)
            .field("security_advisor", &self.0.security_advisor)
            .field("server_security_check", &self.0.server_security_check)
            .field("secure_key_manager", &self.0.secure_key_manager)
            .finish()
    }
}

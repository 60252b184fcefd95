//! Where secrets come from, for what holds them without knowing a vendor.

use std::fmt;
use std::sync::Arc;

use super::SecretString;
use crate::error::Result;
use crate::runtime::BoxFuture;

/// A service that stores secrets, each under an ID that never changes and a name.
///
/// The SDKs implement it: `scp-security` for the clients of Secrets Manager, `nhn-security` for a key store of Secure
/// Key Manager. `cloud-secrets` caches what it returns.
///
/// The categories of the errors decide what a cache does. [Denied](crate::ErrorCategory::Denied),
/// [invalid credentials](crate::ErrorCategory::InvalidCredentials), [not found](crate::ErrorCategory::NotFound) and
/// [conflict](crate::ErrorCategory::Conflict) mean that the secret may no longer be used. All other errors mean that
/// the service cannot be asked now.
///
/// ```
/// use cloud_core::{BoxFuture, Error, ErrorCategory, ErrorKind, Result, SecretSource, SecretString};
///
/// /// One secret, for a test.
/// #[derive(Debug)]
/// struct Fixed;
///
/// impl SecretSource for Fixed {
///     fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
///         let missing = || Error::builder(ErrorKind::Lookup, "no secret has this name").category(ErrorCategory::NotFound);
///         let found = if name == "db-password" { Ok("id-1".to_owned()) } else { Err(missing().build()) };
///         Box::pin(async { found })
///     }
///
///     fn fetch<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<SecretString>> {
///         Box::pin(async { Ok("correct horse".into()) })
///     }
/// }
/// ```
pub trait SecretSource: fmt::Debug + Send + Sync {
    /// Returns the ID of the only secret with exactly this name.
    ///
    /// # Errors
    /// [`ErrorKind::Lookup`](crate::ErrorKind::Lookup) if no secret has the name (with the category not found) or more
    /// than one has it, and the errors of the request.
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>>;

    /// Returns the current value of the secret with this ID.
    ///
    /// # Errors
    /// The errors of the request. A secret that is stopped or scheduled for deletion is an error of the category
    /// conflict, whether or not the service still returns its value.
    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>>;
}

impl<T: SecretSource + ?Sized> SecretSource for Arc<T> {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
        T::resolve(self, name)
    }

    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        T::fetch(self, id)
    }
}

/// Which secret is meant: by its ID or by its name. A plain string is a name.
///
/// `Debug` shows neither, since names are sent as query values.
///
/// ```
/// use cloud_core::SecretRef;
///
/// assert_eq!(SecretRef::from("db-password"), SecretRef::name("db-password"));
/// assert_ne!(SecretRef::id("db-password"), SecretRef::name("db-password"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretRef<'a> {
    /// The ID that the service gave the secret.
    Id(&'a str),
    /// The name, which must be that of one secret.
    Name(&'a str),
}

impl<'a> SecretRef<'a> {
    /// Refers to the secret with this ID. No lookup is needed.
    #[must_use]
    pub const fn id(id: &'a str) -> Self {
        Self::Id(id)
    }

    /// Refers to the only secret with this name.
    #[must_use]
    pub const fn name(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl<'a> From<&'a str> for SecretRef<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl<'a> From<&'a String> for SecretRef<'a> {
    fn from(name: &'a String) -> Self {
        Self::Name(name)
    }
}

impl fmt::Debug for SecretRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id(_) => "SecretRef::Id([redacted])",
            Self::Name(_) => "SecretRef::Name([redacted])",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_id_nor_name() {
        for secret in [SecretRef::id("canary-of-eight"), SecretRef::name("canary-of-eight")] {
            assert!(!format!("{secret:?}").contains("canary"), "{secret:?}");
        }
    }
}

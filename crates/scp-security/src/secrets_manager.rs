//! Secrets Manager: secrets in versions, with labels and lists of allowed addresses.
//!
//! The value of a secret is a JSON object of names and strings, up to 10 pairs:
//!
//! ```no_run
//! use scp_security::SecretJson;
//! use scp_security::secrets_manager::types::ShowSecretValueRequest;
//!
//! # async fn run(secret_id: &str) -> scp_security::Result<()> {
//! let secrets = scp_security::Scp::from_env()?.secrets_manager();
//! let current = ShowSecretValueRequest::default().with_label("CURRENT");
//! let shown = secrets.show_secret_value(secret_id, &current).await?;
//! let password = shown.secret_value()?.get("password");
//! # Ok(())
//! # }
//! ```
//!
//! [`parse`](types::ShowSecretValueResponse::parse) reads it as your own type.

use cloud_core::{Result, SecretString};
use serde::de::DeserializeOwned;

use crate::{by_name, usable};

mod source;

pub use crate::generated::secrets_manager::*;
pub use source::Source;

impl<V: client::Version> client::Client<V> {
    /// Returns the secret with exactly this name.
    ///
    /// Lists the secrets and compares whole names, because the vendor does not document whether its filter compares a
    /// part of the name. Names need not be unique, and a secret that is scheduled for deletion counts.
    ///
    /// # Errors
    /// [`ErrorKind::Lookup`](crate::ErrorKind::Lookup) if no secret has the name (`is_not_found()` is then true) or
    /// more than one has it.
    pub async fn secret_by_name(&self, name: &str) -> Result<types::Secret> {
        let secrets = self.list_secrets().name(name).items();
        by_name::only("secret", secrets, |secret| secret.name.as_deref() == Some(name)).await
    }
}

impl types::ShowSecretValueResponse {
    /// Reads the value as your own type, as [`SecretString::parse_json`] does.
    ///
    /// The documented value is an object of names and strings. Numbers, arrays and nested objects are read as well, and
    /// so is a value that is not an object, where the type fits.
    ///
    /// ```no_run
    /// use scp_security::SecretString;
    /// use scp_security::secrets_manager::types::ShowSecretValueRequest;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Login {
    ///     user: String,
    ///     password: SecretString,
    /// }
    ///
    /// # async fn run(scp: &scp_security::Scp, secret_id: &str) -> scp_security::Result<()> {
    /// let current = ShowSecretValueRequest::default().with_label("CURRENT");
    /// let login = scp.secrets_manager().show_secret_value(secret_id, &current).await?.parse::<Login>()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the value does not fit. It names the place, and shows no value.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        let Some(raw) = self.secret_value.raw() else { return self.secret_value()?.decode() };
        let raw = SecretString::from(raw);
        // JSON in a string, as documented, or the string itself.
        match raw.parse_json::<SecretString>() {
            Ok(text) => text.parse_json().or_else(|first| raw.parse_json().map_err(|_| first)),
            Err(_) => raw.parse_json(),
        }
    }
}

macro_rules! scheduled {
    ($($model:ident),*) => {$(
        impl types::$model {
            /// Returns whether the secret is scheduled for deletion. The service writes that state in several ways, such as
            /// `To be terminated`, of which [`SecretState`](types::SecretState) knows the documented one alone.
            #[must_use]
            pub fn is_scheduled_for_deletion(&self) -> bool {
                source::reason_against(self.state.as_ref(), self.deleted_at.as_ref()) == Some(usable::SCHEDULED)
            }
        }
    )*};
}

scheduled!(Secret, SecretDetail);

impl types::SetAclCidrRequest {
    /// Creates the body that removes the limit of networks.
    ///
    /// The vendor does not document the effect: afterwards either every network can read the value, or none can. Assume
    /// that the value is open to every network. [`new`](Self::new) sets the networks.
    #[must_use]
    pub fn without_limit() -> Self {
        Self { acl_cidr: None }
    }
}

impl types::SetDescriptionRequest {
    /// Creates the body that removes the description.
    #[must_use]
    pub fn without_description() -> Self {
        Self { description: None }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cloud_core::{ErrorKind, SecretString};

    use super::types::ShowSecretValueResponse;

    #[test]
    fn secret_that_is_scheduled_for_deletion_is_known_by_every_spelling_of_its_state() {
        for (state, deleted, expected) in [
            ("\"To_Be_Terminated\"", "null", true),
            ("\"To be terminated\"", "null", true),
            ("\"TO_BE_TERMINATED\"", "\"2026-01-01 00:00:00.000\"", true),
            ("null", "\"2026-01-01 00:00:00.000\"", true),
            ("\"Active\"", "\"2026-01-01 00:00:00.000\"", false),
            ("\"Stop\"", "null", false),
            ("null", "null", false),
        ] {
            let json = format!(
                r#"{{"account_id":"a","created_at":"2026-01-01T00:00:00Z","created_by":"u","deleted_at":{deleted},
                "id":"i","kms_id":"k","kms_name":"n","modified_at":"2026-01-01T00:00:00Z","modified_by":"u",
                "state":{state}}}"#
            );
            let secret: super::types::Secret = cloud_core::testing::response(&json).unwrap();
            assert_eq!(secret.is_scheduled_for_deletion(), expected, "{state} {deleted}");
        }
    }

    fn shown(value: &str) -> ShowSecretValueResponse {
        cloud_core::testing::response(&format!(r#"{{"secret_value":{value}}}"#)).unwrap()
    }

    #[test]
    fn value_is_read_as_a_type_whatever_form_it_has() {
        let object = shown(r#""{\"port\":5432,\"password\":\"a\\\"b\"}""#);
        #[derive(serde::Deserialize)]
        struct Login {
            port: u16,
            password: SecretString,
        }
        let login: Login = object.parse().unwrap();
        assert_eq!((login.port, login.password.expose_secret()), (5432, "a\"b"));
        let bare: BTreeMap<String, u8> = shown(r#"{"a":1}"#).parse().unwrap();
        assert_eq!(bare["a"], 1);
        assert_eq!(shown(r#""[1,2]""#).parse::<Vec<u8>>().unwrap(), [1, 2]);
        assert_eq!(shown(r#""hunter2""#).parse::<SecretString>().unwrap().expose_secret(), "hunter2");
        assert_eq!(shown("7").parse::<u8>().unwrap(), 7);
        for value in [r#""S3CRET""#, r#""{\"port\":\"S3CRET\",\"password\":\"x\"}""#, "null", r#"["S3CRET"]"#] {
            let error = shown(value).parse::<Login>().map(|_| ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{value}");
            assert!(!format!("{error} {error:?}").contains("S3CRET"), "{error}");
        }
    }
}

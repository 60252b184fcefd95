//! How keys, secrets and pairs are named on the command line.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cloud_core::config::ProcessEnv;
use cloud_core::{DataKeySource, SecretRef, SecretSource};
use cloud_envelope::Sealer;

use crate::exit::Result;
use crate::vendors::{self, Vendor};

/// A key: `scp:ID` of Key Management Service, or `nhn:ID` of Secure Key Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRef {
    vendor: Vendor,
    id: String,
}

impl FromStr for KeyRef {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (vendor, id) = vendor(text, "a key is scp:ID or nhn:ID")?;
        Ok(Self { vendor, id: id.to_owned() })
    }
}

/// Splits `VENDOR:REST` for the vendors that have keys and secrets.
fn vendor<'a>(text: &'a str, usage: &str) -> std::result::Result<(Vendor, &'a str), String> {
    let (vendor, rest) = text.split_once(':').ok_or(usage)?;
    match (vendor.parse(), rest) {
        (Ok(Vendor::Scp | Vendor::Nhn), "") | (Ok(Vendor::Risken) | Err(_), _) => Err(usage.to_owned()),
        (Ok(vendor), rest) => Ok((vendor, rest)),
    }
}

/// Returns a sealer with these keys.
pub(crate) fn sealer(keys: &[KeyRef]) -> Result<Sealer> {
    let mut sources = keys.iter().map(source).collect::<Result<Vec<_>>>()?.into_iter();
    // clap requires a key.
    let first =
        sources.next().ok_or_else(|| crate::exit::Failure::usage("no key: use --key scp:ID or --key nhn:ID"))?;
    Ok(sources.fold(Sealer::builder(first), cloud_envelope::SealerBuilder::also).build()?)
}

fn source(key: &KeyRef) -> Result<Arc<dyn DataKeySource>> {
    let failed = vendors::settings_failure(key.vendor);
    Ok(match key.vendor {
        Vendor::Scp => Arc::new(vendors::scp(ProcessEnv).build().map_err(failed)?.kms().key(&*key.id)),
        _ => {
            let client = vendors::nhn(ProcessEnv).build().and_then(|nhn| nhn.secure_key_manager());
            Arc::new(client.map_err(failed)?.key(&*key.id))
        }
    })
}

/// A secret: `scp:NAME`, `nhn:KEY-STORE/NAME`, or `VENDOR:id=ID`; with `#FIELD`, one member of its JSON object.
///
/// `Debug` shows no names: they are sent as query values.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SecretName {
    pub(crate) vendor: Vendor,
    key_store: String,
    name: Name,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Id(String),
    Name(String),
}

impl fmt::Debug for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretName").field("vendor", &self.vendor).finish_non_exhaustive()
    }
}

const SECRET_USAGE: &str = "a secret is scp:NAME, nhn:KEY-STORE/NAME, or VENDOR:id=ID, with #FIELD for one member";

impl SecretName {
    fn parse(text: &str) -> std::result::Result<Self, String> {
        let (vendor, rest) = vendor(text, SECRET_USAGE)?;
        let (key_store, name) = match (rest.strip_prefix("id="), vendor) {
            (Some(id), _) => ("", Name::Id(id.to_owned())),
            (None, Vendor::Nhn) => {
                let (store, name) = rest.split_once('/').ok_or(SECRET_USAGE)?;
                (store, Name::Name(name.to_owned()))
            }
            (None, _) => ("", Name::Name(rest.to_owned())),
        };
        let (Name::Id(own) | Name::Name(own)) = &name;
        if own.is_empty() || (vendor == Vendor::Nhn && matches!(name, Name::Name(_)) && key_store.is_empty()) {
            return Err(SECRET_USAGE.to_owned());
        }
        Ok(Self { vendor, key_store: key_store.to_owned(), name })
    }

    /// Returns the service that has the secret.
    pub(crate) fn source(&self) -> Result<Arc<dyn SecretSource>> {
        let failed = vendors::settings_failure(self.vendor);
        Ok(match self.vendor {
            Vendor::Scp => Arc::new(vendors::scp(ProcessEnv).build().map_err(failed)?.secrets_manager().source()),
            _ => {
                let client = vendors::nhn(ProcessEnv).build().and_then(|nhn| nhn.secure_key_manager());
                Arc::new(client.map_err(failed)?.key_store(&*self.key_store))
            }
        })
    }

    pub(crate) fn as_ref(&self) -> SecretRef<'_> {
        match &self.name {
            Name::Id(id) => SecretRef::id(id),
            Name::Name(name) => SecretRef::name(name),
        }
    }
}

/// A variable, and the secret that it gets: `NAME=SECRET`.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    pub(crate) variable: String,
    pub(crate) secret: SecretName,
    pub(crate) field: Option<String>,
}

impl FromStr for Binding {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (variable, secret) = text.split_once('=').ok_or("it is NAME=SECRET, such as DB_PASSWORD=scp:my-secret")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if variable.is_empty() || variable.starts_with(|c: char| c.is_ascii_digit()) || !variable.chars().all(plain) {
            return Err(
                "the name of a variable has letters, digits and `_`, and does not begin with a digit".to_owned()
            );
        }
        let (secret, field) = match secret.rsplit_once('#') {
            Some((_, "")) => return Err(SECRET_USAGE.to_owned()),
            Some((secret, field)) => (secret, Some(field.to_owned())),
            None => (secret, None),
        };
        Ok(Self { variable: variable.to_owned(), secret: SecretName::parse(secret)?, field })
    }
}

/// A pair of the encryption context: `NAME=VALUE`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pair(pub(crate) String, pub(crate) String);

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self(name.to_owned(), value.to_owned())),
            _ => Err("a pair of the context is NAME=VALUE".to_owned()),
        }
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pair([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_secrets_parse() {
        for (text, wanted) in [
            ("A=scp:db", Some((Vendor::Scp, "", Name::Name("db".to_owned()), None))),
            ("A=scp:db#password", Some((Vendor::Scp, "", Name::Name("db".to_owned()), Some("password")))),
            ("A=scp:id=7#a.b", Some((Vendor::Scp, "", Name::Id("7".to_owned()), Some("a.b")))),
            ("A=scp:a=b", Some((Vendor::Scp, "", Name::Name("a=b".to_owned()), None))),
            ("A_1=nhn:store/a/b", Some((Vendor::Nhn, "store", Name::Name("a/b".to_owned()), None))),
            ("A=nhn:id=7", Some((Vendor::Nhn, "", Name::Id("7".to_owned()), None))),
            ("A=nhn:name", None),
            ("A=nhn:/name", None),
            ("A=nhn:store/", None),
            ("A=scp:", None),
            ("A=scp:id=", None),
            ("A=scp:db#", None),
            ("A=risken:db", None),
            ("A=db", None),
            ("=scp:db", None),
            ("1A=scp:db", None),
            ("A B=scp:db", None),
            ("A", None),
        ] {
            let found = text.parse::<Binding>().ok();
            let found = found.map(|own| (own.secret.vendor, own.secret.key_store, own.secret.name, own.field));
            let wanted =
                wanted.map(|(vendor, store, name, field)| (vendor, store.to_owned(), name, field.map(str::to_owned)));
            assert!(found == wanted, "{text}");
        }
        for (text, is_key) in [("scp:1", true), ("nhn:a:b", true), ("scp:", false), ("risken:1", false), ("1", false)] {
            assert_eq!(text.parse::<KeyRef>().is_ok(), is_key, "{text}");
        }
    }

    #[test]
    fn debug_shows_no_names_of_secrets_and_no_context() {
        let binding: Binding = "A=nhn:canary-store/canary-name".parse().unwrap();
        let pair: Pair = "canary-a=canary-b".parse().unwrap();
        let shown = format!("{binding:?} {pair:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}

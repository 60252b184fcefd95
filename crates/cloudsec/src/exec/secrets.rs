//! Fetching the secrets, and reading a member of a JSON object.

use std::collections::BTreeMap;
use std::fmt;

use cloud_core::{SecretRef, SecretString};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::exit::{Failure, Result};
use crate::output;
use crate::reference::{Binding, SecretName};

/// The value of a variable or file.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) variable: String,
    pub(super) secret: SecretString,
}

/// Fetches the secrets, each once, in the order of the bindings. A secret that is not there is `None` unless `strict`.
///
/// Each value is read from the service now, so none is stale.
pub(super) async fn fetch(bindings: &[&Binding], strict: bool, quiet: bool) -> Result<Vec<Option<Value>>> {
    let mut known: BTreeMap<&SecretName, Option<SecretString>> = BTreeMap::new();
    let mut values = Vec::new();
    for Binding { variable, secret, field } in bindings {
        if !known.contains_key(secret) {
            let found = match one(secret).await {
                Ok(value) => Some(value),
                Err(Missing::Gone(error)) if !strict => {
                    output::note(quiet, &format!("cloudsec: {variable} is left out: {error}"));
                    None
                }
                Err(Missing::Gone(error)) => return Err(Failure::from(error).context(variable)),
                Err(Missing::Failed(failure)) => return Err(failure.context(variable)),
            };
            known.insert(secret, found);
        }
        let value = match known.get(secret).and_then(Option::as_ref) {
            Some(value) => Some(member(value, field.as_deref()).map_err(|failure| failure.context(variable))?),
            None => None,
        };
        values.push(value.map(|secret| Value { variable: variable.clone(), secret }));
    }
    Ok(values)
}

/// Why a secret cannot be had.
enum Missing {
    /// The service says that it does not exist or may not be used at the moment.
    Gone(cloud_core::Error),
    Failed(Failure),
}

async fn one(secret: &SecretName) -> std::result::Result<SecretString, Missing> {
    let source = secret.source().map_err(Missing::Failed)?;
    let told_apart = |error: cloud_core::Error| match error.is_not_found() || error.is_conflict() {
        true => Missing::Gone(error),
        false => Missing::Failed(error.into()),
    };
    match secret.as_ref() {
        SecretRef::Name(name) => {
            let id = source.resolve(name).await.map_err(told_apart)?;
            source.fetch(&id).await.map_err(told_apart)
        }
        SecretRef::Id(id) => source.fetch(id).await.map_err(told_apart),
        _ => Err(Missing::Failed(Failure::usage("unknown kind of secret reference"))),
    }
}

/// Returns the secret, or a member of its JSON object. Errors name the member and show no value.
fn member(value: &SecretString, field: Option<&str>) -> Result<SecretString> {
    let found = match field {
        None => value.clone(),
        Some(field) => {
            let members: BTreeMap<String, Scalar> = value.parse_json()?;
            let found = members.into_iter().find(|(name, _)| name == field);
            let (_, Scalar(found)) =
                found.ok_or_else(|| Failure::new(format!("the secret has no member {field:?}")))?;
            found.ok_or_else(|| Failure::new(format!("the member {field:?} is not a string, a number or a boolean")))?
        }
    };
    // Neither a variable nor most programs can hold it.
    if found.expose_secret().contains('\0') {
        return Err(Failure::new("the secret contains a NUL character"));
    }
    Ok(found)
}

/// A string, a number or a boolean as text; `None` for anything else, which may be a member that is not asked for.
struct Scalar(Option<SecretString>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Scalar, E> {
        Ok(Scalar(Some(text.into())))
    }

    fn visit_string<E>(self, text: String) -> std::result::Result<Scalar, E> {
        Ok(Scalar(Some(text.into())))
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string().into())))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string().into())))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string().into())))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string().into())))
    }

    fn visit_unit<E>(self) -> std::result::Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Scalar, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<Scalar, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_is_text_whatever_else_the_object_has() {
        let secret = SecretString::from(r#"{"a":"x\ny","n":5432,"t":true,"z":null,"o":{"a":[1,{}]},"nul":"\u0000"}"#);
        for (field, wanted) in [("a", "x\ny"), ("n", "5432"), ("t", "true")] {
            assert_eq!(member(&secret, Some(field)).unwrap().expose_secret(), wanted);
        }
        for (field, wanted) in [("z", "is not a string"), ("o", "is not a string"), ("b", "no member"), ("nul", "NUL")]
        {
            assert!(member(&secret, Some(field)).unwrap_err().text().contains(wanted), "{field}");
        }
        assert_eq!(member(&secret, None).unwrap().expose_secret(), secret.expose_secret());
        let canary = SecretString::from("canary-of-16-let");
        let error = member(&canary, Some("a")).unwrap_err();
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}

//! Signatures and codes.

use cloud_core::SecretString;
use serde::{Deserialize, Serialize};

use super::Chosen;
use super::batch::{self, Item};
use super::crypt::{check_name, check_version, decode};
use crate::body::{self, Absent, Number};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::keys::{NamedKeys, Signing};
use crate::reply::{Reply, expose};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code, reason = "what is not supported is only checked")]
struct Request {
    name: Option<String>,
    input: Option<SecretString>,
    signature: Option<String>,
    hmac: Option<SecretString>,
    key_version: Option<Number>,
    batch_input: Option<Vec<Input>>,
    hash_algorithm: Option<String>,
    /// The older name of the same.
    algorithm: Option<String>,
    signature_algorithm: Option<String>,
    marshaling_algorithm: Option<String>,
    salt_length: Option<SaltLength>,
    prehashed: Absent,
    context: Absent,
    cmac: Absent,
}

/// A number, also as a string, or `auto` or `hash`.
#[derive(Deserialize)]
#[serde(untagged)]
enum SaltLength {
    Number(u64),
    Text(String),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code, reason = "what is not supported is only checked")]
struct Input {
    input: Option<SecretString>,
    signature: Option<String>,
    hmac: Option<SecretString>,
    reference: Option<String>,
    context: Absent,
}

impl Request {
    /// Rejects algorithms that no service has: all hash with SHA-256 and encode as ASN.1.
    fn check(&self, key: &str, of_path: Option<&str>) -> Result<Signing> {
        check_name(self.name.as_deref(), key)?;
        for name in [of_path, self.hash_algorithm.as_deref(), self.algorithm.as_deref()].into_iter().flatten() {
            if !matches!(name, "sha2-256" | "") {
                return Err(Failure::invalid("the hash algorithm must be sha2-256: the service has no other"));
            }
        }
        match self.marshaling_algorithm.as_deref() {
            None | Some("" | "asn1") => {}
            Some(_) => return Err(Failure::invalid("`marshaling_algorithm` must be asn1: the service has no other")),
        }
        match &self.salt_length {
            None | Some(SaltLength::Number(32)) => {}
            Some(SaltLength::Text(text)) if matches!(text.as_str(), "" | "auto" | "hash" | "32") => {}
            Some(_) => return Err(Failure::invalid("`salt_length` must be hash: the service has no other")),
        }
        match self.signature_algorithm.as_deref() {
            None | Some("" | "pss") => Ok(Signing::Pss),
            Some("pkcs1v15") => Ok(Signing::Pkcs1V15),
            Some(_) => Err(Failure::invalid("`signature_algorithm` must be pss or pkcs1v15")),
        }
    }

    /// The item of the request itself, and those of its batch, each with what applies to all.
    fn items<T>(self, item: impl Fn(Input, Option<Number>) -> T) -> (T, Option<Vec<T>>) {
        let Self { input, signature, hmac, key_version, batch_input, .. } = self;
        let single = Input { input, signature, hmac, ..Input::default() };
        let batch = batch_input.map(|items| items.into_iter().map(|input| item(input, key_version)).collect());
        (item(single, key_version), batch)
    }
}

struct Sign(Input, Signing, Option<Number>);

#[derive(Serialize)]
struct Signature {
    signature: String,
    key_version: u64,
}

impl Item for Sign {
    type Done = Signature;

    fn reference(&mut self) -> Option<String> {
        self.0.reference.take()
    }

    async fn run(self, chosen: Chosen) -> Result<Signature> {
        let Self(input, how, version) = self;
        if input.signature.is_some() || input.hmac.is_some() {
            return Err(Failure::invalid("`signature` and `hmac` are parameters of verify"));
        }
        let made = chosen.keys.sign(&chosen.id, decode("input", input.input.as_ref())?, how).await?;
        check_version(version, &made)?;
        Ok(Signature { signature: made.text, key_version: made.version })
    }
}

/// `POST sign/{name}`.
pub(super) async fn sign(keys: &NamedKeys, context: &Context<'_>, key: &str, hash: Option<&str>) -> Result<Reply> {
    let bytes = context.body().await?;
    let request: Request = body::read(&bytes)?;
    let how = request.check(key, hash)?;
    let (single, batch) = request.items(|input, version| Sign(input, how, version));
    let chosen = Chosen::new(keys, key).await?;
    batch::run(context, chosen, single, batch, None, true).await
}

struct Verify(Input, Signing);

#[derive(Serialize)]
struct Verdict {
    valid: bool,
}

impl Item for Verify {
    type Done = Verdict;

    fn reference(&mut self) -> Option<String> {
        self.0.reference.take()
    }

    async fn run(self, chosen: Chosen) -> Result<Verdict> {
        let Self(input, how) = self;
        let data = decode("input", input.input.as_ref())?;
        let valid = match (&input.signature, &input.hmac) {
            (Some(signature), None) => chosen.keys.verify(&chosen.id, data, signature, how).await?,
            (None, Some(hmac)) => chosen.keys.verify_hmac(&chosen.id, data, hmac.expose_secret()).await?,
            _ => return Err(Failure::invalid("verify needs `signature` or `hmac`, and not both")),
        };
        Ok(Verdict { valid })
    }
}

/// `POST verify/{name}`.
pub(super) async fn verify(keys: &NamedKeys, context: &Context<'_>, key: &str, hash: Option<&str>) -> Result<Reply> {
    let bytes = context.body().await?;
    let request: Request = body::read(&bytes)?;
    let how = request.check(key, hash)?;
    if request.key_version.is_some_and(|version| version != Number(0)) {
        return Err(Failure::invalid("`key_version` is not a parameter of verify: the signature names its version"));
    }
    let (single, batch) = request.items(|input, _| Verify(input, how));
    let chosen = Chosen::new(keys, key).await?;
    batch::run(context, chosen, single, batch, None, true).await
}

struct Authenticate(Input, Option<Number>);

#[derive(Serialize)]
struct Code {
    #[serde(serialize_with = "expose")]
    hmac: SecretString,
}

impl Item for Authenticate {
    type Done = Code;

    fn reference(&mut self) -> Option<String> {
        self.0.reference.take()
    }

    async fn run(self, chosen: Chosen) -> Result<Code> {
        let Self(input, version) = self;
        if input.signature.is_some() || input.hmac.is_some() {
            return Err(Failure::invalid("`signature` and `hmac` are parameters of verify"));
        }
        let hmac = chosen.keys.hmac(&chosen.id, decode("input", input.input.as_ref())?).await?;
        let used = crate::keys::unwrap(hmac.expose_secret()).map_or(0, |(version, _)| version);
        check_version(version, &crate::keys::Versioned::new("", used))?;
        Ok(Code { hmac })
    }
}

/// `POST hmac/{name}`.
pub(super) async fn hmac(keys: &NamedKeys, context: &Context<'_>, key: &str, hash: Option<&str>) -> Result<Reply> {
    let bytes = context.body().await?;
    let request: Request = body::read(&bytes)?;
    request.check(key, hash)?;
    let (single, batch) = request.items(Authenticate);
    let chosen = Chosen::new(keys, key).await?;
    batch::run(context, chosen, single, batch, None, true).await
}

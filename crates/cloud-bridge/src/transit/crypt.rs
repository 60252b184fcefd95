//! Encrypting, decrypting and re-encrypting.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_core::codegen::Exposed;
use cloud_core::{SecretBytes, SecretString, secret};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize, Serializer};

use super::Chosen;
use super::batch::{self, Item};
use crate::body::{self, Absent, Number};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::keys::{NamedKeys, Versioned};
use crate::reply::Reply;

/// Data of a request, from Base64.
pub(super) fn decode(name: &str, text: Option<&SecretString>) -> Result<SecretBytes> {
    let text = text.ok_or_else(|| Failure::invalid(format!("missing `{name}`")))?;
    let text = text.expose_secret();
    // Go's decoder ignores line breaks, and `base64` of coreutils writes them.
    let breaks = text.bytes().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len() - breaks));
    if breaks > 0 {
        plain.extend(text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')));
    }
    let bytes = if breaks > 0 { plain.as_slice() } else { text.as_bytes() };
    // Exactly as long as the data, so that no copy is left behind.
    let decoded = STANDARD.decode(bytes);
    decoded.map(SecretBytes::from).map_err(|_| Failure::invalid(format!("`{name}` is not Base64")))
}

/// Data of a response, as Base64.
pub(super) fn encode<S: Serializer>(bytes: &SecretBytes, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    Exposed(&secret::to_base64(bytes.expose_secret())).serialize(serializer)
}

/// Rejects a name that is not that of the path: some clients repeat it in the body.
pub(super) fn check_name(name: Option<&str>, key: &str) -> Result<()> {
    match name {
        Some(name) if name != key => Err(Failure::invalid("`name` is not that of the path")),
        _ => Ok(()),
    }
}

/// Rejects a version that is not the one that the service has used.
pub(super) fn check_version(wanted: Option<Number>, used: &Versioned) -> Result<()> {
    match wanted {
        Some(Number(version)) if version != 0 && version != used.version => {
            Err(Failure::invalid("`key_version` must be the newest version: the service uses no other"))
        }
        _ => Ok(()),
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code, reason = "what is not supported is only checked")]
struct Encrypt {
    name: Option<String>,
    plaintext: Option<SecretString>,
    key_version: Option<Number>,
    batch_input: Option<Vec<EncryptItem>>,
    partial_failure_response_code: Option<Number>,
    /// The type of a key to create.
    r#type: Option<String>,
    context: Absent,
    nonce: Absent,
    associated_data: Absent,
    convergent_encryption: Absent,
    padding_scheme: Absent,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code, reason = "what is not supported is only checked")]
struct EncryptItem {
    plaintext: Option<SecretString>,
    key_version: Option<Number>,
    reference: Option<String>,
    context: Absent,
    nonce: Absent,
    associated_data: Absent,
    padding_scheme: Absent,
}

#[derive(Serialize)]
struct Ciphertext {
    ciphertext: String,
    key_version: u64,
}

impl From<Versioned> for Ciphertext {
    fn from(made: Versioned) -> Self {
        Self { ciphertext: made.text, key_version: made.version }
    }
}

impl Item for EncryptItem {
    type Done = Ciphertext;

    fn reference(&mut self) -> Option<String> {
        self.reference.take()
    }

    async fn run(self, chosen: Chosen) -> Result<Ciphertext> {
        let plaintext = decode("plaintext", self.plaintext.as_ref())?;
        let made = chosen.keys.encrypt(&chosen.id, plaintext).await?;
        check_version(self.key_version, &made)?;
        Ok(made.into())
    }
}

pub(super) async fn encrypt(keys: &NamedKeys, context: &Context<'_>, key: &str) -> Result<Reply> {
    let bytes = context.body().await?;
    let request: Encrypt = body::read(&bytes)?;
    let single =
        EncryptItem { plaintext: request.plaintext, key_version: request.key_version, ..EncryptItem::default() };
    check_name(request.name.as_deref(), key)?;
    let chosen = Chosen::new(keys, key).await?;
    batch::run(context, chosen, single, request.batch_input, request.partial_failure_response_code, false).await
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code, reason = "what is not supported is only checked")]
struct Decrypt {
    name: Option<String>,
    ciphertext: Option<String>,
    batch_input: Option<Vec<DecryptItem>>,
    partial_failure_response_code: Option<Number>,
    context: Absent,
    nonce: Absent,
    associated_data: Absent,
    padding_scheme: Absent,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code, reason = "what is not supported is only checked")]
struct DecryptItem {
    ciphertext: Option<String>,
    reference: Option<String>,
    context: Absent,
    nonce: Absent,
    associated_data: Absent,
    padding_scheme: Absent,
}

#[derive(Serialize)]
struct Plaintext {
    #[serde(serialize_with = "encode")]
    plaintext: SecretBytes,
}

fn ciphertext(text: Option<&str>) -> Result<&str> {
    text.ok_or_else(|| Failure::invalid("missing `ciphertext`"))
}

impl Item for DecryptItem {
    type Done = Plaintext;

    fn reference(&mut self) -> Option<String> {
        self.reference.take()
    }

    async fn run(self, chosen: Chosen) -> Result<Plaintext> {
        let ciphertext = ciphertext(self.ciphertext.as_deref())?;
        Ok(Plaintext { plaintext: chosen.keys.decrypt(&chosen.id, ciphertext).await? })
    }
}

pub(super) async fn decrypt(keys: &NamedKeys, context: &Context<'_>, key: &str) -> Result<Reply> {
    let bytes = context.body().await?;
    let request: Decrypt = body::read(&bytes)?;
    let single = DecryptItem { ciphertext: request.ciphertext, ..DecryptItem::default() };
    check_name(request.name.as_deref(), key)?;
    let chosen = Chosen::new(keys, key).await?;
    batch::run(context, chosen, single, request.batch_input, request.partial_failure_response_code, false).await
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code, reason = "what is not supported is only checked")]
struct Rewrap {
    name: Option<String>,
    ciphertext: Option<String>,
    key_version: Option<Number>,
    batch_input: Option<Vec<RewrapItem>>,
    partial_failure_response_code: Option<Number>,
    context: Absent,
    nonce: Absent,
    decrypt_padding_scheme: Absent,
    encrypt_padding_scheme: Absent,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code, reason = "what is not supported is only checked")]
struct RewrapItem {
    ciphertext: Option<String>,
    key_version: Option<Number>,
    reference: Option<String>,
    context: Absent,
    nonce: Absent,
    decrypt_padding_scheme: Absent,
    encrypt_padding_scheme: Absent,
}

impl Item for RewrapItem {
    type Done = Ciphertext;

    fn reference(&mut self) -> Option<String> {
        self.reference.take()
    }

    async fn run(self, chosen: Chosen) -> Result<Ciphertext> {
        let ciphertext = ciphertext(self.ciphertext.as_deref())?;
        let made = chosen.keys.rewrap(&chosen.id, ciphertext).await?;
        check_version(self.key_version, &made)?;
        Ok(made.into())
    }
}

pub(super) async fn rewrap(keys: &NamedKeys, context: &Context<'_>, key: &str) -> Result<Reply> {
    let bytes = context.body().await?;
    let request: Rewrap = body::read(&bytes)?;
    let single =
        RewrapItem { ciphertext: request.ciphertext, key_version: request.key_version, ..RewrapItem::default() };
    check_name(request.name.as_deref(), key)?;
    let chosen = Chosen::new(keys, key).await?;
    batch::run(context, chosen, single, request.batch_input, request.partial_failure_response_code, false).await
}

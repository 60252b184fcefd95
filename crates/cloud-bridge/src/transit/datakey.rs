//! Data keys and random bytes.

use cloud_core::{SecretBytes, SecretString, secret};
use serde::{Deserialize, Serialize, Serializer};

use super::Chosen;
use super::crypt::{check_name, encode};
use crate::body::{self, Absent, Number};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::keys::{NamedKeys, unusable};
use crate::random;
use crate::reply::{Reply, expose};

/// The most random bytes of a request, as for Vault.
const MOST: usize = 128 * 1024;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code, reason = "what is not supported is only checked")]
struct Request {
    name: Option<String>,
    bits: Option<Number>,
    context: Absent,
    nonce: Absent,
    padding_scheme: Absent,
    parameters: Absent,
}

#[derive(Serialize)]
struct Created {
    #[serde(serialize_with = "encode_some", skip_serializing_if = "Option::is_none")]
    plaintext: Option<SecretBytes>,
    ciphertext: String,
    key_version: u64,
}

fn encode_some<S: Serializer>(bytes: &Option<SecretBytes>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match bytes {
        Some(bytes) => encode(bytes, serializer),
        None => serializer.serialize_none(),
    }
}

/// `POST datakey/{plaintext,wrapped}/{name}`.
pub(super) async fn create(keys: &NamedKeys, context: &Context<'_>, key: &str, plaintext: bool) -> Result<Reply> {
    let bytes = context.body().await?;
    let request: Request = body::read(&bytes)?;
    let bits = request.bits.map(|bits| bits.0).filter(|bits| *bits != 0).unwrap_or(256);
    let bits = u16::try_from(bits).ok().filter(|bits| [128, 256, 512].contains(bits));
    let Some(bits) = bits else {
        return Err(Failure::invalid("`bits` must be 128, 256 or 512"));
    };
    check_name(request.name.as_deref(), key)?;
    let chosen = Chosen::new(keys, key).await?;
    let made = chosen.keys.data_key(&chosen.id, bits, plaintext).await.map_err(unusable)?;
    let (ciphertext, key_version) = (made.ciphertext.text, made.ciphertext.version);
    context.data("transit", &Created { plaintext: made.plaintext, ciphertext, key_version })
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RandomRequest {
    bytes: Option<Number>,
    format: Option<String>,
    source: Option<String>,
}

#[derive(Serialize)]
struct Random {
    #[serde(serialize_with = "expose")]
    random_bytes: SecretString,
}

/// `POST random/{bytes}`: bytes of this machine's random source.
pub(super) async fn random(context: &Context<'_>, bytes: Option<&str>) -> Result<Reply> {
    let request_bytes = context.body().await?;
    let request: RandomRequest = body::read(&request_bytes)?;
    if request.source.is_some_and(|source| source != "platform") {
        return Err(Failure::invalid("`source` must be platform"));
    }
    let wrong = || Failure::invalid(format!("`bytes` must be a number from 1 to {MOST}"));
    let count = match (bytes, request.bytes) {
        (Some(text), _) => text.parse().map_err(|_| wrong())?,
        (None, Some(Number(number))) => usize::try_from(number).map_err(|_| wrong())?,
        (None, None) => 32,
    };
    if !(1..=MOST).contains(&count) {
        return Err(wrong());
    }
    let made = random::bytes(count)?;
    let random_bytes = match request.format.as_deref() {
        None | Some("" | "base64") => secret::to_base64(made.expose_secret()),
        Some("hex") => hex(made.expose_secret()),
        Some(_) => return Err(Failure::invalid("`format` must be base64 or hex")),
    };
    context.data("transit", &Random { random_bytes })
}

fn hex(bytes: &[u8]) -> SecretString {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]));
    text.into()
}

//! The operations that use keys: encrypting, signing and authenticating data.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::key::{Condition, Key, nanoseconds};
use super::material::{Material, Purpose, Use};
use crate::call::Call;
use crate::scp::error::ErrorResponse;
use crate::scp::state::State;
use crate::state::table::Change;

/// The most bytes that are encrypted, signed or authenticated at a time.
const LONGEST: usize = 32 * 1024;

type HandlerResult = Result<Value, ErrorResponse>;

pub(super) fn encrypt(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let data = decode(call, "plaintext")?;
    let mut key = key(state, call, Use::Encrypt)?;
    let ciphertext = newest(&key)?.encrypt(key.purpose, &data, call.rng)?;
    key.use_count += 1;
    Ok(json!({ "ciphertext": stamp(key.current(), &ciphertext), "key_version": key.current() }))
}

pub(super) fn decrypt(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let mut key = key(state, call, Use::Encrypt)?;
    let (version, ciphertext) = stamped(call, "ciphertext")?;
    let data = version_of(&key, version)?.decrypt(key.purpose, &ciphertext, call.rng)?;
    key.use_count += 1;
    Ok(json!({ "plaintext": STANDARD.encode(data) }))
}

pub(super) fn rewrap(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let mut key = key(state, call, Use::Encrypt)?;
    let (version, ciphertext) = stamped(call, "ciphertext")?;
    let data = version_of(&key, version)?.decrypt(key.purpose, &ciphertext, call.rng)?;
    let ciphertext = newest(&key)?.encrypt(key.purpose, &data, call.rng)?;
    key.use_count += 1;
    Ok(json!({ "ciphertext": stamp(key.current(), &ciphertext), "key_version": key.current() }))
}

pub(super) fn create_data_key(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let in_the_clear = match call.text("key_type") {
        Some("plaintext") => true,
        Some("wrapped") => false,
        _ => return Err(ErrorResponse::validation("key_type must be plaintext or wrapped")),
    };
    let mut key = key(state, call, Use::Encrypt)?;
    let data = call.rng.bytes::<32>();
    let ciphertext = newest(&key)?.encrypt(key.purpose, &data, call.rng)?;
    key.use_count += 1;
    Ok(json!({
        "ciphertext": stamp(key.current(), &ciphertext),
        "key_version": key.current(),
        "plaintext": in_the_clear.then(|| STANDARD.encode(data)),
    }))
}

pub(super) fn sign(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let data = decode(call, "input")?;
    let mut key = key(state, call, Use::Sign)?;
    let signature = newest(&key)?.sign(key.purpose, &data, call.rng)?;
    key.use_count += 1;
    Ok(json!({ "key_version": key.current(), "signature": stamp(key.current(), &signature) }))
}

pub(super) fn verify(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let data = decode(call, "input")?;
    let mut key = key(state, call, Use::Sign)?;
    let (version, signature) = stamped(call, "signature")?;
    let valid = version_of(&key, version)?.verify(key.purpose, &data, &signature)?;
    key.use_count += 1;
    Ok(json!({ "valid": valid }))
}

pub(super) fn create_hmac(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let data = decode(call, "input")?;
    let mut key = key(state, call, Use::Authenticate)?;
    let code = code_material(&key, key.current())?.authenticate(&data)?;
    key.use_count += 1;
    Ok(json!({ "hmac": stamp(key.current(), &code) }))
}

pub(super) fn verify_hmac(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let data = decode(call, "input")?;
    let mut key = key(state, call, Use::Authenticate)?;
    let (version, code) = stamped(call, "hmac")?;
    let valid = code_material(&key, version)?.verify_code(&data, &code)?;
    key.use_count += 1;
    Ok(json!({ "valid": valid }))
}

/// The public half of a version of an asymmetric key.
pub(super) fn export_public_key(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let asked = call.body.get("key_version").and_then(Value::as_u64);
    let key = usable(state, call)?;
    let number = asked.map_or(key.current(), |number| usize::try_from(number).unwrap_or(usize::MAX));
    let purpose = key.purpose.name();
    let public_key = version_of(&key, number)?.public_key(key.purpose).ok_or_else(|| {
        ErrorResponse::invalid_input(format!("key {} has the purpose {purpose}, which has no public key", key.id))
    })?;
    Ok(json!({
        "creation_time": key.made_at(number).map(nanoseconds),
        "key_id": key.id,
        "key_version": number,
        "latest_version": key.current(),
        "public_key": public_key,
        "purpose": purpose,
    }))
}

/// The key of the path, if it is in use and made for this.
fn key<'a>(state: &'a mut State, call: &mut Call<'_>, purpose: Use) -> Result<Change<'a, Key>, ErrorResponse> {
    let key = usable(state, call)?;
    let extra = purpose == Use::Authenticate && key.code_material.is_some();
    if !key.purpose.allows(purpose) && !extra {
        let (id, name) = (&key.id, key.purpose.name());
        return Err(ErrorResponse::invalid_input(format!(
            "key {id} has the purpose {name}, which does not allow this"
        )));
    }
    Ok(key)
}

/// The key of the path, if it is in use and the caller may use it.
fn usable<'a>(state: &'a mut State, call: &mut Call<'_>) -> Result<Change<'a, Key>, ErrorResponse> {
    let keys = state.kms.settled(call)?;
    let id = call.argument("key_id");
    // These operations document no 404.
    let unknown = || ErrorResponse::invalid_input(format!("key {id} does not exist"));
    let key = keys.get_mut(id).ok_or_else(unknown)?;
    if key.managed {
        return Err(ErrorResponse::new(403, "Forbidden", format!("key {id} is used by the platform only")));
    }
    if key.condition != Condition::Active {
        return Err(ErrorResponse::invalid_input(format!("key {id} is not active: {}", key.condition.name())));
    }
    key.admit(call.caller())?;
    Ok(key)
}

fn newest(key: &Key) -> Result<&Material, ErrorResponse> {
    version_of(key, key.current())
}

fn version_of(key: &Key, number: usize) -> Result<&Material, ErrorResponse> {
    key.version(number).ok_or_else(|| ErrorResponse::invalid_input(format!("key {} has no version {number}", key.id)))
}

/// What codes of a version are made with.
fn code_material(key: &Key, number: usize) -> Result<&Material, ErrorResponse> {
    let own = version_of(key, number)?;
    let extra = key.code_material.as_ref().filter(|_| key.purpose != Purpose::Hmac);
    Ok(extra.unwrap_or(own))
}

/// Data of the body, from Base64.
fn decode(call: &Call<'_>, field: &str) -> Result<Vec<u8>, ErrorResponse> {
    let bytes = STANDARD.decode(call.text(field).unwrap_or_default());
    let bytes = bytes.map_err(|_| ErrorResponse::invalid_input(format!("{field} is not Base64")))?;
    if bytes.len() > LONGEST {
        return Err(ErrorResponse::invalid_input(format!("{field} holds more than {LONGEST} bytes")));
    }
    Ok(bytes)
}

/// What leaves the service: the version of the key goes before the bytes.
fn stamp(version: usize, bytes: &[u8]) -> String {
    format!("vault:v{version}:{}", STANDARD.encode(bytes))
}

/// Takes apart what left the service once.
fn stamped(call: &Call<'_>, field: &str) -> Result<(usize, Vec<u8>), ErrorResponse> {
    let text = call.text(field).unwrap_or_default();
    let parts = text.strip_prefix("vault:v").and_then(|rest| rest.split_once(':'));
    // One spelling of each version: neither a sign nor a zero in front.
    let digits = |number: &&str| number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    let read = parts.and_then(|(version, bytes)| {
        let version = Some(version).filter(digits)?.parse().ok()?;
        Some((version, STANDARD.decode(bytes).ok()?))
    });
    read.ok_or_else(|| ErrorResponse::invalid_input(format!("{field} must be vault:v, a version, a colon and Base64")))
}

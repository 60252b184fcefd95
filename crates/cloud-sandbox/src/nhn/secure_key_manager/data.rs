//! The data calls: secrets, encryption, signatures and the material of keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::crypto::{self, Blob, Cipher, KEY_LENGTH, NONCE_LENGTH};
use super::error::{Name, invalid, refuse};
use super::key_store::{Kind, Material};
use super::standard::{self, Algorithm};
use super::store::caller;
use crate::call::Call;
use crate::nhn::error::ErrorResponse;
use crate::nhn::state::State;

/// The longest data of a standard signature, in bytes.
const LONGEST_DATA: usize = 64 * 1024;

/// Returns the caller as the service sees it; no key store authorizes this.
pub(super) fn confirm(_: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let caller = caller(call);
    Ok(json!({
        "clientIp": caller.address.to_string(),
        "clientMacHeader": caller.mac,
        "clientSentCertificate": caller.certificate.is_some(),
    }))
}

pub(super) fn show_secret(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    match &state.skm.take(call, Kind::Secret)?.material {
        Material::Secret { secret } => Ok(json!({ "secret": secret })),
        _ => Err(refuse(Name::KeyId)),
    }
}

pub(super) fn encrypt(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let nonce = call.rng.bytes::<NONCE_LENGTH>();
    let plaintext = field(call, "plaintext");
    let (version, key) = state.skm.take(call, Kind::Symmetric)?.bytes(None)?;
    let ciphertext = crypto::encrypt(cipher(call), &key, version, nonce, plaintext.as_bytes()).map_err(refuse)?;
    Ok(json!({ "ciphertext": ciphertext, "keyVersion": version }))
}

pub(super) fn decrypt(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let ciphertext = field(call, "ciphertext");
    let key = state.skm.take(call, Kind::Symmetric)?;
    let blob = Blob::read(&ciphertext).map_err(refuse)?;
    // A version that the key never had was made elsewhere.
    let known = blob.version <= key.current();
    let (version, key) =
        key.bytes(Some(blob.version.into())).map_err(|refusal| if known { refusal } else { refuse(Name::UserData) })?;
    let plaintext = blob.decrypt(cipher(call), &key).map_err(refuse)?;
    Ok(json!({ "plaintext": plaintext, "keyVersion": version }))
}

pub(super) fn create_local_key(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let local = STANDARD.encode(call.rng.bytes::<KEY_LENGTH>());
    let nonce = call.rng.bytes::<NONCE_LENGTH>();
    let (version, key) = state.skm.take(call, Kind::Symmetric)?.bytes(None)?;
    // Decrypt returns a string, so the Base64 is encrypted and not the bytes.
    let ciphertext = crypto::encrypt(cipher(call), &key, version, nonce, local.as_bytes()).map_err(refuse)?;
    Ok(json!({ "localKeyPlaintext": local, "localKeyCiphertext": ciphertext, "keyVersion": version }))
}

pub(super) fn show_symmetric_key(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let wanted = wanted_version(call)?;
    let (version, key) = state.skm.take(call, Kind::Symmetric)?.bytes(wanted)?;
    Ok(json!({ "symmetricKey": crypto::hex_list(&key), "keyVersion": version }))
}

pub(super) fn sign(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let plaintext = field(call, "plaintext");
    let (version, key) = state.skm.take(call, Kind::Asymmetric)?.bytes(None)?;
    let signature = crypto::sign(&key, version, plaintext.as_bytes()).map_err(refuse)?;
    Ok(json!({ "signature": signature, "keyVersion": version }))
}

pub(super) fn verify(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (plaintext, signature) = (field(call, "plaintext"), field(call, "signature"));
    let key = state.skm.take(call, Kind::Asymmetric)?;
    let blob = Blob::read(&signature).map_err(refuse)?;
    let known = blob.version <= key.current();
    let (version, key) =
        key.bytes(Some(blob.version.into())).map_err(|refusal| if known { refusal } else { refuse(Name::UserData) })?;
    let result = blob.verify(&key, plaintext.as_bytes()).map_err(refuse)?;
    Ok(json!({ "result": result, "keyVersion": version }))
}

pub(super) fn sign_standard(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (algorithm, data) = (algorithm(call)?, data(call)?);
    let (version, key) = state.skm.take(call, Kind::Asymmetric)?.bytes(None)?;
    let signature = algorithm.sign(&key, &data, call.rng).map_err(refuse)?;
    let mut shown = json!({
        "signature": STANDARD.encode(signature),
        "algorithm": algorithm.name(),
        "hashAlgorithm": "SHA-256",
        "keyVersion": version,
    });
    if let (Algorithm::Pss, Some(fields)) = (algorithm, shown.as_object_mut()) {
        fields.insert("mgfAlgorithm".to_owned(), "MGF1-SHA-256".into());
        fields.insert("saltLength".to_owned(), standard::SALT_LENGTH.into());
    }
    Ok(shown)
}

pub(super) fn verify_standard(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let (algorithm, data) = (algorithm(call)?, data(call)?);
    let signature = STANDARD.decode(field(call, "signature")).map_err(|_| refuse(Name::UserData))?;
    let wanted = call.body.get("keyVersion").and_then(Value::as_i64);
    let (version, key) = state.skm.take(call, Kind::Asymmetric)?.bytes(wanted)?;
    let result = algorithm.verify(&key, &data, &signature).map_err(refuse)?;
    Ok(json!({ "result": result, "keyVersion": version }))
}

fn algorithm(call: &Call<'_>) -> Result<Algorithm, ErrorResponse> {
    let name = call.text("algorithm").unwrap_or_default();
    Algorithm::read(name).ok_or_else(|| invalid("algorithm must be RSASSA-PSS or RSASSA-PKCS1-v1_5"))
}

/// The data of a standard signature, which travel as Base64.
fn data(call: &Call<'_>) -> Result<Vec<u8>, ErrorResponse> {
    let data = STANDARD.decode(field(call, "plaintext")).map_err(|_| invalid("plaintext must be Base64"))?;
    match data.len() <= LONGEST_DATA {
        true => Ok(data),
        false => Err(invalid("plaintext must be at most 64 KB after decoding")),
    }
}

pub(super) fn show_private_key(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let wanted = wanted_version(call)?;
    let (version, key) = state.skm.take(call, Kind::Asymmetric)?.bytes(wanted)?;
    Ok(material("PrivateKey", &key, version, call))
}

/// Needs the appkey only, and does not count as a use of the key.
pub(super) fn show_public_key(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let wanted = wanted_version(call)?;
    let (version, key) = state.skm.look(call, Kind::Asymmetric)?.bytes(wanted)?;
    let public = crypto::public_key(&key).map_err(refuse)?;
    Ok(material("PublicKey", &public, version, call))
}

fn material(kind: &str, der: &[u8], version: u32, call: &Call<'_>) -> Value {
    let mut shown = json!({
        "keyType": kind,
        "key": crypto::hex_list(der),
        "encodedKey": STANDARD.encode(der),
        "keyVersion": version,
    });
    // Only the government realm has the field; both forms are the same here.
    if let (true, Some(fields)) = (call.settings.nhn.government, shown.as_object_mut()) {
        fields.insert("standardEncodedKey".to_owned(), STANDARD.encode(der).into());
    }
    shown
}

fn field(call: &Call<'_>, name: &str) -> String {
    call.text(name).unwrap_or_default().to_owned()
}

/// The version that a query asks for; a number that none can have is not a version.
fn wanted_version(call: &Call<'_>) -> Result<Option<i64>, ErrorResponse> {
    let text = call.query("keyVersion");
    text.map(|text| text.parse().map_err(|_| refuse(Name::KeyVersion))).transpose()
}

fn cipher(call: &Call<'_>) -> Cipher {
    if call.settings.nhn.government { Cipher::Aria } else { Cipher::Aes }
}

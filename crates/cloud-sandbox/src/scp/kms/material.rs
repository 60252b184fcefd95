//! What one version of a key is made of, and the algorithms that use it.

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, AesGcm};
use aria::Aria256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use p256::ecdsa;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::signature::{RandomizedSigner, SignatureEncoding, Signer, Verifier};
use rsa::{Oaep, PrivateKey as RsaPrivateKey, pss};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::rng::Rng;
use crate::rsa_keys::ReadyKeys;
use crate::scp::error::ErrorResponse;

/// The length of the nonce that each ciphertext starts with.
const NONCE: usize = 12;

/// The algorithm of a key, which decides what the key can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    #[serde(rename = "aes256-gcm96")]
    Aes,
    #[serde(rename = "aria")]
    Aria,
    #[serde(rename = "rsa-2048")]
    Rsa,
    #[serde(rename = "ecdsa-p256")]
    Ecdsa,
    #[serde(rename = "hmac")]
    Hmac,
}

impl Purpose {
    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::Aes, Self::Aria, Self::Rsa, Self::Ecdsa, Self::Hmac].into_iter().find(|one| one.name() == text)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Aes => "aes256-gcm96",
            Self::Aria => "aria",
            Self::Rsa => "rsa-2048",
            Self::Ecdsa => "ecdsa-p256",
            Self::Hmac => "hmac",
        }
    }

    pub(super) fn allows(self, purpose: Use) -> bool {
        match purpose {
            Use::Encrypt => matches!(self, Self::Aes | Self::Aria | Self::Rsa),
            Use::Sign => matches!(self, Self::Rsa | Self::Ecdsa),
            Use::Authenticate => self == Self::Hmac,
        }
    }
}

/// The three things that keys do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Encrypt,
    Sign,
    Authenticate,
}

/// The secret of one version: 32 bytes in Base64, or a private key in PEM.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Material(pub(super) String);

/// What a computation can find wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The data is longer than the algorithm takes.
    TooLong,
    /// The ciphertext was not made by this version, or was changed since.
    NotOurs,
    /// The stored key cannot be read; only a broken state file leads here.
    Broken,
    /// There is no key made ahead; the operation is to be done again with one.
    NeedsKey,
}

impl From<Fault> for ErrorResponse {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLong => Self::invalid_input("the data is longer than a key of this purpose takes"),
            Fault::NotOurs => Self::invalid_input("the ciphertext was not made with this key, or was changed since"),
            Fault::Broken => Self::internal("the stored key cannot be used"),
            Fault::NeedsKey => Self::internal("no RSA key was prepared"),
        }
    }
}

impl Material {
    /// New secret material for the purpose.
    ///
    /// Keys for RSA were made ahead, because making one takes too long here.
    pub(super) fn generate(purpose: Purpose, rng: &mut Rng, keys: &mut ReadyKeys) -> Result<Self, Fault> {
        let text = match purpose {
            Purpose::Aes | Purpose::Aria | Purpose::Hmac => STANDARD.encode(rng.bytes::<32>()),
            Purpose::Rsa => {
                let key = keys.take().ok_or(Fault::NeedsKey)?;
                key.to_pkcs8_pem(LineEnding::LF).map_err(|_| Fault::Broken)?.to_string()
            }
            Purpose::Ecdsa => {
                // Almost every number is a key of this curve; the rare other one is drawn again.
                let key = loop {
                    if let Ok(key) = ecdsa::SigningKey::from_slice(&rng.bytes::<32>()) {
                        break key;
                    }
                };
                key.to_pkcs8_pem(LineEnding::LF).map_err(|_| Fault::Broken)?.to_string()
            }
        };
        Ok(Self(text))
    }

    /// The public half in PEM, where there is one.
    pub(super) fn public_key(&self, purpose: Purpose) -> Option<String> {
        match purpose {
            Purpose::Rsa => self.rsa().ok()?.to_public_key().to_public_key_pem(LineEnding::LF).ok(),
            Purpose::Ecdsa => self.ecdsa().ok()?.verifying_key().to_public_key_pem(LineEnding::LF).ok(),
            Purpose::Aes | Purpose::Aria | Purpose::Hmac => None,
        }
    }

    pub(super) fn encrypt(&self, purpose: Purpose, data: &[u8], rng: &mut Rng) -> Result<Vec<u8>, Fault> {
        match purpose {
            Purpose::Aes => encrypt_with(&Aes256Gcm::new(&self.bytes()?.into()), data, rng),
            Purpose::Aria => encrypt_with(&AesGcm::<Aria256, U12>::new(&self.bytes()?.into()), data, rng),
            Purpose::Rsa => {
                let key = self.rsa()?.to_public_key();
                key.encrypt(rng.source(), Oaep::<Sha256>::new(), data).map_err(|_| Fault::TooLong)
            }
            Purpose::Ecdsa | Purpose::Hmac => Err(Fault::Broken),
        }
    }

    pub(super) fn decrypt(&self, purpose: Purpose, ciphertext: &[u8], rng: &mut Rng) -> Result<Vec<u8>, Fault> {
        match purpose {
            Purpose::Aes => decrypt_with(&Aes256Gcm::new(&self.bytes()?.into()), ciphertext),
            Purpose::Aria => decrypt_with(&AesGcm::<Aria256, U12>::new(&self.bytes()?.into()), ciphertext),
            Purpose::Rsa => {
                let padding = Oaep::<Sha256>::new();
                self.rsa()?.decrypt_blinded(rng.source(), padding, ciphertext).map_err(|_| Fault::NotOurs)
            }
            Purpose::Ecdsa | Purpose::Hmac => Err(Fault::Broken),
        }
    }

    pub(super) fn sign(&self, purpose: Purpose, data: &[u8], rng: &mut Rng) -> Result<Vec<u8>, Fault> {
        match purpose {
            Purpose::Rsa => {
                let key = pss::SigningKey::<Sha256>::new(self.rsa()?);
                Ok(key.try_sign_with_rng(rng.source(), data).map_err(|_| Fault::Broken)?.to_vec())
            }
            Purpose::Ecdsa => {
                let signature: ecdsa::DerSignature = self.ecdsa()?.try_sign(data).map_err(|_| Fault::Broken)?;
                Ok(signature.to_bytes().to_vec())
            }
            Purpose::Aes | Purpose::Aria | Purpose::Hmac => Err(Fault::Broken),
        }
    }

    /// Whether the signature belongs to the data; one that is malformed does not.
    pub(super) fn verify(&self, purpose: Purpose, data: &[u8], signature: &[u8]) -> Result<bool, Fault> {
        match purpose {
            Purpose::Rsa => {
                let key = pss::VerifyingKey::<Sha256>::new_with_auto_salt_len(self.rsa()?.to_public_key());
                let read = pss::Signature::try_from(signature);
                Ok(read.is_ok_and(|signature| key.verify(data, &signature).is_ok()))
            }
            Purpose::Ecdsa => {
                let read = ecdsa::DerSignature::try_from(signature);
                let key = *self.ecdsa()?.verifying_key();
                Ok(read.is_ok_and(|signature| key.verify(data, &signature).is_ok()))
            }
            Purpose::Aes | Purpose::Aria | Purpose::Hmac => Err(Fault::Broken),
        }
    }

    pub(super) fn authenticate(&self, data: &[u8]) -> Result<Vec<u8>, Fault> {
        Ok(self.mac(data)?.finalize().into_bytes().to_vec())
    }

    pub(super) fn verify_code(&self, data: &[u8], code: &[u8]) -> Result<bool, Fault> {
        Ok(self.mac(data)?.verify_slice(code).is_ok())
    }

    fn mac(&self, data: &[u8]) -> Result<Hmac<Sha256>, Fault> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.bytes()?).map_err(|_| Fault::Broken)?;
        mac.update(data);
        Ok(mac)
    }

    fn bytes(&self) -> Result<[u8; 32], Fault> {
        let bytes = STANDARD.decode(&self.0).map_err(|_| Fault::Broken)?;
        bytes.try_into().map_err(|_| Fault::Broken)
    }

    fn rsa(&self) -> Result<RsaPrivateKey, Fault> {
        RsaPrivateKey::from_pkcs8_pem(&self.0).map_err(|_| Fault::Broken)
    }

    fn ecdsa(&self) -> Result<ecdsa::SigningKey, Fault> {
        ecdsa::SigningKey::from_pkcs8_pem(&self.0).map_err(|_| Fault::Broken)
    }
}

/// Nonce, encrypted data and tag, one after the other.
fn encrypt_with(cipher: &impl Aead, data: &[u8], rng: &mut Rng) -> Result<Vec<u8>, Fault> {
    let nonce = rng.bytes::<NONCE>();
    let nonce_of_cipher = nonce.as_slice().try_into().map_err(|_| Fault::Broken)?;
    let ciphertext = cipher.encrypt(nonce_of_cipher, data).map_err(|_| Fault::TooLong)?;
    Ok([&nonce[..], &ciphertext].concat())
}

fn decrypt_with(cipher: &impl Aead, ciphertext: &[u8]) -> Result<Vec<u8>, Fault> {
    let (nonce, rest) = ciphertext.split_at_checked(NONCE).ok_or(Fault::NotOurs)?;
    let nonce = nonce.try_into().map_err(|_| Fault::NotOurs)?;
    cipher.decrypt(nonce, rest).map_err(|_| Fault::NotOurs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rsa_keys;

    fn made(purpose: Purpose) -> (Material, Rng) {
        let mut rng = Rng::new(Some(3)).unwrap();
        (another(purpose, &mut rng), rng)
    }

    fn another(purpose: Purpose, rng: &mut Rng) -> Material {
        let mut keys = ReadyKeys::default();
        if purpose == Purpose::Rsa {
            keys.add(rsa_keys::rsa(rng).unwrap());
        }
        Material::generate(purpose, rng, &mut keys).unwrap_or_else(|fault| panic!("{fault:?}"))
    }

    #[test]
    fn ciphertext_decrypts_and_tampering_is_detected() {
        for purpose in [Purpose::Aes, Purpose::Aria, Purpose::Rsa] {
            let (material, mut rng) = made(purpose);
            let mut ciphertext = material.encrypt(purpose, b"data", &mut rng).unwrap();
            assert_eq!(material.decrypt(purpose, &ciphertext, &mut rng).unwrap(), b"data", "{purpose:?}");
            let other = another(purpose, &mut rng);
            assert_eq!(other.decrypt(purpose, &ciphertext, &mut rng), Err(Fault::NotOurs), "{purpose:?}");
            ciphertext[20] ^= 1;
            assert_eq!(material.decrypt(purpose, &ciphertext, &mut rng), Err(Fault::NotOurs), "{purpose:?}");
            assert_eq!(material.decrypt(purpose, b"short", &mut rng), Err(Fault::NotOurs), "{purpose:?}");
        }
    }

    #[test]
    fn rsa_encrypts_190_bytes_at_most() {
        let (material, mut rng) = made(Purpose::Rsa);
        assert!(material.encrypt(Purpose::Rsa, &[1; 190], &mut rng).is_ok());
        assert_eq!(material.encrypt(Purpose::Rsa, &[1; 191], &mut rng), Err(Fault::TooLong));
    }

    #[test]
    fn signature_verifies_for_its_data_and_key_only() {
        for purpose in [Purpose::Rsa, Purpose::Ecdsa] {
            let (material, mut rng) = made(purpose);
            let signature = material.sign(purpose, b"data", &mut rng).unwrap();
            assert!(material.verify(purpose, b"data", &signature).unwrap(), "{purpose:?}");
            assert!(!material.verify(purpose, b"other", &signature).unwrap(), "{purpose:?}");
            assert!(!material.verify(purpose, b"data", b"nonsense").unwrap(), "{purpose:?}");
            assert!(material.public_key(purpose).unwrap().starts_with("-----BEGIN PUBLIC KEY-----"), "{purpose:?}");
        }
    }

    #[test]
    fn hmac_verifies_for_its_data_only() {
        let (material, _) = made(Purpose::Hmac);
        let code = material.authenticate(b"data").unwrap();
        assert!(material.verify_code(b"data", &code).unwrap());
        assert!(!material.verify_code(b"other", &code).unwrap());
    }
}

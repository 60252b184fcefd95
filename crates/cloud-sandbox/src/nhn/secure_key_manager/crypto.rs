//! The ciphers and signatures of Secure Key Manager, and the blobs that carry the version of their key.

use aes_gcm::AesGcm;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::consts::U12;
use aria::Aria256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rsa::{Pkcs1v15Sign, PrivateKey as RsaPrivateKey, PublicKey as RsaPublicKey};

use crate::rsa_keys::ReadyKeys;

/// Bytes of a symmetric key.
pub(super) const KEY_LENGTH: usize = 32;

/// Bytes of the version in front of a ciphertext or a signature.
const VERSION_LENGTH: usize = 4;

/// Bytes of the nonce that follows the version of a ciphertext.
pub(super) const NONCE_LENGTH: usize = 12;

/// The cipher of symmetric keys, which depends on who runs the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cipher {
    /// AES-256, in the public cloud.
    Aes,
    /// ARIA-256, in the government's.
    Aria,
}

/// Why bytes were not decrypted, signed or verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// What the caller sent is malformed, was tampered with or belongs to another key.
    Data,
    /// The key itself cannot be used, which a wrong seed file brings about.
    Key,
    /// There is no RSA key made ahead; the operation is to be done again with one.
    NeedsKey,
}

impl Cipher {
    fn encrypt(self, key: &[u8], nonce: [u8; NONCE_LENGTH], plaintext: &[u8]) -> Result<Vec<u8>, Fault> {
        let ciphertext = match self {
            Self::Aes => AesGcm::<Aes256, U12>::new_from_slice(key).map(|gcm| gcm.encrypt(&nonce.into(), plaintext)),
            Self::Aria => AesGcm::<Aria256, U12>::new_from_slice(key).map(|gcm| gcm.encrypt(&nonce.into(), plaintext)),
        };
        ciphertext.map_err(|_| Fault::Key)?.map_err(|_| Fault::Data)
    }

    fn decrypt(self, key: &[u8], nonce: [u8; NONCE_LENGTH], ciphertext: &[u8]) -> Result<Vec<u8>, Fault> {
        let decrypted = match self {
            Self::Aes => AesGcm::<Aes256, U12>::new_from_slice(key).map(|gcm| gcm.decrypt(&nonce.into(), ciphertext)),
            Self::Aria => AesGcm::<Aria256, U12>::new_from_slice(key).map(|gcm| gcm.decrypt(&nonce.into(), ciphertext)),
        };
        decrypted.map_err(|_| Fault::Key)?.map_err(|_| Fault::Data)
    }
}

/// Encrypts with one version of a key: version, nonce, ciphertext and tag as Base64.
pub(super) fn encrypt(
    cipher: Cipher,
    key: &[u8],
    version: u32,
    nonce: [u8; NONCE_LENGTH],
    plaintext: &[u8],
) -> Result<String, Fault> {
    let mut blob = version.to_be_bytes().to_vec();
    blob.extend(nonce);
    blob.extend(cipher.encrypt(key, nonce, plaintext)?);
    Ok(STANDARD.encode(blob))
}

/// A ciphertext or signature taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Blob {
    /// The version of the key that made it.
    pub(super) version: u32,
    rest: Vec<u8>,
}

impl Blob {
    /// Reads the Base64 text that [`encrypt`] or [`sign`] made.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let bytes = STANDARD.decode(text).map_err(|_| Fault::Data)?;
        let (version, rest) = bytes.split_first_chunk::<VERSION_LENGTH>().ok_or(Fault::Data)?;
        Ok(Self { version: u32::from_be_bytes(*version), rest: rest.to_vec() })
    }

    /// Decrypts with the version's key.
    pub(super) fn decrypt(&self, cipher: Cipher, key: &[u8]) -> Result<String, Fault> {
        let (nonce, ciphertext) = self.rest.split_first_chunk::<NONCE_LENGTH>().ok_or(Fault::Data)?;
        let plaintext = cipher.decrypt(key, *nonce, ciphertext)?;
        String::from_utf8(plaintext).map_err(|_| Fault::Data)
    }

    /// Whether the version's key signed this text; a signature of a wrong length is not a signature at all.
    pub(super) fn verify(&self, key: &[u8], plaintext: &[u8]) -> Result<bool, Fault> {
        let key = private_key(key)?;
        if self.rest.len() != rsa::traits::PublicKeyParts::size(&key) {
            return Err(Fault::Data);
        }
        let public = RsaPublicKey::from(&key);
        Ok(public.verify(Pkcs1v15Sign::new_unprefixed(), plaintext, &self.rest).is_ok())
    }
}

/// Signs the text itself, padded and not hashed, with one version of a key: version and signature as Base64.
pub(super) fn sign(key: &[u8], version: u32, plaintext: &[u8]) -> Result<String, Fault> {
    let signature = private_key(key)?.sign(Pkcs1v15Sign::new_unprefixed(), plaintext).map_err(|_| Fault::Data)?;
    let mut blob = version.to_be_bytes().to_vec();
    blob.extend(signature);
    Ok(STANDARD.encode(blob))
}

/// The public half of a private key, as SubjectPublicKeyInfo.
pub(super) fn public_key(key: &[u8]) -> Result<Vec<u8>, Fault> {
    let public = RsaPublicKey::from(&private_key(key)?);
    Ok(public.to_public_key_der().map_err(|_| Fault::Key)?.into_vec())
}

/// A private key that was made ahead, as PKCS#8.
pub(super) fn ready(keys: &mut ReadyKeys) -> Result<Vec<u8>, Fault> {
    let key = keys.take().ok_or(Fault::NeedsKey)?;
    let der = rsa::pkcs8::EncodePrivateKey::to_pkcs8_der(&key).map_err(|_| Fault::Key)?;
    Ok(der.as_bytes().to_vec())
}

/// Whether the bytes are a private key of the one size that the service makes.
pub(super) fn is_private_key(der: &[u8]) -> bool {
    private_key(der).is_ok_and(|key| rsa::traits::PublicKeyParts::size(&key) == 2048 / 8)
}

pub(super) fn private_key(der: &[u8]) -> Result<RsaPrivateKey, Fault> {
    RsaPrivateKey::from_pkcs8_der(der).map_err(|_| Fault::Key)
}

/// The bytes as the service prints key material: `0x30, 0x82`.
pub(super) fn hex_list(bytes: &[u8]) -> String {
    let items: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
    items.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; KEY_LENGTH] = [7; KEY_LENGTH];

    #[test]
    fn ciphertext_names_its_version_and_decrypts_with_its_key_only() {
        for cipher in [Cipher::Aes, Cipher::Aria] {
            let text = encrypt(cipher, &KEY, 2, [1; NONCE_LENGTH], "데이터".as_bytes()).unwrap();
            let blob = Blob::read(&text).unwrap();
            assert_eq!(blob.version, 2);
            assert_eq!(blob.decrypt(cipher, &KEY).unwrap(), "데이터");
            assert_eq!(blob.decrypt(cipher, &[8; KEY_LENGTH]), Err(Fault::Data));
            assert_eq!(blob.decrypt(cipher, &[8; 3]), Err(Fault::Key));
        }
        // Four bytes of text make the 36 bytes that the page shows.
        let text = encrypt(Cipher::Aes, &KEY, 0, [1; NONCE_LENGTH], b"data").unwrap();
        assert_eq!(STANDARD.decode(&text).unwrap().len(), 36);
        assert_eq!(Blob::read(&text).unwrap().decrypt(Cipher::Aria, &KEY), Err(Fault::Data));
    }

    #[test]
    fn tampered_and_malformed_ciphertexts_are_refused() {
        let text = encrypt(Cipher::Aes, &KEY, 0, [1; NONCE_LENGTH], b"data").unwrap();
        let good = STANDARD.decode(&text).unwrap();
        for position in VERSION_LENGTH..good.len() {
            let mut bad = good.clone();
            bad[position] ^= 1;
            let blob = Blob::read(&STANDARD.encode(bad)).unwrap();
            assert_eq!(blob.decrypt(Cipher::Aes, &KEY), Err(Fault::Data), "{position}");
        }
        for bad in ["", "AAAA", "not base64", "AAAAAA=="] {
            let decrypted = Blob::read(bad).and_then(|blob| blob.decrypt(Cipher::Aes, &KEY));
            assert_eq!(decrypted, Err(Fault::Data), "{bad}");
        }
    }

    #[test]
    fn signature_covers_up_to_245_bytes() {
        let key = super::super::seed::rsa_keys();
        for length in [0, 4, 245] {
            let text = vec![b'a'; length];
            let signature = sign(&key[0], 3, &text).unwrap();
            let blob = Blob::read(&signature).unwrap();
            assert_eq!(blob.version, 3);
            assert_eq!(blob.verify(&key[0], &text), Ok(true));
            assert_eq!(blob.verify(&key[0], b"other"), Ok(false));
            assert_eq!(blob.verify(&key[1], &text), Ok(false));
        }
        assert_eq!(sign(&key[0], 0, &[b'a'; 246]), Err(Fault::Data));
        let short = Blob::read("AAAAAGI9zf831DX=").or_else(|_| Blob::read("AAAAAGI9zf831DXX"));
        assert_eq!(short.and_then(|blob| blob.verify(&key[0], b"data")), Err(Fault::Data));
    }

    #[test]
    fn key_material_prints_as_documented() {
        assert_eq!(hex_list(&[0x30, 0x82, 0x04]), "0x30, 0x82, 0x04");
        let public = public_key(&super::super::seed::rsa_keys()[0]).unwrap();
        assert_eq!(public[..2], [0x30, 0x82]);
        assert_eq!(public.len(), 294);
    }
}

//! Signatures that other programs verify: RSASSA-PSS and RSASSA-PKCS1-v1_5, both with SHA-256.

use rsa::signature::{RandomizedSigner, SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{pkcs1v15, pss};
use sha2::Sha256;

use super::crypto::{Fault, private_key};
use crate::rng::Rng;

/// Bytes of the salt of RSASSA-PSS, as many as the hash has.
pub(super) const SALT_LENGTH: usize = 32;

/// The algorithm of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSASSA-PSS with MGF1-SHA-256.
    Pss,
    /// RSASSA-PKCS1-v1_5.
    Pkcs1,
}

impl Algorithm {
    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::Pss, Self::Pkcs1].into_iter().find(|algorithm| algorithm.name() == text)
    }

    /// The name in requests and responses.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pss => "RSASSA-PSS",
            Self::Pkcs1 => "RSASSA-PKCS1-v1_5",
        }
    }

    /// Signs with a private key (PKCS#8).
    pub(super) fn sign(self, key: &[u8], data: &[u8], rng: &mut Rng) -> Result<Vec<u8>, Fault> {
        let key = private_key(key)?;
        match self {
            Self::Pss => {
                let key = pss::SigningKey::<Sha256>::new_with_salt_len(key, SALT_LENGTH);
                Ok(key.try_sign_with_rng(rng.source(), data).map_err(|_| Fault::Key)?.to_vec())
            }
            Self::Pkcs1 => {
                let key = pkcs1v15::SigningKey::<Sha256>::new(key);
                Ok(key.try_sign(data).map_err(|_| Fault::Key)?.to_vec())
            }
        }
    }

    /// Whether the key signed these data; a signature of a wrong length is not a signature at all.
    pub(super) fn verify(self, key: &[u8], data: &[u8], signature: &[u8]) -> Result<bool, Fault> {
        let key = private_key(key)?;
        if signature.len() != key.size() {
            return Err(Fault::Data);
        }
        let public = key.to_public_key();
        Ok(match self {
            Self::Pss => {
                let key = pss::VerifyingKey::<Sha256>::new_with_salt_len(public, SALT_LENGTH);
                pss::Signature::try_from(signature).is_ok_and(|signature| key.verify(data, &signature).is_ok())
            }
            Self::Pkcs1 => {
                let key = pkcs1v15::VerifyingKey::<Sha256>::new(public);
                pkcs1v15::Signature::try_from(signature).is_ok_and(|signature| key.verify(data, &signature).is_ok())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::seed;
    use super::*;

    #[test]
    fn signature_fits_its_data_key_and_algorithm_only() {
        let keys = seed::rsa_keys();
        let mut rng = Rng::new(Some(1)).unwrap();
        for (algorithm, other) in [(Algorithm::Pss, Algorithm::Pkcs1), (Algorithm::Pkcs1, Algorithm::Pss)] {
            let signature = algorithm.sign(&keys[0], b"data", &mut rng).unwrap();
            for (by, key, data, fits) in [
                (algorithm, &keys[0], &b"data"[..], true),
                (algorithm, &keys[0], b"date", false),
                (algorithm, &keys[1], b"data", false),
                (other, &keys[0], b"data", false),
            ] {
                assert_eq!(by.verify(key, data, &signature), Ok(fits), "{algorithm:?} {by:?}");
            }
            assert_eq!(algorithm.verify(&keys[0], b"data", &signature[1..]), Err(Fault::Data));
            assert_eq!(Algorithm::read(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::read("rsassa-pss"), None);
    }
}

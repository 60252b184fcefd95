//! Algorithm suite 0x0478: AES-256-GCM with a key for each message, derived by HKDF-SHA-512, and key commitment.
//!
//! Specification: `framework/algorithm-suites.md` and `framework/transitive-requirements.md`.

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs as provider;
#[cfg(not(feature = "aws-lc-rs"))]
use ring as provider;

use cloud_core::SecretBytes;
use provider::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use provider::hkdf::{HKDF_SHA512, KeyType, Salt};
use provider::rand::{SecureRandom as _, SystemRandom};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// The suite's ID in the header.
pub(crate) const SUITE: [u8; 2] = [0x04, 0x78];
pub(crate) const DATA_KEY_LENGTH: usize = 32;
pub(crate) const TAG_LENGTH: usize = 16;
pub(crate) const IV_LENGTH: usize = NONCE_LEN;
pub(crate) const COMMITMENT_LENGTH: usize = 32;

pub(crate) type MessageId = [u8; 32];
pub(crate) type Iv = [u8; IV_LENGTH];
pub(crate) type TagBytes = [u8; TAG_LENGTH];
pub(crate) type Commitment = [u8; COMMITMENT_LENGTH];

/// The key of one message. The library's key schedule is not zeroized; it lives as long as the message is worked on.
pub(crate) struct MessageKey(LessSafeKey);

/// The length of the commitment, for the library.
struct CommitmentLength;

impl KeyType for CommitmentLength {
    fn len(&self) -> usize {
        COMMITMENT_LENGTH
    }
}

/// Fills an array with random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::crypto())?;
    Ok(bytes)
}

/// Makes a data key.
pub(crate) fn data_key() -> Result<SecretBytes> {
    Ok(SecretBytes::from(Zeroizing::new(random::<DATA_KEY_LENGTH>()?).as_slice()))
}

/// Derives the key of a message, and what the message commits to.
pub(crate) fn derive(data_key: &SecretBytes, id: &MessageId) -> Result<(MessageKey, Commitment)> {
    let extracted = Salt::new(HKDF_SHA512, id).extract(data_key.expose_secret());
    let info: [&[u8]; 2] = [&SUITE, b"DERIVEKEY"];
    let key = extracted.expand(&info, &AES_256_GCM).map_err(|_| Error::crypto())?;
    let mut commitment = [0; COMMITMENT_LENGTH];
    let info: [&[u8]; 1] = [b"COMMITKEY"];
    let expanded = extracted.expand(&info, CommitmentLength).map_err(|_| Error::crypto())?;
    expanded.fill(&mut commitment).map_err(|_| Error::crypto())?;
    Ok((MessageKey(LessSafeKey::new(UnboundKey::from(key))), commitment))
}

/// Derives the key of a message that is read, and checks that the message was sealed with this data key.
pub(crate) fn derive_committed(data_key: &SecretBytes, id: &MessageId, commitment: &Commitment) -> Result<MessageKey> {
    let (key, derived) = derive(data_key, id)?;
    if bool::from(derived.ct_eq(commitment)) {
        return Ok(key);
    }
    Err(Error::new(ErrorKind::WrongKey, "the data key is not the one that the message was sealed with"))
}

impl MessageKey {
    /// Encrypts in place. Each IV is used once.
    pub(crate) fn seal(&self, iv: Iv, aad: &[u8], in_out: &mut [u8]) -> Result<TagBytes> {
        let nonce = Nonce::assume_unique_for_key(iv);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), in_out).map_err(|_| Error::crypto())?;
        tag.as_ref().try_into().map_err(|_| Error::crypto())
    }

    /// Decrypts in place. If the tag does not match, the content of `in_out` must not be used.
    pub(crate) fn open(&self, iv: Iv, aad: &[u8], tag: TagBytes, in_out: &mut [u8]) -> Result<(), Forged> {
        let (nonce, aad) = (Nonce::assume_unique_for_key(iv), Aad::from(aad));
        #[cfg(feature = "aws-lc-rs")]
        let opened = self.0.open_in_place_separate_tag(nonce, aad, &tag, in_out);
        #[cfg(not(feature = "aws-lc-rs"))]
        let opened = self.0.open_in_place_separate_tag(nonce, aad, provider::aead::Tag::from(tag), in_out, 0..);
        opened.map(drop).map_err(|_| Forged)
    }
}

/// A tag did not match.
pub(crate) struct Forged;

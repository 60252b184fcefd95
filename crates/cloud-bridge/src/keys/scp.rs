//! Key Management Service of Samsung Cloud Platform.

use cloud_core::{BoxFuture, Hmac, SecretBytes, SecretString};
use scp_security::kms::types::{
    CreateDataKeyRequest, CreateHmacRequest, DataKeyForm, DecryptRequest, EncryptRequest, KeyPurpose, KeyState,
    RewrapRequest, SignRequest, VerifyRequest,
};
use scp_security::kms::{v1_2, v1_4};
use time::UtcOffset;

use super::{DataKey, Key, Keys, Signing, Versioned};
use crate::failure::{Failure, Result};
use crate::trail::note;

/// The keys of Key Management Service of Samsung Cloud Platform, in an account and region.
#[derive(Clone, Debug)]
pub struct ScpKeys {
    kms: v1_4::Client,
    /// The newest version that can verify codes.
    kms_1_2: v1_2::Client,
}

impl ScpKeys {
    /// Takes the settings and credentials of a handle.
    #[must_use]
    pub fn new(scp: &scp_security::Scp) -> Self {
        Self { kms: scp.kms_v1_4(), kms_1_2: scp.kms_v1_2() }
    }
}

/// Sends a call, and notes the ID that the service gave it, also if it failed.
macro_rules! send {
    ($call:expr) => {{
        let sent = $call.send().await;
        match sent {
            Ok(response) => {
                note(response.parts().request_id.as_deref());
                response.into_inner()
            }
            Err(error) => {
                note(error.request_id());
                return Err(Failure::from(error));
            }
        }
    }};
}
pub(crate) use send;

/// Versions of this service begin with 1, as Vault's do.
fn version(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

impl Keys for ScpKeys {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move { Ok(self.kms.key_by_name(name).await?.id) })
    }

    /// Calls reach the keys of the account alone, and its rights decide on each.
    fn contains<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(true) })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(async move {
            let keys = self.kms.list_keys().items().try_collect().await?;
            let usable = keys.into_iter().filter(|key| key.state != Some(KeyState::ToBeTerminated));
            Ok(usable.map(|key| key.name).collect())
        })
    }

    fn show<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Key>> {
        Box::pin(async move {
            let shown = send!(self.kms.show_key(id)).key;
            let algorithm = shown.purpose.as_str();
            let created = shown.created_at.to_instant(UtcOffset::UTC)?;
            let mut key = Key::new(&shown.name, algorithm, version(shown.current_version), created);
            if shown.auto_rotate.get().copied().unwrap_or_default() {
                key.rotation_days = u32::try_from(shown.rotate_cycle.0).unwrap_or_default();
            }
            if matches!(shown.purpose, KeyPurpose::Rsa2048 | KeyPurpose::EcdsaP256) {
                let request = scp_security::kms::types::ExportPublicKeyRequest::default();
                let exported = send!(self.kms.export_public_key(id, &request));
                key.public_key = Some(exported.public_key.as_str().to_owned());
            }
            Ok(key)
        })
    }

    fn encrypt<'a>(&'a self, id: &'a str, plaintext: SecretBytes) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async move {
            let encrypted = send!(self.kms.encrypt(id, &EncryptRequest::new(plaintext)));
            Ok(Versioned::new(encrypted.ciphertext, version(encrypted.key_version)))
        })
    }

    fn decrypt<'a>(&'a self, id: &'a str, ciphertext: &'a str) -> BoxFuture<'a, Result<SecretBytes>> {
        Box::pin(async move {
            let decrypted = send!(self.kms.decrypt(id, &DecryptRequest::new(ciphertext)));
            Ok(decrypted.plaintext()?.clone())
        })
    }

    fn rewrap<'a>(&'a self, id: &'a str, ciphertext: &'a str) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async move {
            let rewrapped = send!(self.kms.rewrap(id, &RewrapRequest::new(ciphertext)));
            Ok(Versioned::new(rewrapped.ciphertext, version(rewrapped.key_version)))
        })
    }

    fn data_key<'a>(&'a self, id: &'a str, bits: u16, plaintext: bool) -> BoxFuture<'a, Result<DataKey>> {
        Box::pin(async move {
            if bits != 256 {
                return Err(Failure::invalid("`bits` must be 256: the service creates no other data keys"));
            }
            let form = if plaintext { DataKeyForm::Plaintext } else { DataKeyForm::Wrapped };
            let made = send!(self.kms.create_data_key(id, &CreateDataKeyRequest::new(form)));
            let key = if plaintext { Some(made.require_plaintext()?.clone()) } else { None };
            Ok(DataKey::new(key, Versioned::new(made.ciphertext, version(made.key_version))))
        })
    }

    fn sign<'a>(&'a self, id: &'a str, input: SecretBytes, how: Signing) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async move {
            only_pss(how)?;
            let signed = send!(self.kms.sign(id, &SignRequest::new(input)));
            Ok(Versioned::new(signed.signature, version(signed.key_version)))
        })
    }

    fn verify<'a>(
        &'a self,
        id: &'a str,
        input: SecretBytes,
        signature: &'a str,
        how: Signing,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            only_pss(how)?;
            Ok(send!(self.kms.verify(id, &VerifyRequest::new(input, signature))).valid)
        })
    }

    fn hmac<'a>(&'a self, id: &'a str, input: SecretBytes) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async move {
            let made = send!(self.kms_1_2.create_hmac(id, &CreateHmacRequest::new(input)));
            Ok(SecretString::from(made.hmac.as_str()))
        })
    }

    fn verify_hmac<'a>(&'a self, id: &'a str, input: SecretBytes, hmac: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let request = v1_2::types::VerifyHmacRequest::new(input, Hmac::from(hmac));
            Ok(send!(self.kms_1_2.verify_hmac(id, &request)).valid)
        })
    }
}

/// The service chooses the algorithm by the type of the key, and offers none beside it.
fn only_pss(how: Signing) -> Result<()> {
    match how {
        Signing::Pss => Ok(()),
        Signing::Pkcs1V15 => Err(Failure::invalid("`signature_algorithm` must be pss: the service has no other")),
    }
}

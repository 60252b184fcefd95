//! Key Management Service of Samsung Cloud Platform.

use cloud_core::codegen::only;
use cloud_core::{BoxFuture, Hmac, SecretBytes, SecretString};
use scp_security::kms::types::{
    CreateDataKeyRequest, CreateHmacRequest, DataKeyForm, DecryptRequest, EncryptRequest, ExportPublicKeyRequest,
    Key as KeyRecord, KeyPurpose, RewrapRequest, SignRequest, VerifyRequest,
};
use scp_security::kms::{v1_2, v1_4};
use time::UtcOffset;

use super::{DataKey, Key, KeyName, Keys, Signing, Versioned, is_id};
use crate::failure::{Failure, Result};
use crate::trail;

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
        let scp = scp.on_request_id(trail::note);
        Self { kms: scp.kms_v1_4(), kms_1_2: scp.kms_v1_2() }
    }

    /// The only key with this name. Keys that are scheduled for deletion do not count beside one that is not.
    async fn named(&self, name: &str) -> cloud_core::Result<KeyRecord> {
        let mut found = self.kms.list_keys().name(name).items().try_collect().await?;
        found.retain(|key| key.name == name);
        if found.iter().any(|key| !key.is_scheduled_for_deletion()) {
            found.retain(|key| !key.is_scheduled_for_deletion());
        }
        only("key", found)
    }

    /// The same key with its public half, if it is asymmetric.
    async fn with_public_key(&self, id: &str, purpose: &KeyPurpose, mut key: Key) -> Result<Key> {
        if matches!(purpose, KeyPurpose::Rsa2048 | KeyPurpose::EcdsaP256) {
            let exported = self.kms.export_public_key(id, &ExportPublicKeyRequest::default()).await?;
            key.public_key = Some(exported.public_key.as_str().to_owned());
        }
        Ok(key)
    }
}

/// What is known of a key without its public half, from one of the two models that describe it.
macro_rules! described {
    ($record:expr) => {{
        let record = $record;
        let created = record.created_at.to_instant(UtcOffset::UTC)?;
        let mut key = Key::new(&record.name, record.purpose.as_str(), version(record.current_version), created);
        if record.auto_rotate.get().copied().unwrap_or_default() {
            key.rotation_days = u32::try_from(record.rotate_cycle.0).unwrap_or_default();
        }
        key
    }};
}

/// Versions of this service begin with 1, as Vault's do.
fn version(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

impl Keys for ScpKeys {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move { Ok(self.named(name).await?.id) })
    }

    /// Calls reach the keys of the account alone, and its rights decide on each.
    fn reaches_others(&self) -> bool {
        false
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<KeyName>>> {
        Box::pin(async move {
            let keys = self.kms.list_keys().items().try_collect().await?;
            let usable = keys.into_iter().filter(|key| !key.is_scheduled_for_deletion());
            Ok(usable.map(|key| KeyName::new(key.name, key.id)).collect())
        })
    }

    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Key>> {
        Box::pin(async move {
            if is_id(name) {
                return self.show(name).await;
            }
            let record = self.named(name).await?;
            self.with_public_key(&record.id, &record.purpose, described!(&record)).await
        })
    }

    fn show<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Key>> {
        Box::pin(async move {
            let record = self.kms.show_key(id).await?.key;
            self.with_public_key(id, &record.purpose, described!(&record)).await
        })
    }

    fn encrypt<'a>(&'a self, id: &'a str, plaintext: SecretBytes) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async move {
            let encrypted = self.kms.encrypt(id, &EncryptRequest::new(plaintext)).await?;
            Ok(Versioned::new(encrypted.ciphertext, version(encrypted.key_version)))
        })
    }

    fn decrypt<'a>(&'a self, id: &'a str, ciphertext: &'a str) -> BoxFuture<'a, Result<SecretBytes>> {
        Box::pin(async move {
            let decrypted = self.kms.decrypt(id, &DecryptRequest::new(ciphertext)).await?;
            Ok(decrypted.plaintext()?.clone())
        })
    }

    fn rewrap<'a>(&'a self, id: &'a str, ciphertext: &'a str) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async move {
            let rewrapped = self.kms.rewrap(id, &RewrapRequest::new(ciphertext)).await?;
            Ok(Versioned::new(rewrapped.ciphertext, version(rewrapped.key_version)))
        })
    }

    fn data_key<'a>(&'a self, id: &'a str, bits: u16, plaintext: bool) -> BoxFuture<'a, Result<DataKey>> {
        Box::pin(async move {
            if bits != 256 {
                return Err(Failure::invalid("`bits` must be 256: the service creates no other data keys"));
            }
            let form = if plaintext { DataKeyForm::Plaintext } else { DataKeyForm::Wrapped };
            let made = self.kms.create_data_key(id, &CreateDataKeyRequest::new(form)).await?;
            let key = if plaintext { Some(made.require_plaintext()?.clone()) } else { None };
            Ok(DataKey::new(key, Versioned::new(made.ciphertext, version(made.key_version))))
        })
    }

    fn sign<'a>(&'a self, id: &'a str, input: SecretBytes, how: Signing) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async move {
            only_pss(how)?;
            let signed = self.kms.sign(id, &SignRequest::new(input)).await?;
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
            Ok(self.kms.verify(id, &VerifyRequest::new(input, signature)).await?.valid)
        })
    }

    fn hmac<'a>(&'a self, id: &'a str, input: SecretBytes) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async move {
            let made = self.kms_1_2.create_hmac(id, &CreateHmacRequest::new(input)).await?;
            Ok(SecretString::from(made.hmac.as_str()))
        })
    }

    fn verify_hmac<'a>(&'a self, id: &'a str, input: SecretBytes, hmac: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let request = v1_2::types::VerifyHmacRequest::new(input, Hmac::from(hmac));
            Ok(self.kms_1_2.verify_hmac(id, &request).await?.valid)
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

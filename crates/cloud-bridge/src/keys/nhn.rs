//! Secure Key Manager of NHN Cloud.

use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_core::{BoxFuture, SecretBytes, SecretString};
use nhn_security::secure_key_manager::types::{
    DecryptRequest, EncryptRequest, KeyMetadata, KeyType, SignStandardRequest, SignatureAlgorithm,
    VerifyStandardRequest,
};
use nhn_security::secure_key_manager::v1_3;
use time::UtcOffset;

use super::scp::send;
use super::{DataKey, Key, Keys, Signing, Versioned, unwrap};
use crate::failure::{Failure, Result};
use crate::random;
use crate::trail::note;

/// The service writes times without an offset: Korean time.
pub(crate) const KOREA: UtcOffset = time::macros::offset!(+9);

/// The keys of a key store of Secure Key Manager of NHN Cloud.
#[derive(Debug)]
pub struct NhnKeys {
    client: v1_3::Client,
    store: Store,
    /// IDs that lists of the key store had. A key never moves to another store.
    known: Mutex<HashSet<String>>,
}

impl NhnKeys {
    /// Takes the settings and credentials of a handle, for the key store with this name.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) if the handle has no settings for Secure Key Manager.
    pub fn new(nhn: &nhn_security::Nhn, key_store: impl Into<String>) -> cloud_core::Result<Self> {
        Ok(Self {
            client: nhn.secure_key_manager_v1_3()?,
            store: Store::new(key_store.into()),
            known: Mutex::default(),
        })
    }

    fn is_known(&self, id: &str) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    async fn keys(&self) -> Result<Vec<KeyMetadata>> {
        let store = self.store.id(&self.client).await?;
        let keys = self.client.list_key_details(store).items().try_collect().await?;
        let usable = |key: &KeyMetadata| key.deletion_datetime.is_none() && key.key_type != KeyType::Secret;
        let keys: Vec<_> = keys.into_iter().filter(usable).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(keys.iter().map(|key| key.key_id.clone()));
        drop(known);
        Ok(keys)
    }
}

/// A key store by name. Its ID never changes.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) name: String,
    id: OnceLock<i64>,
}

impl Store {
    pub(crate) fn new(name: String) -> Self {
        Self { name, id: OnceLock::new() }
    }

    /// The ID of the only key store with this name.
    pub(crate) async fn id(&self, client: &v1_3::Client) -> Result<i64> {
        if let Some(id) = self.id.get() {
            return Ok(*id);
        }
        let stores = send!(client.list_key_store_details()).key_store_list;
        let named: Vec<_> = stores.iter().filter(|store| store.name == self.name).collect();
        match *named {
            [store] => Ok(*self.id.get_or_init(|| store.key_store_id)),
            [] => Err(Failure::new(http::StatusCode::INTERNAL_SERVER_ERROR, "no key store has the configured name")),
            _ => Err(Failure::new(
                http::StatusCode::INTERNAL_SERVER_ERROR,
                "more than one key store has the configured name",
            )),
        }
    }
}

/// Versions of this service begin with 0, those of Vault with 1.
fn version(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default().saturating_add(1)
}

fn algorithm(how: Signing) -> SignatureAlgorithm {
    match how {
        Signing::Pss => SignatureAlgorithm::RsassaPss,
        Signing::Pkcs1V15 => SignatureAlgorithm::RsassaPkcs1V15,
    }
}

fn ciphertext_of(text: &str) -> Result<&str> {
    let wrong = || Failure::invalid("the ciphertext is not vault:v, a version, a colon and Base64");
    unwrap(text).map(|(_, rest)| rest).ok_or_else(wrong)
}

impl Keys for NhnKeys {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let store = self.store.id(&self.client).await?;
            let keys = self.client.list_key_details(store).name(name).items().try_collect().await?;
            let usable = |key: &&KeyMetadata| {
                key.name == name && key.deletion_datetime.is_none() && key.key_type != KeyType::Secret
            };
            let named: Vec<_> = keys.iter().filter(usable).collect();
            match *named {
                [key] => Ok(key.key_id.clone()),
                [] => Err(Failure::not_found()),
                _ => Err(Failure::invalid("more than one key of the key store has this name: use its ID")),
            }
        })
    }

    /// Encrypting and signing name no key store, so the ID alone would reach all stores of the app key. The list is of
    /// one store; the vendor does not document whether showing a key compares the store.
    fn contains<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move { Ok(self.is_known(id) || self.keys().await?.iter().any(|key| key.key_id == id)) })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(async move { Ok(self.keys().await?.into_iter().map(|key| key.name).collect()) })
    }

    fn show<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Key>> {
        Box::pin(async move {
            let store = self.store.id(&self.client).await?;
            let shown = send!(self.client.show_key(store, id));
            let asymmetric = shown.key_type == KeyType::AsymmetricKey;
            let algorithm = if asymmetric { "rsa-2048" } else { "aes256-gcm96" };
            let created = shown.creation_datetime.to_instant(KOREA)?;
            let mut key = Key::new(&shown.name, algorithm, version(shown.current_key_value_version), created);
            key.rotation_days = u32::try_from(shown.auto_rotation_period).unwrap_or_default();
            if asymmetric {
                key.usage = super::KeyUsage::Sign;
                key.public_key = Some(pem(&send!(self.client.show_public_key(id)).to_bytes()?));
            }
            Ok(key)
        })
    }

    fn encrypt<'a>(&'a self, id: &'a str, plaintext: SecretBytes) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async move {
            let encrypted = send!(self.client.encrypt(id, &EncryptRequest::from_bytes(plaintext)));
            Ok(Versioned::wrap(&encrypted.ciphertext, version(encrypted.key_version)))
        })
    }

    fn decrypt<'a>(&'a self, id: &'a str, ciphertext: &'a str) -> BoxFuture<'a, Result<SecretBytes>> {
        Box::pin(async move {
            let request = DecryptRequest::new(ciphertext_of(ciphertext)?);
            Ok(send!(self.client.decrypt(id, &request)).to_bytes()?)
        })
    }

    fn rewrap<'a>(&'a self, id: &'a str, ciphertext: &'a str) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async move {
            let plaintext = self.decrypt(id, ciphertext).await?;
            self.encrypt(id, plaintext).await
        })
    }

    /// Creates the key here. The vendor documents that the service creates one too, but not what decrypts it.
    fn data_key<'a>(&'a self, id: &'a str, bits: u16, plaintext: bool) -> BoxFuture<'a, Result<DataKey>> {
        Box::pin(async move {
            let key = random::bytes(usize::from(bits / 8))?;
            let ciphertext = self.encrypt(id, key.clone()).await?;
            Ok(DataKey::new(plaintext.then_some(key), ciphertext))
        })
    }

    fn sign<'a>(&'a self, id: &'a str, input: SecretBytes, how: Signing) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async move {
            let signed = send!(self.client.sign_standard(id, &SignStandardRequest::new(input, algorithm(how))));
            Ok(Versioned::wrap(&signed.signature, version(signed.key_version)))
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
            let wrong = || Failure::invalid("`signature` is not vault:v, a version, a colon and Base64");
            let (version, signature) = unwrap(signature).ok_or_else(wrong)?;
            let version = i64::try_from(version - 1).map_err(|_| wrong())?;
            let request = VerifyStandardRequest::builder()
                .plaintext(input)
                .signature(signature)
                .algorithm(algorithm(how))
                .key_version(version)
                .build();
            Ok(send!(self.client.verify_standard(id, &request)).result)
        })
    }

    fn hmac<'a>(&'a self, _: &'a str, _: SecretBytes) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async { Err(no_hmac()) })
    }

    fn verify_hmac<'a>(&'a self, _: &'a str, _: SecretBytes, _: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Err(no_hmac()) })
    }
}

fn no_hmac() -> Failure {
    Failure::invalid("`hmac` is not supported: Secure Key Manager has no operation for it")
}

/// A public key as PEM, from DER.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem + "-----END PUBLIC KEY-----\n"
}

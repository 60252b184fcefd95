//! Secure Key Manager of NHN Cloud.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_core::codegen::only;
use cloud_core::{BoxFuture, Error, ErrorKind, SecretBytes, SecretString};
use nhn_security::secure_key_manager::types::{
    DecryptRequest, EncryptRequest, KeyMetadata, KeyType, SignStandardRequest, SignatureAlgorithm,
    VerifyStandardRequest,
};
use nhn_security::secure_key_manager::v1_3;
use time::UtcOffset;
use tokio::sync::OnceCell;

use super::{DataKey, Key, KeyName, Keys, Signing, Versioned, is_id, unwrap};
use crate::failure::{Failure, Result};
use crate::{random, trail};

/// The service writes times without an offset: Korean time.
pub(crate) const KOREA: UtcOffset = time::macros::offset!(+9);

/// The largest page of a list.
const PAGE: u32 = 100;

/// More pages than a key store has.
const MOST_PAGES: u32 = 1_000;

/// The keys of a key store of Secure Key Manager of NHN Cloud.
#[derive(Debug)]
pub struct NhnKeys {
    client: v1_3::Client,
    store: Store,
}

impl NhnKeys {
    /// Takes the settings and credentials of a handle, for the key store with this name.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) if the handle has no settings for Secure Key Manager.
    pub fn new(nhn: &nhn_security::Nhn, key_store: impl Into<String>) -> cloud_core::Result<Self> {
        let nhn = nhn.on_request_id(trail::note);
        Ok(Self { client: nhn.secure_key_manager_v1_3()?, store: Store::new(key_store.into()) })
    }

    /// The keys of the store that may be used: all, or those whose name the service takes for this one.
    async fn keys(&self, name: Option<&str>) -> cloud_core::Result<Vec<KeyMetadata>> {
        let mut keys = self.store.keys(&self.client, None, name).await?;
        keys.retain(|key| key.deletion_datetime.is_none() && key.key_type != KeyType::Secret);
        Ok(keys)
    }

    async fn named(&self, name: &str) -> Result<KeyMetadata> {
        let mut keys = self.keys(Some(name)).await?;
        keys.retain(|key| key.name == name);
        if keys.len() > 1 {
            return Err(Failure::invalid("more than one key of the key store has this name: use its ID"));
        }
        Ok(only("key", keys)?)
    }

    async fn shown(&self, record: &KeyMetadata) -> Result<Key> {
        let asymmetric = record.key_type == KeyType::AsymmetricKey;
        let algorithm = if asymmetric { "rsa-2048" } else { "aes256-gcm96" };
        let created = record.creation_datetime.to_instant(KOREA)?;
        let mut key = Key::new(&record.name, algorithm, version(record.current_key_value_version), created);
        key.rotation_days = u32::try_from(record.auto_rotation_period).unwrap_or_default();
        if asymmetric {
            key.usage = super::KeyUsage::Sign;
            key.public_key = Some(pem(&self.client.show_public_key(&record.key_id).await?.to_bytes()?));
        }
        Ok(key)
    }
}

/// A key store by name. Its ID never changes.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) name: String,
    id: OnceCell<i64>,
}

impl Store {
    pub(crate) fn new(name: String) -> Self {
        Self { name, id: OnceCell::new() }
    }

    /// The ID of the only key store with this name. Requests at the same time share the lookup.
    ///
    /// A name that no key store has is a mistake of the configuration: what is in the store is not missing.
    pub(crate) async fn id(&self, client: &v1_3::Client) -> cloud_core::Result<i64> {
        let lookup = async {
            let stores = client.list_key_store_details().await?.key_store_list;
            let mut named = stores.iter().filter(|store| store.name == self.name);
            match (named.next(), named.next()) {
                (Some(store), None) => Ok(store.key_store_id),
                (None, _) => Err(Error::config("no key store has the configured name")),
                _ => Err(Error::config("more than one key store has the configured name")),
            }
        };
        self.id.get_or_try_init(|| lookup).await.copied()
    }

    /// The keys of the store: all, or those of a type and those whose name the service takes for this one.
    ///
    /// The service tells no total, and the vendor documents that the last page is short. The client's own lists ask for
    /// one more page to be sure.
    pub(crate) async fn keys(
        &self,
        client: &v1_3::Client,
        kind: Option<KeyType>,
        name: Option<&str>,
    ) -> cloud_core::Result<Vec<KeyMetadata>> {
        let store = self.id(client).await?;
        let mut all: Vec<KeyMetadata> = Vec::new();
        for number in 1..=MOST_PAGES {
            let mut list = client.list_key_details(store).page_size(PAGE).start_at_page(number);
            if let Some(kind) = &kind {
                list = list.r#type(kind.clone());
            }
            if let Some(name) = name {
                list = list.name(name);
            }
            let page = list.first_page().await?.key_list;
            let last = u32::try_from(page.len()).is_ok_and(|length| length < PAGE);
            if page.iter().any(|key| all.iter().any(|own| own.key_id == key.key_id)) {
                return Err(Error::new(ErrorKind::Incomplete, "the list of keys has changed while it was read"));
            }
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
        Err(Error::new(ErrorKind::Incomplete, "the key store has more keys than can be listed"))
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
        Box::pin(async move { Ok(self.named(name).await?.key_id) })
    }

    /// Encrypting and signing name no key store, so the ID alone would reach all stores of the app key. The list is of
    /// one store; the vendor does not document whether showing a key compares the store.
    fn reaches_others(&self) -> bool {
        true
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<KeyName>>> {
        Box::pin(async move {
            let keys = self.keys(None).await?;
            Ok(keys.into_iter().map(|key| KeyName::new(key.name, key.key_id)).collect())
        })
    }

    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Key>> {
        Box::pin(async move {
            if !is_id(name) {
                return self.shown(&self.named(name).await?).await;
            }
            let keys = self.keys(None).await?;
            let record = keys.iter().find(|key| key.key_id == name).ok_or_else(Failure::not_found)?;
            self.shown(record).await
        })
    }

    fn show<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Key>> {
        Box::pin(async move {
            let store = self.store.id(&self.client).await?;
            self.shown(&self.client.show_key(store, id).await?).await
        })
    }

    fn encrypt<'a>(&'a self, id: &'a str, plaintext: SecretBytes) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async move {
            let encrypted = self.client.encrypt(id, &EncryptRequest::from_bytes(plaintext)).await?;
            Ok(Versioned::wrap(&encrypted.ciphertext, version(encrypted.key_version)))
        })
    }

    fn decrypt<'a>(&'a self, id: &'a str, ciphertext: &'a str) -> BoxFuture<'a, Result<SecretBytes>> {
        Box::pin(async move {
            let request = DecryptRequest::new(ciphertext_of(ciphertext)?);
            Ok(self.client.decrypt(id, &request).await?.to_bytes()?)
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
            let signed = self.client.sign_standard(id, &SignStandardRequest::new(input, algorithm(how))).await?;
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
            Ok(self.client.verify_standard(id, &request).await?.result)
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

//! Values for caches: the secrets of one key store, by name or ID.

use cloud_core::codegen::{only, only_usable};
use cloud_core::error::ErrorCategory;
use cloud_core::{BoxFuture, Error, ErrorKind, Result, SecretSource, SecretString, Timestamp};

use super::types::KeyType;

/// The secrets of a key store as a [`SecretSource`]. Made by `key_store` of each client that reads secrets, such as
/// [`Client::key_store`](super::Client::key_store).
///
/// A name is looked up in this key store alone. An ID may be that of a secret of any key store.
///
/// ```no_run
/// # async fn run() -> nhn_security::Result<()> {
/// use nhn_security::SecretSource as _;
///
/// let source = nhn_security::Nhn::from_env()?.secure_key_manager()?.key_store("production");
/// let id = source.resolve("db-password").await?;
/// let value = source.fetch(&id).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct KeyStoreSecrets<C> {
    client: C,
    key_store: String,
}

/// The error of a secret that is about to be deleted; none if it may be used.
fn unusable(key: &impl Named) -> Option<Error> {
    key.deletion().filter(|time| !time.as_str().trim().is_empty()).map(|_| {
        let text = "the secret is scheduled for deletion: restore it first";
        Error::builder(ErrorKind::FailureState, text).category(ErrorCategory::Conflict).build()
    })
}

macro_rules! sources {
    ($($version:ident),* $(,)?) => {$(
        impl super::$version::Client {
            /// Returns the secrets of the key store with this name as a source for caches.
            pub fn key_store(self, name: impl Into<String>) -> KeyStoreSecrets<Self> {
                KeyStoreSecrets { client: self, key_store: name.into() }
            }
        }

        impl SecretSource for KeyStoreSecrets<super::$version::Client> {
            /// Lists the key stores and the secrets of the one that is meant, and compares whole names, because the
            /// vendor does not document whether its filter compares a part of the name. Secrets that are scheduled for
            /// deletion do not count. If there are no others, the name is refused.
            fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
                Box::pin(async move {
                    let stores = self.client.list_key_store_details().await?.key_store_list;
                    let named = stores.into_iter().filter(|store| store.name == self.key_store);
                    let store = only("key store", named)?;
                    let keys = self.client.list_key_details(store.key_store_id).r#type(KeyType::Secret).name(name);
                    let keys = keys.items().try_collect().await?.into_iter();
                    let named = keys.filter(|key| has_name(key, name));
                    Ok(only_usable("secret of the key store", named, |key| unusable(key))?.key_id)
                })
            }

            /// Reads the value. The service refuses a secret that is about to be deleted.
            fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
                Box::pin(async move { Ok(self.client.show_secret(id).await?.secret) })
            }
        }
    )*};
}

/// Both types of the items of a list of keys.
trait Named {
    fn named(&self) -> (&str, &KeyType);
    fn deletion(&self) -> Option<&Timestamp>;
}

fn has_name(key: &impl Named, name: &str) -> bool {
    key.named() == (name, &KeyType::Secret)
}

impl Named for super::types::KeyMetadata {
    fn named(&self) -> (&str, &KeyType) {
        (&self.name, &self.key_type)
    }

    fn deletion(&self) -> Option<&Timestamp> {
        self.deletion_datetime.as_ref()
    }
}

impl Named for super::v1_0::types::Key {
    fn named(&self) -> (&str, &KeyType) {
        (&self.name, &self.key_type)
    }

    fn deletion(&self) -> Option<&Timestamp> {
        self.deletion_datetime.as_ref()
    }
}

sources!(v1_0, v1_2, v1_3);

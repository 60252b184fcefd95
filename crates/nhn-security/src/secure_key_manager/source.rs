//! Values for caches: the secrets of one key store, by name or ID.

use cloud_core::error::ErrorCategory;
use cloud_core::{BoxFuture, Error, ErrorKind, Result, SecretSource, SecretString};

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

/// Returns the only item with the name.
fn only<T>(what: &str, items: impl IntoIterator<Item = T>, has_name: impl Fn(&T) -> bool) -> Result<T> {
    let mut found: Vec<_> = items.into_iter().filter(has_name).collect();
    match (found.pop(), found.len()) {
        (Some(item), 0) => Ok(item),
        (None, _) => {
            let error = Error::builder(ErrorKind::Lookup, format!("no {what} has this name"));
            Err(error.category(ErrorCategory::NotFound).build())
        }
        (Some(_), more) => {
            let text = format!("{} {what}s have this name: list them and choose one by its ID", more + 1);
            Err(Error::new(ErrorKind::Lookup, text))
        }
    }
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
            /// vendor does not document whether its filter compares a part of the name.
            fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
                Box::pin(async move {
                    let stores = self.client.list_key_store_details().await?.key_store_list;
                    let store = only("key store", stores, |store| store.name == self.key_store)?;
                    let keys = self.client.list_key_details(store.key_store_id).r#type(KeyType::Secret).name(name);
                    let keys = keys.items().try_collect().await?;
                    let secret = |key: &_| has_name(key, name);
                    Ok(only("secret of the key store", keys, secret)?.key_id)
                })
            }

            /// Reads the value. The service refuses a secret that is about to be deleted.
            fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
                Box::pin(async move { Ok(self.client.show_secret(id).await?.secret) })
            }
        }
    )*};
}

/// The two types of the items of a list of keys.
trait Named {
    fn named(&self) -> (&str, &KeyType);
}

fn has_name(key: &impl Named, name: &str) -> bool {
    key.named() == (name, &KeyType::Secret)
}

impl Named for super::types::KeyMetadata {
    fn named(&self) -> (&str, &KeyType) {
        (&self.name, &self.key_type)
    }
}

impl Named for super::v1_0::types::Key {
    fn named(&self) -> (&str, &KeyType) {
        (&self.name, &self.key_type)
    }
}

sources!(v1_0, v1_2, v1_3);

//! The keys of a mount: names become IDs, and IDs are remembered for a while.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_core::Runtime;

use super::Keys;
use crate::failure::{Failure, Result};

/// How long the ID of a name is used without asking again.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The most names that are remembered.
const MOST: usize = 10_000;

/// The keys of a mount.
#[derive(Debug)]
pub(crate) struct NamedKeys {
    pub(crate) keys: Arc<dyn Keys>,
    /// Names of the configuration, each for the name or ID of a key.
    names: BTreeMap<String, String>,
    ids: Mutex<HashMap<String, (String, Duration)>>,
    runtime: Arc<dyn Runtime>,
}

impl NamedKeys {
    pub(crate) fn new(keys: Arc<dyn Keys>, names: BTreeMap<String, String>, runtime: Arc<dyn Runtime>) -> Self {
        Self { keys, names, ids: Mutex::default(), runtime }
    }

    fn ids(&self) -> MutexGuard<'_, HashMap<String, (String, Duration)>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ID of the key that a path names.
    pub(crate) async fn id(&self, name: &str) -> Result<String> {
        let configured = self.names.get(name);
        let name = configured.map_or(name, String::as_str);
        if is_id(name) {
            // The author of the configuration may name any key.
            let permitted = configured.is_some() || self.keys.contains(name).await?;
            return if permitted { Ok(name.to_owned()) } else { Err(Failure::not_found()) };
        }
        let now = self.runtime.elapsed();
        if let Some((id, until)) = self.ids().get(name)
            && *until > now
        {
            return Ok(id.clone());
        }
        let id = self.keys.resolve(name).await?;
        let mut ids = self.ids();
        if ids.len() >= MOST {
            ids.clear();
        }
        ids.insert(name.to_owned(), (id.clone(), now.saturating_add(REMEMBERED)));
        Ok(id)
    }

    /// The same for a use of the key: Vault calls a key that does not exist an invalid request.
    pub(crate) async fn id_to_use(&self, name: &str) -> Result<String> {
        self.id(name).await.map_err(|failure| match failure.status().as_u16() {
            404 => Failure::invalid("encryption key not found"),
            _ => failure,
        })
    }

    /// All names: those of the service, and those of the configuration.
    pub(crate) async fn list(&self) -> Result<Vec<String>> {
        let mut names = self.keys.list().await?;
        names.extend(self.names.keys().cloned());
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

/// Whether a name is the ID of a key: 32 hexadecimal digits.
fn is_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

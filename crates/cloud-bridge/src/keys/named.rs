//! The keys of a mount: names become IDs, and IDs are remembered for a while.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_core::Runtime;

use super::{Key, KeyName, Keys, is_id};
use crate::failure::{Failure, Result};

/// How long the ID of a name is used without asking again.
const REMEMBERED: Duration = Duration::from_secs(60);

/// How long before that a use of the name asks again in the background, so that names in use are never cold.
const AHEAD: Duration = Duration::from_secs(30);

/// How long after a list an ID that was not in it is unknown without another list.
const LISTED: Duration = Duration::from_secs(10);

/// The most names that are remembered.
const MOST: usize = 10_000;

/// The keys of a mount.
#[derive(Debug)]
pub(crate) struct NamedKeys {
    pub(crate) keys: Arc<dyn Keys>,
    /// Names of the configuration, each for the name or ID of a key.
    names: BTreeMap<String, String>,
    remembered: Arc<Remembered>,
    /// The IDs of the keys, where an ID can be that of another key.
    own: Mutex<Own>,
    /// Held during a list, so that requests at the same time share it.
    listing: tokio::sync::Mutex<()>,
    runtime: Arc<dyn Runtime>,
}

/// The IDs of names.
#[derive(Debug, Default)]
struct Remembered(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    id: String,
    until: Duration,
    /// Whether it is being looked up again.
    refreshing: bool,
}

/// The IDs of the last list, and when it was made.
#[derive(Debug, Default)]
struct Own {
    ids: HashSet<String>,
    listed: Option<Duration>,
}

impl Remembered {
    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, name: &str, id: &str, now: Duration) {
        let mut entries = self.entries();
        if entries.len() >= MOST {
            entries.clear();
        }
        let entry = Entry { id: id.to_owned(), until: now.saturating_add(REMEMBERED), refreshing: false };
        entries.insert(name.to_owned(), entry);
    }

    /// The ID of a name, and whether the caller is to look it up again.
    fn get(&self, name: &str, now: Duration) -> Option<(String, bool)> {
        let mut entries = self.entries();
        let entry = entries.get_mut(name).filter(|entry| entry.until > now)?;
        let due = !entry.refreshing && entry.until.saturating_sub(now) <= AHEAD;
        entry.refreshing |= due;
        Some((entry.id.clone(), due))
    }
}

impl NamedKeys {
    pub(crate) fn new(keys: Arc<dyn Keys>, names: BTreeMap<String, String>, runtime: Arc<dyn Runtime>) -> Self {
        let (remembered, own) = (Arc::default(), Mutex::default());
        Self { keys, names, remembered, own, listing: tokio::sync::Mutex::default(), runtime }
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an ID is one of the last list, or is unknown without another one; none if it must be asked for.
    fn is_own(&self, id: &str) -> Option<bool> {
        let own = self.own();
        let now = self.runtime.elapsed();
        let lately = own.listed.is_some_and(|at| now.saturating_sub(at) < LISTED);
        if own.ids.contains(id) { Some(true) } else { lately.then_some(false) }
    }

    /// Looks up what the first requests would have to wait for.
    pub(crate) async fn prepare(&self) -> Result<()> {
        if self.keys.reaches_others() {
            let _listing = self.listing.lock().await;
            self.relist().await?;
        }
        Ok(())
    }

    /// Lists the keys, and remembers their names and IDs.
    async fn relist(&self) -> Result<()> {
        let listed = self.keys.list().await?;
        let now = self.runtime.elapsed();
        let mut count: HashMap<&str, usize> = HashMap::new();
        listed.iter().for_each(|key| *count.entry(&key.name).or_default() += 1);
        // A name that two keys have is an error each time that it is used.
        let unique = |key: &&KeyName| count.get(&*key.name) == Some(&1);
        listed.iter().filter(unique).take(MOST / 2).for_each(|key| self.remembered.keep(&key.name, &key.id, now));
        *self.own() = Own { ids: listed.into_iter().map(|key| key.id).collect(), listed: Some(now) };
        Ok(())
    }

    /// Requires that the key with this ID is one of these.
    async fn require_own(&self, id: &str) -> Result<()> {
        if self.is_own(id).is_none() {
            let _listing = self.listing.lock().await;
            if self.is_own(id).is_none() {
                self.relist().await?;
            }
        }
        if self.is_own(id) == Some(true) { Ok(()) } else { Err(Failure::not_found()) }
    }

    /// The ID of the key that a path names.
    pub(crate) async fn id(&self, name: &str) -> Result<String> {
        let configured = self.names.get(name);
        let name = configured.map_or(name, String::as_str);
        if is_id(name) {
            // The author of the configuration may name any key.
            if configured.is_none() && self.keys.reaches_others() {
                self.require_own(name).await?;
            }
            return Ok(name.to_owned());
        }
        match self.remembered.get(name, self.runtime.elapsed()) {
            Some((id, due)) => {
                if due {
                    self.refresh(name.to_owned());
                }
                Ok(id)
            }
            None => {
                let id = self.keys.resolve(name).await?;
                self.remembered.keep(name, &id, self.runtime.elapsed());
                Ok(id)
            }
        }
    }

    /// Looks a name up again in the background. If that fails, the ID is used to its end, and then asked for again.
    fn refresh(&self, name: String) {
        let (keys, remembered) = (Arc::clone(&self.keys), Arc::clone(&self.remembered));
        let runtime = Arc::clone(&self.runtime);
        tokio::spawn(async move {
            if let Ok(id) = keys.resolve(&name).await {
                remembered.keep(&name, &id, runtime.elapsed());
            }
        });
    }

    /// The same for a use of the key: Vault calls a key that does not exist an invalid request.
    pub(crate) async fn id_to_use(&self, name: &str) -> Result<String> {
        self.id(name).await.map_err(unusable)
    }

    /// What is known of the key that a path names. It is always asked for.
    pub(crate) async fn show(&self, name: &str) -> Result<Key> {
        match self.names.get(name) {
            Some(id) if is_id(id) => self.keys.show(id).await,
            Some(name) => self.keys.find(name).await,
            None if !is_id(name) => self.keys.find(name).await,
            None if !self.keys.reaches_others() => self.keys.show(name).await,
            None => {
                let known = match self.is_own(name) {
                    Some(known) => Some(known),
                    None => {
                        let listing = self.listing.lock().await;
                        let known = self.is_own(name);
                        if known.is_none() {
                            return self.find(name).await;
                        }
                        drop(listing);
                        known
                    }
                };
                if known == Some(true) { self.keys.show(name).await } else { Err(Failure::not_found()) }
            }
        }
    }

    /// What is known of the key with an ID that may not be one of these. It lists the keys, so it needs no list before.
    async fn find(&self, id: &str) -> Result<Key> {
        let found = self.keys.find(id).await;
        match &found {
            Ok(_) => drop(self.own().ids.insert(id.to_owned())),
            // So that the next unknown IDs need no list. If it fails, they are looked up as well.
            Err(failure) if failure.status() == http::StatusCode::NOT_FOUND => drop(self.relist().await),
            Err(_) => {}
        }
        found
    }

    /// All names: those of the service, and those of the configuration.
    pub(crate) async fn list(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> = self.keys.list().await?.into_iter().map(|key| key.name).collect();
        names.extend(self.names.keys().cloned());
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

/// The failure of a use of a key that does not exist.
pub(crate) fn unusable(failure: Failure) -> Failure {
    match failure.status() {
        http::StatusCode::NOT_FOUND => Failure::invalid("encryption key not found"),
        _ => failure,
    }
}

#[cfg(test)]
mod tests;

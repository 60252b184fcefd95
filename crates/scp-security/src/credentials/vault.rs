//! Temporary credentials, which Secret Vault issues for a vault token.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud_core::auth::Generation;
use cloud_core::credentials::{CredentialCache, Expiring};
use cloud_core::{BoxFuture, Error, ErrorKind, Result, RetryPolicy, Runtime};
use time::{OffsetDateTime, UtcOffset};

use super::{Credentials, KeySource};
use crate::secret_vault::types::ShowTemporaryKeyResponse;
use crate::secret_vault::v1_0;

/// Requests temporary credentials from a vault and refreshes them before they expire.
///
/// A service keeps at most five temporary keys for an access key, so they are shared by all clones of a client.
pub(crate) struct VaultProvider {
    vault: Arc<Vault>,
    cache: CredentialCache<TemporaryKey>,
}

/// Requests keys from the vault.
struct Vault {
    client: v1_0::Client,
    id: String,
    runtime: Arc<dyn Runtime>,
    newest: Mutex<Option<Arc<History>>>,
}

struct TemporaryKey {
    credentials: Arc<Credentials>,
    /// Kept with the key, so that a refusal is never counted for another key.
    history: Arc<History>,
}

#[derive(Debug)]
struct History {
    /// When the key was issued, by the monotonic clock.
    since: Duration,
    /// How many keys in a row were issued because the previous one was refused, including this one.
    refusals: u32,
    /// Whether the key was dropped because it was refused.
    refused: AtomicBool,
}

impl History {
    fn after(previous: Option<&Self>, now: Duration) -> Self {
        let refused = previous.filter(|previous| previous.refused.load(Ordering::SeqCst));
        let refusals = refused.map_or(0, |previous| previous.refusals.saturating_add(1));
        Self { since: now, refusals, refused: AtomicBool::new(false) }
    }

    /// How long a key is kept after a service refused it. A service may refuse for another reason, such as not being
    /// enabled for the account, and a vault keeps five keys: each new one revokes an older one.
    fn kept_for(&self) -> Duration {
        YOUNG.saturating_mul(2_u32.saturating_pow(self.refusals.saturating_sub(1))).min(SHORTEST)
    }
}

/// A key younger than this is unlikely to cause a refusal. The time doubles with each new key that is refused too.
const YOUNG: Duration = Duration::from_secs(60);
/// The shortest lifetime that a vault can be set to, for a response that names no expiry.
const SHORTEST: Duration = Duration::from_secs(3600);
/// For a response that has expired on arrival: its time zone or a clock is wrong, and a refusal will show that.
const DOUBTFUL: Duration = Duration::from_secs(60);

impl VaultProvider {
    /// `client` signs with the vault token.
    pub(crate) fn new(client: v1_0::Client, vault_id: String, runtime: Arc<dyn Runtime>) -> Self {
        warn_of_another(&vault_id);
        let cache = CredentialCache::new(Arc::clone(&runtime));
        let vault = Vault { client, id: vault_id, runtime, newest: Mutex::default() };
        Self { vault: Arc::new(vault), cache }
    }
}

/// The vaults that clients of this process use.
static IN_USE: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// A vault keeps five temporary keys, and each client takes one of its own.
fn warn_of_another(id: &str) {
    let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    let clients = in_use.entry(id.to_owned()).or_default();
    *clients += 1;
    let clients = *clients;
    drop(in_use);
    if clients > 1 {
        tracing::warn!(
            clients,
            "this process has more than one client for the same secret vault, which keeps five temporary keys in all; \
             build one Scp and clone it"
        );
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clients) = in_use.get_mut(&self.id) {
            *clients -= 1;
            if *clients == 0 {
                in_use.remove(&self.id);
            }
        }
    }
}

impl Vault {
    /// Starts the history of a key that was just issued.
    fn start_history(&self) -> Arc<History> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let history = Arc::new(History::after(newest.as_deref(), self.runtime.elapsed()));
        *newest = Some(Arc::clone(&history));
        history
    }

    async fn issue(self: Arc<Self>, now: OffsetDateTime) -> Result<Expiring<TemporaryKey>> {
        let ShowTemporaryKeyResponse { access_key, secret_key, expired_at, .. } =
            // The call that needs the key decides whether to retry; two policies would multiply.
            self.client.show_temporary_key(&self.id).retry(RetryPolicy::never()).await.map_err(explain)?;
        let access_key = access_key.filter(|key| !key.trim().is_empty());
        let secret_key = secret_key.filter(|key| !key.expose_secret().trim().is_empty());
        let (Some(access_key), Some(secret_key)) = (access_key, secret_key) else {
            return Err(Error::new(
                ErrorKind::Credentials,
                "the response of the secret vault contains no temporary key",
            ));
        };
        let history = self.start_history();
        let expires = expired_at.and_then(|at| at.to_instant(UtcOffset::UTC).ok());
        let lifetime = match expires {
            Some(expires) => Duration::try_from(expires - now).map_or(DOUBTFUL, |left| left.max(DOUBTFUL)),
            None => SHORTEST,
        };
        let credentials = Arc::new(Credentials::new(access_key, secret_key));
        Ok(Expiring::new(TemporaryKey { credentials, history }, lifetime))
    }
}

fn explain(error: Error) -> Error {
    let text = format!("no temporary key from the secret vault: {}", error.message());
    Error::builder(ErrorKind::Credentials, text)
        .category(error.category())
        .transient(error.is_transient())
        .delivery(error.delivery())
        .code(error.code().map(str::to_owned))
        .request_id(error.request_id().map(str::to_owned))
        .retry_after(error.retry_after())
        .status(error.status())
        .source(error)
        .build()
}

impl KeySource for VaultProvider {
    fn credentials(&self, now: OffsetDateTime) -> BoxFuture<'_, Result<(Arc<Credentials>, Generation)>> {
        Box::pin(async move {
            let vault = Arc::clone(&self.vault);
            let (key, generation) = self.cache.get(now, move || vault.issue(now)).await?;
            Ok((Arc::clone(&key.credentials), generation))
        })
    }

    fn current(&self) -> Option<Arc<Credentials>> {
        self.cache.current().map(|key| Arc::clone(&key.credentials))
    }

    fn valid(&self, now: OffsetDateTime) -> Option<Arc<Credentials>> {
        self.cache.valid(now).map(|key| Arc::clone(&key.credentials))
    }

    fn invalidate(&self, generation: Generation) -> bool {
        if let Some(key) = self.cache.held(generation) {
            let age = self.vault.runtime.elapsed().saturating_sub(key.history.since);
            if age < key.history.kept_for() {
                return false;
            }
            key.history.refused.store(true, Ordering::SeqCst);
        }
        // A key that was issued meanwhile stays.
        self.cache.invalidate(generation)
    }
}

impl fmt::Debug for VaultProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultProvider").field("cache", &self.cache).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

//! Temporary credentials, which Secret Vault issues for a vault token.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_core::auth::Generation;
use cloud_core::credentials::{CredentialCache, Expiring};
use cloud_core::{BoxFuture, Error, ErrorKind, Result, RetryPolicy, Runtime};
use time::OffsetDateTime;

use super::{Credentials, ProvideCredentials};
use crate::secret_vault::types::SecretVaultTemporaryKeyResponse;
use crate::secret_vault::v1_0;

/// Requests temporary credentials from a vault and refreshes them before they expire.
///
/// A service keeps at most five temporary keys for an access key, so they are shared by all clones of a client.
pub(crate) struct VaultProvider {
    vault: Arc<Vault>,
    cache: CredentialCache<Credentials>,
}

/// Requests keys from the vault.
struct Vault {
    client: v1_0::Client,
    id: String,
    runtime: Arc<dyn Runtime>,
    newest: Mutex<Newest>,
}

/// What is known of the newest temporary key besides the key.
#[derive(Debug, Default)]
struct Newest {
    /// When it was issued, by the monotonic clock.
    since: Duration,
    /// How many keys in a row were issued because the previous one was refused, including this one.
    refusals: u32,
    /// Whether it was dropped because it was refused.
    refused: bool,
}

impl Newest {
    fn renew(&mut self, now: Duration) {
        let refusals = if self.refused { self.refusals.saturating_add(1) } else { 0 };
        *self = Self { since: now, refusals, refused: false };
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
        let cache = CredentialCache::new(Arc::clone(&runtime));
        let vault = Vault { client, id: vault_id, runtime, newest: Mutex::default() };
        Self { vault: Arc::new(vault), cache }
    }
}

impl Vault {
    fn newest(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn issue(self: Arc<Self>, now: OffsetDateTime) -> Result<Expiring<Credentials>> {
        let SecretVaultTemporaryKeyResponse { access_key, secret_key, expired_at, .. } =
            // The call that needs the key decides whether to retry; two policies would multiply.
            self.client.get_temporary_key(&self.id).retry(RetryPolicy::never()).await.map_err(explain)?;
        let access_key = access_key.filter(|key| !key.trim().is_empty());
        let secret_key = secret_key.filter(|key| !key.expose_secret().trim().is_empty());
        let (Some(access_key), Some(secret_key)) = (access_key, secret_key) else {
            return Err(Error::new(
                ErrorKind::Credentials,
                "the response of the secret vault contains no temporary key",
            ));
        };
        self.newest().renew(self.runtime.elapsed());
        let expires = expired_at.and_then(|at| {
            let local = || at.to_date_time().map(|time| time.assume_utc());
            at.to_offset_date_time().or_else(|_| local()).ok()
        });
        let lifetime = match expires {
            Some(expires) => Duration::try_from(expires - now).map_or(DOUBTFUL, |left| left.max(DOUBTFUL)),
            None => SHORTEST,
        };
        Ok(Expiring::new(Credentials::new(access_key, secret_key), lifetime))
    }
}

fn explain(error: Error) -> Error {
    let text = format!("no temporary key from the secret vault: {}", error.message());
    let explained = Error::new(ErrorKind::Credentials, text)
        .with_category(error.category())
        .with_transient(error.is_transient())
        .with_delivery(error.delivery())
        .with_code(error.code().map(str::to_owned))
        .with_request_id(error.request_id().map(str::to_owned))
        .with_retry_after(error.retry_after());
    match error.status() {
        Some(status) => explained.with_status(status).with_source(error),
        None => explained.with_source(error),
    }
}

impl ProvideCredentials for VaultProvider {
    fn credentials(&self, now: OffsetDateTime) -> BoxFuture<'_, Result<(Arc<Credentials>, Generation)>> {
        let vault = Arc::clone(&self.vault);
        Box::pin(self.cache.get(now, move || vault.issue(now)))
    }

    fn current(&self) -> Option<Arc<Credentials>> {
        self.cache.current()
    }

    fn invalidate(&self, generation: Generation) -> bool {
        if self.cache.holds(generation) {
            let mut newest = self.vault.newest();
            if self.vault.runtime.elapsed().saturating_sub(newest.since) < newest.kept_for() {
                return false;
            }
            newest.refused = true;
        }
        self.cache.invalidate(generation)
    }
}

impl fmt::Debug for VaultProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultProvider").field("cache", &self.cache).finish_non_exhaustive()
    }
}

//! Temporary credentials: Secret Vault hands them out against a vault token.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::auth::Generation;
use cloud_core::credentials::{Cache, Issued};
use cloud_core::{BoxFuture, Error, ErrorKind, Result};
use time::OffsetDateTime;

use super::{Credentials, ProvideCredentials};
use crate::secret_vault::types::SecretVaultTemporaryKeyResponse;
use crate::secret_vault::v1_0;

/// Gets temporary credentials from a vault and renews them ahead of expiry.
///
/// A service keeps at most five temporary keys for an access key, so they are shared by all clones of a client.
pub(crate) struct VaultProvider {
    client: v1_0::Client,
    vault_id: String,
    cache: Cache<Credentials>,
}

/// The shortest lifetime that a vault can be set to, for an answer that names no expiry.
const SHORTEST: Duration = Duration::from_secs(3600);
/// For an answer that has expired on arrival: its zone or a clock is off, and a refusal will tell.
const DOUBTFUL: Duration = Duration::from_secs(60);

impl VaultProvider {
    /// `client` signs with the vault token.
    pub(crate) fn new(client: v1_0::Client, vault_id: String) -> Self {
        Self { client, vault_id, cache: Cache::default() }
    }

    async fn issue(&self, now: OffsetDateTime) -> Result<Issued<Credentials>> {
        let SecretVaultTemporaryKeyResponse { access_key, secret_key, expired_at, .. } =
            self.client.get_temporary_key(&self.vault_id).await.map_err(explain)?;
        let (Some(access_key), Some(secret_key)) = (access_key, secret_key) else {
            return Err(Error::new(ErrorKind::Credentials, "the secret vault's answer holds no temporary key"));
        };
        let expires = expired_at.and_then(|at| {
            let local = || at.to_date_time().map(|time| time.assume_utc());
            at.to_offset_date_time().or_else(|_| local()).ok()
        });
        let lifetime = match expires {
            Some(expires) => Duration::try_from(expires - now).map_or(DOUBTFUL, |left| left.max(DOUBTFUL)),
            None => SHORTEST,
        };
        Ok(Issued { value: Credentials::new(access_key, secret_key), lifetime })
    }
}

fn explain(error: Error) -> Error {
    let text = format!("no temporary key from the secret vault: {}", error.message());
    Error::new(ErrorKind::Credentials, text)
        .with_retryable(error.is_retryable())
        .with_unsent(error.is_unsent())
        .with_code(error.code().map(str::to_owned))
        .with_request_id(error.request_id().map(str::to_owned))
        .with_retry_after(error.retry_after())
        .with_source(error)
}

impl ProvideCredentials for VaultProvider {
    fn credentials(&self, now: OffsetDateTime) -> BoxFuture<'_, Result<(Arc<Credentials>, Generation)>> {
        Box::pin(self.cache.get(now, move || self.issue(now)))
    }

    fn refused(&self, generation: Generation) -> bool {
        self.cache.refuse(generation)
    }
}

impl fmt::Debug for VaultProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultProvider").field("cache", &self.cache).finish_non_exhaustive()
    }
}

//! Data keys for envelope encryption: made, wrapped and unwrapped by one key.

use cloud_core::error::ErrorCategory;
use cloud_core::{BoxFuture, DataKey, DataKeySource, Error, ErrorKind, Result, SecretBytes, WrappedKey};

use super::client::{self, Client};
use super::types::{CreateDataKeyRequest, DataKeyForm, DecryptRequest, EncryptRequest, KeyState};
use crate::usable;

/// A key of Key Management Service as a [`DataKeySource`]. Made by [`Client::key`](client::Client::key).
///
/// The key is one that encrypts (`aes256-gcm96`, or ARIA in the sovereign environment). A data key is wrapped with the
/// newest version of the key, and is unwrapped with the version that wrapped it.
///
/// ```no_run
/// # async fn run(key_id: &str) -> scp_security::Result<()> {
/// use scp_security::DataKeySource as _;
///
/// let key = scp_security::Scp::from_env()?.kms().key(key_id);
/// let data_key = key.generate().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct WrappingKey<V> {
    client: Client<V>,
    id: String,
}

impl<V: client::Version> Client<V> {
    /// Returns the key with this ID as a source of data keys, for envelope encryption.
    pub fn key(self, id: impl Into<String>) -> WrappingKey<V> {
        WrappingKey { client: self, id: id.into() }
    }
}

impl<V: client::Version> WrappingKey<V> {
    async fn make(&self) -> Result<DataKey> {
        let body = CreateDataKeyRequest::new(DataKeyForm::Plaintext);
        let made = self.client.create_data_key(&self.id, &body).await?;
        Ok(DataKey::new(made.require_plaintext()?.clone(), made.ciphertext))
    }

    async fn encrypt(&self, key: &SecretBytes) -> Result<Vec<u8>> {
        let body = EncryptRequest::new(key.clone());
        Ok(self.client.encrypt(&self.id, &body).await?.ciphertext.into_bytes())
    }

    async fn decrypt(&self, key: &WrappedKey) -> Result<SecretBytes> {
        // The service's ciphertexts are text, so anything else was not wrapped by it.
        let foreign = |_| Error::new(ErrorKind::Request, "the wrapped data key is not a ciphertext of this service");
        let ciphertext = std::str::from_utf8(&key.ciphertext).map_err(foreign)?;
        let opened = self.client.decrypt(&self.id, &DecryptRequest::new(ciphertext)).await?;
        Ok(opened.plaintext()?.clone())
    }
}

/// Whether the service refused a request without saying what the refusal means.
fn is_unclear<T>(outcome: &Result<T>) -> bool {
    outcome.as_ref().is_err_and(|error| {
        let refused = error.status().is_some_and(|status| (400..500).contains(&status));
        refused && error.category().is_none() && !error.is_transient()
    })
}

/// The vendor does not document how requests for a key are refused that is stopped or scheduled for deletion. So its
/// state is read after a refusal that does not tell.
fn judge<T>(outcome: Result<T>, state: Result<Option<KeyState>>) -> Result<T> {
    match (outcome, state) {
        (Err(error), Ok(state)) => {
            let reason = usable::reason_against(state.as_ref().map_or("", KeyState::as_str));
            Err(match reason {
                Some(reason) => {
                    let text = format!("the key is {reason}");
                    let stopped = Error::builder(ErrorKind::FailureState, text);
                    stopped.category(ErrorCategory::Conflict).source(error).build()
                }
                None => error,
            })
        }
        (Err(_), Err(state)) if state.is_not_found() => Err(state),
        (outcome, _) => outcome,
    }
}

// `inline`: compiled where it is used, so that a program without envelope encryption does not wait for it.
macro_rules! sources {
    ($($(#[$gate:meta])? $version:ident),* $(,)?) => {$(
        $(#[$gate])?
        impl WrappingKey<client::$version> {
            async fn judged<T>(&self, outcome: Result<T>) -> Result<T> {
                if is_unclear(&outcome) {
                    let shown = self.client.show_key(&self.id).await;
                    return judge(outcome, shown.map(|shown| shown.key.state));
                }
                outcome
            }
        }

        $(#[$gate])?
        impl DataKeySource for WrappingKey<client::$version> {
            fn provider(&self) -> &str {
                "scp-kms"
            }

            fn key_id(&self) -> &str {
                &self.id
            }

            #[inline]
            fn generate(&self) -> BoxFuture<'_, Result<Option<DataKey>>> {
                Box::pin(async { self.judged(self.make().await).await.map(Some) })
            }

            #[inline]
            fn wrap_key<'a>(&'a self, key: &'a SecretBytes) -> BoxFuture<'a, Result<Vec<u8>>> {
                Box::pin(async { self.judged(self.encrypt(key).await).await })
            }

            #[inline]
            fn unwrap_key<'a>(&'a self, key: &'a WrappedKey, _: &'a [u8]) -> BoxFuture<'a, Result<SecretBytes>> {
                Box::pin(async { self.judged(self.decrypt(key).await).await })
            }
        }
    )*};
}

sources!(
    #[cfg(feature = "ended-versions")]
    V1_0,
    #[cfg(feature = "ended-versions")]
    V1_1,
    V1_2,
    V1_3,
    V1_4,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_of_the_key_decides_what_an_unclear_refusal_means() {
        let unclear = || Error::builder(ErrorKind::Service, "refused").status(400).build();
        let refused = || Err::<(), _>(unclear());
        let in_state = |state: &str| Ok(Some(serde_json::from_str::<KeyState>(&format!("\"{state}\"")).unwrap()));
        for (state, conflict) in [("Stop", true), ("To_Be_Terminated", true), ("Active", false), ("Paused", false)] {
            assert_eq!(judge(refused(), in_state(state)).unwrap_err().is_conflict(), conflict, "{state}");
        }
        assert!(!judge(refused(), Ok(None)).unwrap_err().is_conflict());
        let gone = Error::builder(ErrorKind::Service, "gone").category(ErrorCategory::NotFound).build();
        assert!(judge(refused(), Err(gone)).unwrap_err().is_not_found());
        assert_eq!(judge(refused(), Err(Error::new(ErrorKind::Timeout, "late"))).unwrap_err().status(), Some(400));
        assert!(judge(Ok(()), in_state("Stop")).is_ok());
        assert!(is_unclear(&refused()) && !is_unclear(&Ok(())));
        assert!(!is_unclear(&Err::<(), _>(Error::new(ErrorKind::Timeout, "late"))));
    }
}

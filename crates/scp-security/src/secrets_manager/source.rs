//! Values for caches: resolves names, reads a label or a version, and refuses what is stopped.

use cloud_core::codegen::only_usable;
use cloud_core::error::ErrorCategory;
use cloud_core::{BoxFuture, Error, ErrorKind, Result, SecretSource, SecretString, Timestamp};

use super::client::{self, Client};
use super::types::{Secret, SecretState, ShowSecretValueRequest};
use crate::usable;

/// The label of the version that is read unless another is set.
const CURRENT: &str = "CURRENT";

/// The secrets of Secrets Manager as a [`SecretSource`]: which version of each is read. Made by
/// [`Client::source`](client::Client::source).
///
/// ```no_run
/// # async fn run(secret_id: &str) -> scp_security::Result<()> {
/// use scp_security::SecretSource as _;
///
/// let source = scp_security::Scp::from_env()?.secrets_manager().source().label("PREVIOUS");
/// let before = source.fetch(secret_id).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Source<V> {
    client: Client<V>,
    version: Wanted,
}

#[derive(Clone, Debug)]
enum Wanted {
    Label(String),
    Id(String),
}

impl<V: client::Version> Client<V> {
    /// Returns the secrets as a source for caches, which reads the version with the label `CURRENT` of each.
    pub fn source(self) -> Source<V> {
        Source { client: self, version: Wanted::Label(CURRENT.to_owned()) }
    }
}

impl<V: client::Version> Source<V> {
    /// Reads the version with this label.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.version = Wanted::Label(label.into());
        self
    }

    /// Reads the version with this ID. It is a version of one secret: other secrets are not found.
    pub fn version_id(mut self, id: impl Into<String>) -> Self {
        self.version = Wanted::Id(id.into());
        self
    }

    fn request(&self) -> ShowSecretValueRequest {
        let request = ShowSecretValueRequest::default();
        match &self.version {
            Wanted::Label(label) => request.with_label(label),
            Wanted::Id(id) => request.with_version_id(id),
        }
    }

    async fn read(&self, id: &str) -> Result<SecretString> {
        let shown = self.client.show_secret_value(id, &self.request()).await?;
        Ok(shown.secret_value()?.expose_secret().into())
    }
}

/// The state of a secret, and its time of deletion.
type State = (Option<SecretState>, Option<Timestamp>);

/// Returns why a secret may not be used although the service may still show its value; none if it may be used.
///
/// The state decides if it is known: the vendor's own example of an active secret has a time of deletion.
pub(super) fn reason_against(state: Option<&SecretState>, deleted: Option<&Timestamp>) -> Option<&'static str> {
    let state = state.map_or("", SecretState::as_str);
    let scheduled = deleted.is_some_and(|time| !time.as_str().trim().is_empty());
    let known = ["active", "creating", "error"].iter().any(|known| state.eq_ignore_ascii_case(known));
    match usable::reason_against(state) {
        None if scheduled && !known => Some(usable::SCHEDULED),
        reason => reason,
    }
}

fn unusable((state, deleted): &State) -> Option<Error> {
    let text = format!("the secret is {}", reason_against(state.as_ref(), deleted.as_ref())?);
    Some(Error::builder(ErrorKind::FailureState, text).category(ErrorCategory::Conflict).build())
}

/// The vendor does not document whether the value of a stopped secret is shown, nor how it is refused. So the state is
/// read as well, after the value: a secret that was stopped in between is noticed.
fn judge(value: Result<SecretString>, state: Result<State>) -> Result<SecretString> {
    match (value, state) {
        (value, Ok(state)) => unusable(&state).map_or(value, Err),
        // The request for the value did not say why it failed.
        (Err(_), Err(state)) if state.is_not_found() => Err(state),
        (Err(error), Err(_)) => Err(error),
        // Who may read values need not be allowed to read secrets; the service itself has shown the value.
        (Ok(value), Err(error)) if error.is_denied() => Ok(value),
        (Ok(_), Err(error)) => Err(error),
    }
}

macro_rules! sources {
    ($($(#[$gate:meta])? $version:ident),* $(,)?) => {$(
        $(#[$gate])?
        impl SecretSource for Source<client::$version> {
            /// Resolves a name as [`secret_by_name`](client::Client::secret_by_name) does, but secrets that are stopped or
            /// scheduled for deletion do not count. If there are no others, the name is refused.
            fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
                Box::pin(async move {
                    let mut found = self.client.list_secrets().name(name).items().try_collect().await?;
                    found.retain(|secret| secret.name.as_deref() == Some(name));
                    let refusal = |secret: &Secret| unusable(&(secret.state.clone(), secret.deleted_at.clone()));
                    Ok(only_usable("secret", found, refusal)?.id)
                })
            }

            /// Reads the value, and the state of the secret: one that is stopped or scheduled for deletion is refused.
            fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
                Box::pin(async move {
                    let value = self.read(id).await;
                    // A refusal that is known as one, and an outage, need no second request.
                    if value.as_ref().is_err_and(|error| error.category().is_some() || error.status() != Some(400)) {
                        return value;
                    }
                    let shown = self.client.show_secret(id).await;
                    judge(value, shown.map(|shown| (shown.secret.state, shown.secret.deleted_at)))
                })
            }
        }

        $(#[$gate])?
        impl SecretSource for Client<client::$version> {
            fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
                Box::pin(async move { self.clone().source().resolve(name).await })
            }

            fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
                Box::pin(async move { self.clone().source().fetch(id).await })
            }
        }
    )*};
}

sources!(
    #[cfg(feature = "ended-versions")]
    V1_0,
    V1_1,
    V1_2,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopped_and_scheduled_secrets_are_refused_however_the_state_is_written() {
        let time = "2025-02-25 05:47:35.000";
        let cases = [
            (Some("Active"), "", true),
            (Some("Creating"), "", true),
            (Some("Error"), "", true),
            (Some("Stop"), "", false),
            (Some("STOPPED"), "", false),
            (Some("To_Be_Terminated"), "", false),
            (Some("To be terminated"), "", false),
            // So the vendor's own example of an active secret.
            (Some("Active"), time, true),
            (Some("ACTIVE"), time, true),
            (Some("Paused"), "", true),
            (Some("Paused"), time, false),
            (None, "", true),
            (None, time, false),
        ];
        for (state, deleted, usable) in cases {
            let state = state.map(|state| serde_json::from_str::<SecretState>(&format!("\"{state}\"")).unwrap());
            let time = serde_json::from_str::<Timestamp>(&format!("\"{deleted}\"")).unwrap();
            let error = unusable(&(state.clone(), Some(time)));
            assert_eq!(error.is_none(), usable, "{state:?} {deleted:?}");
            assert!(error.is_none_or(|error| error.is_conflict()));
            assert!(!deleted.is_empty() || unusable(&(state, None)).is_none() == usable);
        }
    }

    #[test]
    fn value_and_state_decide_together() {
        let value = || Ok(SecretString::from("a"));
        let failed = |category| Error::builder(ErrorKind::Service, "failed").category(category).build();
        let active = || Ok((Some(SecretState::Active), None));
        let stopped = || Ok((Some(SecretState::Stop), None));
        assert!(judge(value(), active()).is_ok());
        assert!(judge(value(), stopped()).unwrap_err().is_conflict());
        assert!(judge(Err(failed(None)), stopped()).unwrap_err().is_conflict());
        assert_eq!(judge(Err(failed(None)), active()).unwrap_err().category(), None);
        // Deleted: the first request did not say so, the second did.
        let gone = judge(Err(failed(None)), Err(failed(Some(ErrorCategory::NotFound)))).unwrap_err();
        assert!(gone.is_not_found());
        let denied = judge(Err(failed(None)), Err(failed(Some(ErrorCategory::Denied)))).unwrap_err();
        assert_eq!(denied.category(), None, "who may not read secrets learns nothing from the second request");
        assert!(judge(value(), Err(failed(Some(ErrorCategory::Denied)))).is_ok());
        assert!(judge(value(), Err(failed(None))).is_err());
        assert!(judge(value(), Err(failed(Some(ErrorCategory::NotFound)))).unwrap_err().is_not_found());
    }
}

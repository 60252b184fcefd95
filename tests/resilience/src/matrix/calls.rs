//! The calls of the matrix: one for each vendor and class of operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cloud_core::call::SendFuture;
use cloud_core::{
    BoxFuture, Error, ErrorKind, Incomplete, IncompleteReason, Items, Listing, Page, Response, Result, Runtime,
    SecretRef, SecretSource, Transport,
};
use cloud_sandbox::Sandbox;
use cloud_secrets::SecretCache;
use nhn_security::secure_key_manager::types::{CreateSecretRequest, UpdateSecretRequest};
use nhn_security::{Nhn, Period, Region};
use risken_aws::aws::types::{AwsForUpsert, InvokeScanRequest, PutAwsRequest};
use risken_aws::{ProjectId, Risken};
use scp_security::Scp;
use scp_security::kms::types::{EncryptRequest, SetDescriptionRequest};
use serde::de::DeserializeOwned;
use time::macros::datetime;

use super::Manner;

/// The class of an operation, which decides how often a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Changes nothing.
    Safe,
    /// Has the same effect if repeated.
    Idempotent,
    /// Has a further effect if repeated.
    Unsafe,
    /// A list in three pages; the second has the fault.
    List,
    /// The value of a secret that a cache fetched before, and fetches again because its TTL has passed.
    Cached,
}

/// The credentials of a call, which decide what the client does if they are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// A signature with a time, by a permanent key.
    Signed,
    /// A token that the client can fetch again.
    Token,
    /// A signature by a temporary key that the client can fetch again.
    Temporary,
    /// A token from the caller.
    Fixed,
    /// No credentials that the service can refuse.
    Absent,
}

/// One call of the matrix.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) vendor: &'static str,
    pub(super) class: Class,
    pub(super) credentials: Credentials,
    /// As the sandbox names it.
    pub(super) operation: &'static str,
    pub(super) call: fn(&Parts<'_>) -> Made,
}

impl Credentials {
    /// Returns the suffix that distinguishes calls with the same vendor and class.
    pub(super) fn note(self) -> &'static str {
        match self {
            Self::Temporary => " with temporary keys",
            Self::Token => " with a token",
            Self::Absent => " without a token",
            Self::Signed | Self::Fixed => "",
        }
    }
}

/// Returns whether the path is that of a request for a token or key.
pub(super) fn is_for_credentials(path: &str) -> bool {
    ["/oauth2/", "/v1/temporarykey/"].iter().any(|start| path.starts_with(start))
}

/// The parts that a client is built from.
pub(super) struct Parts<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) endpoint: &'a str,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) runtime: Arc<dyn Runtime>,
}

/// How a call ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Success, with the number of attempts if the SDK reports it.
    Good(Option<u32>),
    Failed(Error),
    /// An incomplete list: why, and whether it can be resumed.
    Partial(String),
    /// The value that the cache fetched before.
    Stale,
    /// The service refused the secret, so the cache keeps no value of it.
    Evicted(Error),
}

const KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";
const SECRET: &str = "04fde6d8ee604cbe8fa7abe135a7dc3e";
const PROJECT: i64 = 1001;
const SCP_SECRET: &str = "my-secret-name";
/// Less than the time between the call before and that with the fault.
const TTL: Duration = Duration::from_secs(60);
const STALE: Duration = Duration::from_secs(86_400);
/// How many secrets the calls have created.
static CREATED: AtomicU64 = AtomicU64::new(0);

/// A client that makes its call on each invocation, in this manner.
pub(super) type Caller = Box<dyn Fn(Manner) -> BoxFuture<'static, Outcome> + Send>;
type Made = Result<Caller>;

fn calls(call: impl Fn(Manner) -> BoxFuture<'static, Outcome> + Send + 'static) -> Made {
    Ok(Box::new(call))
}

const fn target(
    vendor: &'static str,
    class: Class,
    credentials: Credentials,
    operation: &'static str,
    call: fn(&Parts<'_>) -> Made,
) -> Target {
    Target { vendor, class, credentials, operation, call }
}

/// Every vendor with each of its classes. NHN Cloud's calls are separate by what they are authenticated with.
pub(super) static TARGETS: [Target; 15] = [
    target("scp", Class::Safe, Credentials::Signed, "scp/kms/encrypt", |parts| {
        let kms = scp(parts)?.kms();
        calls(move |manner| single(manner, kms.encrypt(KEY, &EncryptRequest::new(b"x")).send()))
    }),
    target("scp", Class::Idempotent, Credentials::Signed, "scp/kms/set_description", |parts| {
        let kms = scp(parts)?.kms();
        calls(move |manner| single(manner, kms.set_description(KEY, &SetDescriptionRequest::new("x")).send()))
    }),
    target("scp", Class::Unsafe, Credentials::Signed, "scp/kms/rotate_key", |parts| {
        let kms = scp(parts)?.kms();
        calls(move |manner| single(manner, kms.rotate_key(KEY).send()))
    }),
    target("scp", Class::Unsafe, Credentials::Temporary, "scp/kms/rotate_key", |parts| {
        let kms = scp_from_vault(parts)?.kms();
        calls(move |manner| single(manner, kms.rotate_key(KEY).send()))
    }),
    target("scp", Class::List, Credentials::Signed, "scp/kms/list_keys", |parts| {
        let kms = scp(parts)?.kms();
        calls(move |manner| list(manner, kms.list_keys().size(2).items()))
    }),
    target("scp", Class::Cached, Credentials::Signed, "scp/secretsmanager/show_secret_value", |parts| {
        cached(parts, scp(parts)?.secrets_manager(), SecretRef::Name(SCP_SECRET))
    }),
    target("nhn", Class::Safe, Credentials::Absent, "nhn/secure-key-manager/show_secret", |parts| {
        let keys = nhn(parts)?.secure_key_manager_v1_0()?;
        calls(move |manner| single(manner, keys.show_secret(SECRET).send()))
    }),
    target("nhn", Class::Idempotent, Credentials::Token, "nhn/secure-key-manager/update_secret", |parts| {
        let keys = nhn(parts)?.secure_key_manager_v1_3()?;
        calls(move |manner| single(manner, keys.update_secret(SECRET, &UpdateSecretRequest::new("x")).send()))
    }),
    target("nhn", Class::Unsafe, Credentials::Fixed, "nhn/secure-key-manager/create_secret", |parts| {
        let keys = nhn(parts)?.secure_key_manager_v1_2()?;
        calls(move |manner| {
            // Each call creates one of its own.
            let name = format!("secret {}", CREATED.fetch_add(1, Ordering::Relaxed));
            let secret = CreateSecretRequest::builder().key_store_name("servers").name(name).description("");
            single(manner, keys.create_secret(&secret.secret_value("x").build()).send())
        })
    }),
    target("nhn", Class::Safe, Credentials::Token, "nhn/security-advisor/show_last_inspection_date", |parts| {
        let advisor = nhn(parts)?.security_advisor()?;
        calls(move |manner| single(manner, advisor.show_last_inspection_date().send()))
    }),
    target("nhn", Class::List, Credentials::Token, "nhn/server-security-check/list_inspection_summaries", |parts| {
        let june = Period::new(datetime!(2025-06-01 00:00 +9), datetime!(2025-06-30 23:59:59 +9))?;
        let check = nhn(parts)?.server_security_check()?;
        calls(move |manner| list(manner, check.list_inspection_summaries(Region::Kr1, june).limit(14).items()))
    }),
    target("nhn", Class::Cached, Credentials::Token, "nhn/secure-key-manager/show_secret", |parts| {
        cached(parts, nhn(parts)?.secure_key_manager_v1_3()?.key_store("servers"), SecretRef::Id(SECRET))
    }),
    target("risken", Class::Safe, Credentials::Fixed, "risken/aws/list_aws", |parts| {
        let (aws, project) = (risken(parts)?.aws(), ProjectId::new(PROJECT)?);
        calls(move |manner| single(manner, aws.list_aws(project).send()))
    }),
    target("risken", Class::Idempotent, Credentials::Fixed, "risken/aws/put_aws", |parts| {
        let account = AwsForUpsert::builder()
            .name("production")
            .project_id(ProjectId::new(PROJECT)?)
            .aws_account_id("210987654321");
        let account = PutAwsRequest::from(account.build());
        let aws = risken(parts)?.aws();
        calls(move |manner| single(manner, aws.put_aws(&account).send()))
    }),
    target("risken", Class::Unsafe, Credentials::Fixed, "risken/aws/invoke_scan", |parts| {
        let aws = risken(parts)?.aws();
        let scan = InvokeScanRequest::builder()
            .project_id(ProjectId::new(PROJECT)?)
            .aws_id(2001.try_into()?)
            .aws_data_source_id(3001.try_into()?)
            .build();
        calls(move |manner| single(manner, aws.invoke_scan(&scan).send()))
    }),
];

/// The version of the key that [`TARGETS`] rotate; the first is 1.
pub(super) async fn key_version(parts: &Parts<'_>) -> Result<i64> {
    Ok(scp(parts)?.kms().encrypt(KEY, &EncryptRequest::new(b"x")).await?.key_version)
}

fn single<T: DeserializeOwned + Send + 'static>(manner: Manner, call: SendFuture<T>) -> BoxFuture<'static, Outcome> {
    let outcome = |result: Result<Response<T>>| match result {
        Ok(response) => Outcome::Good(Some(response.parts().attempts)),
        Err(error) => Outcome::Failed(error),
    };
    match manner {
        Manner::Awaited => Box::pin(async move { outcome(call.await) }),
        Manner::Waited => on_a_thread(move || outcome(call.wait())),
    }
}

/// Reads a secret through one cache again and again.
fn cached(parts: &Parts<'_>, source: impl SecretSource + 'static, secret: SecretRef<'static>) -> Made {
    let cache =
        SecretCache::builder(source).ttl(TTL).stale_on_outage(STALE).runtime(Arc::clone(&parts.runtime)).build();
    calls(move |_| {
        let cache = cache.clone();
        Box::pin(async move {
            let stale = cache.metrics().stale;
            match cache.get(secret).await {
                Ok(_) if cache.metrics().stale > stale => Outcome::Stale,
                Ok(_) => Outcome::Good(None),
                Err(error) if cache.metrics().entries == 0 => Outcome::Evicted(error),
                Err(error) => Outcome::Failed(error),
            }
        })
    })
}

fn list<P>(manner: Manner, items: Items<P>) -> BoxFuture<'static, Outcome>
where
    P: Page + DeserializeOwned + Send + 'static,
    P::Item: Send,
{
    let listed = |listing: Listing<P::Item>| match listing.incomplete() {
        None => Outcome::Good(None),
        Some(incomplete) => Outcome::Partial(partial(incomplete)),
    };
    match manner {
        Manner::Awaited => Box::pin(async move { items.into_listing().await.map_or_else(Outcome::Failed, listed) }),
        Manner::Waited => on_a_thread(move || match items.collect_wait() {
            Ok(_) => Outcome::Good(None),
            Err(error) if error.kind() == ErrorKind::Incomplete => Outcome::Partial(short(&error).to_owned()),
            // No page was received: the second one has the fault, or the request for a token.
            Err(error) if error.kind() == ErrorKind::Credentials => Outcome::Failed(error),
            Err(error) => Outcome::Partial(summary(&error)),
        }),
    }
}

/// Runs a call that blocks, in its own thread, since no runtime may be current where a thread blocks.
fn on_a_thread(call: impl FnOnce() -> Outcome + Send + 'static) -> BoxFuture<'static, Outcome> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Nobody receives it after the limit.
        let _ = sender.send(call());
    });
    Box::pin(async move { receiver.await.unwrap_or_else(|_| Outcome::Partial("the thread panicked".to_owned())) })
}

/// What [`partial`] says of the list of this error, which does not tell whether it can be resumed.
fn short(error: &Error) -> &'static str {
    let causes = [
        ("it ended after", "Incomplete: ended early"),
        ("the same page again", "Incomplete: the same page again"),
        ("an item came twice", "Incomplete: an item twice"),
    ];
    causes.iter().find(|(text, _)| error.message().contains(text)).map_or("Incomplete: otherwise", |(_, short)| short)
}

fn partial(incomplete: &Incomplete) -> String {
    match (&incomplete.reason, &incomplete.resume) {
        (IncompleteReason::Failed(error), Some(_)) => format!("{}; the list can be resumed", summary(error)),
        (IncompleteReason::Failed(error), None) => format!("{}; the list cannot be resumed", summary(error)),
        (IncompleteReason::Short { .. }, None) => "Incomplete: ended early".to_owned(),
        (IncompleteReason::RepeatedPage, Some(_)) => {
            "Incomplete: the same page again; the list can be resumed".to_owned()
        }
        (IncompleteReason::RepeatedItem, None) => "Incomplete: an item twice".to_owned(),
        _ => incomplete.to_string(),
    }
}

/// Summarizes an error without its text.
pub(super) fn summary(error: &Error) -> String {
    let mut text = format!("{:?}", error.kind());
    // Responses that cannot be decoded differ only in status.
    if let Some(status) = error.status().filter(|_| error.kind() != ErrorKind::Decode) {
        text.push_str(&format!(" {status}"));
    }
    if error.is_transient() {
        text.push_str(", transient");
    }
    if error.is_unsent() {
        text.push_str(", unsent");
    }
    if let Some(wait) = error.retry_after() {
        text.push_str(&format!(", after {} s", wait.as_secs()));
    }
    text
}

impl Parts<'_> {
    fn setting(&self, name: &str) -> String {
        let found = self.sandbox.env_vars().into_iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value).unwrap_or_default()
    }
}

fn scp(parts: &Parts<'_>) -> Result<Scp> {
    Scp::builder()
        .endpoint(parts.endpoint)
        .credentials(parts.setting("SCP_ACCESS_KEY"), parts.setting("SCP_SECRET_KEY"))
        .transport(Arc::clone(&parts.transport))
        .runtime(Arc::clone(&parts.runtime))
        .build()
}

fn scp_from_vault(parts: &Parts<'_>) -> Result<Scp> {
    Scp::builder()
        .endpoint(parts.endpoint)
        .vault_token(parts.setting("SCP_VAULT_TOKEN_ID"), parts.setting("SCP_VAULT_TOKEN_SECRET"))
        .secret_vault_id(parts.setting("SCP_SECRET_VAULT_ID"))
        .vault_credentials()
        .transport(Arc::clone(&parts.transport))
        .runtime(Arc::clone(&parts.runtime))
        .build()
}

fn nhn(parts: &Parts<'_>) -> Result<Nhn> {
    Nhn::builder()
        .endpoint(parts.endpoint)
        .user_access_key(
            parts.setting("NHN_CLOUD_USER_ACCESS_KEY_ID"),
            parts.setting("NHN_CLOUD_USER_SECRET_ACCESS_KEY"),
        )
        .security_advisor_app_key(parts.setting("NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"))
        .server_security_check_app_key(parts.setting("NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY"))
        .secure_key_manager_app_key(parts.setting("NHN_CLOUD_SKM_APP_KEY"))
        .mac_address(parts.setting("NHN_CLOUD_SKM_MAC_ADDRESS"))
        .transport(Arc::clone(&parts.transport))
        .runtime(Arc::clone(&parts.runtime))
        .build()
}

fn risken(parts: &Parts<'_>) -> Result<Risken> {
    Risken::builder()
        .endpoint(parts.endpoint)
        .access_token(parts.setting("RISKEN_ACCESS_TOKEN"))
        .transport(Arc::clone(&parts.transport))
        .runtime(Arc::clone(&parts.runtime))
        .build()
}

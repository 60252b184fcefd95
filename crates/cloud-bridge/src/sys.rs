//! What clients ask besides keys and secrets: health, mounts, and their own token.

use std::collections::BTreeMap;

use cloud_core::SecretString;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::body;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::mount::{Engine, Mount, Mounts};
use crate::policy::{Capability, Token};
use crate::reply::{Reply, expose};
use crate::request::Query;

/// The version of Vault's API that clients are told, with this crate and its version as the build.
pub(crate) const VERSION: &str = concat!("1.17.0+cloud-bridge.", env!("CARGO_PKG_VERSION"));

const NAME: &str = "cloud-bridge";

#[derive(Serialize)]
struct Health {
    initialized: bool,
    sealed: bool,
    standby: bool,
    performance_standby: bool,
    replication_performance_mode: &'static str,
    replication_dr_mode: &'static str,
    server_time_utc: i64,
    version: &'static str,
    enterprise: bool,
    cluster_name: &'static str,
}

/// The status of a process that serves requests, or is about to stop.
pub(crate) fn status(draining: bool) -> StatusCode {
    if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

/// `GET sys/health`. It says whether this process serves requests, and asks no cloud.
pub(crate) fn health(query: &Query, now: OffsetDateTime, draining: bool) -> Result<Reply> {
    let own = status(draining).as_u16();
    let code = query.get(if draining { "sealedcode" } else { "activecode" });
    let code = code.map_or(Ok(own), |code| code.parse().map_err(|_| Failure::invalid("a status is not a number")))?;
    let status = StatusCode::from_u16(code).ok().filter(|status| (200..=599).contains(&status.as_u16()));
    let status = status.ok_or_else(|| Failure::invalid("a status must be from 200 to 599"))?;
    let health = Health {
        initialized: true,
        sealed: draining,
        standby: false,
        performance_standby: false,
        replication_performance_mode: "disabled",
        replication_dr_mode: "disabled",
        server_time_utc: now.unix_timestamp(),
        version: VERSION,
        enterprise: false,
        cluster_name: NAME,
    };
    Ok(Reply::plain(&health)?.with_status(status))
}

#[derive(Serialize)]
struct Initialized {
    initialized: bool,
}

/// `GET sys/init`.
pub(crate) fn init() -> Result<Reply> {
    Reply::plain(&Initialized { initialized: true })
}

#[derive(Serialize)]
struct SealStatus {
    r#type: &'static str,
    initialized: bool,
    sealed: bool,
    t: u8,
    n: u8,
    progress: u8,
    nonce: &'static str,
    version: &'static str,
    build_date: &'static str,
    migration: bool,
    cluster_name: &'static str,
    cluster_id: &'static str,
    recovery_seal: bool,
    storage_type: &'static str,
}

/// `GET sys/seal-status`.
pub(crate) fn seal_status(draining: bool) -> Result<Reply> {
    Reply::plain(&SealStatus {
        r#type: "shamir",
        initialized: true,
        sealed: draining,
        t: 1,
        n: 1,
        progress: 0,
        nonce: "",
        version: VERSION,
        build_date: "",
        migration: false,
        cluster_name: NAME,
        cluster_id: "",
        recovery_seal: false,
        storage_type: "none",
    })
}

#[derive(Serialize)]
struct Described {
    r#type: &'static str,
    description: &'static str,
    accessor: String,
    uuid: String,
    config: Tuning,
    local: bool,
    seal_wrap: bool,
    external_entropy_access: bool,
    options: Option<BTreeMap<&'static str, &'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

#[derive(Serialize)]
struct Tuning {
    default_lease_ttl: u64,
    max_lease_ttl: u64,
    force_no_cache: bool,
}

fn described(mount: &Mount, with_path: bool) -> Described {
    let options = matches!(mount.engine, Engine::Kv(_)).then(|| BTreeMap::from([("version", "2")]));
    Described {
        r#type: mount.engine.kind(),
        description: "",
        accessor: format!("{}_{}", mount.engine.kind(), mount.path.replace('/', "_")),
        uuid: uuid(&mount.path),
        config: Tuning { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false },
        local: false,
        seal_wrap: false,
        external_entropy_access: false,
        options,
        path: with_path.then(|| format!("{}/", mount.path)),
    }
}

/// The same for each process with this mount.
fn uuid(path: &str) -> String {
    let hash: String = Sha256::digest(path).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    [&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..]].join("-")
}

/// `GET sys/mounts`.
pub(crate) fn mounts(context: &Context<'_>, mounts: &Mounts) -> Result<Reply> {
    context.query.only(&[])?;
    let all: BTreeMap<String, Described> =
        mounts.all().iter().map(|mount| (format!("{}/", mount.path), described(mount, false))).collect();
    context.data("system", &all)
}

#[derive(Serialize)]
struct Visible {
    auth: BTreeMap<String, ()>,
    secret: BTreeMap<String, Described>,
}

/// `GET sys/internal/ui/mounts/{path}`: which mount a path is in, for tokens that may use it.
pub(crate) fn mount_of(context: &Context<'_>, mounts: &Mounts, parts: &[&str]) -> Result<Reply> {
    context.query.only(&[])?;
    let visible = |mount: &&Mount| context.token.may_below(&mount.path);
    if parts.is_empty() {
        let secret = mounts.all().iter().filter(visible);
        let secret = secret.map(|mount| (format!("{}/", mount.path), described(mount, false))).collect();
        return context.data("system", &Visible { auth: BTreeMap::new(), secret });
    }
    match mounts.find(parts).map(|(mount, _)| mount).filter(visible) {
        Some(mount) => context.data("system", &described(mount, true)),
        // The same for a mount that does not exist and for one that the token may not use.
        None => Err(Failure::denied()),
    }
}

#[derive(Serialize)]
struct About<'a> {
    accessor: &'a str,
    creation_time: i64,
    creation_ttl: u64,
    display_name: &'a str,
    entity_id: &'static str,
    expire_time: Option<&'static str>,
    explicit_max_ttl: u64,
    #[serde(serialize_with = "expose")]
    id: &'a SecretString,
    meta: Option<&'static str>,
    num_uses: u64,
    orphan: bool,
    path: &'static str,
    policies: [&'a str; 1],
    renewable: bool,
    ttl: u64,
    r#type: &'static str,
}

/// `GET auth/token/lookup-self`. Tokens do not expire: the policy file takes them away.
pub(crate) fn lookup_self(context: &Context<'_>, presented: &SecretString) -> Result<Reply> {
    context.query.only(&[])?;
    let name = &*context.token.name;
    let about = About {
        accessor: name,
        creation_time: 0,
        creation_ttl: 0,
        display_name: name,
        entity_id: "",
        expire_time: None,
        explicit_max_ttl: 0,
        id: presented,
        meta: None,
        num_uses: 0,
        orphan: true,
        path: "auth/token/create",
        policies: [name],
        renewable: false,
        ttl: 0,
        r#type: "service",
    };
    context.data("token", &about)
}

#[derive(Serialize)]
struct Renewed<'a> {
    #[serde(serialize_with = "expose")]
    client_token: &'a SecretString,
    accessor: &'a str,
    policies: [&'a str; 1],
    token_policies: [&'a str; 1],
    metadata: Option<&'static str>,
    lease_duration: u64,
    renewable: bool,
    entity_id: &'static str,
    token_type: &'static str,
    orphan: bool,
    num_uses: u64,
}

/// `POST auth/token/renew-self`. There is nothing to renew, so it succeeds and says so.
pub(crate) fn renew_self(context: &Context<'_>, presented: &SecretString) -> Result<Reply> {
    context.query.only(&[])?;
    let name = &*context.token.name;
    let renewed = Renewed {
        client_token: presented,
        accessor: name,
        policies: [name],
        token_policies: [name],
        metadata: None,
        lease_duration: 0,
        renewable: false,
        entity_id: "",
        token_type: "service",
        orphan: true,
        num_uses: 0,
    };
    Reply::auth(context.id, &renewed)
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Paths {
    path: Vec<String>,
    paths: Vec<String>,
}

/// The most paths of one request.
const MOST_PATHS: usize = 256;

/// `POST sys/capabilities-self`.
pub(crate) async fn capabilities(context: &Context<'_>) -> Result<Reply> {
    context.query.only(&[])?;
    let bytes = context.body().await?;
    let Paths { path, paths } = body::read(&bytes)?;
    let all: Vec<String> = path.into_iter().chain(paths).collect();
    if all.is_empty() {
        return Err(Failure::invalid("missing `paths`"));
    }
    if all.len() > MOST_PATHS {
        return Err(Failure::invalid(format!("`paths` has more than {MOST_PATHS} paths")));
    }
    let mut shown: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for path in all {
        let own = capabilities_of(context.token, path.trim_matches('/'));
        shown.insert(path, own);
    }
    // For clients that ask for one path alone.
    if let [(_, own)] = shown.iter().collect::<Vec<_>>()[..] {
        let own = own.clone();
        shown.insert("capabilities".to_owned(), own);
    }
    context.data("system", &shown)
}

fn capabilities_of(token: &Token, path: &str) -> Vec<&'static str> {
    let own = Capability::ALL.into_iter().filter(|capability| token.may(path, *capability));
    let own: Vec<_> = own.map(Capability::as_str).collect();
    if own.is_empty() { vec!["deny"] } else { own }
}

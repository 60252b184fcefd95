//! Samsung Cloud Platform: gateway, versions and the services behind it.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Hit, Match, Vendor};
use crate::check::{self, BadBody};
use crate::wire::{Received, Reply};
use crate::world::World;

pub(crate) mod access;
pub(crate) mod certificates;
mod error;
pub(crate) mod inspection;
pub(crate) mod kms;
mod networks;
mod owner;
mod paging;
pub(crate) mod secrets;
mod signature;
mod stamp;
pub(crate) mod vault;

pub(crate) use error::service as refuse;
use error::{Problem, gateway, service};

/// What the platform remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) access: access::Access,
    pub(crate) kms: kms::Store,
    pub(crate) secrets: secrets::Store,
    pub(crate) vault: vault::Store,
    pub(crate) certificates: certificates::Store,
    pub(crate) inspection: inspection::Store,
}

/// Answers one request in the order in which the platform decides.
pub(crate) async fn answer(world: &World, received: &Received) -> Reply {
    if received.method == "OPTIONS" {
        // Whoever asks: browsers are not let in.
        return gateway(world, received, 403, "Forbidden");
    }
    let found = world.catalogue.find(Vendor::Scp, &received.method, received.path());
    let principal = match access::admit(world, received, asks_for_vault_token(&found)) {
        Ok(principal) => principal,
        Err(refusal) => return refusal,
    };
    let hits = match found {
        Match::Found(hits) => hits,
        // The gateway routes by method and path together.
        Match::WrongMethod | Match::Nothing => return gateway(world, received, 404, "Not Found"),
    };
    let Some(hit) = choose_version(hits, received) else {
        let asked = received.header("scp-api-version").unwrap_or("(none)");
        return service(world, 406, "NoSuchVersion", &[format!("API version {asked} is not supported on this method")]);
    };
    let wrong = check::parameters(&world.catalogue, &hit, received);
    if !wrong.is_empty() {
        return Problem::Validation(wrong).reply(world);
    }
    let body = match check::body(&world.catalogue, hit.operation, received) {
        Ok(body) => body,
        Err(BadBody::MediaType) => {
            return service(world, 415, "UnsupportedMediaType", &["send the body as application/json".to_owned()]);
        }
        Err(BadBody::Unreadable(why)) => {
            return service(world, 400, "ValidationError", &[why.to_owned()]);
        }
        Err(BadBody::Invalid(wrong)) => return Problem::Validation(wrong).reply(world),
    };
    match world.perform(&hit, received, body, principal).await {
        Ok((status, body)) => {
            if asks(&hit) && world.settings.answers.is_some() {
                access::remember_example(world, body.as_ref());
            }
            body.map_or_else(|| Reply::empty(status), |body| Reply::json(status, body))
        }
        Err(refusal) => refusal.reply(world),
    }
}

/// The answer to a body that is larger than the gateway takes.
pub(crate) fn too_large(world: &World, received: &Received) -> Reply {
    gateway(world, received, 413, "Payload Too Large")
}

fn asks_for_vault_token(found: &Match<'_>) -> bool {
    matches!(found, Match::Found(hits) if hits.iter().any(asks))
}

fn asks(hit: &Hit<'_>) -> bool {
    hit.operation.schemes.iter().any(|scheme| scheme.to_ascii_lowercase().starts_with(access::VAULT))
}

/// Picks the version that the header names, or the newest current one.
pub(crate) fn choose_version<'a>(hits: Vec<Hit<'a>>, received: &Received) -> Option<Hit<'a>> {
    let mut named = received.headers.get_all("scp-api-version").iter();
    let Some(asked) = named.next() else {
        let current = hits.into_iter().filter(|hit| hit.operation.document.current);
        return current.max_by_key(|hit| numbers(&hit.operation.document.version));
    };
    if named.next().is_some() {
        return None;
    }
    let (service, version) = asked.to_str().ok()?.split_once(' ')?;
    hits.into_iter().find(|hit| {
        let document = &hit.operation.document;
        document.service == service && document.version == version
    })
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

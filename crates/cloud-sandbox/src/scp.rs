//! Samsung Cloud Platform: the gateway, API versions and the services behind it.

use serde_json::Value;

use crate::engine::{Engine, Services};
use crate::http::{HttpRequest, HttpResponse};
use crate::ids::Ids;
use crate::spec::validate::{self, BadBody};
use crate::spec::violation::{Rule, Violation};
use crate::spec::{Catalogue, Hit, Match, Operation};
use crate::vendor::{BodyRead, Responding, Vendor};

mod access;
pub(crate) mod account;
mod authenticate;
mod certificate_manager;
mod config_inspection;
pub(crate) mod error;
mod kms;
mod lenient;
mod networks;
mod paging;
mod private_acl;
mod secret_vault;
mod secrets_manager;
mod signature;
pub(crate) mod state;
mod timestamps;
mod versions;

use error::{ErrorResponse, VALIDATION, gateway, service, violations};
use state::{Handlers, State};

/// Samsung Cloud Platform.
pub(crate) struct Scp;

impl Services for Scp {
    type State = State;
    type Error = ErrorResponse;

    const SERVICES: &'static [(&'static str, Handlers)] = &[
        ("kms", kms::HANDLERS),
        ("secretsmanager", secrets_manager::HANDLERS),
        ("secretvault", secret_vault::HANDLERS),
        ("certificatemanager", certificate_manager::HANDLERS),
        ("configinspection", config_inspection::HANDLERS),
    ];

    fn state(state: &mut crate::state::State) -> &mut State {
        &mut state.scp
    }

    fn not_implemented() -> ErrorResponse {
        ErrorResponse::new(501, "NotImplemented", "the sandbox does not perform this operation")
    }

    fn no_key(reason: String) -> ErrorResponse {
        ErrorResponse::internal(reason)
    }
}

impl Vendor for Scp {
    fn name(&self) -> &'static str {
        "scp"
    }

    fn serves(&self, path: &str) -> bool {
        path == versions::PATH || path.starts_with("/v1/")
    }

    fn operation<'a>(&self, catalogue: &'a Catalogue, request: &HttpRequest) -> Option<&'a Operation> {
        match catalogue.find("scp", &request.method, request.path()) {
            Match::Found(hits) => choose_version(hits, request).map(|hit| hit.operation),
            Match::WrongMethod | Match::Nothing => None,
        }
    }

    fn gateway_operations(&self) -> &'static [(&'static str, &'static str)] {
        &[("gateway", "list_versions")]
    }

    fn gateway_operation(&self, path: &str) -> Option<(&'static str, &'static str)> {
        (path == versions::PATH).then_some(("gateway", "list_versions"))
    }

    fn respond<'a>(&'a self, engine: &'a Engine, request: &'a HttpRequest, body: BodyRead) -> Responding<'a> {
        Box::pin(async move {
            match body {
                BodyRead::Whole => respond(engine, request).await,
                BodyRead::TooLarge => refuse_at_gateway(engine, request, 413, "Payload Too Large"),
            }
        })
    }

    fn refuse(&self, engine: &Engine, request: &HttpRequest, status: u16, reason: &str) -> HttpResponse {
        let operation = self.operation(&engine.catalogue, request);
        if let (403, Some(operation)) = (status, operation) {
            return error::forbidden(&engine.ids, operation);
        }
        let code = match status {
            502..=504 => return HttpResponse::text(status, "upstream connect error\n"),
            // A service's own 404 says that a resource is missing, which only the state decides.
            404 => return refuse_at_gateway(engine, request, status, "Not Found"),
            401 => "HmacValidFail",
            403 => "Forbidden",
            406 => "NoSuchVersion",
            429 => "TooManyRequests",
            500.. => "ContactAdminForAssistance",
            _ => "InvalidInputValue",
        };
        service(&engine.ids, status, code, reason)
    }
}

fn refuse_at_gateway(engine: &Engine, request: &HttpRequest, status: u16, error: &str) -> HttpResponse {
    gateway(&engine.ids, &engine.settings.clock, request.path(), status, error)
}

/// Responds to a request in the order in which the platform checks it.
async fn respond(engine: &Engine, request: &HttpRequest) -> HttpResponse {
    if request.method == "OPTIONS" {
        // Browsers of other origins are never let in.
        return refuse_at_gateway(engine, request, 403, "Forbidden");
    }
    if request.method == "GET" && request.path() == versions::PATH {
        return versions::list(&engine.catalogue, request);
    }
    let ids = &engine.ids;
    let found = engine.catalogue.find("scp", &request.method, request.path());
    let credential = match authenticate::authenticate(engine, request, asks_for_vault_token(&found)) {
        Ok(credential) => credential,
        Err(response) => return response,
    };
    let hits = match found {
        Match::Found(hits) => hits,
        // The services route by method and path together.
        Match::WrongMethod | Match::Nothing => {
            return service(ids, 404, "NotFound", "The requested resource could not be found.");
        }
    };
    let Some(hit) = choose_version(hits, request) else {
        let asked = request.header("scp-api-version").unwrap_or("(none)");
        return service(ids, 406, "NoSuchVersion", &format!("API version {asked} is not supported on this method"));
    };
    let body = match check(&hit, request, ids) {
        Ok(body) => body,
        Err(response) => return response,
    };
    match engine.perform::<Scp>(&hit, request, body, &credential).await {
        Ok(success) => {
            if asks(&hit) && engine.settings.answers.is_some() {
                authenticate::remember_example(engine, success.body.as_ref());
            }
            success.into_response()
        }
        Err(error) => error.into_response(ids),
    }
}

/// Checks parameters and body, and hands out the body with its numbers and booleans unquoted.
fn check(hit: &Hit<'_>, request: &HttpRequest, ids: &Ids) -> Result<Option<Value>, HttpResponse> {
    let operation = hit.operation;
    let mut wrong = validate::parameters(hit, request);
    wrong.retain(|one| one.rule != Rule::Unknown || !lenient::takes(operation, &one.field));
    if !wrong.is_empty() {
        return Err(violations(ids, &wrong));
    }
    validate::body_after(operation, request, |body| lenient::unquote(operation, body)).map_err(|bad| match bad {
        BadBody::MediaType => service(ids, 415, "UnsupportedMediaType", "send the body as application/json"),
        BadBody::Missing => violations(ids, &[Violation::new("", Rule::Required)]),
        BadBody::Unreadable(why) => service(ids, 400, VALIDATION, why),
        BadBody::Invalid(wrong) => violations(ids, &wrong),
    })
}

fn asks_for_vault_token(found: &Match<'_>) -> bool {
    matches!(found, Match::Found(hits) if hits.iter().any(asks))
}

fn asks(hit: &Hit<'_>) -> bool {
    hit.operation.schemes.iter().any(|scheme| scheme.to_ascii_lowercase().starts_with(authenticate::VAULT))
}

/// Picks the version that the header names, or the service's current one, even if that lacks the operation.
pub(crate) fn choose_version<'a>(hits: Vec<Hit<'a>>, request: &HttpRequest) -> Option<Hit<'a>> {
    let mut named = request.headers.get_all("scp-api-version").iter();
    let Some(asked) = named.next() else {
        return hits.into_iter().find(|hit| hit.operation.document.is_current());
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

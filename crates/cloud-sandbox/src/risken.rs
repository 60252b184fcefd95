//! RISKEN: one gateway in front of the calls of AWS data sources and of findings.

use serde_json::json;

use crate::engine::{Engine, Services};
use crate::http::{HttpRequest, HttpResponse, percent_decode};
use crate::spec::{Catalogue, Hit, Match, Operation};
use crate::vendor::{BodyRead, Responding, Vendor};

mod access;
mod aws;
mod checks;
mod error;
mod finding;
mod go_json;
mod messages;
mod path;
mod response;
pub(crate) mod state;
mod strict;
mod token;

pub(crate) use access::seed_tokens;
use aws::request::Request;
use error::{ErrorBody, ErrorResponse};
use state::{Handlers, State};
use token::Owner;

/// The methods whose bodies are read.
const WITH_BODY: [&str; 4] = ["POST", "PUT", "DELETE", "PATCH"];

/// RISKEN.
pub(crate) struct Risken;

impl Services for Risken {
    type State = State;
    type Error = ErrorResponse;

    const SERVICES: &'static [(&'static str, Handlers)] = &[("aws", aws::HANDLERS), ("finding", finding::HANDLERS)];

    fn state(state: &mut crate::state::State) -> &mut State {
        &mut state.risken
    }

    fn not_implemented() -> ErrorResponse {
        ErrorResponse::new(501, ErrorBody::Empty)
    }

    fn no_key(_: String) -> ErrorResponse {
        ErrorResponse::new(500, ErrorBody::Empty)
    }
}

impl Vendor for Risken {
    fn name(&self) -> &'static str {
        "risken"
    }

    /// Paths that differ from RISKEN's by a slash, by case or by escapes are RISKEN's to refuse.
    fn serves(&self, path: &str) -> bool {
        let decoded = percent_decode(path);
        let path = decoded.as_deref().unwrap_or(path);
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        first.eq_ignore_ascii_case("api") || first.eq_ignore_ascii_case("healthz")
    }

    fn operation<'a>(&self, catalogue: &'a Catalogue, request: &HttpRequest) -> Option<&'a Operation> {
        let path = path::routed(request.path())?;
        match catalogue.find("risken", &request.method, path.strip_prefix("/api/v1")?) {
            Match::Found(hits) => hits.into_iter().next().map(|hit| hit.operation),
            Match::WrongMethod | Match::Nothing => None,
        }
    }

    fn gateway_operations(&self) -> &'static [(&'static str, &'static str)] {
        &[("gateway", "signin"), ("gateway", "signout"), ("gateway", "healthz")]
    }

    fn gateway_operation(&self, path: &str) -> Option<(&'static str, &'static str)> {
        let name = path::gateway_operation(&path::routed(path)?)?;
        Some(("gateway", name))
    }

    fn respond<'a>(&'a self, engine: &'a Engine, request: &'a HttpRequest, body: BodyRead) -> Responding<'a> {
        Box::pin(async move {
            let Some(path) = path::routed(request.path()) else {
                // The server refuses before the gateway sees the request.
                return HttpResponse::text(400, "400 Bad Request").with_header("connection", "close");
            };
            // Only methods with a body have a limit.
            let too_large_body = body == BodyRead::TooLarge && WITH_BODY.contains(&&*request.method);
            // A length that was announced is checked before anything else, a stream only where it is read.
            let announced = too_large_body && request.headers.contains_key("content-length");
            let response = if announced { too_large() } else { route(engine, request, &path, too_large_body).await };
            response
                .escaped_for_html()
                .with_header("cache-control", "no-store")
                .with_header("pragma", "no-cache")
                .with_header("x-frame-options", "SAMEORIGIN")
        })
    }

    fn refuse(&self, _: &Engine, _: &HttpRequest, status: u16, reason: &str) -> HttpResponse {
        let body = match status {
            401 => ErrorBody::Text("Unauthenticated\n".into()),
            502..=504 | 404 | 405 | 415 => ErrorBody::Empty,
            _ => ErrorBody::Json(json!({ "error": reason })),
        };
        ErrorResponse::new(status, body).into_response()
    }
}

fn too_large() -> HttpResponse {
    ErrorResponse::text(413, "Request body too large\n").into_response()
}

fn unauthenticated() -> HttpResponse {
    ErrorResponse::text(401, "Unauthenticated\n").into_response()
}

/// Responds to a request in the order of the gateway: path, method, token, project, type, content.
async fn route(engine: &Engine, request: &HttpRequest, path: &str, too_large_body: bool) -> HttpResponse {
    let fixed: Option<fn(&Engine, &HttpRequest) -> HttpResponse> = match path::gateway_operation(path) {
        Some("healthz") => Some(|_, _| HttpResponse::empty(200)),
        Some("signin") => Some(sign_in),
        Some("signout") => Some(sign_out),
        _ => None,
    };
    if let Some(reply) = fixed {
        return if request.method == "GET" { reply(engine, request) } else { HttpResponse::empty(405) };
    }
    let Some(rest) = path.strip_prefix("/api/v1") else {
        return HttpResponse::empty(404);
    };
    let hits = match engine.catalogue.find("risken", &request.method, rest) {
        Match::Found(hits) => hits,
        Match::WrongMethod => return HttpResponse::empty(405),
        Match::Nothing => return HttpResponse::empty(404),
    };
    match hits.first() {
        Some(hit) => call(engine, request, too_large_body, hit).await,
        None => HttpResponse::empty(404),
    }
}

async fn call(engine: &Engine, request: &HttpRequest, too_large_body: bool, hit: &Hit<'_>) -> HttpResponse {
    let reads = request.method == "GET";
    let fields = if reads { Request::from_query(request.query()) } else { Request::from_body(&request.body) };
    let action = hit.operation.path.trim_matches('/');
    let caller = with_token(engine, request, |access, token| access.allows(token, fields.project_id, action));
    let Some(allowed) = caller else {
        return unauthenticated();
    };
    if too_large_body {
        return too_large();
    }
    if !allowed {
        return ErrorResponse::text(403, "Unauthorized the project resource for token access\n").into_response();
    }
    let streamed = request.headers.contains_key("transfer-encoding");
    if !reads && (streamed || !request.body.is_empty()) && !names_json(request) {
        return HttpResponse::empty(415);
    }
    if engine.settings.answers.is_some()
        && let Err(text) = strict::check(request, hit)
    {
        return HttpResponse::json(400, json!({ "error": text }));
    }
    match engine.perform::<Risken>(hit, request, None, "").await {
        Ok(success) => success.into_response(),
        Err(error) => error.into_response(),
    }
}

/// Whether the content type is JSON as the gateway's router compares it: a blank before the parameters is too much.
fn names_json(request: &HttpRequest) -> bool {
    let kind = request.header("content-type").unwrap_or_default().trim();
    kind.split(';').next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
}

/// Returns whom the token belongs to; the only response without an envelope.
fn sign_in(engine: &Engine, request: &HttpRequest) -> HttpResponse {
    let body = with_token(engine, request, |_, token| match token.owner {
        Owner::Project(project) => json!({ "access_token_id": token.id, "project_id": project }),
        Owner::Organization(organization) => {
            json!({ "org_access_token_id": token.id, "organization_id": organization })
        }
    });
    let Some(body) = body else {
        return unauthenticated();
    };
    HttpResponse::json(200, body).with_header("set-cookie", "XSRF-TOKEN=sandbox; Path=/; Max-Age=2592000")
}

fn sign_out(engine: &Engine, request: &HttpRequest) -> HttpResponse {
    if with_token(engine, request, |_, _| ()).is_none() {
        return unauthenticated();
    }
    let gone = "XSRF-TOKEN=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0";
    HttpResponse::empty(200).with_header("set-cookie", gone)
}

/// The project of a token in a header.
pub(crate) fn project_of(header: &str) -> Option<u32> {
    match token::from_header(header)?.owner {
        Owner::Project(project) => Some(project),
        Owner::Organization(_) => None,
    }
}

/// Looks at the token of a request, when there is a good one.
fn with_token<T>(
    engine: &Engine,
    request: &HttpRequest,
    look: impl FnOnce(&access::Access, &access::Token) -> T,
) -> Option<T> {
    let parts = token::from_header(request.header("authorization")?)?;
    let now = engine.settings.clock.utc().unix_timestamp();
    engine.with_account(engine.account(request), |state, _| {
        let access = &state.risken.store.access;
        access.token(&parts, now).map(|token| look(access, token))
    })
}

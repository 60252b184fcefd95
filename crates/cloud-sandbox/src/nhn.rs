//! NHN Cloud: appkeys, tokens and the header envelope around every response.

use crate::accounts::Account;
use crate::engine::{Engine, Services};
use crate::http::{HttpRequest, HttpResponse};
use crate::settings::nhn;
use crate::spec::validate::{self, BadBody};
use crate::spec::violation::Violation;
use crate::spec::{Catalogue, Hit, Match, Operation};
use crate::vendor::{BodyRead, Responding, Vendor};

mod error;
mod korean_time;
pub(crate) mod options;
mod secure_key_manager;
mod security_advisor;
mod server_security_check;
pub(crate) mod state;
mod token_server;
mod tokens;

use error::{BAD_REQUEST, ErrorResponse, envelope};
pub use options::NhnStatuses;
pub use secure_key_manager::identity::ClientIdentity;
use state::{Handlers, State};

/// NHN Cloud.
pub(crate) struct Nhn;

/// The result code of a bad token, which is the one that the vendor's framework uses.
const BAD_TOKEN: i32 = 80007;

/// The result code of a bad User Access Key. No page names one, so it is that of the status.
const BAD_ACCESS_KEY: i32 = 401;

/// The security scheme of operations that take the User Access Key itself.
const ACCESS_KEY_SCHEME: &str = "UserAccessKeyId";

/// The paths of the token server, whose errors have a form of their own.
const TOKEN_SERVER: &str = "/oauth2/";

impl Services for Nhn {
    type State = State;
    type Error = ErrorResponse;

    const SERVICES: &'static [(&'static str, Handlers)] = &[
        ("security-advisor", security_advisor::HANDLERS),
        ("server-security-check", server_security_check::HANDLERS),
        ("secure-key-manager", secure_key_manager::HANDLERS),
    ];

    fn state(state: &mut crate::state::State) -> &mut State {
        &mut state.nhn
    }

    fn not_implemented() -> ErrorResponse {
        ErrorResponse::new(501, 501, "Not Implemented")
    }

    fn no_key(reason: String) -> ErrorResponse {
        ErrorResponse::new(500, 500, reason)
    }
}

impl Vendor for Nhn {
    fn name(&self) -> &'static str {
        "nhn"
    }

    fn serves(&self, path: &str) -> bool {
        ["/advisor/", "/ssc/", "/keymanager/", TOKEN_SERVER].iter().any(|prefix| path.starts_with(prefix))
    }

    fn operation<'a>(&self, catalogue: &'a Catalogue, request: &HttpRequest) -> Option<&'a Operation> {
        match catalogue.find("nhn", &request.method, request.path()) {
            Match::Found(hits) => hits.into_iter().next().map(|hit| hit.operation),
            Match::WrongMethod | Match::Nothing => None,
        }
    }

    fn gateway_operations(&self) -> &'static [(&'static str, &'static str)] {
        &[("oauth", "create_token"), ("oauth", "revoke_token")]
    }

    fn gateway_operation(&self, path: &str) -> Option<(&'static str, &'static str)> {
        match path.strip_suffix('/').unwrap_or(path) {
            "/oauth2/token/create" => Some(("oauth", "create_token")),
            "/oauth2/token/revoke" => Some(("oauth", "revoke_token")),
            _ => None,
        }
    }

    fn respond<'a>(&'a self, engine: &'a Engine, request: &'a HttpRequest, body: BodyRead) -> Responding<'a> {
        Box::pin(async move {
            let by_token_server = request.path().starts_with(TOKEN_SERVER);
            match body {
                BodyRead::TooLarge if by_token_server => envelope("", 413, 413, "Payload Too Large"),
                BodyRead::TooLarge => refuse(engine, request, &Refused::gateway(413, 413, "Payload Too Large")),
                BodyRead::Whole if by_token_server => token_server::respond(engine, request),
                BodyRead::Whole => {
                    serve(engine, request).await.unwrap_or_else(|refused| refuse(engine, request, &refused))
                }
            }
        })
    }

    fn refuse(&self, _: &Engine, request: &HttpRequest, status: u16, reason: &str) -> HttpResponse {
        if request.path().starts_with(TOKEN_SERVER) {
            let error = match status {
                401 => "invalid_client",
                500.. => "server_error",
                _ => "invalid_request",
            };
            return token_server::refuse(status, error, reason);
        }
        envelope(request.path(), status, i32::from(status), reason)
    }
}

/// An error response, and who sends it.
struct Refused {
    error: ErrorResponse,
    /// Whether the service refuses, and not the gateway in front of it.
    by_service: bool,
}

impl Refused {
    fn gateway(status: u16, code: i32, message: impl Into<String>) -> Self {
        Self { error: ErrorResponse::new(status, code, message), by_service: false }
    }

    fn bad_request(message: impl Into<String>) -> Self {
        ErrorResponse::new(400, BAD_REQUEST, message).into()
    }
}

impl From<ErrorResponse> for Refused {
    fn from(error: ErrorResponse) -> Self {
        Self { error, by_service: true }
    }
}

/// The response to a refused request, with the HTTP status that the settings ask for.
fn refuse(engine: &Engine, request: &HttpRequest, refused: &Refused) -> HttpResponse {
    let ErrorResponse { status, code, message } = &refused.error;
    let hidden = refused.by_service && *status < 500 && request.path().starts_with("/keymanager/");
    let shown = match engine.settings.nhn.statuses {
        _ if engine.settings.answers.is_some() => *status,
        NhnStatuses::AlwaysOk => 200,
        NhnStatuses::ByService if hidden => 200,
        _ => *status,
    };
    envelope(request.path(), shown, *code, message)
}

async fn serve(engine: &Engine, request: &HttpRequest) -> Result<HttpResponse, Refused> {
    let hits = match engine.catalogue.find("nhn", &request.method, request.path()) {
        Match::Found(hits) => hits,
        Match::WrongMethod => return Err(Refused::gateway(405, 405, "Method Not Allowed")),
        Match::Nothing => return Err(Refused::gateway(404, 404, "URL NOT FOUND")),
    };
    let Some(hit) = hits.first() else {
        return Err(Refused::gateway(404, 404, "URL NOT FOUND"));
    };
    let credential = authenticate(engine, request, &hit.operation.schemes)?;
    if !has_right_appkey(hit, engine.account(request)) {
        return Err(Refused::bad_request("Invalid Appkey"));
    }
    let wrong = validate::parameters(hit, request);
    if !wrong.is_empty() {
        return Err(Refused::bad_request(sentence(&wrong)));
    }
    let body = validate::body(hit.operation, request).map_err(|bad| match bad {
        BadBody::MediaType => Refused::gateway(415, 415, "Unsupported Media Type"),
        BadBody::Missing => Refused::bad_request("a body is required"),
        BadBody::Unreadable(why) => Refused::bad_request(why),
        BadBody::Invalid(wrong) => Refused::bad_request(sentence(&wrong)),
    })?;
    let success = engine.perform::<Nhn>(hit, request, body, credential).await?;
    Ok(success.into_response())
}

fn sentence(wrong: &[Violation]) -> String {
    let parts: Vec<_> = wrong.iter().map(|one| format!("{} {}", one.field, one.rule)).collect();
    parts.join("; ")
}

/// The user of a header with Basic authentication.
pub(crate) fn basic_user(header: &str) -> Option<String> {
    token_server::basic(header).and_then(|pair| Some(pair.split_once(':')?.0.to_owned()))
}

fn token(request: &HttpRequest) -> &str {
    let header = request.header("x-nhn-authorization").unwrap_or_default();
    header.strip_prefix("Bearer ").unwrap_or_default()
}

/// Checks what the operation asks for: nothing, the User Access Key, or a token that was issued for it.
fn authenticate<'a>(engine: &Engine, request: &'a HttpRequest, schemes: &[String]) -> Result<&'a str, Refused> {
    if schemes.is_empty() {
        return Ok("");
    }
    if schemes.iter().any(|scheme| scheme == ACCESS_KEY_SCHEME) {
        let header = |name| request.header(name).unwrap_or_default();
        let (id, secret) = (header("x-tc-authentication-id"), header("x-tc-authentication-secret"));
        let wanted = engine.account(request).nhn_keys();
        return match (id, secret) == (&*wanted.0, &*wanted.1) {
            true => Ok(id),
            false => Err(Refused::gateway(401, BAD_ACCESS_KEY, "the User Access Key is absent or wrong")),
        };
    }
    let token = token(request);
    let now = engine.settings.clock.utc();
    match engine.with_account(engine.account(request), |state, _| state.nhn.tokens.knows(token, now)) {
        true => Ok(token),
        false => Err(Refused::gateway(401, BAD_TOKEN, "the token is absent, unknown or expired")),
    }
}

fn has_right_appkey(hit: &Hit<'_>, account: Account) -> bool {
    let wanted = appkey(hit.operation).map(|first| account.nhn_app_key(first));
    hit.arguments
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("appkey"))
        .all(|(_, key)| Some(&**key) == wanted.as_deref())
}

fn appkey(operation: &Operation) -> Option<&'static str> {
    match &*operation.document.service {
        "security-advisor" => Some(nhn::SECURITY_ADVISOR_APP_KEY),
        "server-security-check" => Some(nhn::SERVER_SECURITY_CHECK_APP_KEY),
        "secure-key-manager" => Some(nhn::SKM_APP_KEY),
        _ => None,
    }
}

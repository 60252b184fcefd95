//! The documented calls with their examples, read from the fixtures.

use cloud_sandbox::spec::{Catalogue, Operation, Place};
use serde_json::{Value, json};

use super::text;

/// Whose calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// Samsung Cloud Platform.
    Scp,
    /// NHN Cloud.
    Nhn,
    /// RISKEN.
    Risken,
}

/// How a call says who makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Nobody,
    /// `Scp-*` headers with a signature.
    AccessKey,
    /// `Sv*` headers with a signature.
    VaultToken,
    /// Basic, at the token server.
    UserAccessKey,
    /// The User Access Key in two headers.
    AccessKeyPair,
    NhnToken,
    RiskenToken,
}

/// One operation of one version, filled with what its page shows.
#[derive(Debug, Clone)]
pub(super) struct Documented {
    pub(super) caller: Caller,
    /// The value of `Scp-Api-Version`.
    pub(super) version: Option<String>,
    pub(super) method: String,
    /// The path in pieces; those with a name are arguments.
    pub(super) path: Vec<(Option<String>, String)>,
    /// Name, value, and whether the page demands it.
    pub(super) query: Vec<(String, String, bool)>,
    pub(super) body: Content,
}

/// The body of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Nothing,
    Json(Value),
    Form(Vec<(String, String)>),
}

/// Every operation of a vendor, those of its gateway last.
pub(super) fn of(vendor: Vendor, setting: &impl Fn(&str) -> String) -> Vec<Documented> {
    let name = match vendor {
        Vendor::Scp => "scp",
        Vendor::Nhn => "nhn",
        Vendor::Risken => "risken",
    };
    let catalogue = Catalogue::embedded().expect("readable fixtures");
    let own = catalogue.operations().filter(|operation| operation.document.vendor == name);
    own.map(|operation| documented(vendor, operation, setting)).chain(gateway(vendor)).collect()
}

fn documented(vendor: Vendor, operation: &Operation, setting: &impl Fn(&str) -> String) -> Documented {
    let service = &*operation.document.service;
    let app_key = match service {
        "security-advisor" => "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY",
        "server-security-check" => "NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY",
        _ => "NHN_CLOUD_SKM_APP_KEY",
    };
    let example = |name: &str| {
        if name.eq_ignore_ascii_case("appkey") {
            return setting(app_key);
        }
        let one = operation.parameters.iter().find(|one| one.name == name);
        one.map(|one| plain(&one.example)).unwrap_or_default()
    };
    let piece = |text: &str| match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(name) => (Some(name.to_owned()), example(name)),
        None => (None, text.to_owned()),
    };
    let query = operation.parameters_in(Place::Query);
    let query = query.map(|one| (one.name.clone(), example(&one.name), one.documented_required));
    let body = operation.body.as_ref().map(|body| body.example.clone()).unwrap_or_default();
    let path = match vendor {
        Vendor::Risken => format!("/api/v1{}", operation.path),
        Vendor::Scp | Vendor::Nhn => operation.path.clone(),
    };
    Documented {
        caller: match vendor {
            Vendor::Scp if operation.path.starts_with("/v1/temporarykey/") => Caller::VaultToken,
            Vendor::Scp => Caller::AccessKey,
            Vendor::Nhn if operation.schemes.is_empty() => Caller::Nobody,
            Vendor::Nhn if operation.schemes.iter().any(|scheme| scheme == "UserAccessKeyId") => Caller::AccessKeyPair,
            Vendor::Nhn => Caller::NhnToken,
            Vendor::Risken => Caller::RiskenToken,
        },
        version: (vendor == Vendor::Scp).then(|| format!("{service} {}", operation.document.version)),
        method: operation.method.clone(),
        path: path.trim_start_matches('/').split('/').map(piece).collect(),
        query: query.collect(),
        body: match vendor {
            _ if body.is_null() => Content::Nothing,
            Vendor::Scp => Content::Json(accepted(body)),
            Vendor::Nhn | Vendor::Risken => Content::Json(body),
        },
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Replaces examples that the service refuses: networks that are too wide, days in the past, names that the seed has
/// taken, invalid certificates.
fn accepted(mut body: Value) -> Value {
    for (name, value) in [
        ("acl_cidr", json!("127.0.0.1/32")),
        ("cert_body", json!(text::CERTIFICATE)),
        ("cert_chain", json!(text::CHAIN)),
        ("diagnosis_name", json!("fuzzed")),
        ("name", json!("fuzzed")),
        ("not_after_dt", json!("20991231")),
        ("private_key", json!(text::PRIVATE_KEY)),
        ("purpose", json!("aes256-gcm96")),
        ("temporary_key_ttl_nhours", json!(3)),
        ("vault_token_ttl_ndays", json!(720)),
    ] {
        match body.get_mut(name) {
            Some(Value::Array(list)) => *list = vec![value],
            Some(shown) => *shown = value,
            None => {}
        }
    }
    if body.get("diagnosis_name").is_some() {
        let id = json!("DIA-943731CB8E3045C289BAECAEC3532098");
        for part in ["auth_key_request", "schedule_request"] {
            body[part]["diagnosis_id"] = id.clone();
        }
        body["diagnosis_id"] = id;
    }
    for shown in body.as_object_mut().into_iter().flat_map(|body| body.values_mut()) {
        match shown.as_str() {
            Some("true") => *shown = json!(true),
            Some("false") => *shown = json!(false),
            _ => {}
        }
    }
    body
}

/// The calls that stand on no page of a service.
fn gateway(vendor: Vendor) -> Vec<Documented> {
    let call = |caller, method: &str, path: &str, body| Documented {
        caller,
        version: None,
        method: method.to_owned(),
        path: path.split('/').map(|piece| (None, piece.to_owned())).collect(),
        query: Vec::new(),
        body,
    };
    let form = |name: &str, value: &str| Content::Form(vec![(name.to_owned(), value.to_owned())]);
    match vendor {
        Vendor::Scp => Vec::new(),
        Vendor::Nhn => vec![
            call(Caller::UserAccessKey, "POST", "oauth2/token/create", form("grant_type", "client_credentials")),
            call(Caller::UserAccessKey, "POST", "oauth2/token/revoke", form("token", "token")),
        ],
        Vendor::Risken => vec![
            call(Caller::RiskenToken, "GET", "api/v1/signin", Content::Nothing),
            call(Caller::RiskenToken, "GET", "api/v1/signout", Content::Nothing),
            call(Caller::Nobody, "GET", "healthz", Content::Nothing),
        ],
    }
}

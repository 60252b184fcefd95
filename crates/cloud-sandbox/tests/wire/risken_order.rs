//! RISKEN's refusals in their order: of all that is wrong with a call, the first thing is what the caller is told.

use cloud_sandbox::Sandbox;
use serde_json::json;

use super::raw::{Call, setting};

/// What can be wrong with a call, the first to be told first, and the status that tells it.
const DEFECTS: [(&str, u16); 7] = [
    ("announces too long a body", 413),
    ("has an unknown path", 404),
    ("has a wrong method", 405),
    ("has no token", 401),
    ("asks for another project", 403),
    ("has a wrong content type", 415),
    ("leaves a field out", 400),
];

fn call(sandbox: &Sandbox, defects: u32) -> Call {
    let has =
        |name: &str| DEFECTS.iter().position(|(known, _)| *known == name).is_some_and(|at| defects >> at & 1 == 1);
    let method = if has("has a wrong method") { "PUT" } else { "POST" };
    let path = if has("has an unknown path") { "/api/v1/aws/invoke" } else { "/api/v1/aws/invoke-scan/" };
    let mut body = json!({ "project_id": 1001, "aws_id": 7, "aws_data_source_id": 1001 });
    if has("asks for another project") {
        body["project_id"] = 1002.into();
    }
    if has("leaves a field out") {
        body["aws_id"] = 0.into();
    }
    let mut call = Call::new(method, path);
    if !has("has no token") {
        call = call.header("Authorization", format!("Bearer {}", setting(sandbox, "RISKEN_ACCESS_TOKEN")));
    }
    let kind = if has("has a wrong content type") { "text/plain" } else { "application/json" };
    if has("announces too long a body") {
        // The response comes before the body would.
        call.header("Content-Type", kind).header("Content-Length", "1048577")
    } else {
        call.body(kind, body.to_string())
    }
}

#[tokio::test]
async fn first_of_several_defects_is_reported() {
    let sandbox = Sandbox::start().await.unwrap();
    for defects in 0..1 << DEFECTS.len() {
        let first = DEFECTS.iter().enumerate().find(|(at, _)| defects >> at & 1 == 1);
        let status = first.map_or(500, |(_, (_, status))| *status);
        let response = call(&sandbox, defects).send(sandbox.endpoint()).await;
        let shape = match status {
            413 | 401 | 403 => Some("text/plain; charset=utf-8"),
            400 | 500 => Some("application/json"),
            _ => None,
        };
        assert_eq!((response.status, response.header("content-type")), (status, shape), "{defects:07b} {response:?}");
        assert_eq!(response.header("x-frame-options"), Some("SAMEORIGIN"), "{defects:07b}");
        assert_eq!(response.body.is_empty(), shape.is_none(), "{defects:07b} {response:?}");
    }
}

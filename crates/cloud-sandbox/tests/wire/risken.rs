//! RISKEN over the wire.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloud_sandbox::Sandbox;
use serde_json::json;

use super::raw::{Call, RawResponse, setting, stateless};

fn bearer(sandbox: &Sandbox) -> String {
    format!("Bearer {}", setting(sandbox, "RISKEN_ACCESS_TOKEN"))
}

async fn get(sandbox: &Sandbox, target: &str) -> RawResponse {
    let call = Call::new("GET", target).header("Authorization", bearer(sandbox));
    call.send(sandbox.endpoint()).await
}

async fn post(sandbox: &Sandbox, name: &str, body: &str) -> RawResponse {
    Call::new("POST", format!("/api/v1/aws/{name}/"))
        .header("Authorization", bearer(sandbox))
        .body("application/json", body)
        .send(sandbox.endpoint())
        .await
}

#[tokio::test]
async fn account_list_is_served_with_and_without_trailing_slash() {
    let sandbox = stateless().await;
    for path in ["/api/v1/aws/list-aws", "/api/v1/aws/list-aws/"] {
        let response = get(&sandbox, &format!("{path}?project_id=1001")).await;
        assert_eq!(response.expect(200).json()["data"]["aws"][0]["aws_account_id"], "123456789012");
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    // A path that ends in a slash, written or escaped, is compared decoded.
    for path in ["/api/v1/aws/list-aws%2F", "/api/v1/aws/list%2Daws/", "/%61pi/v1/aws/list-aws%2f"] {
        get(&sandbox, &format!("{path}?project_id=1001")).await.expect(200).json();
    }
    for path in [
        "/api/v1/aws/list-aws//",
        "/api/v1/aws/list-aws%2F/",
        "/api/v1//aws/list-aws",
        "/api/v1/aws/list%2Daws",
        "//api/v1/aws/list-aws",
        "/API/v1/aws/list-aws",
        "/api",
        "/healthz/more",
        "/healthz//",
        "/api/v1/signin///",
        "/api/v1/signin/more",
    ] {
        let response = get(&sandbox, path).await;
        assert_eq!(response.expect(404).body, "", "{path}");
        assert_eq!((response.header("content-type"), response.header("pragma")), (None, Some("no-cache")), "{path}");
    }
}

#[tokio::test]
async fn broken_escape_in_a_path_is_a_bad_request() {
    let sandbox = stateless().await;
    for path in ["/api/v1/aws/list-aws%zz", "/api/v1/%", "/healthz/%2"] {
        let response = get(&sandbox, path).await;
        assert_eq!(response.expect(400).body, "400 Bad Request", "{path}");
        let headers = ["content-type", "connection", "cache-control"].map(|name| response.header(name));
        assert_eq!(headers, [Some("text/plain; charset=utf-8"), Some("close"), None], "{path}");
    }
    // A query is read later, and what cannot be decoded is left out.
    get(&sandbox, "/api/v1/aws/list-aws?project_id=1001&other=%zz").await;
}

#[tokio::test]
async fn body_of_a_get_request_has_no_limit() {
    let sandbox = Sandbox::start().await.unwrap();
    let send = async |method: &'static str| {
        let call = Call::new(method, "/api/v1/aws/list-aws?project_id=1001");
        // The response comes before the body would.
        let call = call.header("Authorization", bearer(&sandbox)).header("Content-Length", "1048577");
        call.send(sandbox.endpoint()).await.status
    };
    assert_eq!([send("GET").await, send("OPTIONS").await, send("DELETE").await], [200, 405, 413]);
}

#[tokio::test]
async fn gateway_checks_run_in_order() {
    let sandbox = stateless().await;
    let send = async |call: Call| call.send(sandbox.endpoint()).await;
    let token = bearer(&sandbox);

    let wrong_method = Call::new("PUT", "/api/v1/aws/put-aws/");
    assert_eq!(send(wrong_method).await.expect(405).body, "");

    let put = Call::new("POST", "/api/v1/aws/put-aws/");
    let other = json!({"project_id": 2}).to_string();
    let unknown = send(put.clone().body("text/plain", &*other)).await;
    assert_eq!(unknown.expect(401).body, "Unauthenticated\n");
    assert_eq!(unknown.header("x-content-type-options"), Some("nosniff"));

    let put = put.header("Authorization", token);
    let elsewhere = send(put.clone().body("text/plain", &*other)).await;
    assert_eq!(elsewhere.expect(403).body, "Unauthorized the project resource for token access\n");

    let ours = json!({"project_id": 1001}).to_string();
    for kind in ["text/plain", "application/json ; charset=utf-8", "application/json, application/json"] {
        assert_eq!(send(put.clone().body(kind, &*ours)).await.expect(415).body, "", "{kind}");
    }
    let invalid = send(put.clone().body("Application/JSON; charset=utf-8", &*ours)).await;
    assert_eq!(invalid.expect(400).json(), json!({"error": "required Aws"}));
    assert_eq!(send(put).await.expect(400).json(), json!({"error": "required Aws"}));
}

#[tokio::test]
async fn validation_error_names_every_invalid_field() {
    let sandbox = stateless().await;
    let attach = |inner: serde_json::Value| json!({"project_id": 1001, "attach_data_source": inner}).to_string();
    let full = json!({
        "aws_id": 2001, "aws_data_source_id": 3001, "project_id": 1001,
        "assume_role_arn": "arn", "external_id": "12345678"
    });
    let with = |name: &str, value: serde_json::Value| {
        let mut changed = full.clone();
        changed[name] = value;
        attach(changed)
    };
    post(&sandbox, "attach-datasource", &attach(full.clone())).await.expect(200);
    for (name, body, expected) in [
        (
            "detach-datasource",
            String::new(),
            "aws_data_source_id: cannot be blank; aws_id: cannot be blank; project_id: cannot be blank.",
        ),
        ("delete-aws", r#"{"project_id":1001,"aws_id":0}"#.to_owned(), "aws_id: cannot be blank."),
        ("attach-datasource", "not json".to_owned(), "required AttachDataSource"),
        ("attach-datasource", with("project_id", json!(7)), "project_id: must be a valid value."),
        (
            "attach-datasource",
            with("external_id", json!("1234567")),
            "external_id: the length must be between 8 and 255.",
        ),
        (
            "attach-datasource",
            with("specific_version", json!("한".repeat(22))),
            "specific_version: the length must be no more than 64.",
        ),
        ("attach-datasource", with("scan_at", json!(-1)), "scan_at: must be no less than 0."),
    ] {
        let response = post(&sandbox, name, &body).await;
        assert_eq!(response.expect(400).json(), json!({ "error": expected }), "{name} {body}");
    }
    for rest in ["", "&aws_id=0"] {
        let list = get(&sandbox, &format!("/api/v1/aws/list-datasource/?project_id=1001{rest}")).await;
        assert_eq!(list.expect(400).json(), json!({"error": "aws_id: cannot be blank."}), "{rest}");
    }
}

#[tokio::test]
async fn signin_response_has_no_envelope() {
    let sandbox = stateless().await;
    for path in ["/api/v1/signin", "/api/v1/signin/", "/api/v1/signin//", "/api/v1/signin%2F"] {
        let response = get(&sandbox, path).await;
        assert_eq!(response.expect(200).json(), json!({"access_token_id": 7, "project_id": 1001}), "{path}");
    }
    for path in ["/healthz", "/healthz/"] {
        let health = Call::new("GET", path).send(sandbox.endpoint()).await;
        assert_eq!(health.expect(200).body, "", "{path}");
    }
}

#[tokio::test]
async fn token_is_read_as_the_gateway_does() {
    let sandbox = stateless().await;
    let token = setting(&sandbox, "RISKEN_ACCESS_TOKEN");
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(&token).unwrap()).unwrap();
    let parts: Vec<_> = text.splitn(3, '@').collect();
    assert_eq!((parts[0], parts[2].len()), ("1001", 86));

    let other_secret = URL_SAFE_NO_PAD.encode(format!("1001@{}@other", parts[1]));
    for (header, status) in [
        (format!("bEaReR   {token}  "), 200),
        (format!("Bearer {token}="), 401),
        (format!("Bearer {other_secret}"), 401),
        (format!("Basic {token}"), 401),
        ("Bearer".to_owned(), 401),
    ] {
        let call = Call::new("GET", "/api/v1/signin").header("Authorization", &*header);
        assert_eq!(call.send(sandbox.endpoint()).await.status, status, "{header}");
    }
}

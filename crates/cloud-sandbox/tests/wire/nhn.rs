//! NHN Cloud over the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_sandbox::{Answers, NhnStatuses, Sandbox};
use serde_json::{Value, json};

use super::raw::{Call, RawResponse, setting, stateless};

pub(crate) async fn token_call(sandbox: &Sandbox, path: &'static str, secret: &str, form: String) -> RawResponse {
    let id = setting(sandbox, "NHN_CLOUD_USER_ACCESS_KEY_ID");
    let basic = STANDARD.encode(format!("{id}:{secret}"));
    Call::new("POST", path)
        .header("Authorization", format!("Basic {basic}"))
        .body("application/x-www-form-urlencoded", form)
        .send(sandbox.endpoint())
        .await
}

pub(crate) async fn token(sandbox: &Sandbox) -> String {
    let secret = setting(sandbox, "NHN_CLOUD_USER_SECRET_ACCESS_KEY");
    let form = "grant_type=client_credentials".to_owned();
    let response = token_call(sandbox, "/oauth2/token/create", &secret, form).await;
    let body = response.expect(200).json();
    assert_eq!(body["token_type"], "Bearer");
    assert!(body["expires_in"].is_u64());
    body["access_token"].as_str().unwrap().to_owned()
}

async fn last_date(sandbox: &Sandbox, token: &str) -> RawResponse {
    let key = setting(sandbox, "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY");
    Call::new("GET", format!("/advisor/v1.0/appKey/{key}/last_inspection_date"))
        .header("x-nhn-authorization", token)
        .send(sandbox.endpoint())
        .await
}

async fn key_manager(sandbox: &Sandbox, method: &'static str, rest: &str, body: Option<Value>) -> RawResponse {
    let key = setting(sandbox, "NHN_CLOUD_SKM_APP_KEY");
    let call = Call::new(method, format!("/keymanager/v1.0/appkey/{key}/{rest}"));
    let call = body.map_or(call.clone(), |body| call.json(&body));
    call.send(sandbox.endpoint()).await
}

#[tokio::test]
async fn token_authorizes_security_advisor() {
    let sandbox = stateless().await;
    let token = token(&sandbox).await;
    assert_eq!(token.len(), 128);
    let response = last_date(&sandbox, &format!("Bearer {token}")).await;
    let expected = json!({
        "header": {"resultCode": 1, "resultMessage": "Request success", "isSuccessful": true},
        "body": {"latestInspectionTime": "2025-03-11T16:00:32+09:00"}
    });
    assert_eq!(response.expect(200).json(), expected);

    for bad in ["", "Bearer nonsense", &token] {
        let refused = last_date(&sandbox, bad).await;
        let header = &refused.expect(401).json()["header"];
        assert_eq!(header["isSuccessful"], false, "{bad}");
        assert_eq!(header["resultCode"], 80007);
    }
}

#[tokio::test]
async fn token_expires_or_is_revoked() {
    let seconds = Arc::new(AtomicU64::new(1_700_000_000));
    let clock = Arc::clone(&seconds);
    let sandbox = Sandbox::builder()
        .answers(Answers::Examples)
        .clock(move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)))
        .token_lifetime(Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let first = format!("Bearer {}", token(&sandbox).await);
    seconds.fetch_add(59, Ordering::Relaxed);
    last_date(&sandbox, &first).await.expect(200);
    seconds.fetch_add(1, Ordering::Relaxed);
    last_date(&sandbox, &first).await.expect(401);

    let second = token(&sandbox).await;
    last_date(&sandbox, &format!("Bearer {second}")).await.expect(200);
    let secret = setting(&sandbox, "NHN_CLOUD_USER_SECRET_ACCESS_KEY");
    let form = format!("token={second}");
    token_call(&sandbox, "/oauth2/token/revoke", &secret, form).await.expect(200);
    last_date(&sandbox, &format!("Bearer {second}")).await.expect(401);
}

#[tokio::test]
async fn token_server_refuses_with_oauth_errors() {
    let sandbox = stateless().await;
    let secret = setting(&sandbox, "NHN_CLOUD_USER_SECRET_ACCESS_KEY");
    let path = "/oauth2/token/create";
    for (secret, form, status, code) in [
        ("wrong", "grant_type=client_credentials", 401, "invalid_client"),
        (&*secret, "grant_type=password", 400, "unsupported_grant_type"),
        (&*secret, "grand_type=client_credentials", 400, "invalid_request"),
        (&*secret, "grant_type=", 400, "invalid_request"),
        (&*secret, "grant_type=client_credentials&grant_type=client_credentials", 400, "invalid_request"),
    ] {
        let response = token_call(&sandbox, path, secret, form.to_owned()).await;
        assert_eq!(response.expect(status).json()["error"], code, "{form}");
    }
    for form in ["", "token="] {
        let response = token_call(&sandbox, "/oauth2/token/revoke", &secret, form.to_owned()).await;
        assert_eq!(response.expect(400).json()["error"], "invalid_request", "{form}");
    }
}

#[tokio::test]
async fn oversized_body_is_refused_in_the_envelope_of_the_service() {
    for (statuses, status) in [(NhnStatuses::ByService, 413), (NhnStatuses::AlwaysOk, 200)] {
        let sandbox = Sandbox::builder().nhn_statuses(statuses).start().await.unwrap();
        for (path, names) in [("/ssc/v1.0/appKey/k/inspection_result/summary", 4), ("/keymanager/v1.0/appkey/k/x", 3)] {
            let call = Call::new("POST", path).header("Content-Length", "2000000");
            let header = call.send(sandbox.endpoint()).await.expect(status).json()["header"].clone();
            assert_eq!((&header["isSuccessful"], header.as_object().unwrap().len()), (&json!(false), names), "{path}");
        }
    }
}

#[tokio::test]
async fn key_manager_needs_the_appkey_only() {
    let sandbox = stateless().await;
    let response = key_manager(&sandbox, "POST", "symmetric-keys/k/encrypt", Some(json!({"plaintext": "data"}))).await;
    let body = response.expect(200).json();
    assert_eq!(body["body"]["ciphertext"], "AAAAABzGwQniNneKXmcOLhWnxEqC1rNY+UdVb3lyeX/4wSrP");

    let wrong = Call::new("GET", "/keymanager/v1.0/appkey/other/confirm");
    let refused = wrong.send(sandbox.endpoint()).await;
    assert_eq!(refused.expect(400).json()["header"]["resultMessage"], "Invalid Appkey");
}

#[tokio::test]
async fn query_value_selects_the_response_of_a_shared_path() {
    let sandbox = stateless().await;
    let list = key_manager(&sandbox, "GET", "keystores/1/ips", None).await;
    assert_eq!(list.expect(200).json()["body"]["ipv4List"][0], "127.0.0.1");
    let one = key_manager(&sandbox, "GET", "keystores/1/ips?value=127.0.0.1", None).await;
    assert_eq!(one.expect(200).json()["body"]["ipv4List"][0]["value"], "127.0.0.1");
}

#[tokio::test]
async fn invalid_bodies_are_refused() {
    let sandbox = stateless().await;
    let long = "한".repeat(10_923);
    for (rest, body, word) in [
        ("symmetric-keys/k/encrypt", None, "a body is required"),
        ("symmetric-keys/k/encrypt", Some(json!({})), "plaintext is required"),
        ("symmetric-keys/k/encrypt", Some(json!({"plaintext": 1})), "type string"),
        ("symmetric-keys/k/encrypt", Some(json!({"plaintext": "a", "more": 1})), "more is not documented"),
        ("symmetric-keys/k/encrypt", Some(json!({"plaintext": long})), "at most 32768 bytes"),
        ("asymmetric-keys/k/sign", Some(json!({"plaintext": "a".repeat(246)})), "at most 245 bytes"),
        ("symmetric-keys/k/create-local-key", Some(json!({})), "no body is documented"),
    ] {
        let response = key_manager(&sandbox, "POST", rest, body).await;
        let message = response.expect(400).json()["header"]["resultMessage"].to_string();
        assert!(message.contains(word), "{rest}: {message}");
    }
    let fits = Some(json!({"plaintext": "a".repeat(32_768)}));
    key_manager(&sandbox, "POST", "symmetric-keys/k/encrypt", fits).await.expect(200);
    key_manager(&sandbox, "GET", "keystores/one", None).await.expect(400);
    key_manager(&sandbox, "GET", "keystores/1/ips?other=1", None).await.expect(400);
    key_manager(&sandbox, "DELETE", "keystores/1", None).await.expect(405);
    key_manager(&sandbox, "GET", "nothing/here", None).await.expect(404);
}

#[tokio::test]
async fn invalid_queries_are_refused() {
    let sandbox = stateless().await;
    let token = format!("Bearer {}", token(&sandbox).await);
    let key = setting(&sandbox, "NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY");
    let from = "from=2025-06-17T00:00:00%2B09:00";
    let to = "to=2025-06-17T23:59:59%2B09:00";
    for (query, status, word) in [
        (format!("regionCode=KR1&{from}&{to}&page=1&limit=10"), 200, "SUCCESS"),
        (format!("{from}&{to}"), 400, "regionCode is required"),
        (format!("regionCode=KR1&from=2025-06-17&{to}"), 400, "from must have the format date-time"),
        // A plus that is not escaped is a space.
        (format!("regionCode=KR1&from=2025-06-17T00:00:00+09:00&{to}"), 400, "from must have"),
        (format!("regionCode=KR1&{from}&{to}&limit=many"), 400, "limit must be of type integer"),
        (format!("regionCode=KR1&{from}&{to}&language=FR"), 400, "language must be one of"),
    ] {
        let target = format!("/ssc/v1.0/appKey/{key}/inspection_result/summary?{query}");
        let call = Call::new("GET", target).header("x-nhn-authorization", &*token);
        let response = call.send(sandbox.endpoint()).await;
        let message = response.expect(status).json()["header"]["resultMessage"].to_string();
        assert!(message.contains(word), "{query}: {message}");
    }
}

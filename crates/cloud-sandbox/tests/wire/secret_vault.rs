//! Secret Vault with its state, over the wire.

use std::time::Duration;

use cloud_sandbox::Sandbox;
use serde_json::{Value, json};

use super::raw::{Call, RawResponse};
use super::response_schema;
use super::scp_signer::{Signer, first_error};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The vault of the default seed, and the id of an access key without one.
const SEED: &str = "f2936d5ac07b4e1e8a41c9e7d5b3026f";
const FREE: &str = "b754b12b39da4ce29a40c5e324650bd0";

fn request(acl_cidr: &str) -> Value {
    json!({
        "access_key_id": FREE, "acl_cidr": acl_cidr, "name": "vault1",
        "temporary_key_ttl_nhours": 3, "vault_token_ttl_ndays": 30
    })
}

async fn send(sandbox: &Sandbox, call: Call) -> RawResponse {
    let response = Signer::of(sandbox).send(sandbox, call.clone()).await;
    response_schema::check(&call, &response);
    response
}

/// A new vault's id, and its token as a signer.
async fn create(sandbox: &Sandbox, acl_cidr: &str) -> (String, Signer) {
    let made = send(sandbox, Call::new("POST", "/v1/secretvault").json(&request(acl_cidr))).await.expect(201).json();
    let text = |name: &str| made["secret_vault"][name].as_str().unwrap().to_owned();
    let (access_key, secret) = (text("vault_token_id"), text("vault_token_secret_value"));
    (text("id"), Signer { access_key, secret, ..Signer::vault(sandbox) })
}

async fn ask(sandbox: &Sandbox, token: &Signer, vault: &str) -> RawResponse {
    let call = Call::new("GET", format!("/v1/temporarykey/{vault}"));
    let response = token.send(sandbox, call.clone()).await;
    response_schema::check(&call, &response);
    response
}

#[track_caller]
fn pair(sandbox: &Sandbox, response: &RawResponse) -> Signer {
    let response = response.expect(200).json();
    let text = |name: &str| response[name].as_str().unwrap().to_owned();
    Signer { access_key: text("access_key"), secret: text("secret_key"), ..Signer::of(sandbox) }
}

async fn use_of(sandbox: &Sandbox, signer: &Signer) -> RawResponse {
    signer.send(sandbox, Call::new("GET", "/v1/secrets")).await
}

async fn terminate(sandbox: &Sandbox, vault: &str, days: i64) -> RawResponse {
    let call = Call::new("PUT", format!("/v1/secretvault/{vault}/terminated"));
    send(sandbox, call.json(&json!({ "waiting_time_ndays": days }))).await
}

#[tokio::test]
async fn token_is_exchanged_for_credentials_that_expire() {
    let sandbox = Sandbox::start().await.unwrap();
    let (vault, token) = create(&sandbox, "127.0.0.1/32").await;
    let temporary = pair(&sandbox, &ask(&sandbox, &token, &vault).await);
    use_of(&sandbox, &temporary).await.expect(200);
    let wrong = Signer { secret: token.secret.clone(), ..temporary.clone() };
    assert_eq!(first_error(&use_of(&sandbox, &wrong).await, 401).0, "HmacValidFail");
    sandbox.advance(HOUR * 3 - Duration::from_secs(60));
    use_of(&sandbox, &temporary).await.expect(200);
    sandbox.advance(Duration::from_secs(60));
    assert_eq!(first_error(&use_of(&sandbox, &temporary).await, 401).0, "HmacValidFail");
    // Two days later the token still works; after its thirty days it does not.
    sandbox.advance(HOUR * 45);
    ask(&sandbox, &token, &vault).await.expect(200);
    sandbox.advance(HOUR * 24 * 28);
    assert_eq!(first_error(&ask(&sandbox, &token, &vault).await, 400).1, "Svaccesskey is not existed.");
}

#[tokio::test]
async fn expired_vault_is_listed_only_and_ends_a_week_later() {
    let sandbox = Sandbox::start().await.unwrap();
    let (vault, _) = create(&sandbox, "127.0.0.1/32").await;
    let path = format!("/v1/secretvault/{vault}");
    let show = || send(&sandbox, Call::new("GET", path.clone()));
    let listed = async || {
        let listed = send(&sandbox, Call::new("GET", "/v1/secretvault")).await.expect(200).json();
        let rows = listed["secret_vaults"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["id"] == vault.as_str()).map(|row| row["vaultkey_state"].clone())
    };
    sandbox.advance(HOUR * 24 * 30 - Duration::from_secs(1));
    show().await.expect(200);
    assert_eq!(listed().await, Some(json!("Active")));
    sandbox.advance(Duration::from_secs(1));
    assert_eq!(first_error(&show().await, 400).0, "InvalidInputValue");
    terminate(&sandbox, &vault, 7).await.expect(400);
    assert_eq!(listed().await, Some(json!("Expired")));
    let again = Call::new("POST", "/v1/secretvault").json(&request("127.0.0.1/32"));
    send(&sandbox, again.clone()).await.expect(400);
    sandbox.advance(HOUR * 24 * 7);
    assert_eq!(first_error(&show().await, 404).0, "ResourceNotFound");
    assert_eq!(listed().await, None);
    send(&sandbox, again).await.expect(201);
}

#[tokio::test]
async fn token_is_shown_once_and_masked_afterwards() {
    let sandbox = Sandbox::start().await.unwrap();
    let (vault, token) = create(&sandbox, "192.168.1.1/24, 10.0.0.1/16").await;
    let shown = send(&sandbox, Call::new("GET", format!("/v1/secretvault/{vault}"))).await;
    let listed = send(&sandbox, Call::new("GET", "/v1/secretvault")).await;
    for response in [&shown, &listed] {
        response.expect(200);
        assert!(!response.body.contains(&token.access_key) && !response.body.contains(&token.secret), "{response:?}");
    }
    let shown = shown.json()["secret_vault"].clone();
    assert!(shown["vault_token_id"].as_str().unwrap().starts_with("[AES] "));
    assert_eq!(shown["access_key"], format!("b75{}", "*".repeat(29)));
    assert_eq!((&shown["vaultkey_state"], &shown["delete_at"]), (&json!("Active"), &Value::Null));
    let listed = listed.json();
    assert_eq!((&listed["count"], &listed["secret_vaults"][0]["id"]), (&json!(2), &json!(vault)));
    assert_eq!(listed["secret_vaults"][0]["vault_token_secret_value"], shown["vault_token_secret_value"]);
    assert_eq!(listed["secret_vaults"][0].get("access_key"), None);
}

#[tokio::test]
async fn temporary_keys_are_limited_to_five() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = Signer::vault(&sandbox);
    let first = pair(&sandbox, &ask(&sandbox, &token, SEED).await);
    sandbox.advance(HOUR);
    for _ in 0..4 {
        ask(&sandbox, &token, SEED).await.expect(200);
    }
    assert_eq!(first_error(&ask(&sandbox, &token, SEED).await, 400).0, "InvalidInputValue");
    use_of(&sandbox, &first).await.expect(200);
    sandbox.advance(HOUR * 35);
    use_of(&sandbox, &first).await.expect(401);
    ask(&sandbox, &token, SEED).await.expect(200);
    ask(&sandbox, &token, SEED).await.expect(400);
}

#[tokio::test]
async fn vault_accepts_its_own_token_from_its_networks_only() {
    let sandbox = Sandbox::start().await.unwrap();
    let (vault, token) = create(&sandbox, "192.0.2.0/24").await;
    assert_eq!(first_error(&ask(&sandbox, &token, &vault).await, 400).0, "source-cidr-error");
    let not_existed = ("InvalidInputValue".to_owned(), "Svaccesskey is not existed.".to_owned());
    let seed = Signer::vault(&sandbox);
    for (signer, vault) in [(&seed, &*vault), (&token, SEED), (&seed, "nothing"), (&Signer::of(&sandbox), SEED)] {
        assert_eq!(first_error(&ask(&sandbox, signer, vault).await, 400), not_existed);
    }
    let stranger = Signer { access_key: "5dbd99e4-aad4-e822-9ab3-89b10cf7c9ef".to_owned(), ..seed.clone() };
    assert_eq!(first_error(&ask(&sandbox, &stranger, SEED).await, 400), not_existed);
    let wrong_secret = Signer { secret: token.secret, ..seed.clone() };
    assert_eq!(first_error(&ask(&sandbox, &wrong_secret, SEED).await, 401).0, "HmacValidFail");
}

#[tokio::test]
async fn second_signature_must_be_valid_too() {
    let sandbox = Sandbox::start().await.unwrap();
    let (seed, ordinary) = (Signer::vault(&sandbox), Signer::of(&sandbox));
    let wrong = Signer { secret: "other".to_owned(), ..ordinary.clone() };
    for (beside, status) in [(ordinary, 200), (wrong, 401)] {
        let call = Call::new("GET", format!("/v1/temporarykey/{SEED}"));
        seed.send(&sandbox, beside.sign(sandbox.endpoint(), call)).await.expect(status);
    }
}

#[tokio::test]
async fn access_key_has_one_vault_at_most() {
    let sandbox = Sandbox::start().await.unwrap();
    let make = |change: &dyn Fn(&mut Value)| {
        let mut body = request("127.0.0.1/32");
        change(&mut body);
        send(&sandbox, Call::new("POST", "/v1/secretvault").json(&body))
    };
    let unknown = make(&|body| body["access_key_id"] = "5a4db0c51e2f4b0f9d3c7a6e8b1f2d40".into()).await;
    assert_eq!(first_error(&unknown, 400).0, "SecretVaultAccesskeyNotFoundError");
    for (name, value) in [
        ("name", json!("Upper")),
        ("name", json!("ab")),
        ("temporary_key_ttl_nhours", json!(0)),
        ("temporary_key_ttl_nhours", json!(37)),
        ("vault_token_ttl_ndays", json!(29)),
        ("vault_token_ttl_ndays", json!(7301)),
        ("acl_cidr", json!("anywhere")),
    ] {
        make(&|body| body[name] = value.clone()).await.expect(400);
    }
    make(&|_| ()).await.expect(201);
    assert_eq!(first_error(&make(&|_| ()).await, 400).1, "Access key is already in use.");
}

#[tokio::test]
async fn terminated_vault_issues_no_keys_and_is_deleted_when_due() {
    let sandbox = Sandbox::start().await.unwrap();
    let (vault, token) = create(&sandbox, "127.0.0.1/32").await;
    let temporary = pair(&sandbox, &ask(&sandbox, &token, &vault).await);
    for days in [6, 31] {
        terminate(&sandbox, &vault, days).await.expect(400);
    }
    use_of(&sandbox, &temporary).await.expect(200);
    let shown = terminate(&sandbox, &vault, 7).await.expect(200).json()["secret_vault"].clone();
    assert_eq!((&shown["vaultkey_state"], &shown["waiting_time_ndays"]), (&json!("To_Be_Terminated"), &json!(7)));
    assert!(shown["delete_at"].is_string());
    assert_eq!(shown["temp_key_expired_at"], Value::Null);
    use_of(&sandbox, &temporary).await.expect(401);
    ask(&sandbox, &token, &vault).await.expect(400);
    terminate(&sandbox, &vault, 7).await.expect(400);
    let again = Call::new("POST", "/v1/secretvault").json(&request("127.0.0.1/32"));
    send(&sandbox, again.clone()).await.expect(400);
    sandbox.advance(HOUR * 24 * 7);
    send(&sandbox, Call::new("GET", format!("/v1/secretvault/{vault}"))).await.expect(404);
    ask(&sandbox, &token, &vault).await.expect(400);
    send(&sandbox, again).await.expect(201);
}

#[tokio::test]
async fn vault_list_is_paged_on_request() {
    let sandbox = Sandbox::start().await.unwrap();
    let (vault, _) = create(&sandbox, "127.0.0.1/32").await;
    let list = async |query: &str| {
        let listed = send(&sandbox, Call::new("GET", format!("/v1/secretvault{query}"))).await.expect(200).json();
        let ids = listed["secret_vaults"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), ["count", "page", "size"].map(|name| listed[name].as_u64().unwrap()))
    };
    assert_eq!(list("?page=1&size=1").await, (vec![SEED.to_owned()], [2, 1, 1]));
    assert_eq!(list("?size=1").await, (vec![vault.clone()], [2, 0, 1]));
    assert_eq!(list("").await, (vec![vault, SEED.to_owned()], [2, 0, 20]));
    for query in ["?size=0", "?page=first", "?limit=1", "?sort=created_at:asc"] {
        send(&sandbox, Call::new("GET", format!("/v1/secretvault{query}"))).await.expect(400);
    }
}

//! Secrets Manager with its state, over the wire.

use std::time::Duration;

use cloud_sandbox::Sandbox;
use serde_json::{Value, json};

use super::raw::{Call, RawResponse};
use super::scp::{Signer, first_error};
use super::shapes;

/// A secret and a KMS key of the default seed.
const SEED: &str = "3265ab469f0d406d83073da3e11e7a6c";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn call(sandbox: &Sandbox, method: &'static str, target: &str, body: Option<Value>) -> RawResponse {
    let call = Call::new(method, format!("/v1/secrets{target}"));
    let call = body.map_or(call.clone(), |body| call.json(&body));
    let response = Signer::of(sandbox).send(sandbox, call.clone()).await;
    shapes::agree(&call, &response);
    response
}

async fn in_version(
    sandbox: &Sandbox,
    version: &str,
    method: &'static str,
    target: &str,
    body: Option<Value>,
) -> Value {
    let call = Call::new(method, format!("/v1/secrets{target}"));
    let call = call.header("Scp-Api-Version", format!("secretsmanager {version}"));
    let call = body.map_or(call.clone(), |body| call.json(&body));
    let response = Signer::of(sandbox).send(sandbox, call.clone()).await;
    shapes::agree(&call, &response);
    response.expect(if method == "POST" { 201 } else { 200 }).json()
}

fn request(name: &str) -> Value {
    json!({"name": name, "kms_id": SEED, "acl_cidr": "127.0.0.1/32, 10.0.0.0/28", "secret_value": "{\"user\":\"me\"}"})
}

async fn create(sandbox: &Sandbox, name: &str) -> String {
    let made = call(sandbox, "POST", "", Some(request(name))).await;
    let secret = made.expect(201).json()["secret"].clone();
    assert_eq!((secret["name"].as_str(), secret["state"].as_str()), (Some(name), Some("Active")));
    secret["id"].as_str().unwrap().to_owned()
}

async fn put_value(sandbox: &Sandbox, id: &str, value: &str) {
    let body = json!({ "secret_value": json!({ "user": value }).to_string() });
    call(sandbox, "PUT", &format!("/{id}/values"), Some(body)).await.expect(200);
}

async fn read(sandbox: &Sandbox, id: &str, which: Value) -> RawResponse {
    call(sandbox, "POST", &format!("/{id}/values"), Some(which)).await
}

#[track_caller]
fn user(response: &RawResponse) -> String {
    let text = response.expect(200).json()["secret_value"].as_str().unwrap().to_owned();
    serde_json::from_str::<Value>(&text).unwrap()["user"].as_str().unwrap().to_owned()
}

async fn versions(sandbox: &Sandbox, id: &str) -> Vec<Value> {
    let listed = call(sandbox, "GET", &format!("/{id}/versions?sort=created_at:asc"), None).await;
    let listed = listed.expect(200).json();
    assert_eq!((listed["page"].as_i64(), listed["size"].as_i64()), (Some(0), Some(100)));
    let rows = listed["version_list"].as_array().unwrap().clone();
    assert_eq!(listed["count"], rows.len());
    rows
}

#[tokio::test]
async fn three_versions_and_labels_that_move() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = &create(&sandbox, "prod-db").await;
    put_value(&sandbox, id, "you").await;
    put_value(&sandbox, id, "they").await;
    let rows = versions(&sandbox, id).await;
    let ids: Vec<_> = rows.iter().map(|row| row["version_id"].as_str().unwrap()).collect();
    assert_eq!(
        rows.iter().map(|row| row["label"].clone()).collect::<Vec<_>>(),
        [json!([]), json!([]), json!(["CURRENT"])]
    );
    assert_eq!(user(&read(&sandbox, id, json!({})).await), "they");
    assert_eq!(user(&read(&sandbox, id, json!({"version_id": ids[0]})).await), "me");

    let target = format!("/{id}/label");
    let label = |body: Value| call(&sandbox, "PUT", &target, Some(body));
    label(json!({"label": "stable", "move_to_version_id": ids[0]})).await.expect(200);
    assert_eq!(user(&read(&sandbox, id, json!({"label": "stable"})).await), "me");
    let twice = label(json!({"label": "stable", "move_to_version_id": ids[1]})).await;
    assert_eq!(first_error(&twice, 400).0, "InvalidInputValue");
    let from_to = json!({"label": "stable", "move_to_version_id": ids[1], "remove_from_version_id": ids[0]});
    label(from_to).await.expect(200);
    assert_eq!(user(&read(&sandbox, id, json!({"label": "stable"})).await), "you");
    label(json!({"label": "CURRENT", "move_to_version_id": ids[1], "remove_from_version_id": ids[2]}))
        .await
        .expect(200);
    assert_eq!(user(&read(&sandbox, id, json!({})).await), "you");
    label(json!({"label": "stable", "remove_from_version_id": ids[1]})).await.expect(200);
    read(&sandbox, id, json!({"label": "stable"})).await.expect(404);
    read(&sandbox, id, json!({"label": "CURRENT", "version_id": ids[2]})).await.expect(400);
    label(json!({"label": "stable", "move_to_version_id": "none"})).await.expect(404);
    label(json!({"label": "stable"})).await.expect(400);
    label(json!({"label": "CURRENT", "remove_from_version_id": ids[1]})).await.expect(400);
}

#[tokio::test]
async fn a_value_is_for_callers_in_its_networks() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = &create(&sandbox, "walled").await;
    let set = |list: Value| {
        let target = format!("/{id}/acl-cidr");
        let sandbox = &sandbox;
        async move { call(sandbox, "PUT", &target, Some(json!({ "acl_cidr": list }))).await }
    };
    set(json!("192.0.2.0/28")).await.expect(200);
    assert_eq!(first_error(&read(&sandbox, id, json!({})).await, 400).0, "source-cidr-error");
    set(Value::Null).await.expect(200);
    assert_eq!(first_error(&read(&sandbox, id, json!({})).await, 400).0, "source-cidr-error");
    for bad in ["127.0.0.1", "127.0.0.0/24", "", "here/32"] {
        assert_eq!(first_error(&set(json!(bad)).await, 400).0, "InvalidInputValue", "{bad}");
    }
    let shown = set(json!("192.0.2.0/28,127.0.0.0/25")).await.expect(200).json();
    assert_eq!(shown["secret"]["recent_searched_at"], Value::Null);
    read(&sandbox, id, json!({})).await.expect(200);
    let shown = call(&sandbox, "GET", &format!("/{id}"), None).await.expect(200).json();
    assert_eq!(shown["secret"]["recent_searched_at"].as_str().map(str::len), Some("2025-02-25 03:07:17.000".len()));
    // The seed's own value can be read here as it is.
    read(&sandbox, SEED, json!({"label": "CURRENT", "version_id": "e7b638507d9f4feeb6032a22b7640bf7"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn waits_before_it_goes_and_can_be_restored() {
    let sandbox = Sandbox::start().await.unwrap();
    let (gone, kept) = (&create(&sandbox, "gone").await, &create(&sandbox, "kept").await);
    for days in [6, 31] {
        let body = json!({ "waiting_time_ndays": days });
        call(&sandbox, "DELETE", &format!("/{gone}"), Some(body)).await.expect(400);
    }
    for id in [gone, kept] {
        let target = format!("/{id}");
        call(&sandbox, "DELETE", &target, Some(json!({"waiting_time_ndays": 7}))).await.expect(204);
        let shown = call(&sandbox, "GET", &target, None).await.expect(200).json();
        assert_eq!(shown["secret"]["state"], "To_Be_Terminated");
        assert!(shown["secret"]["deleted_at"].is_string());
        read(&sandbox, id, json!({})).await.expect(400);
        call(&sandbox, "PUT", &format!("{target}/values"), Some(json!({"secret_value": "{\"a\":\"b\"}"})))
            .await
            .expect(400);
        call(&sandbox, "DELETE", &target, Some(json!({"waiting_time_ndays": 7}))).await.expect(400);
    }
    sandbox.advance(DAY * 6);
    for _ in 0..2 {
        let restored = call(&sandbox, "PUT", &format!("/{kept}/restore"), None).await.expect(200).json();
        assert_eq!((&restored["secret"]["state"], &restored["secret"]["deleted_at"]), (&json!("Active"), &Value::Null));
    }
    let waiting = call(&sandbox, "GET", "?state=To_Be_Terminated", None).await.expect(200).json();
    assert_eq!((&waiting["count"], &waiting["secret"][0]["id"]), (&json!(1), &json!(gone)));
    sandbox.advance(DAY);
    assert_eq!(first_error(&call(&sandbox, "GET", &format!("/{gone}"), None).await, 404).0, "ResourceNotFound");
    call(&sandbox, "PUT", &format!("/{gone}/restore"), None).await.expect(404);
    assert_eq!(user(&read(&sandbox, kept, json!({})).await), "me");
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let sandbox = Sandbox::start().await.unwrap();
    for name in ["app-b", "app-c", "app-a", "other"] {
        create(&sandbox, name).await;
    }
    let names = async |query: &str| {
        let listed = call(&sandbox, "GET", query, None).await.expect(200).json();
        let rows = listed["secret"].as_array().unwrap();
        let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
        (listed["count"].as_u64().unwrap(), names.join(" "), listed["sort"].clone())
    };
    assert_eq!(names("?name=app&sort=name:asc").await, (3, "app-a app-b app-c".to_owned(), json!(["name:asc"])));
    assert_eq!(names("?name=app&sort=name:desc&size=2").await.1, "app-c app-b");
    assert_eq!(names("?name=app&sort=name:desc&size=2&page=1").await.1, "app-a");
    assert_eq!(names("?name=app&sort=name:desc&size=2&page=2").await, (3, String::new(), json!(["name:desc"])));
    assert_eq!(names("?state=Active&state=Stop&name=other").await.1, "other");
    assert_eq!(names("?state=Stop").await.0, 0);
    assert!(names("").await.1.ends_with("my-secret-name"), "the newest come first");
    for query in ["?size=0", "?page=-1", "?size=many", "?sort=name", "?sort=secret_value:asc", "?limit=1"] {
        call(&sandbox, "GET", query, None).await.expect(400);
    }
}

#[tokio::test]
async fn each_version_shows_its_own_fields() {
    let sandbox = Sandbox::start().await.unwrap();
    let names = |response: &Value, at: &str| {
        let fields = response[at].as_object().unwrap();
        ["private_acl_enabled", "region", "kms_name"].map(|name| fields.contains_key(name))
    };
    let old = in_version(&sandbox, "1.0", "POST", "", Some(request("old"))).await;
    let new = in_version(&sandbox, "1.1", "POST", "", Some(request("new"))).await;
    assert_eq!((names(&old, "secret"), names(&new, "secret")), ([false, false, true], [true, false, true]));
    let target = format!("/{}", new["secret"]["id"].as_str().unwrap());
    let (old, new) = (
        in_version(&sandbox, "1.0", "GET", &target, None).await,
        in_version(&sandbox, "1.1", "GET", &target, None).await,
    );
    assert_eq!((names(&old, "secret"), names(&new, "secret")), ([false, false, true], [true, true, true]));
    let target = format!("{target}/versions");
    let old = in_version(&sandbox, "1.0", "GET", &target, None).await;
    let keys: Vec<_> = old.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["version_list"]);
    assert_eq!(in_version(&sandbox, "1.1", "GET", &target, None).await["count"], 1);
    let sovereign = Sandbox::builder().sovereign(true).start().await.unwrap();
    for (sandbox, region) in [(&sandbox, "kr-west1"), (&sovereign, "kr-south1")] {
        let shown = in_version(sandbox, "1.1", "GET", &format!("/{SEED}"), None).await;
        assert_eq!(shown["secret"]["region"], region);
    }
}

#[tokio::test]
async fn values_keys_and_private_access_are_checked() {
    let sandbox = Sandbox::start().await.unwrap();
    let with = |name: &str, value: Value| {
        let mut body = request("checked");
        body[name] = value;
        call(&sandbox, "POST", "", Some(body))
    };
    let eleven =
        json!({"a": "", "b": "", "c": "", "d": "", "e": "", "f": "", "g": "", "h": "", "i": "", "j": "", "k": ""});
    for (name, value) in [
        ("secret_value", json!("no object")),
        ("secret_value", json!(eleven.to_string())),
        ("secret_value", json!(json!({"a": "x".repeat(64 * 1024)}).to_string())),
        ("kms_id", json!("nobody")),
        // A key of the platform's own.
        ("kms_id", json!("11d709f215fe0e5091b751b86e03432a")),
        ("name", json!("a b")),
        ("name", json!("ab")),
        ("acl_cidr", json!("10.0.0.1")),
        ("private_acl_resources", json!([{}])),
    ] {
        with(name, value.clone()).await.expect(400);
    }
    let made = with("private_acl_resources", json!([{"resource_id": "vm-1"}])).await.expect(201).json();
    let secret = &made["secret"];
    assert_eq!(
        (&secret["private_acl_enabled"], &secret["private_acl_resources"]),
        (&json!(false), &json!([{"resource_id": "vm-1"}]))
    );
    let target = format!("/{}", secret["id"].as_str().unwrap());
    let acl = json!({"private_acl_enabled": true});
    let set = call(&sandbox, "PUT", &format!("{target}/private-acl"), Some(acl)).await.expect(200).json();
    assert_eq!(set["secret"]["private_acl_resources"], json!([{"resource_id": "vm-1"}]));
    let set =
        call(&sandbox, "PUT", &format!("{target}/private-acl"), Some(json!({"private_acl_resources": null}))).await;
    let set = set.expect(200).json();
    assert_eq!(
        (&set["secret"]["private_acl_enabled"], &set["secret"]["private_acl_resources"]),
        (&json!(true), &json!([]))
    );
    call(&sandbox, "PUT", &format!("{target}/kmsid"), Some(json!({"kms_id": "nobody"}))).await.expect(400);
    let set = call(&sandbox, "PUT", &format!("{target}/description"), Some(json!({"description": null})))
        .await
        .expect(200)
        .json();
    assert_eq!(set["secret"]["description"], Value::Null);
}

#[tokio::test]
async fn passwords_differ_and_repeat_with_the_seed() {
    let password = async |sandbox: &Sandbox| {
        let response = call(sandbox, "POST", "/random-password", Some(json!({"password_length": 20}))).await;
        response.expect(200).json()["random_password"].as_str().unwrap().to_owned()
    };
    let (one, other) =
        (Sandbox::builder().seed(5).start().await.unwrap(), Sandbox::builder().seed(5).start().await.unwrap());
    let first = password(&one).await;
    assert_eq!((first.len(), &first), (20, &password(&other).await));
    assert_ne!(first, password(&one).await);
    for body in
        [json!({"password_length": 4}), json!({"password_length": 1025}), json!({"exclude_characters": "0123456789"})]
    {
        call(&one, "POST", "/random-password", Some(body)).await.expect(400);
    }
}

#[tokio::test]
async fn a_key_must_be_active_and_symmetric() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = async |purpose: &str, name: &str| {
        let body = json!({"name": name, "purpose": purpose, "description": "", "key_type": "basic", "auto_rotate": "N", "rotate_cycle": 90});
        let made = Signer::of(&sandbox).send(&sandbox, Call::new("POST", "/v1/kms/transit").json(&body)).await;
        made.expect(201).json()["key"]["id"].as_str().unwrap().to_owned()
    };
    let (encrypting, signing) = (key("aes256-gcm96", "encrypting").await, key("ecdsa-p256", "signing").await);
    let id = &create(&sandbox, "encrypted").await;
    let target = &format!("/{id}/kmsid");
    let refused = call(&sandbox, "PUT", target, Some(json!({ "kms_id": signing }))).await;
    assert_eq!(first_error(&refused, 400).0, "InvalidInputValue");
    let set = call(&sandbox, "PUT", target, Some(json!({ "kms_id": encrypting }))).await.expect(200).json();
    assert_eq!((&set["secret"]["kms_id"], &set["secret"]["kms_name"]), (&json!(encrypting), &json!("encrypting")));
    let state = async |wanted: &str| {
        let stop = Call::new("PUT", format!("/v1/kms/transit/{encrypting}/state")).json(&json!({ "state": wanted }));
        Signer::of(&sandbox).send(&sandbox, stop).await.expect(200);
    };
    state("Stop").await;
    read(&sandbox, id, json!({})).await.expect(400);
    state("Active").await;
    assert_eq!(user(&read(&sandbox, id, json!({})).await), "me");
}

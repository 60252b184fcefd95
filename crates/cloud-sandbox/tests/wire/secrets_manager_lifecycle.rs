//! Secrets over the wire: deletion, lists and the fields of each API version.

use cloud_sandbox::Sandbox;
use serde_json::{Value, json};

use super::scp_signer::first_error;
use super::secrets_manager::{DAY, SEED, call, create, in_version, read, request, user};

#[tokio::test]
async fn deleted_secret_waits_and_can_be_restored() {
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
async fn stopped_secret_is_shown_and_refused() {
    let seed = json!({ "scp": { "secrets": { "secrets": { (SEED): { "stopped": true } } } } });
    for seeded in [true, false] {
        let builder = Sandbox::builder();
        let sandbox = if seeded { builder.seed_data(seed.clone()) } else { builder }.start().await.unwrap();
        assert!(seeded || sandbox.stop_secret(SEED));
        assert!(!sandbox.stop_secret("unknown"));
        let target = format!("/{SEED}");
        let shown = call(&sandbox, "GET", &target, None).await.expect(200).json();
        assert_eq!((&shown["secret"]["state"], &shown["secret"]["deleted_at"]), (&json!("Stop"), &Value::Null));
        let listed = call(&sandbox, "GET", "?state=Stop", None).await.expect(200).json();
        assert_eq!((&listed["count"], &listed["secret"][0]["id"]), (&json!(1), &json!(SEED)));
        read(&sandbox, SEED, json!({})).await.expect(400);
        call(&sandbox, "PUT", &format!("{target}/values"), Some(json!({"secret_value": "{\"a\":\"b\"}"})))
            .await
            .expect(400);
        call(&sandbox, "PUT", &format!("{target}/restore"), None).await.expect(200);
        read(&sandbox, SEED, json!({})).await.expect(400);
        call(&sandbox, "DELETE", &target, Some(json!({"waiting_time_ndays": 7}))).await.expect(204);
    }
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
async fn each_api_version_returns_its_own_fields() {
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

//! KMS keys over the wire: states, rotation, names and lists.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_sandbox::Sandbox;
use serde_json::json;

use super::kms::{create, decrypt, encrypt, send, show, text, try_create, work};
use super::raw::Call;
use super::scp_signer::{Signer, first_error};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A sandbox in which the day does not end while a test runs.
async fn at_noon() -> Sandbox {
    Sandbox::builder().starts_at(UNIX_EPOCH + DAY * 20_605 + DAY / 2).start().await.unwrap()
}

#[tokio::test]
async fn stopped_key_is_inactive_and_deleted_key_disappears_when_due() {
    let sandbox = at_noon().await;
    let id = create(&sandbox, "mortal", "hmac").await;
    let path = format!("/v1/kms/transit/{id}");
    let state = format!("{path}/state");
    let input = json!({ "input": STANDARD.encode("data") });
    send(&sandbox, "PUT", &state, Some(json!({ "state": "Stop" }))).await.expect(200);
    let (_, detail) = first_error(&work(&sandbox, "hmac", &id, input.clone()).await, 400);
    assert!(detail.contains("not active: Stop"), "{detail}");
    send(&sandbox, "PUT", &state, Some(json!({ "state": "Active" }))).await.expect(200);
    work(&sandbox, "hmac", &id, input.clone()).await.expect(200);

    send(&sandbox, "DELETE", &path, None).await.expect(204);
    let key = show(&sandbox, &id).await;
    assert_eq!((&key["state"], &key["delete_target_yn"]), (&json!("To_Be_Terminated"), &json!("Y")));
    assert_eq!(key["delete_at"], "20260604", "three days from the start");
    work(&sandbox, "hmac", &id, input).await.expect(400);
    send(&sandbox, "PUT", &state, Some(json!({ "state": "Active" }))).await.expect(400);
    sandbox.advance(3 * DAY - Duration::from_secs(60));
    let list = async || {
        let listed = send(&sandbox, "GET", "/v1/kms/transit?name=mortal", None).await.expect(200).json();
        listed["count"].as_u64().unwrap()
    };
    assert_eq!(show(&sandbox, &id).await["state"], "To_Be_Terminated");
    assert_eq!(list().await, 1, "it stays listed");
    sandbox.advance(Duration::from_secs(60));
    send(&sandbox, "GET", &path, None).await.expect(404);
    assert_eq!(list().await, 0);

    let id = create(&sandbox, "mortal", "hmac").await;
    let path = format!("/v1/kms/transit/{id}");
    send(&sandbox, "DELETE", &format!("{path}?is_directly=true"), None).await.expect(204);
    assert_eq!(first_error(&send(&sandbox, "DELETE", &path, None).await, 404).0, "ResourceNotFound");
}

#[tokio::test]
async fn canceled_deletion_leaves_the_key_stopped() {
    let sandbox = at_noon().await;
    let id = text(&try_create(&sandbox, "spared", "hmac", "Y", 7).await.expect(201).json()["key"]["id"]);
    let path = format!("/v1/kms/transit/{id}");
    let state =
        async |wanted: &str| send(&sandbox, "PUT", &format!("{path}/state"), Some(json!({ "state": wanted }))).await;
    send(&sandbox, "DELETE", &path, None).await.expect(204);
    sandbox.advance(2 * DAY);
    state("Active").await.expect(400);
    let key = state("Stop").await.expect(200).json()["key"].clone();
    assert_eq!(
        (&key["state"], &key["delete_target_yn"], &key["delete_at"]),
        (&json!("Stop"), &json!("N"), &json!(null))
    );
    sandbox.advance(2 * DAY);
    let input = json!({ "input": STANDARD.encode("data") });
    work(&sandbox, "hmac", &id, input.clone()).await.expect(400);
    state("Active").await.expect(200);
    work(&sandbox, "hmac", &id, input).await.expect(200);
    sandbox.advance(5 * DAY);
    assert_eq!(show(&sandbox, &id).await["current_version"], 2, "it rotates again");
}

#[tokio::test]
async fn key_has_a_hundred_versions_at_most() {
    let sandbox = at_noon().await;
    let id = text(&try_create(&sandbox, "often", "hmac", "Y", 1).await.expect(201).json()["key"]["id"]);
    let rotate = format!("/v1/kms/transit/{id}/rotate");
    for _ in 0..99 {
        send(&sandbox, "POST", &rotate, None).await.expect(200);
    }
    assert_eq!(first_error(&send(&sandbox, "POST", &rotate, None).await, 400).0, "InvalidInputValue");
    sandbox.advance(3 * DAY);
    assert_eq!(show(&sandbox, &id).await["current_version"], 100);
}

#[tokio::test]
async fn key_versions_are_added_when_rotation_is_due() {
    let sandbox = at_noon().await;
    let made = try_create(&sandbox, "aging", "aes256-gcm96", "Y", 7).await;
    let key = made.expect(201).json()["key"].clone();
    let id = text(&key["id"]);
    assert!(key["next_rotate_at"].is_string());
    let old = encrypt(&sandbox, &id, b"data").await;
    sandbox.advance(6 * DAY);
    assert_eq!(show(&sandbox, &id).await["current_version"], 1);
    sandbox.advance(DAY);
    assert_eq!(show(&sandbox, &id).await["current_version"], 2);
    assert_eq!(decrypt(&sandbox, &id, &old).await, b"data");
    let off = json!({ "auto_rotate": "N", "rotate_cycle": null });
    let path = format!("/v1/kms/transit/{id}/rotate-info");
    let key = send(&sandbox, "PUT", &path, Some(off)).await.expect(200).json()["key"].clone();
    assert_eq!((&key["auto_rotate"], &key["rotate_cycle"]), (&json!("N"), &json!(7)));
    assert!(key["next_rotate_at"].is_null());
    sandbox.advance(30 * DAY);
    assert_eq!(show(&sandbox, &id).await["current_version"], 2);
}

#[tokio::test]
async fn key_names_are_unique_and_purposes_depend_on_the_environment() {
    let sandbox = Sandbox::start().await.unwrap();
    create(&sandbox, "once", "hmac").await;
    for (name, purpose, auto, days) in [
        ("once", "hmac", "N", 0),
        ("aria", "aria", "N", 0),
        ("des", "des", "N", 0),
        ("never", "hmac", "Y", 0),
        ("maybe", "hmac", "M", 7),
    ] {
        try_create(&sandbox, name, purpose, auto, days).await.expect(400);
    }
    for (name, taken) in [("once", true), ("des", false)] {
        let response = send(&sandbox, "GET", &format!("/v1/kms/transit/duplicate?name={name}"), None).await;
        assert_eq!(response.expect(200).json(), json!({ "isDuplicateName": taken }));
    }
    let sovereign = Sandbox::builder().sovereign(true).start().await.unwrap();
    let id = create(&sovereign, "aria", "aria").await;
    let ciphertext = encrypt(&sovereign, &id, b"data").await;
    assert_eq!(decrypt(&sovereign, &id, &ciphertext).await, b"data");
    assert_eq!(show(&sovereign, &id).await["region"], "kr-south1");
}

#[tokio::test]
async fn key_lists_are_filtered_sorted_and_paged() {
    let sandbox = Sandbox::start().await.unwrap();
    let list = async |query: &str| {
        let response = send(&sandbox, "GET", &format!("/v1/kms/transit{query}"), None).await;
        let page = response.expect(200).json();
        let names: Vec<_> = page["keys"].as_array().unwrap().iter().map(|key| text(&key["name"])).collect();
        (page, names)
    };
    let before = list("").await.0["count"].as_u64().unwrap();
    for name in ["zzz", "aaa", "mmm"] {
        create(&sandbox, name, "hmac").await;
    }
    let (page, names) = list("?sort=name:asc&size=2").await;
    assert_eq!((&page["count"], &page["page"], &page["size"]), (&json!(before + 3), &json!(0), &json!(2)));
    assert_eq!((&page["sort"], &*names[0], names.len()), (&json!(["name:asc"]), "aaa", 2));
    assert_eq!(list("").await.1[..3], ["mmm", "aaa", "zzz"]);
    assert_eq!(list("?name=aaa").await.1, ["aaa"]);
    assert_eq!(list("?page=1&size=100").await.1.len(), 0);
    for query in ["?sort=secret:asc", "?sort=name:up", "?page=-1", "?size=0", "?size=-1"] {
        send(&sandbox, "GET", &format!("/v1/kms/transit{query}"), None).await.expect(400);
    }

    let mut seen = Vec::new();
    for page in 0..before + 3 {
        seen.extend(list(&format!("?size=1&page={page}&sort=purpose:desc")).await.1);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len() as u64, before + 3);
}

#[tokio::test]
async fn managed_keys_are_listed_apart_with_the_fields_of_each_version() {
    let sandbox = Sandbox::start().await.unwrap();
    let list = send(&sandbox, "GET", "/v1/managed-kms/transit", None).await.expect(200).json();
    assert_eq!((&list["count"], &list["keys"][0]["managed_type"]), (&json!(1), &json!("scp")));
    let id = text(&list["keys"][0]["id"]);
    let path = format!("/v1/managed-kms/transit/{id}");
    let body = Some(json!({ "description": "told" }));
    send(&sandbox, "PUT", &format!("{path}/description"), body).await.expect(200);
    let shown = send(&sandbox, "GET", &path, None).await.expect(200).json();
    assert_eq!(shown["key"]["description"], "told");
    send(&sandbox, "GET", &format!("/v1/kms/transit/{id}"), None).await.expect(404);
    work(&sandbox, "encrypt", &id, json!({ "plaintext": "" })).await.expect(403);

    let id = create(&sandbox, "shown", "hmac").await;
    let users = send(&sandbox, "GET", &format!("/v1/kms/transit/{id}/users"), None).await.expect(200).json();
    assert_eq!(users["user"][0].as_object().unwrap().len(), 2);
    for (version, managed_type) in [("1.0", false), ("1.1", false), ("1.2", true), ("1.3", true), ("1.4", true)] {
        let call = Call::new("GET", format!("/v1/kms/transit/{id}"));
        let call = call.header("Scp-Api-Version", format!("kms {version}"));
        let shown = Signer::of(&sandbox).send(&sandbox, call).await.expect(200).json();
        assert_eq!(shown["key"].get("managed_type").is_some(), managed_type, "{version}");
    }
}

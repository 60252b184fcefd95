//! KV version 2: secrets of both clouds.

use cloud_sandbox::Fault;
use serde_json::{Value, json};

use crate::world::{SECRET, World, clients};

const SEEDED: &str = r#"{"key1":"value1","key2":"value2"}"#;

fn seeded() -> Value {
    serde_json::from_str(SEEDED).unwrap()
}

#[tokio::test]
async fn secret_is_read_by_name_path_and_id() {
    let world = World::start().await;
    for path in ["my-secret-name", "team/db", "team/id"] {
        let read = world.get(&format!("/v1/secret/data/{path}")).await.expect(200);
        assert_eq!(read.header("cache-control"), Some("no-store"));
        let whole = read.json();
        assert_eq!(whole["data"]["data"], seeded(), "{path}");
        let metadata = &whole["data"]["metadata"];
        assert_eq!(metadata["version"], 2);
        assert_eq!(metadata["created_time"], "2024-05-17T00:23:17Z");
        assert_eq!((&metadata["deletion_time"], &metadata["destroyed"]), (&json!(""), &json!(false)));
        for (member, value) in
            [("lease_id", json!("")), ("renewable", json!(false)), ("wrap_info", json!(null)), ("auth", json!(null))]
        {
            assert_eq!(whole[member], value);
        }
    }
    for path in ["no-such-secret", "x", "a/b", "MY-SECRET-NAME", "my-secret-name-2"] {
        let read = world.get(&format!("/v1/secret/data/{path}")).await.expect(404);
        assert_eq!(read.json(), json!({ "errors": [] }), "{path}");
    }
}

#[tokio::test]
async fn version_is_chosen_by_its_number() {
    let world = World::start().await;
    for (version, value) in [(1, json!({ "key1": "value0" })), (2, seeded()), (0, seeded())] {
        let read = world.get(&format!("/v1/secret/data/team/db?version={version}")).await.expect(200).data();
        assert_eq!(read["data"], value);
        assert_eq!(read["metadata"]["version"], if version == 0 { 2 } else { version });
    }
    world.get("/v1/secret/data/team/db?version=3").await.expect(404);
    world.get("/v1/secret/data/team/db?version=x").await.expect(400);
    world.get("/v1/secret/data/team/db?version=1&version=2").await.expect(400);
    world.get("/v1/nhn-secret/data/mail?version=1").await.expect(200);
    world.get("/v1/nhn-secret/data/mail?version=2").await.expect(404);
}

#[tokio::test]
async fn text_of_nhn_cloud_is_the_member_value() {
    let world = World::start().await;
    let read = world.get("/v1/nhn-secret/data/mail").await.expect(200).data();
    assert_eq!(read["data"], json!({ "username": "mailer", "password": "sandbox" }));
    world.post("/v1/nhn-secret/data/plain", json!({ "data": { "value": "just text" } })).await.expect(200);
    let (_, nhn) = clients(&world.sandbox);
    let keys = nhn.secure_key_manager().unwrap();
    let store = keys.clone().key_store(crate::world::STORE);
    let id = cloud_core::SecretSource::resolve(&store, "plain").await.unwrap();
    assert_eq!(keys.show_secret(&id).await.unwrap().secret.expose_secret(), "just text");
    let read = world.get("/v1/nhn-secret/data/plain").await.expect(200).data();
    assert_eq!(read["data"], json!({ "value": "just text" }));
    // Numbers and nested objects are kept as they are.
    let body = r#"{"data":{"port":5432.50,"nested":{"a":[1,{"b":null}]}}}"#;
    world.call("PUT", "/v1/nhn-secret/data/plain", body).await.expect(200);
    let read = world.get("/v1/nhn-secret/data/plain").await.expect(200);
    assert!(read.text.contains(r#""data":{"port":5432.50,"nested":{"a":[1,{"b":null}]}}"#), "{}", read.text);
}

#[tokio::test]
async fn names_and_metadata_are_listed() {
    let world = World::start().await;
    for (method, path, wanted) in [
        ("LIST", "secret/metadata", json!(["my-secret-name", "team/"])),
        ("LIST", "secret/metadata/", json!(["my-secret-name", "team/"])),
        ("GET", "secret/metadata/?list=true", json!(["my-secret-name", "team/"])),
        ("LIST", "secret/metadata/team", json!(["db", "id"])),
        ("LIST", "secret/metadata/team/", json!(["db", "id"])),
        ("LIST", "nhn-secret/metadata", json!(["mail"])),
    ] {
        let listed = world.call(method, &format!("/v1/{path}"), "").await.expect(200).data();
        assert_eq!(listed, json!({ "keys": wanted }), "{method} {path}");
    }
    world.call("LIST", "/v1/secret/metadata/no-such-folder", "").await.expect(404);
    let metadata = world.get("/v1/secret/metadata/team/db").await.expect(200).data();
    assert_eq!((&metadata["current_version"], &metadata["oldest_version"]), (&json!(2), &json!(1)));
    assert_eq!(metadata["versions"].as_object().unwrap().len(), 2);
    assert_eq!(metadata["custom_metadata"], json!(null));
    assert_eq!(metadata["versions"]["1"]["destroyed"], false);
    let config = world.get("/v1/secret/config").await.expect(200).data();
    assert_eq!(config["cas_required"], false);
    let subkeys = world.get("/v1/secret/subkeys/team/db").await.expect(200).data();
    assert_eq!(subkeys["subkeys"], json!({ "key1": null, "key2": null }));
    assert_eq!(subkeys["metadata"]["version"], 2);
}

#[tokio::test]
async fn secret_is_created_updated_patched_and_deleted() {
    let world = World::start().await;
    for mount in ["secret", "nhn-secret"] {
        let versioned = mount == "secret";
        let path = format!("/v1/{mount}/data/fresh-one");
        let made = world.post(&path, json!({ "data": { "a": "1" }, "options": { "cas": 0 } })).await.expect(200).data();
        assert_eq!(made["version"], 1);
        let read = world.get(&path).await.expect(200).data();
        assert_eq!(read["data"], json!({ "a": "1" }), "what did not exist before is not remembered as missing");
        let made = world.post(&path, json!({ "data": { "a": "2", "b": "x" } })).await.expect(200).data();
        assert_eq!(made["version"], if versioned { 2 } else { 1 });
        let read = world.get(&path).await.expect(200).data();
        assert_eq!(read["data"], json!({ "a": "2", "b": "x" }), "the cache does not keep the old value");
        for cas in [json!(0), json!(7)] {
            let body = json!({ "data": { "a": "3" }, "options": { "cas": cas } });
            let reply = world.post(&path, body).await.expect(400);
            assert!(reply.error().contains("check-and-set parameter did not match"), "{}", reply.text);
        }
        let headers =
            format!("X-Vault-Token: {}\r\nContent-Type: application/merge-patch+json\r\n", crate::world::ROOT);
        let patch = json!({ "data": { "a": null, "c": "y" } }).to_string();
        world.send("PATCH", &path, &headers, &patch).await.expect(200);
        let read = world.get(&path).await.expect(200).data();
        assert_eq!(read["data"], json!({ "b": "x", "c": "y" }));
        world.call("PATCH", &path, &patch).await.expect(415);
        world.call("DELETE", &path, "").await.expect(405);
        for part in ["delete", "undelete", "destroy"] {
            let body = json!({ "versions": [1] });
            let reply = world.post(&format!("/v1/{mount}/{part}/fresh-one"), body).await.expect(405);
            assert!(reply.error().contains("no cloud deletes a single version"), "{}", reply.text);
        }
        world.call("DELETE", &format!("/v1/{mount}/metadata/fresh-one"), "").await.expect(204);
        let gone = world.get(&path).await.expect(404).json();
        assert_eq!(gone["data"]["data"], json!(null), "{gone}");
        assert!(gone["data"]["metadata"]["deletion_time"].as_str().unwrap().starts_with("20"), "{gone}");
        let listed = world.call("LIST", &format!("/v1/{mount}/metadata"), "").await.expect(200).data();
        assert!(!listed.to_string().contains("fresh-one"), "{listed}");
        world.call("DELETE", &format!("/v1/{mount}/metadata/fresh-one"), "").await.expect(204);
    }
}

#[tokio::test]
async fn value_that_the_service_cannot_store_is_rejected_before_anything_is_written() {
    let world = World::start().await;
    let eleven: Value =
        (0..11).map(|index| (format!("k{index}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    for body in [
        json!({ "data": {} }),
        json!({ "data": eleven }),
        json!({ "data": { "port": 5432 } }),
        json!({ "data": { "nested": {} } }),
        json!({ "data": "text" }),
        json!({ "data": null }),
        json!({}),
        json!({ "data": { "a": "b" }, "options": { "cas": -1 } }),
        json!({ "data": { "a": "b" }, "options": { "unheard_of": 1 } }),
    ] {
        let reply = world.post("/v1/secret/data/team/db", body.clone()).await.expect(400);
        assert!(!reply.error().is_empty(), "{body}");
    }
    for path in ["ab", "a/b", "with.dot"] {
        world.post(&format!("/v1/secret/data/{path}"), json!({ "data": { "a": "b" } })).await.expect(400);
    }
    assert_eq!(world.count("update_secret_value") + world.count("create_secret"), 0);
}

#[tokio::test]
async fn mount_is_read_only_unless_it_is_writable() {
    let world = World::start().await;
    world.get("/v1/read-only/data/my-secret-name").await.expect(200);
    for (method, path) in [
        ("POST", "data/my-secret-name"),
        ("PATCH", "data/my-secret-name"),
        ("POST", "metadata/my-secret-name"),
        ("DELETE", "metadata/my-secret-name"),
    ] {
        let reply = world.call(method, &format!("/v1/read-only/{path}"), r#"{"data":{"a":"b"}}"#).await.expect(405);
        assert!(reply.error().contains("read-only"), "{}", reply.text);
    }
}

#[tokio::test]
async fn write_whose_outcome_is_unknown_is_sent_once_and_not_to_be_repeated() {
    let world = World::start().await;
    world.get("/v1/secret/data/team/db").await.expect(200);
    for fault in [Fault::reset_after(), Fault::truncated_body(), Fault::not_json()] {
        world.sandbox.fault(fault.on("scp/*/update_secret_value").unwrap()).unwrap();
        let before = world.count("update_secret_value");
        let reply = world.post("/v1/secret/data/team/db", json!({ "data": { "a": "b" } })).await.expect(400);
        assert!(reply.error().contains("may have been executed"), "{}", reply.text);
        assert_eq!(world.count("update_secret_value") - before, 1);
        // The write was carried out, and the cache does not hide it.
        assert_eq!(world.get("/v1/secret/data/team/db").await.expect(200).data()["data"], json!({ "a": "b" }));
    }
    world.sandbox.fault(Fault::status(503).on("scp/*/update_secret_value").unwrap()).unwrap();
    let before = world.count("update_secret_value");
    world.post("/v1/secret/data/team/db", json!({ "data": { "a": "c" } })).await.expect(400);
    assert_eq!(world.count("update_secret_value") - before, 1);
}

#[tokio::test]
async fn cached_value_outlives_an_outage_and_no_refusal() {
    let runtime =
        std::sync::Arc::new(cloud_core::testing::FakeRuntime::new(time::macros::datetime!(2026-01-01 0:00 UTC)));
    let clock = std::sync::Arc::clone(&runtime);
    let world = World::with(|builder| {
        let seconds = std::time::Duration::from_secs;
        let builder = builder.policies(crate::world::root()).runtime(clock);
        builder.cache_ttl(seconds(100)).stale_on_outage(seconds(1_000))
    })
    .await;
    let seconds = std::time::Duration::from_secs;
    world.get("/v1/secret/data/team/db").await.expect(200);
    let before = world.sandbox.calls().len();
    world.get("/v1/secret/data/team/db").await.expect(200);
    assert_eq!(world.sandbox.calls().len(), before, "a value that is fresh needs no call");
    world.sandbox.fault(Fault::status(503).on("scp").unwrap().always()).unwrap();
    runtime.advance(seconds(101));
    let read = world.get("/v1/secret/data/team/db").await.expect(200).data();
    assert_eq!((&read["data"], &read["metadata"]["version"]), (&seeded(), &json!(2)));
    world.sandbox.clear_faults();
    world.sandbox.fault(Fault::status(403).on("scp").unwrap().always()).unwrap();
    runtime.advance(seconds(200));
    world.get("/v1/secret/data/team/db").await.expect(500);
    world.sandbox.clear_faults();
    world.sandbox.fault(Fault::status(503).on("scp").unwrap().always()).unwrap();
    runtime.advance(seconds(100));
    world.get("/v1/secret/data/team/db").await.expect(502);
}

#[tokio::test]
async fn name_of_two_secrets_is_an_error() {
    let world = World::start().await;
    let (scp, _) = clients(&world.sandbox);
    let again = scp_security::secrets_manager::types::CreateSecretRequest::builder()
        .name(SECRET.0)
        .kms_id(crate::world::AES.1)
        .acl_cidr("127.0.0.1/32".parse::<cloud_core::Networks>().unwrap())
        .secret_value(r#"{"password":"again"}"#.parse().unwrap())
        .build();
    scp.secrets_manager().create_secret(&again).await.unwrap();
    let reply = world.get("/v1/secret/data/my-secret-name").await.expect(400);
    assert!(reply.error().contains("2 secrets have this name"), "{}", reply.text);
    world.get("/v1/secret/data/team/id").await.expect(200);
}

#[tokio::test]
async fn labels_are_stored_as_the_description() {
    let world = World::start().await;
    let labels = json!({ "custom_metadata": { "managed-by": "external-secrets" } });
    for mount in ["secret", "nhn-secret"] {
        // Before the first value, as External Secrets does.
        world.call("PUT", &format!("/v1/{mount}/metadata/pushed"), &labels.to_string()).await.expect(204);
        world.call("PUT", &format!("/v1/{mount}/data/pushed"), r#"{"data":{"a":"b"}}"#).await.expect(200);
        let metadata = world.get(&format!("/v1/{mount}/metadata/pushed")).await.expect(200).data();
        assert_eq!(metadata["custom_metadata"], labels["custom_metadata"], "{mount}");
        world.post(&format!("/v1/{mount}/metadata/pushed"), labels.clone()).await.expect(204);
    }
    let other = json!({ "custom_metadata": { "owner": "me" } });
    world.post("/v1/secret/metadata/pushed", other.clone()).await.expect(204);
    let metadata = world.get("/v1/secret/metadata/pushed").await.expect(200).data();
    assert_eq!(metadata["custom_metadata"], other["custom_metadata"]);
    world.post("/v1/nhn-secret/metadata/pushed", other).await.expect(400);
    let reply = world.post("/v1/secret/metadata/pushed", json!({ "max_versions": 3 })).await.expect(400);
    assert!(reply.error().contains("`max_versions` is not supported"), "{}", reply.text);
}

#[tokio::test]
async fn write_through_one_path_is_seen_through_all() {
    let world = World::start().await;
    for path in ["team/id", "team/db", "my-secret-name"] {
        world.get(&format!("/v1/secret/data/{path}")).await.expect(200);
        let read = world.get(&format!("/v1/secret/data/{path}?version=2")).await.expect(200).data();
        assert_eq!(read["data"], seeded());
    }
    for (write, value) in [("team/db", "1"), ("team/id", "2"), ("my-secret-name", "3")] {
        let value = json!({ "a": value });
        world.post(&format!("/v1/secret/data/{write}"), json!({ "data": value })).await.expect(200);
        for path in ["team/id", "team/db", "my-secret-name"] {
            let read = world.get(&format!("/v1/secret/data/{path}")).await.expect(200).data();
            assert_eq!(read["data"], value, "{path} after {write}");
        }
    }
    // The number of the only version stays the same.
    for path in ["mail", "mail?version=1"] {
        world.get(&format!("/v1/nhn-secret/data/{path}")).await.expect(200);
    }
    world.post("/v1/nhn-secret/data/mail", json!({ "data": { "a": "b" } })).await.expect(200);
    for path in ["mail", "mail?version=1"] {
        let read = world.get(&format!("/v1/nhn-secret/data/{path}")).await.expect(200).data();
        assert_eq!(read["data"], json!({ "a": "b" }), "{path}");
    }
}

#[tokio::test]
async fn write_to_one_secret_leaves_the_others_in_the_cache() {
    let world = World::start().await;
    world.post("/v1/secret/data/other-one", json!({ "data": { "a": "b" } })).await.expect(200);
    world.get("/v1/secret/data/team/db").await.expect(200);
    world.post("/v1/secret/data/other-one", json!({ "data": { "a": "c" } })).await.expect(200);
    world.call("DELETE", "/v1/secret/metadata/other-one", "").await.expect(204);
    let before = world.sandbox.calls().len();
    world.get("/v1/secret/data/team/db").await.expect(200);
    assert_eq!(world.sandbox.calls().len(), before);
}

#[tokio::test]
async fn refusal_of_one_version_ends_the_others() {
    let seconds = std::time::Duration::from_secs;
    let paths = ["team/db", "team/db?version=1", "team/id?version=2"];
    for refused in paths {
        let runtime =
            std::sync::Arc::new(cloud_core::testing::FakeRuntime::new(time::macros::datetime!(2026-01-01 0:00 UTC)));
        let clock = std::sync::Arc::clone(&runtime);
        let world = World::with(|builder| {
            let builder = builder.policies(crate::world::root()).runtime(clock);
            builder.cache_ttl(seconds(100)).stale_on_outage(seconds(1_000))
        })
        .await;
        world.get(&format!("/v1/secret/data/{refused}")).await.expect(200);
        runtime.advance(seconds(60));
        for path in paths.iter().filter(|path| **path != refused) {
            world.get(&format!("/v1/secret/data/{path}")).await.expect(200);
        }
        runtime.advance(seconds(41));
        world.sandbox.fault(Fault::status(403).on("scp").unwrap().always()).unwrap();
        world.get(&format!("/v1/secret/data/{refused}")).await.expect(500);
        for path in paths {
            let reply = world.get(&format!("/v1/secret/data/{path}")).await;
            assert_eq!(reply.status, 500, "{path} after the refusal of {refused}: {}", reply.text);
        }
    }
    // A missing version does not mean that the others are missing.
    let world = World::start().await;
    world.get("/v1/secret/data/team/db").await.expect(200);
    world.get("/v1/secret/data/team/db?version=9").await.expect(404);
    let before = world.sandbox.calls().len();
    world.get("/v1/secret/data/team/db").await.expect(200);
    assert_eq!(world.sandbox.calls().len(), before);
}

#[tokio::test]
async fn check_and_set_that_would_protect_nothing_is_rejected() {
    let world = World::start().await;
    let body = |cas: u64| json!({ "data": { "a": "b" }, "options": { "cas": cas } });
    let reply = world.post("/v1/nhn-secret/data/mail", body(1)).await.expect(400);
    assert!(reply.error().contains("`cas` cannot be checked"), "{}", reply.text);
    assert_eq!(world.count("update_secret"), 0);
    for version in 2..100 {
        world.post("/v1/secret/data/team/db", body(version)).await.expect(200);
    }
    // The service keeps no more, so each further version has the same number.
    let reply = world.post("/v1/secret/data/team/db", body(100)).await.expect(400);
    assert!(reply.error().contains("`cas` cannot be checked"), "{}", reply.text);
    world.post("/v1/secret/data/team/db", json!({ "data": { "a": "c" } })).await.expect(200);
}

#[tokio::test]
async fn check_and_set_holds_for_all_paths_of_a_secret() {
    let world = World::start().await;
    let write = |path: &'static str| {
        let body = json!({ "data": { "a": path }, "options": { "cas": 2 } });
        let world = &world;
        async move { world.post(&format!("/v1/secret/data/{path}"), body).await.status }
    };
    let (one, two, three) = tokio::join!(write("team/db"), write("team/id"), write("my-secret-name"));
    let mut statuses = [one, two, three];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400]);
    assert_eq!(world.count("update_secret_value"), 1);
}

#[tokio::test]
async fn parameters_that_clients_always_send_are_accepted_if_they_ask_for_nothing() {
    let world = World::start().await;
    // Terraform's `vault_kv_secret_v2`, and hvac's `update_metadata`.
    world.post("/v1/secret/data/team/db", json!({ "data": { "a": "b" }, "cas": 0 })).await.expect(200);
    world.post("/v1/secret/data/team/db", json!({ "data": { "a": "b" }, "cas": 3 })).await.expect(400);
    let metadata = json!({ "custom_metadata": { "a": "b" }, "max_versions": 0, "delete_version_after": "0s" });
    world.post("/v1/secret/metadata/team/db", metadata).await.expect(204);
    world.post("/v1/secret/metadata/team/db", json!({ "delete_version_after": "1h" })).await.expect(400);
}

#[tokio::test]
async fn labels_that_are_too_long_are_rejected_and_not_kept() {
    let world = World::start().await;
    world.prepared().await;
    let calls = world.sandbox.calls().len();
    for path in ["team/db", "not-there-yet"] {
        let labels = json!({ "custom_metadata": { "a": "b".repeat(4_096) } });
        let reply = world.post(&format!("/v1/secret/metadata/{path}"), labels).await.expect(400);
        assert!(reply.error().contains("`custom_metadata` is longer"), "{}", reply.text);
    }
    assert_eq!(world.sandbox.calls().len(), calls, "nothing reached a cloud");
}

#[tokio::test]
async fn write_is_sent_once_with_the_retries_that_ship() {
    let world = World::retrying().await;
    let write = |path: &str| {
        let (world, path) = (&world, format!("/v1/{path}"));
        async move { world.post(&path, json!({ "data": { "a": "b" } })).await.status }
    };
    for (operation, path) in [
        ("scp/*/update_secret_value", "secret/data/team/id"),
        ("scp/*/create_secret", "secret/data/new"),
        ("nhn/*/create_secret", "nhn-secret/data/new"),
    ] {
        let name = operation.rsplit('/').next().unwrap();
        let faults = [Fault::status(503), Fault::reset_after(), Fault::truncated_body()];
        for (fault, number) in faults.into_iter().zip(1..) {
            let path = if name == "create_secret" { format!("{path}-{number}") } else { path.to_owned() };
            world.sandbox.clear_faults();
            world.sandbox.fault(fault.on(operation).unwrap().always()).unwrap();
            let before = world.count(name);
            // Vault's clients repeat 5xx.
            assert_eq!(write(&path).await, 400, "{operation}");
            assert_eq!(world.count(name), before + 1, "{operation}");
        }
    }
    // The clients do repeat what is safe.
    world.sandbox.clear_faults();
    world.sandbox.fault(Fault::status(503).on("scp/kms/encrypt").unwrap()).unwrap();
    world.post("/v1/transit/encrypt/by-id", json!({ "plaintext": "" })).await.expect(200);
    assert_eq!(world.count("scp/kms/encrypt"), 2);
}

#[tokio::test]
async fn deleted_secret_and_key_are_known_by_every_spelling_of_their_state() {
    for spellings in [
        &[][..],
        &[("To_Be_Terminated", "To be terminated")],
        &[("To_Be_Terminated", "TO_BE_TERMINATED")],
        &[("To_Be_Terminated", "To be terminated"), (r#""deleted_at":"2"#, r#""deleted_at":null,"was":"2"#)],
    ] {
        let world = World::respelled(spellings).await;
        let path = "/v1/secret/data/spelled";
        world.post(path, json!({ "data": { "a": "b" } })).await.expect(200);
        world.call("DELETE", "/v1/secret/metadata/spelled", "").await.expect(204);
        let gone = world.get(path).await.expect(404).json();
        assert_eq!(gone["data"]["data"], json!(null), "{spellings:?}: {gone}");
        assert!(gone["data"]["metadata"]["deletion_time"].as_str().unwrap().starts_with("20"), "{gone}");
        let metadata = world.get("/v1/secret/metadata/spelled").await.expect(200).data();
        assert!(metadata["versions"]["1"]["deletion_time"].as_str().unwrap().starts_with("20"), "{metadata}");
        let listed = world.call("LIST", "/v1/secret/metadata", "").await.expect(200).data();
        assert_eq!(listed, json!({ "keys": ["my-secret-name", "team/"] }), "{spellings:?}");
        world.call("DELETE", "/v1/secret/metadata/spelled", "").await.expect(204);
        // A new key takes the name of one that is scheduled for deletion.
        let (scp, _) = clients(&world.sandbox);
        scp.kms().delete_key(crate::world::AES.1).await.unwrap();
        let listed = world.call("LIST", "/v1/transit/keys", "").await.expect(200).data();
        assert!(!listed.to_string().contains(crate::world::AES.0), "{spellings:?}: {listed}");
    }
}

#[tokio::test]
async fn stopped_secret_is_not_said_to_be_deleted() {
    let world = World::respelled(&[(r#""state":"Active""#, r#""state":"Stop""#)]).await;
    for path in ["metadata/my-secret-name", "metadata/team/db"] {
        let reply = world.call("DELETE", &format!("/v1/secret/{path}"), "").await.expect(400);
        assert!(reply.error().contains("stopped"), "{}", reply.text);
    }
    let reply = world.get("/v1/secret/data/my-secret-name").await.expect(400);
    assert!(reply.error().contains("stopped"), "{}", reply.text);
    assert_eq!(world.count("delete_secret"), 0);
}

#[tokio::test]
async fn versions_that_may_not_be_listed_are_not_compared() {
    let world = World::start().await;
    world.sandbox.fault(Fault::status(403).on("scp/*/list_secret_versions").unwrap().always()).unwrap();
    let read = world.get("/v1/secret/data/team/db").await.expect(200).data();
    assert_eq!((&read["data"], &read["metadata"]["version"]), (&seeded(), &json!(0)));
    for cas in 0..4 {
        let body = json!({ "data": { "a": "b" }, "options": { "cas": cas } });
        let reply = world.post("/v1/secret/data/team/db", body).await.expect(400);
        assert!(reply.error().contains("may not list the versions"), "{}", reply.text);
    }
    assert_eq!(world.count("update_secret_value"), 0);
    let metadata = world.get("/v1/secret/metadata/team/db").await.expect(200).data();
    assert_eq!((&metadata["current_version"], &metadata["versions"]), (&json!(0), &json!({})));
    world.get("/v1/secret/data/team/db?version=1").await.expect(500);
    let written = world.post("/v1/secret/data/team/db", json!({ "data": { "a": "b" } })).await.expect(200).json();
    assert!(written["data"]["version"] == 0 && written["warnings"][0].is_string(), "{written}");
    let headers = format!("X-Vault-Token: {}\r\nContent-Type: application/merge-patch+json\r\n", crate::world::ROOT);
    let patch = json!({ "data": { "c": "d" } }).to_string();
    world.send("PATCH", "/v1/secret/data/team/db", &headers, &patch).await.expect(200);
    let read = world.get("/v1/secret/data/team/db").await.expect(200).data();
    assert_eq!(read["data"], json!({ "a": "b", "c": "d" }));
}

/// Secrets that another process writes between the first two reads of a value.
#[derive(Debug)]
struct Raced {
    secrets: std::sync::Arc<dyn cloud_bridge::Secrets>,
    reads: std::sync::atomic::AtomicUsize,
}

type Outcome<'a, T> = cloud_core::BoxFuture<'a, cloud_bridge::Result<T>>;
type Looked<'a, T> = cloud_core::BoxFuture<'a, cloud_core::Result<T>>;

impl cloud_bridge::Secrets for Raced {
    fn keeps_text(&self) -> bool {
        self.secrets.keeps_text()
    }
    fn most_versions(&self) -> u64 {
        self.secrets.most_versions()
    }
    fn is_name(&self, name: &str) -> bool {
        self.secrets.is_name(name)
    }
    fn resolve<'a>(&'a self, name: &'a str) -> Looked<'a, String> {
        self.secrets.resolve(name)
    }
    fn fetch<'a>(&'a self, id: &'a str, version: u64) -> Looked<'a, cloud_bridge::Fetched> {
        Box::pin(async move {
            let fetched = self.secrets.fetch(id, version).await?;
            if self.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
                self.secrets.update(id, &r#"{"a":"of another"}"#.into()).await.unwrap();
            }
            Ok(fetched)
        })
    }
    fn list(&self) -> Outcome<'_, Vec<String>> {
        self.secrets.list()
    }
    fn describe<'a>(&'a self, id: &'a str) -> Outcome<'a, cloud_bridge::Description> {
        self.secrets.describe(id)
    }
    fn find_deleted<'a>(&'a self, name: &'a str) -> Outcome<'a, Option<String>> {
        self.secrets.find_deleted(name)
    }
    fn create<'a>(
        &'a self,
        name: &'a str,
        value: &'a cloud_core::SecretString,
        description: Option<&'a str>,
    ) -> Outcome<'a, String> {
        self.secrets.create(name, value, description)
    }
    fn update<'a>(&'a self, id: &'a str, value: &'a cloud_core::SecretString) -> Outcome<'a, ()> {
        self.secrets.update(id, value)
    }
    fn set_description<'a>(&'a self, id: &'a str, description: &'a str) -> Outcome<'a, ()> {
        self.secrets.set_description(id, description)
    }
    fn delete<'a>(&'a self, id: &'a str) -> Outcome<'a, ()> {
        self.secrets.delete(id)
    }
}

#[tokio::test]
async fn patch_notices_a_write_of_another_process_without_a_new_number() {
    // The only version of a secret of NHN Cloud is 1, and so it is of Samsung Cloud Platform if versions may not be listed.
    for (name, listed) in [("mail", true), (SECRET.0, true), (SECRET.0, false)] {
        let world = World::with(|builder| builder.policies(crate::world::root())).await;
        let (scp, nhn) = clients(&world.sandbox);
        let secrets: std::sync::Arc<dyn cloud_bridge::Secrets> = match name {
            "mail" => std::sync::Arc::new(cloud_bridge::NhnSecrets::new(&nhn, crate::world::STORE).unwrap()),
            _ => std::sync::Arc::new(cloud_bridge::ScpSecrets::new(&scp)),
        };
        if !listed {
            let fault = Fault::status(403).on("scp/*/list_secret_versions").unwrap().always();
            world.sandbox.fault(fault).unwrap();
        }
        let raced = std::sync::Arc::new(Raced { secrets, reads: std::sync::atomic::AtomicUsize::new(0) });
        let builder = cloud_bridge::Bridge::builder().policies(crate::world::root());
        let bridge = builder.kv("raced", raced, cloud_bridge::Names::new(), true).build().unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let limits = cloud_bridge::ServerLimits::default();
        let server = cloud_bridge::Server::listen(bridge, any, limits).await.unwrap();
        let address = server.address().strip_prefix("http://").unwrap().parse().unwrap();
        let headers =
            format!("X-Vault-Token: {}\r\nContent-Type: application/merge-patch+json\r\n", crate::world::ROOT);
        let (path, patch) = (format!("/v1/raced/data/{name}"), br#"{"data":{"b":"c"}}"#);
        let reply = crate::client::send(address, "PATCH", &path, &headers, patch).await.expect(400);
        assert!(reply.error().contains("check-and-set"), "{name}: {}", reply.text);
        let read = crate::client::send(address, "GET", &path, &headers, b"").await.expect(200).data();
        assert_eq!(read["data"], json!({ "a": "of another" }), "{name}");
        crate::client::send(address, "PATCH", &path, &headers, patch).await.expect(200);
        let read = crate::client::send(address, "GET", &path, &headers, b"").await.expect(200).data();
        assert_eq!(read["data"], json!({ "a": "of another", "b": "c" }), "{name}");
    }
}

#[tokio::test]
async fn version_that_no_secret_can_have_asks_no_cloud() {
    let world = World::start().await;
    world.prepared().await;
    let before = world.sandbox.calls().len();
    for version in [101, 102, 1_000_000, u64::MAX] {
        for part in ["data", "subkeys"] {
            let reply = world.get(&format!("/v1/secret/{part}/team/db?version={version}")).await.expect(404);
            assert_eq!(reply.json(), json!({ "errors": [] }));
        }
        world.get(&format!("/v1/nhn-secret/data/mail?version={version}")).await.expect(404);
    }
    assert_eq!(world.sandbox.calls().len(), before);
}

#[tokio::test]
async fn key_store_that_does_not_exist_is_no_missing_secret() {
    let sandbox = cloud_sandbox::Sandbox::start().await.unwrap();
    let (_, nhn) = clients(&sandbox);
    let secrets = std::sync::Arc::new(cloud_bridge::NhnSecrets::new(&nhn, "renamed").unwrap());
    let keys = std::sync::Arc::new(cloud_bridge::NhnKeys::new(&nhn, "renamed").unwrap());
    let none = cloud_bridge::Names::new;
    let mounts = |builder: cloud_bridge::BridgeBuilder| {
        builder.policies(crate::world::root()).kv("renamed", secrets, none(), true).transit("keys", keys, none())
    };
    let world = World::on(sandbox, mounts).await;
    for (method, path) in [
        ("GET", "renamed/data/mail"),
        ("POST", "renamed/data/mail"),
        ("GET", "renamed/metadata/mail"),
        ("LIST", "renamed/metadata"),
        ("DELETE", "renamed/metadata/mail"),
        ("POST", "keys/encrypt/sessions"),
        ("POST", "keys/encrypt/8e4fcb30af5d4fa2cd64a3f71b9c5e4a"),
        ("GET", "keys/keys/sessions"),
    ] {
        let body = if method != "POST" {
            ""
        } else if path.starts_with("keys") {
            r#"{"plaintext":""}"#
        } else {
            r#"{"data":{"a":"b"}}"#
        };
        let reply = world.call(method, &format!("/v1/{path}"), body).await.expect(500);
        assert!(reply.error().contains("no key store has the configured name"), "{method} {path}: {}", reply.text);
    }
    assert_eq!(world.count("create_secret"), 0);
}

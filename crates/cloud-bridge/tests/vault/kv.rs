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

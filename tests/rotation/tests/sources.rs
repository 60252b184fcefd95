//! The clients of both services as sources: names, IDs, labels and versions, of every API version.
#![cfg(test)]
#![allow(deprecated, reason = "every version is a source")]

use std::sync::Arc;

use cloud_core::SecretSource;
use cloud_sandbox::Fault;
use rotation::{NHN_SECRET, NHN_STORE, SCP_SECRET, World};
use scp_security::secrets_manager::types::{CreateSecretRequest, DeleteSecretRequest};
use scp_security::{Days, ErrorKind};

/// The client, its source, a name with its ID, and the value.
type Case = (&'static str, Arc<dyn SecretSource>, (&'static str, &'static str), &'static str);

fn sources(world: &World) -> Vec<Case> {
    let (scp, nhn) = (&world.scp, &world.nhn);
    let scp_value = r#"{"key1":"value1","key2":"value2"}"#;
    let nhn_value = r#"{"username":"app","password":"sandbox"}"#;
    vec![
        ("scp 1.0", Arc::new(scp.secrets_manager_v1_0()), SCP_SECRET, scp_value),
        ("scp 1.1", Arc::new(scp.secrets_manager_v1_1()), SCP_SECRET, scp_value),
        ("scp 1.2", Arc::new(scp.secrets_manager_v1_2()), SCP_SECRET, scp_value),
        (
            "scp label",
            Arc::new(scp.secrets_manager().source().label("My Custom Label")),
            SCP_SECRET,
            r#"{"key1":"value0"}"#,
        ),
        (
            "scp version",
            Arc::new(scp.secrets_manager().source().version_id("d81f3b6e04a94c7c9e52b7d3f0c618a4")),
            SCP_SECRET,
            r#"{"key1":"value0"}"#,
        ),
        ("nhn 1.0", Arc::new(nhn.secure_key_manager_v1_0().unwrap().key_store(NHN_STORE)), NHN_SECRET, nhn_value),
        ("nhn 1.2", Arc::new(nhn.secure_key_manager_v1_2().unwrap().key_store(NHN_STORE)), NHN_SECRET, nhn_value),
        ("nhn 1.3", Arc::new(nhn.secure_key_manager_v1_3().unwrap().key_store(NHN_STORE)), NHN_SECRET, nhn_value),
    ]
}

#[tokio::test]
async fn every_client_resolves_names_and_fetches_values() {
    let world = World::start().await;
    for (client, source, (name, id), value) in sources(&world) {
        assert_eq!(source.resolve(name).await.unwrap(), id, "{client}");
        assert_eq!(source.fetch(id).await.unwrap().expose_secret(), value, "{client}");
        // A part of the name is another name.
        let error = source.resolve(&name[..name.len() - 1]).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Lookup && error.is_not_found(), "{client}: {error}");
        assert!(source.fetch("0123456789abcdef0123456789abcdef").await.unwrap_err().is_not_found(), "{client}");
    }
}

/// Creates a secret with the name of the seed's, and another value.
async fn create_scp_again(world: &World) {
    let again = CreateSecretRequest::builder()
        .name(SCP_SECRET.0)
        .kms_id("3265ab469f0d406d83073da3e11e7a6c")
        .acl_cidr("127.0.0.1/32".parse::<scp_security::Networks>().unwrap())
        .secret_value(r#"{"password":"again"}"#.parse().unwrap())
        .build();
    world.scp.secrets_manager().create_secret(&again).await.unwrap();
}

#[tokio::test]
async fn secret_that_is_created_again_under_its_name_is_resolved() {
    let world = World::start().await;
    let scp = world.scp.secrets_manager();
    scp.delete_secret(SCP_SECRET.1, &DeleteSecretRequest::new(Days(7))).await.unwrap();
    world.nhn.secure_key_manager().unwrap().schedule_key_deletion(NHN_SECRET.1).await.unwrap();
    // Nothing else has the name: it is refused, and not a name that never was.
    for (client, source, (name, _), _) in sources(&world) {
        let error = source.resolve(name).await.unwrap_err();
        assert!(error.is_conflict(), "{client}: {error}");
    }
    create_scp_again(&world).await;
    // A key store of Secure Key Manager keeps the name until the secret is gone.
    for (client, source, (name, id), _) in sources(&world).into_iter().filter(|case| case.0.starts_with("scp")) {
        let found = source.resolve(name).await.unwrap();
        assert_ne!(found, id, "{client}");
        if !client.contains("label") && !client.contains("scp version") {
            let value = source.fetch(&found).await.unwrap();
            assert!(value.expose_secret().contains("again"), "{client}");
        }
    }
}

#[tokio::test]
async fn name_of_two_secrets_is_an_error() {
    let world = World::start().await;
    create_scp_again(&world).await;
    let error = world.scp.secrets_manager().resolve(SCP_SECRET.0).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Lookup && !error.is_not_found(), "{error}");
}

#[tokio::test]
async fn name_in_another_key_store_is_not_found() {
    let world = World::start().await;
    let keys = world.nhn.secure_key_manager().unwrap();
    for (store, what) in [("partners", "secret"), ("no such store", "key store")] {
        let error = keys.clone().key_store(store).resolve(NHN_SECRET.0).await.unwrap_err();
        assert!(error.is_not_found() && error.to_string().contains(what), "{error}");
    }
    // A key that is not a secret does not count.
    assert!(keys.key_store(NHN_STORE).resolve("signing").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn incomplete_list_is_an_error_and_not_a_missing_name() {
    let world = World::start().await;
    world.sandbox.fault(Fault::page_missing().on("scp/*/list_secrets").unwrap().always()).unwrap();
    let error = world.scp.secrets_manager().resolve(SCP_SECRET.0).await.unwrap_err();
    assert_eq!((error.kind(), error.is_not_found()), (ErrorKind::Incomplete, false), "{error}");
}

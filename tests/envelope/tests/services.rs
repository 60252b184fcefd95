//! Data keys of both services: every version, rotation, and a key that is stopped.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "tests")]

use cloud_envelope::{DataKeySource, ErrorKind, Sealer};
use cloud_sandbox::Fault;
use envelope::{NHN_KEY, SCP_KEY, World, pattern, sources};
use scp_security::kms::types::{NewKeyState, SetKeyStateRequest};

const CONTEXT: &[(&str, &str)] = &[("table", "orders")];

fn sealer(source: impl DataKeySource + 'static) -> Sealer {
    Sealer::builder(source).build().unwrap()
}

#[tokio::test]
async fn keys_of_every_version_seal_and_open() {
    let world = World::start().await;
    let mut messages = Vec::new();
    for (version, source) in sources(&world) {
        let message = sealer(source).seal(pattern(1_000), CONTEXT).await.unwrap();
        messages.push((version, message));
    }
    // Each opens what the others of its vendor have sealed.
    for (version, source) in sources(&world) {
        let sealer = sealer(source);
        for (other, message) in &messages {
            let opened = sealer.open_expecting(message, CONTEXT).await;
            if version.split(' ').next() == other.split(' ').next() {
                assert_eq!(opened.unwrap().data.expose_secret(), pattern(1_000), "{version} opens {other}");
            } else {
                assert_eq!(opened.unwrap_err().kind(), ErrorKind::NoKey, "{version} opens {other}");
            }
        }
    }
}

#[tokio::test]
async fn many_messages_cost_one_request() {
    let world = World::start().await;
    let sealer = sealer(world.scp.kms().key(SCP_KEY));
    let mut messages = Vec::new();
    for _ in 0..1_000 {
        messages.push(sealer.seal(pattern(100), CONTEXT).await.unwrap());
    }
    for message in &messages {
        sealer.open(message).await.unwrap();
    }
    assert_eq!([world.count("create_data_key"), world.count("decrypt"), world.sandbox.calls().len()], [1, 1, 2]);
}

#[tokio::test]
async fn keys_of_two_vendors_open_one_message() {
    let world = World::start().await;
    let (scp, nhn) = (world.scp.kms().key(SCP_KEY), world.nhn.secure_key_manager().unwrap().key(NHN_KEY));
    for both in [Sealer::builder(scp.clone()).also(nhn.clone()), Sealer::builder(nhn.clone()).also(scp.clone())] {
        let message = both.build().unwrap().seal("data", CONTEXT).await.unwrap();
        assert_eq!(sealer(scp.clone()).open(&message).await.unwrap().data.expose_secret(), b"data");
        assert_eq!(sealer(nhn.clone()).open(&message).await.unwrap().data.expose_secret(), b"data");
        // One vendor is down.
        world.sandbox.fault(Fault::status(503).on("scp/*").unwrap().always()).unwrap();
        let both = Sealer::builder(scp.clone()).also(nhn.clone()).build().unwrap();
        assert_eq!(both.open(&message).await.unwrap().data.expose_secret(), b"data");
        world.sandbox.clear_faults();
    }
}

/// The version of the key that has wrapped the data key of a message.
fn version(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message).into_owned();
    text.split("vault:").nth(1).unwrap().split(':').next().unwrap().to_owned()
}

#[tokio::test]
async fn rewrapped_message_depends_on_the_newest_version_of_the_key() {
    let world = World::start().await;
    let kms = world.scp.kms();
    let sealer = sealer(kms.clone().key(SCP_KEY));
    let old = sealer.seal(pattern(500), CONTEXT).await.unwrap();
    let before = version(&old);
    kms.rotate_key(SCP_KEY).await.unwrap();
    assert_eq!(sealer.open(&old).await.unwrap().data.expose_secret(), pattern(500), "old versions still open");
    sealer.invalidate(SCP_KEY);
    let new = sealer.rewrap(&old).await.unwrap();
    assert_ne!(version(&new), before);
    assert_eq!(sealer.open_expecting(&new, CONTEXT).await.unwrap().data.expose_secret(), pattern(500));
    assert_eq!(version(&sealer.seal("x", &[]).await.unwrap()), version(&new));
}

#[tokio::test]
async fn stopped_key_ends_the_use_of_its_data_keys_with_the_first_refusal() {
    let world = World::start().await;
    let kms = world.scp.kms();
    let one = sealer(kms.clone().key(SCP_KEY));
    let known = one.seal("known", CONTEXT).await.unwrap();
    one.open(&known).await.unwrap();
    let unknown = sealer(kms.clone().key(SCP_KEY)).seal("unknown", CONTEXT).await.unwrap();
    kms.set_key_state(SCP_KEY, &SetKeyStateRequest::new(NewKeyState::Stop)).await.unwrap();
    // Nobody has asked the service yet.
    assert!(one.open(&known).await.is_ok());
    let error = one.open(&unknown).await.unwrap_err();
    assert!(error.service_error().is_some_and(|error| error.is_conflict()), "{error:?}");
    assert!(one.open(&known).await.is_err() && one.seal("x", &[]).await.is_err());
    kms.set_key_state(SCP_KEY, &SetKeyStateRequest::new(NewKeyState::Active)).await.unwrap();
    assert!(one.open(&known).await.is_ok() && one.open(&unknown).await.is_ok());
}

#[tokio::test]
async fn key_that_is_about_to_be_deleted_is_refused_by_secure_key_manager() {
    let world = World::start().await;
    let keys = world.nhn.secure_key_manager().unwrap();
    let one = sealer(keys.clone().key(NHN_KEY));
    let known = one.seal("known", CONTEXT).await.unwrap();
    one.open(&known).await.unwrap();
    let unknown = sealer(keys.clone().key(NHN_KEY)).seal("unknown", CONTEXT).await.unwrap();
    keys.schedule_key_deletion(NHN_KEY).await.unwrap();
    assert!(one.open(&unknown).await.is_err());
    assert!(one.open(&known).await.is_err() && one.seal("x", &[]).await.is_err());
}

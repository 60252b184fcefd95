//! Which answers of the services evict a cached value, and which do not.
#![cfg(test)]

use std::time::Duration;

use cloud_sandbox::Fault;
use cloud_secrets::{SecretCache, SecretRef};
use rotation::{NHN_SECRET, NHN_STORE, SCP_SECRET, World, cache};
use scp_security::Days;
use scp_security::secrets_manager::types::{DeleteSecretRequest, SetAclCidrRequest};

/// What no service itself has said.
fn faults() -> Vec<Fault> {
    let mut faults: Vec<_> = [404, 408, 429, 500, 502, 503, 504].into_iter().map(Fault::status).collect();
    faults.extend([Fault::reset_before(), Fault::reset_after(), Fault::truncated_body(), Fault::proxy_html()]);
    faults
}

async fn value(cache: &SecretCache, id: &str) -> Option<String> {
    cache.get(SecretRef::id(id)).await.ok().map(|value| value.expose_secret().to_owned())
}

#[tokio::test]
async fn faults_on_the_way_leave_the_value() {
    for vendor in ["scp", "nhn"] {
        let world = World::start().await;
        let (id, (cache, runtime)) = match vendor {
            "scp" => (SCP_SECRET.1, cache(world.scp.secrets_manager())),
            _ => (NHN_SECRET.1, cache(world.nhn.secure_key_manager().unwrap().key_store(NHN_STORE))),
        };
        let before = value(&cache, id).await;
        assert!(before.is_some());
        for fault in faults() {
            let shown = format!("{vendor} {fault:?}");
            world.sandbox.fault(fault.on(&format!("{vendor}/*")).unwrap().always()).unwrap();
            runtime.advance(Duration::from_secs(150));
            let errors = cache.metrics().errors;
            assert_eq!(value(&cache, id).await, before, "{shown}");
            assert_eq!(cache.metrics().errors, errors + 1, "{shown}: it was asked");
            world.sandbox.clear_faults();
            runtime.advance(Duration::from_secs(300));
            assert_eq!(value(&cache, id).await, before, "{shown}");
        }
        assert_eq!((cache.metrics().refusals, cache.metrics().rotations), (0, 0));
    }
}

/// Ways in which Secrets Manager stops the use of a secret.
const SCP_REFUSALS: [&str; 3] = ["scheduled for deletion", "stopped", "other network"];

async fn refuse_scp(world: &World, how: &str) {
    let secrets = world.scp.secrets_manager();
    match how {
        "other network" => {
            let networks = "10.9.9.0/25".parse::<scp_security::Networks>().unwrap();
            secrets.set_acl_cidr(SCP_SECRET.1, &SetAclCidrRequest::new(networks)).await.unwrap();
        }
        "stopped" => assert!(world.sandbox.stop_secret(SCP_SECRET.1)),
        _ => {
            secrets.delete_secret(SCP_SECRET.1, &DeleteSecretRequest::new(Days(7))).await.unwrap();
        }
    }
}

#[tokio::test]
async fn refusal_evicts_and_a_later_outage_does_not_bring_it_back() {
    for how in SCP_REFUSALS {
        let world = World::start().await;
        let (cache, runtime) = cache(world.scp.secrets_manager());
        assert!(value(&cache, SCP_SECRET.1).await.is_some());
        refuse_scp(&world, how).await;
        stays_evicted(&world, &cache, &runtime, SCP_SECRET.1, how).await;
    }
}

#[tokio::test]
async fn nhn_refuses_in_http_200_and_the_value_is_evicted() {
    let world = World::start().await;
    let keys = world.nhn.secure_key_manager().unwrap();
    let (cache, runtime) = cache(keys.clone().key_store(NHN_STORE));
    assert!(value(&cache, NHN_SECRET.1).await.is_some());
    keys.schedule_key_deletion(NHN_SECRET.1).await.unwrap();
    let error = cache.refresh(SecretRef::id(NHN_SECRET.1)).await.unwrap_err();
    assert_eq!((error.status(), error.is_conflict()), (Some(200), true), "{error}");
    stays_evicted(&world, &cache, &runtime, NHN_SECRET.1, "scheduled for deletion").await;
}

async fn stays_evicted(
    world: &World,
    cache: &SecretCache,
    runtime: &cloud_core::testing::FakeRuntime,
    id: &str,
    how: &str,
) {
    runtime.advance(Duration::from_secs(60));
    assert_eq!(value(cache, id).await, None, "{how}");
    assert_eq!(cache.metrics().entries, 0, "{how}");
    for status in [503, 404] {
        world.sandbox.fault(Fault::status(status).on("*/*").unwrap().always()).unwrap();
        for _ in 0..3 {
            runtime.advance(Duration::from_secs(30));
            assert_eq!(value(cache, id).await, None, "{how}: revived");
        }
        world.sandbox.clear_faults();
    }
    // It stays refused once the service answers again.
    runtime.advance(Duration::from_secs(300));
    assert_eq!(value(cache, id).await, None, "{how}");
    assert!(cache.metrics().refusals >= 2, "{how}: {:?}", cache.metrics());
}

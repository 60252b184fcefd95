//! Tests of what is remembered, with keys that count how they are asked.

use std::sync::atomic::{AtomicUsize, Ordering};

use cloud_core::testing::FakeRuntime;
use cloud_core::{BoxFuture, SecretBytes, SecretString};
use time::macros::datetime;

use super::*;
use crate::keys::{DataKey, Signing, Versioned};

const ORDERS: &str = "00000000000000000000000000000001";
const OTHER: &str = "00000000000000000000000000000002";
const UNKNOWN: &str = "ffffffffffffffffffffffffffffffff";

/// Keys of a store with two keys, of which one may be renamed.
#[derive(Debug)]
struct Counted {
    name: Mutex<&'static str>,
    lists: AtomicUsize,
    resolves: AtomicUsize,
    finds: AtomicUsize,
    shows: AtomicUsize,
}

impl Counted {
    fn counts(&self) -> [usize; 4] {
        [&self.lists, &self.resolves, &self.finds, &self.shows].map(|count| count.swap(0, Ordering::Relaxed))
    }
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn no() -> Failure {
    Failure::unsupported("")
}

impl Keys for Counted {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<String>> {
        count(&self.resolves);
        let found = *self.name.lock().unwrap() == name;
        Box::pin(async move { if found { Ok(ORDERS.to_owned()) } else { Err(Failure::not_found()) } })
    }

    fn reaches_others(&self) -> bool {
        true
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<KeyName>>> {
        count(&self.lists);
        let name = *self.name.lock().unwrap();
        Box::pin(async move { Ok(vec![KeyName::new(name, ORDERS), KeyName::new("other", OTHER)]) })
    }

    fn show<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Key>> {
        count(&self.shows);
        Box::pin(async move { Ok(Key::new(id, "aes256-gcm96", 1, datetime!(2026-01-01 0:00 UTC))) })
    }

    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Key>> {
        count(&self.finds);
        let known = [ORDERS, OTHER].contains(&name) || *self.name.lock().unwrap() == name;
        Box::pin(async move {
            if !known {
                return Err(Failure::not_found());
            }
            Ok(Key::new(name, "aes256-gcm96", 1, datetime!(2026-01-01 0:00 UTC)))
        })
    }

    fn encrypt<'a>(&'a self, _: &'a str, _: SecretBytes) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async { Err(no()) })
    }
    fn decrypt<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<SecretBytes>> {
        Box::pin(async { Err(no()) })
    }
    fn rewrap<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async { Err(no()) })
    }
    fn data_key<'a>(&'a self, _: &'a str, _: u16, _: bool) -> BoxFuture<'a, Result<DataKey>> {
        Box::pin(async { Err(no()) })
    }
    fn sign<'a>(&'a self, _: &'a str, _: SecretBytes, _: Signing) -> BoxFuture<'a, Result<Versioned>> {
        Box::pin(async { Err(no()) })
    }
    fn verify<'a>(&'a self, _: &'a str, _: SecretBytes, _: &'a str, _: Signing) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Err(no()) })
    }
    fn hmac<'a>(&'a self, _: &'a str, _: SecretBytes) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async { Err(no()) })
    }
    fn verify_hmac<'a>(&'a self, _: &'a str, _: SecretBytes, _: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Err(no()) })
    }
}

fn named() -> (Arc<Counted>, Arc<FakeRuntime>, NamedKeys) {
    let keys = Counted {
        name: Mutex::new("orders"),
        lists: AtomicUsize::new(0),
        resolves: AtomicUsize::new(0),
        finds: AtomicUsize::new(0),
        shows: AtomicUsize::new(0),
    };
    let (keys, runtime) = (Arc::new(keys), Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC))));
    let named = NamedKeys::new(keys.clone(), BTreeMap::new(), runtime.clone());
    (keys, runtime, named)
}

#[tokio::test]
async fn name_in_use_is_looked_up_again_before_its_end_and_never_waited_for() {
    let (keys, runtime, named) = named();
    assert_eq!(named.id("orders").await.unwrap(), ORDERS);
    assert_eq!(keys.counts(), [0, 1, 0, 0]);
    for _ in 0..10 {
        runtime.advance(Duration::from_secs(31));
        // The name is due: two uses look it up once, and wait for nothing.
        assert_eq!(
            (named.id("orders").await.unwrap(), named.id("orders").await.unwrap()),
            (ORDERS.into(), ORDERS.into())
        );
        assert_eq!(keys.counts(), [0, 0, 0, 0], "nothing was asked before the response");
        tokio::task::yield_now().await;
        assert_eq!(keys.counts(), [0, 1, 0, 0]);
    }
    // A renamed key is used to the end of its name, and not longer.
    *keys.name.lock().unwrap() = "renamed";
    runtime.advance(Duration::from_secs(31));
    assert!(named.id("orders").await.is_ok());
    tokio::task::yield_now().await;
    runtime.advance(Duration::from_secs(29));
    assert_eq!(named.id("orders").await.unwrap_err().status(), 404);
}

#[tokio::test]
async fn list_at_the_start_makes_names_and_ids_known() {
    let (keys, _, named) = named();
    named.prepare().await.unwrap();
    assert_eq!(keys.counts(), [1, 0, 0, 0]);
    for name in ["orders", ORDERS, OTHER, "other"] {
        assert!(named.id(name).await.is_ok(), "{name}");
    }
    assert_eq!(keys.counts(), [0, 0, 0, 0]);
}

#[tokio::test]
async fn unknown_ids_make_at_most_one_list_in_ten_seconds() {
    let (keys, runtime, named) = named();
    for round in 0..3 {
        for index in 0..100 {
            let id =
                format!("{index:032x}").replace("000000000000000000000000000000", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
            assert_eq!(named.id(&id).await.unwrap_err().status(), 404);
            assert_eq!(named.show(&id).await.unwrap_err().status(), 404);
        }
        // IDs of the list need no other.
        assert!(named.id(ORDERS).await.is_ok() && named.show(OTHER).await.is_ok());
        assert_eq!(keys.counts(), [1, 0, 0, 1], "round {round}");
        runtime.advance(Duration::from_secs(10));
    }
    assert_eq!(named.show(UNKNOWN).await.unwrap_err().status(), 404);
    assert_eq!(named.id(UNKNOWN).await.unwrap_err().status(), 404);
    assert_eq!(keys.counts(), [1, 0, 1, 0]);
}

#[tokio::test]
async fn unknown_id_that_is_shown_leaves_the_others_known() {
    let (keys, _, named) = named();
    assert_eq!(named.show(UNKNOWN).await.unwrap_err().status(), 404);
    assert_eq!(keys.counts(), [1, 0, 1, 0]);
    assert!(named.id(ORDERS).await.is_ok() && named.show(OTHER).await.is_ok());
    assert_eq!(keys.counts(), [0, 0, 0, 1]);
}

#[tokio::test]
async fn key_is_shown_without_being_looked_up_before() {
    let (keys, _, named) = named();
    assert!(named.show("orders").await.is_ok() && named.show(ORDERS).await.is_ok());
    assert_eq!(keys.counts(), [0, 0, 2, 0]);
}

#[test]
fn key_that_the_service_does_not_have_is_an_invalid_request() {
    for (failure, status) in
        [(Failure::not_found(), 400), (Failure::new(http::StatusCode::NOT_FOUND, "gone"), 400), (no(), 405)]
    {
        let failure = unusable(failure);
        assert_eq!(failure.status(), status);
        assert!(status != 400 || failure.text() == Some("encryption key not found"));
    }
}

//! Tests of what is served after each kind of answer, and of when the service is asked.

use std::sync::Mutex;

use cloud_core::BoxFuture;
use cloud_core::testing::{FakeRuntime, FakeTransport};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use time::macros::datetime;

use super::*;
use crate::Scp;

const NOW: OffsetDateTime = datetime!(2026-06-10 12:00 UTC);

/// A certificate and its key, in PEM format.
struct Pair {
    body: String,
    key: String,
}

const JUNE: OffsetDateTime = datetime!(2026-06-01 0:00 UTC);
const JULY: OffsetDateTime = datetime!(2026-07-01 0:00 UTC);

/// A certificate of these days.
fn pair_of(from: OffsetDateTime, until: OffsetDateTime) -> Pair {
    pair_with(from, until, |_| {})
}

fn pair_with(from: OffsetDateTime, until: OffsetDateTime, change: impl FnOnce(&mut CertificateParams)) -> Pair {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["shop.example".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (from, until);
    change(&mut params);
    Pair { body: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

fn pair() -> Pair {
    pair_of(JUNE, JULY)
}

/// The response with this certificate. Its dates are text without a time zone, and far off: they do not count.
fn shown(id: &str, body: &str, key: &str) -> String {
    dated(id, body, key, ("2027-01-01T00:00:00", "2025-01-01T00:00:00"))
}

/// The same with these dates.
fn dated(id: &str, body: &str, key: &str, (from, until): (&str, &str)) -> String {
    let text = Value::from("x");
    let mut certificate = json!({
        "id": id, "cert_body": body, "cert_chain": null, "private_key": key, "not_before_dt": from,
        "not_after_dt": until, "created_at": from, "modified_at": from, "is_in_use": "N",
    });
    for name in [
        "account_id",
        "cert_kind",
        "cert_type",
        "cert_version",
        "cn",
        "created_by",
        "days_until_expiration",
        "issuer",
        "key_bit_size",
        "modified_by",
        "name",
        "organization",
        "public_key_bit_size",
        "public_key_type",
        "signature_algorithm",
        "state",
        "sub_domain",
        "user_name",
    ] {
        certificate[name] = text.clone();
    }
    json!({ "certificate": certificate }).to_string()
}

fn valid(id: &str, pair: &Pair) -> String {
    shown(id, &pair.body, &pair.key)
}

fn client(transport: FakeTransport) -> CertificateManagerClient {
    let scp = Scp::builder().endpoint("https://a.example").credentials("key", "secret").transport(transport);
    scp.build().unwrap().certificate_manager()
}

fn builder(client: &CertificateManagerClient, runtime: impl Runtime + 'static) -> CertResolverBuilder {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    CertResolver::by_id(client, "wanted").runtime(runtime).crypto_provider(provider)
}

fn served(resolver: &CertResolver) -> Vec<u8> {
    resolver.served.read().unwrap().key.cert[0].to_vec()
}

fn der(pair: &Pair) -> Vec<u8> {
    CertificateDer::from_pem_slice(pair.body.as_bytes()).unwrap().to_vec()
}

#[tokio::test]
async fn only_a_usable_certificate_replaces_the_old_one() {
    let (old, new) = (pair(), pair());
    let dated = |from, until| valid("2", &pair_of(from, until));
    for (status, answer, expected) in [
        (200, valid("1", &old), Ok(false)),
        (200, valid("2", &new), Ok(true)),
        // The key of the certificate that is served is not read again.
        (200, shown("1", &old.body, "S3CRET"), Ok(false)),
        (200, shown("2", &new.body, &old.key), Err("does not belong to it")),
        (200, shown("2", "S3CRET", &new.key), Err("it has no chain")),
        (
            200,
            shown("2", "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n", &new.key),
            Err("cannot be served"),
        ),
        (200, shown("2", "-----BEGIN CERTIFICATE-----\nS3CRET", &new.key), Err("cannot be served")),
        (200, shown("2", &new.body, "S3CRET"), Err("its private key is not PEM")),
        (200, shown("2", &new.body, ""), Err("its private key is not PEM")),
        (200, dated(JUNE, NOW), Err("it has expired")),
        (200, dated(NOW + Duration::from_secs(1), JULY), Err("it is not valid yet")),
        (404, r#"{"errors":[{"code":"ResourceNotFound","detail":"gone"}]}"#.to_owned(), Err("gone")),
        (200, "{}".to_owned(), Err("missing")),
    ] {
        let client = client(FakeTransport::new().answer(200, &valid("1", &old)).answer(status, &answer));
        let resolver = builder(&client, FakeRuntime::new(NOW)).load().await.unwrap();
        let outcome = resolver.refresh().await;
        let status = resolver.status();
        match (&outcome, expected) {
            (Ok(replaced), Ok(wanted)) => {
                assert_eq!(*replaced, wanted, "{answer}");
                assert_eq!((status.failures, status.replaced), (0, u64::from(wanted)));
                assert!(status.last_error.is_none());
            }
            (Err(error), Err(why)) => {
                assert!(error.to_string().contains(why), "{answer}: {error}");
                assert_eq!((status.failures, &*status.certificate_id), (1, "1"), "{answer}");
                assert_eq!(status.last_error.as_ref().map(ToString::to_string), Some(error.to_string()));
                assert_eq!(status.not_after, Some(JULY));
            }
            _ => panic!("{answer}: {outcome:?}"),
        }
        assert_eq!(served(&resolver), der(if matches!(outcome, Ok(true)) { &new } else { &old }), "{answer}");
        let told = format!("{resolver:?} {status:?} {outcome:?}");
        assert!(!told.contains("S3CRET") && !told.contains(old.key.lines().nth(1).unwrap()), "{told}");
    }
}

#[tokio::test]
async fn dates_are_those_of_the_certificate_in_any_time_zone() {
    let hours = |count: u64| Duration::from_secs(3600 * count);
    let local = |time: OffsetDateTime| {
        let format = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
        (time + hours(9)).format(format).unwrap()
    };
    let plain = |_: &mut CertificateParams| {};
    // Longer than RFC 5280 permits, which servers and clients accept.
    let long_serial = |params: &mut CertificateParams| params.serial_number = Some(vec![1; 24].into());
    let year_2060 = datetime!(2060-01-01 0:00 UTC);
    for (from, until, change, refusal) in [
        (NOW - hours(1), JULY, plain as fn(&mut CertificateParams), None),
        (NOW - hours(1), JULY, long_serial, None),
        // A date of this year is a GeneralizedTime, and those before 2050 are not.
        (NOW - hours(1), year_2060, plain, None),
        (NOW - hours(2), NOW - hours(1), plain, Some("it has expired")),
        (NOW - hours(2), NOW - hours(1), long_serial, Some("it has expired")),
        (NOW + hours(1), JULY, plain, Some("it is not valid yet")),
        (NOW + hours(1), JULY, long_serial, Some("it is not valid yet")),
    ] {
        let pair = pair_with(from, until, change);
        let answer = dated("1", &pair.body, &pair.key, (&local(from), &local(until)));
        let client = client(FakeTransport::new().answer(200, &answer));
        match (builder(&client, FakeRuntime::new(NOW)).load().await, refusal) {
            (Ok(resolver), None) => assert_eq!(resolver.status().not_after, Some(until), "{from}"),
            (Err(error), Some(why)) => assert!(error.to_string().contains(why), "{from}: {error}"),
            (other, _) => panic!("{from} {until}: {other:?}"),
        }
    }
}

#[test]
fn dates_of_what_is_no_certificate_are_unknown() {
    let der = der(&pair());
    assert_eq!(validity(&der.as_slice().into()), Some((Some(JUNE), Some(JULY))));
    // No panic, and no date that is not there.
    for end in 0..der.len() {
        assert_eq!(validity(&der[..end].into()), None, "{end}");
    }
}

#[tokio::test]
async fn load_fails_rather_than_serve_nothing() {
    let expired = valid("1", &pair_of(datetime!(2026-05-01 0:00 UTC), JUNE));
    for (answer, why) in [(expired, "expired"), (shown("1", "", &pair().key), "no chain")] {
        let client = client(FakeTransport::new().answer(200, &answer));
        let error = builder(&client, FakeRuntime::new(NOW)).load().await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn name_follows_the_certificate_to_its_new_id() {
    let (old, new) = (pair(), pair());
    let list = |id: &str| {
        let one = json!({
            "cn": "x", "id": id, "name": "shop", "state": "VALID", "not_before_dt": "2026-06-01T00:00:00",
            "not_after_dt": "2026-07-01T00:00:00",
        });
        json!({ "certificates": [one], "count": 1, "page": 0, "size": 20, "sort": [] }).to_string()
    };
    let none = json!({ "certificates": [], "count": 0, "page": 0, "size": 20, "sort": [] }).to_string();
    let transport = Arc::new(
        FakeTransport::new()
            .answer(200, &list("1"))
            .answer(200, &valid("1", &old))
            .answer(200, &none)
            .answer(200, &list("2"))
            .answer(200, &valid("2", &new)),
    );
    let scp =
        Scp::builder().endpoint("https://a.example").credentials("key", "secret").transport(Arc::clone(&transport));
    let client = scp.build().unwrap().certificate_manager();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = CertResolver::by_name(&client, "shop").runtime(FakeRuntime::new(NOW)).crypto_provider(provider);
    let resolver = builder.load().await.unwrap();
    assert!(resolver.refresh().await.unwrap_err().is_not_found());
    assert_eq!(served(&resolver), der(&old), "deleted, and its successor is not there yet");
    assert!(resolver.refresh().await.unwrap());
    assert_eq!((served(&resolver), &*resolver.status().certificate_id), (der(&new), "2"));
    assert!(transport.sent().last().unwrap().uri().path().ends_with("/2"));
}

/// Lets a few delays pass at once, and none after them.
#[derive(Debug)]
struct Delays {
    clock: FakeRuntime,
    left: Mutex<u32>,
    over: Arc<tokio::sync::Notify>,
}

impl Runtime for Delays {
    fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }
    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut left = self.left.lock().unwrap();
        let passed = self.clock.sleep(duration);
        match left.checked_sub(1) {
            Some(fewer) => *left = fewer,
            None => {
                self.over.notify_one();
                return Box::pin(std::future::pending());
            }
        }
        passed
    }
    fn deadline(&self, limit: Duration) -> BoxFuture<'static, ()> {
        self.clock.deadline(limit)
    }
    fn random(&self) -> u64 {
        0
    }
}

#[tokio::test]
async fn checks_come_ahead_of_the_end_and_a_minute_after_a_failure() {
    let (old, new) = (pair_of(JUNE, NOW + Duration::from_secs(3600)), pair());
    let transport = FakeTransport::new()
        .answer(200, &valid("1", &old))
        .answer(200, &valid("1", &old))
        .answer(404, r#"{"errors":[{"code":"ResourceNotFound"}]}"#)
        .answer(200, &valid("2", &new));
    let over = Arc::new(tokio::sync::Notify::new());
    let runtime = Arc::new(Delays { clock: FakeRuntime::new(NOW), left: Mutex::new(3), over: Arc::clone(&over) });
    let resolver = builder(&client(transport), Arc::clone(&runtime)).load().await.unwrap();
    tokio::select! {
        () = resolver.keep_fresh() => panic!("it ends with its last holder"),
        () = over.notified() => {}
    }
    let minutes: Vec<_> = runtime.clock.waits().iter().map(|wait| wait.as_secs() / 60).collect();
    // Half of an hour, half of the rest, a minute after the failure, then the interval.
    assert_eq!(minutes, [30, 15, 1, 60]);
    assert_eq!(served(&resolver), der(&new));
}

#[tokio::test]
async fn expired_certificate_is_served_on_and_the_status_says_so() {
    let pair = pair();
    let client = client(FakeTransport::new().answer(200, &valid("1", &pair)).answer(200, &valid("1", &pair)));
    let runtime = Arc::new(FakeRuntime::new(NOW));
    let resolver = builder(&client, Arc::clone(&runtime)).load().await.unwrap();
    runtime.advance(Duration::try_from(JULY - NOW).unwrap());
    assert!(resolver.refresh().await.unwrap_err().to_string().contains("it has expired"));
    assert_eq!((served(&resolver), resolver.status().failures), (der(&pair), 1));
}

#[tokio::test]
async fn earlier_check_does_not_replace_the_result_of_a_later_one() {
    let (old, new) = (pair(), pair());
    let client = client(FakeTransport::new().answer(200, &valid("1", &old)));
    let resolver = builder(&client, FakeRuntime::new(NOW)).load().await.unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let load = |id, pair| {
        let certificate: Value = serde_json::from_str(&valid(id, pair)).unwrap();
        let certificate = cloud_core::testing::response(&certificate["certificate"].to_string()).unwrap();
        Loaded::new(&certificate, &provider, None).unwrap()
    };
    assert!(resolver.serve(load("2", &new), 2, NOW).unwrap());
    resolver.failed(&unusable("late"), 1);
    assert!(!resolver.serve(load("1", &old), 1, NOW).unwrap());
    assert_eq!((served(&resolver), resolver.status().failures), (der(&new), 0));
    // A later failure does not lose the certificate of an earlier check, which leaves the failure in the status.
    resolver.failed(&unusable("now"), 4);
    assert!(resolver.serve(load("1", &old), 3, NOW).unwrap());
    assert_eq!((served(&resolver), resolver.status().failures), (der(&old), 1));
    assert!(!resolver.serve(load("1", &old), 5, NOW).unwrap());
    assert_eq!(resolver.status().failures, 0);
}

#[tokio::test]
async fn checks_end_with_the_last_holder() {
    let pair = pair();
    let client = client(FakeTransport::new().answer(200, &valid("1", &pair)));
    let resolver = builder(&client, FakeRuntime::new(NOW)).load().await.unwrap();
    let checks = resolver.keep_fresh();
    drop(resolver);
    checks.await;
}

#[test]
fn delay_is_bounded_and_spread() {
    let (hour, minute) = (Duration::from_secs(3600), SHORTEST);
    for (interval, failed, left, random, expected) in [
        (hour, false, None, 0, hour),
        (hour, false, Some(hour * 100), 0, hour),
        (hour, false, Some(hour), 0, hour / 2),
        (hour, false, Some(Duration::ZERO), 0, minute),
        (hour, true, Some(hour * 100), 7, minute),
        (minute / 2, true, None, 7, minute / 2),
        (minute / 2, false, Some(Duration::ZERO), 0, minute / 2),
        (hour, false, None, 512, hour - hour / 20),
    ] {
        assert_eq!(delay(interval, failed, left, random), expected, "{interval:?} {failed} {left:?} {random}");
    }
    assert!(delay(hour, false, None, u64::MAX) > hour - hour / 10);
    assert!(delay(Duration::MAX, false, None, u64::MAX) < Duration::MAX);
}

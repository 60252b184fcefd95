//! Wrong clocks: every operation is retried once with the corrected time, and a correct clock is not changed.

#![cfg(test)]

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cloud_core::testing::{FakeRuntime, FakeTransport};
use cloud_core::transport::TransportError;
use cloud_core::{BoxFuture, Transport};
use nhn_security::{Language, Nhn, Region};
use risken_aws::Risken;
use scp_security::Scp;
use time::format_description::well_known::Rfc2822;
use time::macros::datetime;
use time::{OffsetDateTime, UtcOffset};
use tokio::task::JoinSet;

const START: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
/// How far from its own time the service takes a signature, in seconds.
const WINDOW: i64 = 300;

/// A service that refuses signatures of another time, and a path that it refuses whatever the signature.
#[derive(Debug, Default)]
struct Service {
    /// How far its clock is ahead of `START`, and how far its dates are off its clock.
    clock: AtomicI64,
    lie: AtomicI64,
    aged: bool,
    sent: AtomicUsize,
    executed: AtomicUsize,
    stamps: Mutex<Vec<i64>>,
}

impl Service {
    fn new(clock: i64, lie: i64) -> Arc<Self> {
        Arc::new(Self { clock: clock.into(), lie: lie.into(), ..Self::default() })
    }

    fn now(&self) -> OffsetDateTime {
        START + time::Duration::seconds(self.clock.load(Ordering::SeqCst))
    }

    /// How often something was sent and executed since the last time.
    fn counts(&self) -> (usize, usize) {
        (self.sent.swap(0, Ordering::SeqCst), self.executed.swap(0, Ordering::SeqCst))
    }

    fn last_stamp(&self) -> i64 {
        *self.stamps.lock().unwrap().last().unwrap() - START.unix_timestamp()
    }
}

/// The documented answer.
fn rotated() -> String {
    let entry = conformance::entries().find(|entry| entry.to_string() == "scp kms 1.4 rotate_key").unwrap();
    conformance::fixture::find(entry).unwrap().response().1.unwrap().to_string()
}

impl Transport for Service {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        let stamp: i64 = request.headers()["scp-timestamp"].to_str().unwrap().parse().unwrap();
        self.stamps.lock().unwrap().push(stamp / 1000);
        let near = (stamp / 1000 - self.now().unix_timestamp()).abs() <= WINDOW;
        let good = near && !request.uri().path().contains("not-enabled");
        self.executed.fetch_add(usize::from(good), Ordering::SeqCst);
        let body = if good { rotated() } else { r#"{"error":"HmacValidFail"}"#.to_owned() };
        let mut answer = http::Response::new(Bytes::from(body));
        *answer.status_mut() = if good { http::StatusCode::OK } else { http::StatusCode::UNAUTHORIZED };
        let date = self.now() + time::Duration::seconds(self.lie.load(Ordering::SeqCst));
        let date = date.to_offset(UtcOffset::UTC).format(&Rfc2822).unwrap().replace("+0000", "GMT");
        answer.headers_mut().insert("date", date.parse().unwrap());
        if self.aged {
            answer.headers_mut().insert("age", "7200".parse().unwrap());
        }
        Box::pin(async move {
            // Others get in between, so that calls meet half-way.
            tokio::task::yield_now().await;
            Ok(answer)
        })
    }
}

fn scp(service: &Arc<Service>, runtime: &Arc<FakeRuntime>) -> Scp {
    Scp::builder()
        .endpoint("http://127.0.0.1:9")
        .credentials("key", "secret")
        .transport(Arc::clone(service))
        .runtime(Arc::clone(runtime))
        .build()
        .unwrap()
}

/// Rotates a key, which must not be done twice; whether the service took the signature.
async fn rotate(scp: &Scp, key: &str) -> bool {
    match scp.kms().rotate_key(key).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.status(), Some(401), "{error}");
            false
        }
    }
}

fn clock() -> Arc<FakeRuntime> {
    Arc::new(FakeRuntime::new(START))
}

#[tokio::test]
async fn wrong_clock_is_corrected_after_one_refusal_and_remembered() {
    for hours in [-14, -1, 1, 14] {
        let (service, runtime) = (Service::new(hours * 3600, 0), clock());
        let scp = scp(&service, &runtime);
        assert!(rotate(&scp, "k").await, "{hours}");
        assert_eq!(service.counts(), (2, 1), "{hours}");
        assert!(rotate(&scp, "k").await, "{hours}");
        assert_eq!(service.counts(), (1, 1), "{hours}");
        assert!(runtime.waits().is_empty(), "a corrected call does not wait");
    }
}

#[tokio::test]
async fn distant_date_is_not_signed_for() {
    for (clock_off, lie) in [(24 * 3600, 0), (-30_000 * 3600, 0), (0, 72 * 365 * 86_400)] {
        let (service, runtime) = (Service::new(clock_off, lie), clock());
        let scp = scp(&service, &runtime);
        let key = if lie == 0 { "k" } else { "not-enabled" };
        let error = scp.kms().rotate_key(key).await.unwrap_err();
        assert!(error.to_string().contains("hours apart"), "{error}");
        assert_eq!((service.counts(), service.last_stamp()), ((1, 0), 0), "no signature is dated otherwise");
    }
}

#[tokio::test]
async fn clock_set_right_again_is_used_again() {
    let (service, runtime) = (Service::new(3600, 0), clock());
    let scp = scp(&service, &runtime);
    assert!(rotate(&scp, "k").await);
    runtime.advance(Duration::from_secs(3600));
    service.counts();
    assert!(rotate(&scp, "k").await);
    assert_eq!((service.counts(), service.last_stamp()), ((2, 1), 3600));
    assert!(rotate(&scp, "k").await);
    assert_eq!((service.counts(), service.last_stamp()), ((1, 1), 3600));
}

#[tokio::test]
async fn concurrent_callers_with_a_wrong_clock_are_all_corrected() {
    let (service, runtime) = (Service::new(-7200, 0), clock());
    let scp = scp(&service, &runtime);
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let scp = scp.clone();
        calls.spawn(async move { rotate(&scp, "k").await });
    }
    assert!(calls.join_all().await.into_iter().all(|good| good));
    let (sent, executed) = service.counts();
    assert_eq!(executed, 100);
    assert!((101..=200).contains(&sent), "{sent}");
}

#[tokio::test]
async fn correct_clock_is_not_changed_by_a_wrong_date() {
    for lie in [-50_000, -3600, 3600, 50_000] {
        let (service, runtime) = (Service::new(0, lie), clock());
        let scp = scp(&service, &runtime);
        for _ in 0..3 {
            assert!(!rotate(&scp, "not-enabled").await, "{lie}");
            assert_eq!(service.counts(), (2, 0), "corrected once and no more");
            assert!(rotate(&scp, "k").await, "{lie}");
            assert_eq!((service.counts(), service.last_stamp()), ((1, 1), 0), "{lie}");
        }
    }
}

#[tokio::test]
async fn clock_is_not_corrected_by_close_cached_or_successful_responses() {
    for (clock_off, lie, aged) in [(0, 200, false), (0, -200, false), (0, 3600, true), (7200, 0, true)] {
        let service = Arc::new(Service { aged, ..Arc::into_inner(Service::new(clock_off, lie)).unwrap() });
        let runtime = clock();
        let scp = scp(&service, &runtime);
        assert!(!rotate(&scp, "not-enabled").await);
        assert_eq!((service.counts(), service.last_stamp()), ((1, 0), 0), "{clock_off} {lie} {aged}");
    }
    // A good answer with a wrong date proves the clock to be good enough.
    let (service, runtime) = (Service::new(0, 90_000), clock());
    let scp = scp(&service, &runtime);
    for _ in 0..2 {
        assert!(rotate(&scp, "k").await);
        assert_eq!((service.counts(), service.last_stamp()), ((1, 1), 0));
    }
}

#[tokio::test]
async fn clock_correction_is_kept_per_host() {
    let (service, runtime) = (Service::new(3600, 0), clock());
    let builder = || {
        Scp::builder()
            .region(scp_security::Region::KrWest1)
            .environment(scp_security::Environment::Enterprise)
            .credentials("key", "secret")
            .transport(Arc::clone(&service))
            .runtime(Arc::clone(&runtime))
    };
    let scp = builder().build().unwrap();
    assert!(rotate(&scp, "k").await);
    service.counts();
    drop(scp.certificate_manager().show_certificate("c").await);
    assert_eq!(service.counts().0, 2, "another host has to say it again");
}

#[tokio::test]
async fn wrong_clock_causes_no_retry_without_signed_time() {
    let late = [("date", "Thu, 01 Jan 2026 18:00:00 GMT"), ("content-type", "text/plain")];
    let transport = Arc::new(FakeTransport::new().answer_with(401, &late, "Unauthenticated\n"));
    let risken =
        Risken::builder().endpoint("http://127.0.0.1:9").access_token("token").transport(Arc::clone(&transport));
    let risken = risken.runtime(clock()).build().unwrap();
    let request = risken_aws::aws::types::InvokeScanRequest::builder()
        .project_id(1.try_into().unwrap())
        .aws_id(1.try_into().unwrap())
        .aws_data_source_id(1.try_into().unwrap())
        .build();
    assert_eq!(risken.aws().invoke_scan(&request).await.unwrap_err().status(), Some(401));
    assert_eq!(transport.sent().len(), 1);

    let grant = r#"{"access_token":"t","expires_in":3600}"#;
    let refusal = r#"{"header":{"isSuccessful":false,"resultCode":80007,"resultMessage":"no"}}"#;
    let script = FakeTransport::new().answer(200, grant).answer_with(401, &late, refusal).answer(200, grant);
    let transport = Arc::new(script.answer_with(401, &late, refusal));
    let nhn = Nhn::builder().endpoint("http://127.0.0.1:9").user_access_key("id", "secret");
    let nhn = nhn.security_advisor_app_key("app").transport(Arc::clone(&transport)).runtime(clock()).build();
    let call = nhn.unwrap().security_advisor().unwrap().list_inspection_results(Region::Kr1, Language::En);
    assert_eq!(call.await.unwrap_err().status(), Some(401));
    assert_eq!(transport.sent().len(), 4, "two tokens and two calls");
}

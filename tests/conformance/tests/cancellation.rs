//! Calls that are dropped at every await: nothing continues in the background, and the client stays
//! usable.

#![cfg(test)]

use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use cloud_core::testing::FakeRuntime;
use cloud_core::transport::TransportError;
use cloud_core::{BoxFuture, Transport};
use nhn_security::Nhn;
use nhn_security::{Language, Region};
use scp_security::Scp;
use time::macros::datetime;

/// Fails in passing at first, then refuses the credentials, then answers; each answer takes a few polls.
#[derive(Debug)]
struct Slow {
    good: String,
    credentials: &'static str,
    calls: AtomicUsize,
    asked: AtomicUsize,
    /// What the next calls are answered, before all others are good.
    bad: Mutex<Vec<u16>>,
}

impl Slow {
    fn new(credentials: &'static str, good: &str) -> Arc<Self> {
        let (calls, asked) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { good: good.to_owned(), credentials, calls, asked, bad: Mutex::default() })
    }

    fn seen(&self) -> (usize, usize) {
        (self.asked.load(Ordering::SeqCst), self.calls.load(Ordering::SeqCst))
    }
}

/// Waits once.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Transport for Slow {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let path = request.uri().path().to_owned();
        let page = request.uri().query().and_then(|query| query.rsplit('=').next()).map(str::to_owned);
        Box::pin(async move {
            pause().await;
            let is_credentials = path.contains("token/create") || path.contains("temporarykey");
            let counter = if is_credentials { &self.asked } else { &self.calls };
            counter.fetch_add(1, Ordering::SeqCst);
            pause().await;
            let mut status = 200;
            let mut body = self.credentials.to_owned();
            if !is_credentials {
                status = self.bad.lock().unwrap().pop().unwrap_or(200);
                body = if status == 200 { self.good.replace("PAGE", &page.unwrap_or_default()) } else { String::new() };
            }
            let mut answer = http::Response::new(Bytes::from(body));
            *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
            Ok(answer)
        })
    }
}

fn clock() -> Arc<FakeRuntime> {
    Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)))
}

/// Polls at most so often, then gives up. Returns the outcome if there was one.
fn polled<F: Future>(future: F, most: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..most).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    })
}

/// Makes the call in every way of giving it up; returns how many polls it takes to its end.
fn give_up_everywhere<T>(
    transport: &Slow,
    call: &dyn Fn() -> Pin<Box<dyn Future<Output = cloud_core::Result<T>>>>,
) -> usize {
    for polls in 0.. {
        *transport.bad.lock().unwrap() = vec![401, 503];
        let outcome = polled(call(), polls);
        let seen = transport.seen();
        transport.bad.lock().unwrap().clear();
        if let Some(outcome) = outcome {
            assert!(outcome.is_ok(), "{}", outcome.err().unwrap());
            return polls;
        }
        assert_eq!(transport.seen(), seen, "something goes on after {polls} polls");
        let (_, calls) = transport.seen();
        let after = polled(call(), 100).expect("the client still answers");
        assert!(after.is_ok(), "after {polls} polls: {}", after.err().unwrap());
        assert_eq!(transport.seen().1, calls + 1, "after {polls} polls");
    }
    unreachable!("each call ends")
}

#[test]
fn call_with_token_can_be_dropped_at_every_await() {
    let transport = Slow::new(
        r#"{"access_token":"t","token_type":"Bearer","expires_in":86400}"#,
        r#"{"header":{"isSuccessful":true,"resultCode":0,"resultMessage":""},"body":[]}"#,
    );
    let builder = Nhn::builder().endpoint("http://127.0.0.1:9").user_access_key("id", "secret");
    let nhn = builder.security_advisor_app_key("app").transport(Arc::clone(&transport)).runtime(clock()).build();
    let advisor = nhn.unwrap().security_advisor().unwrap();
    let call = || -> Pin<Box<dyn Future<Output = _>>> {
        Box::pin(advisor.list_inspection_results(Region::Kr1, Language::En).into_future())
    };
    let polls = give_up_everywhere(&transport, &call);
    // Twice for a token and three times for the call, each with two waits.
    assert!(polls >= 9, "{polls}");
}

#[test]
fn call_with_vault_keys_can_be_dropped_at_every_await() {
    let transport = Slow::new(
        r#"{"access_key":"a","secret_key":"s","expired_at":"2027-01-01 00:00:00.000"}"#,
        r#"{"ciphertext":"vault:v1:AA==","key_version":1}"#,
    );
    let runtime = clock();
    let builder = Scp::builder().endpoint("http://127.0.0.1:9").vault_token("t", "s").secret_vault_id("v");
    let scp = builder.vault_credentials().transport(Arc::clone(&transport)).runtime(Arc::clone(&runtime));
    let kms = scp.build().unwrap().kms();
    let body = scp_security::kms::types::EncryptRequest::new(b"x");
    let call = || -> Pin<Box<dyn Future<Output = _>>> {
        // So old that a refused key is replaced, however often that did not help.
        runtime.advance(std::time::Duration::from_secs(3601));
        Box::pin(kms.encrypt("k", &body).into_future())
    };
    let polls = give_up_everywhere(&transport, &call);
    assert!(polls >= 9, "{polls}");
}

#[test]
fn list_resumes_after_a_dropped_page() {
    let entry = conformance::entries().find(|entry| entry.to_string() == "scp kms 1.4 list_keys").unwrap();
    let mut page = conformance::fixture::find(entry).unwrap().response().1.unwrap();
    page["keys"][0]["id"] = "idPAGE".into();
    page["count"] = 3.into();
    let transport = Slow::new("", &page.to_string());
    let builder = Scp::builder().endpoint("http://127.0.0.1:9").credentials("key", "secret");
    let scp = builder.transport(Arc::clone(&transport)).runtime(clock()).build().unwrap();
    // Each time the wait for the next item is given up after so many polls, and begun again.
    for polls in 1..4 {
        let before = transport.seen().1;
        let mut keys = scp.kms().list_keys().items();
        let mut ids = Vec::new();
        let mut given_up = 0;
        loop {
            match polled(keys.next(), polls) {
                Some(Some(key)) => ids.push(key.unwrap().id),
                Some(None) => break,
                None => given_up += 1,
            }
            assert!(given_up < 100, "it never goes on");
        }
        assert_eq!(ids, ["id0", "id1", "id2"], "{polls}");
        assert_eq!(transport.seen().1 - before, 3, "each page is fetched once");
        assert_eq!(given_up > 0, polls < 3);
    }
}

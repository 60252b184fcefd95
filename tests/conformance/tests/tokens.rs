//! A thousand callers with one token: the number of token requests for a cold cache and after a revocation.

#![cfg(test)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cloud_core::transport::{BuiltInTransport, TransportBuilder, TransportError};
use cloud_core::{BoxFuture, Transport};
use cloud_sandbox::{Answers, Fault, Sandbox};
use nhn_security::Nhn;
use nhn_security::{Language, Region};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

conformance::each_transport!(async token_is_requested_once_for_concurrent_calls_and_once_after_revocation);

const CALLERS: usize = 1000;

/// Counts what is sent, and keeps the number of open connections below what systems allow a process.
#[derive(Debug)]
struct Counting<T> {
    inner: T,
    places: Semaphore,
    tokens: AtomicUsize,
    calls: AtomicUsize,
}

impl<T: Transport> Transport for Counting<T> {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let counter = if request.uri().path() == "/oauth2/token/create" { &self.tokens } else { &self.calls };
        counter.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let _place = self.places.acquire().await;
            self.inner.send(request).await
        })
    }
}

impl<T> Counting<T> {
    fn seen(&self) -> (usize, usize) {
        (self.tokens.load(Ordering::SeqCst), self.calls.load(Ordering::SeqCst))
    }
}

async fn all_call(nhn: &Nhn) {
    let advisor = nhn.security_advisor().unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..CALLERS {
        let advisor = advisor.clone();
        calls.spawn(async move { advisor.list_inspection_results(Region::Kr1, Language::En).await.map(drop) });
    }
    let failed: Vec<_> = calls.join_all().await.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{} of {CALLERS} failed, such as {}", failed.len(), failed[0]);
}

async fn token_is_requested_once_for_concurrent_calls_and_once_after_revocation<T: BuiltInTransport + 'static>() {
    let sandbox = Sandbox::builder().answers(Answers::RequiredOnly).start().await.unwrap();
    let pairs = sandbox.env_vars();
    let get = |name| pairs.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value.as_str());
    let transport = Arc::new(Counting {
        inner: TransportBuilder::<T>::default().build().unwrap(),
        places: Semaphore::new(50),
        tokens: AtomicUsize::new(0),
        calls: AtomicUsize::new(0),
    });
    let nhn = Nhn::builder()
        .endpoint(get("NHN_CLOUD_ENDPOINT"))
        .user_access_key(get("NHN_CLOUD_USER_ACCESS_KEY_ID"), get("NHN_CLOUD_USER_SECRET_ACCESS_KEY"))
        .security_advisor_app_key(get("NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"))
        .transport(Arc::clone(&transport))
        .build()
        .unwrap();
    all_call(&nhn).await;
    assert_eq!(transport.seen(), (1, CALLERS));

    // In the middle of the second wave the token ends; those under way with it are refused and come again.
    sandbox.fault(Fault::token_revoked().on("nhn/*").unwrap().after(300)).unwrap();
    all_call(&nhn).await;
    let (tokens, calls) = transport.seen();
    assert_eq!(tokens, 2);
    assert!((2 * CALLERS + 1..3 * CALLERS).contains(&calls), "{calls}");
}

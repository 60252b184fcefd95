//! Calls and lists that block the current thread, from each kind of thread.

#![cfg(test)]
#![cfg(feature = "blocking")]

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use bytes::Bytes;
use cloud_core::blocking::wait;
use cloud_core::dialect::{Dialect, RawResponse, ResponseOutcome};
use cloud_core::transport::TransportError;
use cloud_core::{
    ApiVersion, BoxFuture, Call, CallContext, Client, Delivery, Endpoint, ErrorKind, Idempotency, Method, Operation,
    Page, Pages, Request, Result, Segment, Transport,
};
use serde::Deserialize;
use tokio::runtime::Builder;

static VERSION: ApiVersion = ApiVersion::new("test", "keys", "1");
static LIST: Operation =
    Operation::new("list", Method::Get, &[Segment::Literal("/keys")]).idempotency(Idempotency::Safe);

#[derive(Debug)]
struct Plain;

impl Dialect for Plain {
    fn prepare(&self, _: CallContext, _: &mut http::HeaderMap) -> Result<()> {
        Ok(())
    }
    fn read(&self, _: CallContext, answer: &RawResponse) -> ResponseOutcome {
        ResponseOutcome::Payload(answer.body.clone())
    }
}

#[derive(Debug, Deserialize)]
struct Keys {
    keys: Vec<i64>,
    count: u64,
}

impl Page for Keys {
    type Item = i64;
    fn into_items(self) -> Vec<i64> {
        self.keys
    }
    fn len(&self) -> usize {
        self.keys.len()
    }
    fn total(&self) -> Option<u64> {
        Some(self.count)
    }
}

/// Returns a page with one key for each request, after a pause of the runtime, and keeps the names of its threads.
#[derive(Debug, Default)]
struct Recorder {
    total: u64,
    panics: bool,
    threads: Mutex<Vec<String>>,
}

impl Transport for Recorder {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, std::result::Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.threads.lock().unwrap().push(thread::current().name().unwrap_or_default().to_owned());
            assert!(!self.panics, "a fault of the transport");
            let page = request.uri().query().and_then(|query| query.strip_prefix("page=")).unwrap_or("0");
            let body = format!(r#"{{"keys":[{page}],"count":{}}}"#, self.total);
            Ok(http::Response::new(Bytes::from(body)))
        })
    }
}

fn call(recorder: &Arc<Recorder>) -> Call<Keys> {
    let client = Client::builder(Endpoint::parse("https://keys.example").unwrap(), Plain)
        .transport(Arc::clone(recorder))
        .build()
        .unwrap()
        .with_version(&VERSION);
    Call::new(&client, Request::new(&LIST))
}

fn pages(recorder: &Arc<Recorder>) -> Pages<Keys> {
    Pages::numbered(call(recorder), "page", "size", 0)
}

fn recorder(total: u64) -> Arc<Recorder> {
    Arc::new(Recorder { total, ..Recorder::default() })
}

#[test]
fn call_blocks_a_plain_thread_until_it_has_ended() {
    let recorder = recorder(1);
    assert_eq!(call(&recorder).wait().unwrap().keys, [0]);
    assert_eq!(call(&recorder).send().wait().unwrap().parts().attempts, 1);
    assert_eq!(recorder.threads.lock().unwrap().len(), 2);
}

#[test]
fn one_thread_runs_the_calls_of_all_threads() {
    let recorder = recorder(1);
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| assert_eq!(call(&recorder).wait().unwrap().keys, [0]));
        }
    });
    let threads = recorder.threads.lock().unwrap();
    assert_eq!(threads.len(), 50);
    assert_eq!(threads.iter().collect::<HashSet<_>>(), HashSet::from([&"cloud-core".to_owned()]));
}

#[test]
fn call_errs_where_a_runtime_is_current() {
    let recorder = recorder(1);
    let refused = |place: &str| {
        let error = call(&recorder).wait().unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Config, Delivery::NotSent), "{place}");
        let text = error.to_string();
        assert!(
            text.contains(".await") && text.contains("Handle::block_on") && text.contains("list"),
            "{place}: {text}"
        );
    };
    let current = Builder::new_current_thread().enable_all().build().unwrap();
    let several = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    current.block_on(async { refused("block_on of a current-thread runtime") });
    several.block_on(async { refused("block_on of a multi-thread runtime") });
    thread::scope(|scope| {
        scope.spawn(|| {
            let _guard = several.enter();
            refused("a thread that entered a runtime");
        });
    });
    let elsewhere = Arc::clone(&recorder);
    let outcome = several.block_on(async move {
        let worker = tokio::spawn({
            let recorder = Arc::clone(&elsewhere);
            async move { call(&recorder).wait().map(drop) }
        });
        let blocking = tokio::task::spawn_blocking(move || call(&elsewhere).wait().map(drop));
        (worker.await.unwrap(), blocking.await.unwrap())
    });
    for outcome in [outcome.0, outcome.1] {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Config);
    }
    assert!(recorder.threads.lock().unwrap().is_empty(), "something was sent");
}

#[test]
fn list_is_an_iterator_of_results() {
    let items: Result<Vec<_>> = pages(&recorder(3)).items().into_iter().collect();
    assert_eq!(items.unwrap(), [0, 1, 2]);
    assert_eq!(pages(&recorder(3)).items().collect_wait().unwrap(), [0, 1, 2]);
    let mut seen = Vec::new();
    for page in pages(&recorder(2)) {
        seen.extend(page.unwrap().keys);
    }
    assert_eq!(seen, [0, 1]);
}

#[test]
fn list_ends_after_an_error() {
    let list = || pages(&recorder(5)).page_cap(2);
    let items: Vec<_> = list().items().into_iter().map(|item| item.map_err(|error| error.kind())).collect();
    assert_eq!(items, [Ok(0), Ok(1), Err(ErrorKind::Incomplete)]);
    let pages: Vec<_> =
        list().into_iter().map(|page| page.map(|page| page.keys).map_err(|error| error.kind())).collect();
    assert_eq!(pages, [Ok(vec![0]), Ok(vec![1]), Err(ErrorKind::Incomplete)]);
    assert_eq!(list().items().collect_wait().unwrap_err().kind(), ErrorKind::Incomplete);
}

#[test]
fn list_in_a_runtime_errs_once() {
    let recorder = recorder(3);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut items = pages(&recorder).items().into_iter();
    runtime.block_on(async {
        let error = items.next().unwrap().unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.operation().is_some(), "{error}");
        assert!(items.next().is_none());
    });
    assert!(recorder.threads.lock().unwrap().is_empty());
}

#[test]
fn dropped_list_requests_no_page() {
    let recorder = recorder(3);
    let mut items = pages(&recorder).items().into_iter();
    assert_eq!(items.next().unwrap().unwrap(), 0);
    drop(items);
    drop(call(&recorder));
    assert_eq!(call(&recorder).wait().unwrap().keys, [0]);
    assert_eq!(recorder.threads.lock().unwrap().len(), 2);
}

#[test]
fn panic_of_a_call_is_an_error_and_leaves_the_thread_usable() {
    let faulty = Arc::new(Recorder { total: 1, panics: true, threads: Mutex::default() });
    let error = call(&faulty).wait().unwrap_err();
    assert!(error.to_string().contains("panicked, and may have been executed"), "{error}");
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Transport, Delivery::PossiblySent));
    assert_eq!(call(&recorder(1)).wait().unwrap().keys, [0]);
}

#[test]
fn any_future_of_the_sdk_can_be_waited_for() {
    let recorder = recorder(2);
    let listing = wait(pages(&recorder).items().into_listing()).unwrap();
    assert_eq!(listing.into_complete().unwrap(), [0, 1]);
}

/// Makes a call when it is dropped.
struct Last(Arc<Recorder>, mpsc::Sender<Result<Vec<i64>>>);

impl Drop for Last {
    fn drop(&mut self) {
        self.1.send(call(&self.0).wait().map(|keys| keys.keys)).unwrap();
    }
}

#[test]
fn value_that_is_dropped_can_make_a_call() {
    thread_local! {
        static KEPT: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    let recorder = recorder(1);
    let (sender, outcomes) = mpsc::channel();
    let last = || Last(Arc::clone(&recorder), sender.clone());
    drop(last());
    let (unwound, thread_ended) = (last(), last());
    thread::spawn(move || {
        let _unwound = unwound;
        panic!("a panic of the caller");
    })
    .join()
    .unwrap_err();
    let other = Arc::clone(&recorder);
    thread::spawn(move || {
        // Before the first wait, so that it is dropped after what the wait keeps for the thread.
        KEPT.set(Some(thread_ended));
        call(&other).wait().unwrap();
    })
    .join()
    .unwrap();
    for place in ["of a scope", "of a thread that panicked", "of a thread that ended"] {
        assert_eq!(outcomes.recv().unwrap().unwrap(), [0], "at the end {place}");
    }
    // The tasks of a runtime are dropped within it.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let task = last();
    runtime.spawn(async move {
        let _task = task;
        std::future::pending::<()>().await;
    });
    runtime.block_on(tokio::task::yield_now());
    drop(runtime);
    assert_eq!(outcomes.recv().unwrap().unwrap_err().kind(), ErrorKind::Config);
}

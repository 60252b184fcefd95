//! What read-only handles and those that hide secrets refuse.
//!
//! The two lists are written by hand. A change in them is a change for users.

#![cfg(test)]

use std::collections::BTreeSet;
use std::pin::pin;
use std::task::{self, Poll, Waker};

use cloud_core::Operation;
use conformance::fixture;
use conformance::harness::{Recorder, Secrets};
use conformance::{Clients, Context, VERSIONS};

const MUTATING: &str = include_str!("operations-that-mutate.txt");
const REVEALING: &str = include_str!("operations-that-reveal-secrets.txt");
const SECRETS: Secrets = Secrets { mark: "test-" };

fn listed(text: &'static str) -> BTreeSet<String> {
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// The operations with this fact, as the SDKs hold them.
fn generated(fact: impl Fn(&Operation) -> bool) -> BTreeSet<String> {
    let every = VERSIONS.iter().flat_map(|(version, operations)| {
        operations.iter().map(move |operation| (format!("{version} {}", operation.name), *operation))
    });
    every.filter(|(_, operation)| fact(operation)).map(|(name, _)| name).collect()
}

#[test]
fn operations_with_each_fact_are_those_of_the_lists() {
    for (wanted, found) in
        [(listed(MUTATING), generated(Operation::mutates)), (listed(REVEALING), generated(Operation::reveals_secrets))]
    {
        let unlisted: Vec<_> = found.difference(&wanted).collect();
        let absent: Vec<_> = wanted.difference(&found).collect();
        assert!(unlisted.is_empty() && absent.is_empty(), "not listed: {unlisted:?}; listed only: {absent:?}");
    }
}

#[test]
fn every_version_names_the_documentation_of_its_vendor() {
    for (version, _) in VERSIONS {
        let page = version.documentation.unwrap_or_default();
        let host = match version.vendor {
            "scp" => "https://docs.e.samsungsdscloud.com/",
            "nhn" => "https://docs.nhncloud.com/",
            _ => "https://docs.security-hub.jp/",
        };
        assert!(page.starts_with(host), "{version}: {page}");
    }
}

/// The restrictions of a handle.
#[derive(Clone, Copy, Debug)]
struct Handle {
    read_only: bool,
    hiding_secrets: bool,
}

impl Handle {
    const EVERY: [Self; 4] = [
        Self { read_only: false, hiding_secrets: false },
        Self { read_only: true, hiding_secrets: false },
        Self { read_only: false, hiding_secrets: true },
        Self { read_only: true, hiding_secrets: true },
    ];

    fn of(self, clients: Clients) -> Clients {
        let Clients { mut scp, mut nhn, mut risken } = clients;
        if self.read_only {
            (scp, nhn, risken) =
                (scp.map(|h| h.read_only()), nhn.map(|h| h.read_only()), risken.map(|h| h.read_only()));
        }
        if self.hiding_secrets {
            scp = scp.map(|handle| handle.hiding_secrets());
            nhn = nhn.map(|handle| handle.hiding_secrets());
            risken = risken.map(|handle| handle.hiding_secrets());
        }
        Clients { scp, nhn, risken }
    }

    /// The method that refuses the operation of this name, if one does.
    fn refusal(self, name: &str, mutating: &BTreeSet<String>, revealing: &BTreeSet<String>) -> Option<&'static str> {
        if self.read_only && mutating.contains(name) {
            Some("read_only()")
        } else if self.hiding_secrets && revealing.contains(name) {
            Some("hiding_secrets()")
        } else {
            None
        }
    }
}

/// Makes every call through each handle, and compares what it refuses with the lists.
async fn refuses(blocking: bool) {
    let (mutating, revealing) = (listed(MUTATING), listed(REVEALING));
    for handle in Handle::EVERY {
        for entry in conformance::entries() {
            let (status, answer) = fixture::find(entry).unwrap().response();
            let transport = Recorder::new(SECRETS, status, answer.as_ref());
            let context = Context::new(handle.of(SECRETS.clients(&transport)));
            let context = if blocking { context.blocking() } else { context };
            let result = (entry.call)(&context).await;
            match handle.refusal(&entry.to_string(), &mutating, &revealing) {
                None => assert_eq!((&result, transport.sent().len()), (&Ok(()), 1), "{entry} by {handle:?}"),
                Some(method) => {
                    let text = result.unwrap_err();
                    let start = format!("{entry} rejected locally: the handle ");
                    let end = format!(": use a handle without {method}");
                    assert!(text.starts_with(&start) && text.ends_with(&end), "{entry} by {handle:?}: {text}");
                    assert_eq!(transport.count(), 0, "{entry} by {handle:?}: a request was sent, perhaps for a token");
                }
            }
        }
    }
}

#[tokio::test]
async fn restricted_handle_refuses_the_listed_operations_before_any_request() {
    refuses(false).await;
}

#[test]
fn restricted_handle_refuses_blocking_calls_too() {
    // Nothing is awaited, so one poll makes all calls.
    let outcome = pin!(refuses(true)).poll(&mut task::Context::from_waker(Waker::noop()));
    assert_eq!(outcome, Poll::Ready(()));
}

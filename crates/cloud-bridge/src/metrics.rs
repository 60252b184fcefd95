//! Counters, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::mount::{Engine, Mounts};

/// What is counted apart: the mount, the operation and the status. A status that a client asks `sys/health` for is not counted as such.
type Series = (String, &'static str, u16);

/// Requests and the time that they took.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<BTreeMap<Series, (u64, Duration)>>);

impl Metrics {
    pub(crate) fn count(&self, mount: &str, operation: &'static str, status: u16, took: Duration) {
        let mut series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, total) = series.entry((mount.to_owned(), operation, status)).or_default();
        *number += 1;
        *total = total.saturating_add(took);
    }

    /// All counters as text.
    pub(crate) fn text(&self, mounts: &Mounts, policy_failures: u64, policy_broken: bool) -> String {
        let mut text = String::new();
        let series = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let name = "cloud_bridge_request_duration_seconds";
        // Writing into a string cannot fail.
        let _ = writeln!(text, "# HELP {name} Requests and the time until their responses.\n# TYPE {name} summary");
        for ((mount, operation, status), (number, took)) in series {
            let labels = format!("mount=\"{mount}\",operation=\"{operation}\",status=\"{status}\"");
            let _ = writeln!(text, "{name}_sum{{{labels}}} {}", took.as_secs_f64());
            let _ = writeln!(text, "{name}_count{{{labels}}} {number}");
        }
        let name = "cloud_bridge_policy_file_failures_total";
        let _ = writeln!(text, "# HELP {name} Changes of the policy file that could not be used.");
        let _ = writeln!(text, "# TYPE {name} counter\n{name} {policy_failures}");
        let name = "cloud_bridge_policy_file_broken";
        let _ = writeln!(text, "# HELP {name} Whether the policy file cannot be used now.");
        let _ = writeln!(text, "# TYPE {name} gauge\n{name} {}", u8::from(policy_broken));
        caches(&mut text, mounts);
        text
    }
}

/// The counters of the caches of all mounts with secrets.
fn caches(text: &mut String, mounts: &Mounts) {
    let caches: Vec<_> = mounts
        .all()
        .iter()
        .filter_map(|mount| match &mount.engine {
            Engine::Kv(kv) => Some((&mount.path, kv.metrics())),
            Engine::Transit(_) => None,
        })
        .collect();
    type Read = fn(&cloud_secrets::Metrics) -> u64;
    let counters: [(&str, &str, Read); 6] = [
        ("hits", "Reads from the cache.", |metrics| metrics.hits),
        ("misses", "Reads that waited for the cloud.", |metrics| metrics.misses),
        ("stale", "Reads of a value past its time, in an outage.", |metrics| metrics.stale),
        ("fetches", "Requests for a value.", |metrics| metrics.fetches),
        ("errors", "Requests that failed.", |metrics| metrics.errors),
        ("refusals", "Requests that the cloud refused.", |metrics| metrics.refusals),
    ];
    for (counter, help, read) in counters {
        let name = format!("cloud_bridge_cache_{counter}_total");
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
        for (mount, metrics) in &caches {
            let _ = writeln!(text, "{name}{{mount=\"{mount}\"}} {}", read(metrics));
        }
    }
}

//! Latencies by class of call, with percentiles.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Latencies, in microseconds, by class.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Mutex<BTreeMap<&'static str, Vec<u32>>>);

/// The latencies of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    /// How many calls.
    pub(crate) calls: usize,
    /// The median.
    pub p50: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The slowest.
    pub(crate) max: Duration,
}

impl Latencies {
    /// Records one call.
    pub(crate) fn add(&self, class: &'static str, took: Duration) {
        let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(class).or_default().push(micros);
    }

    /// Returns a summary of each class, and of all calls under `all`.
    #[must_use]
    pub(crate) fn summaries(&self) -> Vec<(&'static str, Summary)> {
        let classes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<u32> = classes.values().flatten().copied().collect();
        let mut found: Vec<_> =
            classes.iter().map(|(class, micros)| (*class, Summary::of(&mut micros.clone()))).collect();
        found.push(("all", Summary::of(&mut all)));
        found
    }

    /// Returns the summaries as a Markdown table.
    #[must_use]
    pub(crate) fn table(&self) -> String {
        let mut text = String::from("| calls of | calls | p50 ms | p99 ms | max ms |\n|---|---:|---:|---:|---:|\n");
        for (class, Summary { calls, p50, p99, max }) in self.summaries() {
            let [p50, p99, max] = [p50, p99, max].map(|time| time.as_secs_f64() * 1000.0);
            // Writing into a string cannot fail.
            let _ = writeln!(text, "| {class} | {calls} | {p50:.1} | {p99:.1} | {max:.1} |");
        }
        text
    }
}

impl Summary {
    fn of(micros: &mut [u32]) -> Self {
        micros.sort_unstable();
        // The value at this share, in thousandths.
        let rank = |share: usize| {
            let at = (micros.len() * share).div_ceil(1000).saturating_sub(1);
            Duration::from_micros(micros.get(at).copied().unwrap_or_default().into())
        };
        Self { calls: micros.len(), p50: rank(500), p99: rank(990), max: rank(1000) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_ranks_of_the_sorted_calls() {
        let latencies = Latencies::default();
        for millis in (1..=200).rev() {
            latencies.add("b", Duration::from_millis(millis));
        }
        latencies.add("a", Duration::from_secs(1));
        let ms = Duration::from_millis;
        let b = Summary { calls: 200, p50: ms(100), p99: ms(198), max: ms(200) };
        let a = Summary { calls: 1, p50: ms(1000), p99: ms(1000), max: ms(1000) };
        let all = Summary { calls: 201, p50: ms(101), p99: ms(199), max: ms(1000) };
        assert_eq!(latencies.summaries(), [("a", a), ("b", b), ("all", all)]);
        assert!(latencies.table().ends_with("| all | 201 | 101.0 | 199.0 | 1000.0 |\n"), "{}", latencies.table());
    }

    #[test]
    fn summary_of_no_calls_is_zero() {
        let zero = Duration::ZERO;
        assert_eq!(Summary::of(&mut []), Summary { calls: 0, p50: zero, p99: zero, max: zero });
    }
}

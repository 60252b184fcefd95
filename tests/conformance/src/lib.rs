//! Calls every documented operation of every API version once, through the public typed API.
//!
//! The calls are generated from the fixtures and work with any server.

mod choice;
mod context;
pub mod fixture;
mod generated;
pub mod harness;

pub use context::{Clients, Context, Entry, Outcome, Plant, Running};
pub use generated::versions::VERSIONS;

/// Every documented operation of every version, SCP first, in the order of the fixtures.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    generated::ENTRIES.iter().copied().flatten()
}

/// Makes the calls of one vendor, or of all, one after the other.
pub async fn run(clients: Clients, vendor: Option<&str>, mut report: impl FnMut(&Outcome)) -> Vec<Outcome> {
    let context = Context::new(clients);
    let mut outcomes = Vec::new();
    let mut chosen: Vec<_> = entries().filter(|entry| vendor.is_none_or(|vendor| vendor == entry.vendor)).collect();
    // Versions stay where they are; within one, an answer comes before the calls that use it.
    for version in chosen.chunk_by_mut(|a, b| (a.service, a.version) == (b.service, b.version)) {
        version.sort_by_key(|entry| choice::rank(entry.service, entry.operation));
    }
    for entry in chosen {
        let outcome = Outcome { entry, result: (entry.call)(&context).await };
        report(&outcome);
        outcomes.push(outcome);
    }
    outcomes
}

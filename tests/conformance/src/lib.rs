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

/// Makes a test for each built-in transport from each of these functions, which have the transport as their parameter.
/// With `async`, the functions are asynchronous.
#[macro_export]
macro_rules! each_transport {
    (async $($test:ident),* $(,)?) => {
        $crate::each_transport!(@ [#[tokio::test] async] [.await] $($test)*);
    };
    ($($test:ident),* $(,)?) => {
        $crate::each_transport!(@ [#[test]] [] $($test)*);
    };
    (@ $function:tt $end:tt $($test:ident)*) => {
        mod reqwest {
            $($crate::each_transport!(% $function $end $test cloud_core::transport::reqwest::ReqwestTransport);)*
        }

        mod hyper {
            $($crate::each_transport!(% $function $end $test cloud_core::transport::hyper::HyperTransport);)*
        }
    };
    (% [$($function:tt)*] [$($end:tt)*] $test:ident $transport:ty) => {
        $($function)* fn $test() {
            super::$test::<$transport>()$($end)*;
        }
    };
}

/// Every documented operation of every version, SCP first, in the order of the fixtures.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    generated::ENTRIES.iter().copied().flatten()
}

/// Makes the calls of one vendor, or of all, one after the other.
pub async fn run(clients: Clients, vendor: Option<&str>, report: impl FnMut(&Outcome)) -> Vec<Outcome> {
    run_in(&Context::new(clients).with_names_of_its_own(), vendor, report).await
}

/// As [`run`], in this context.
pub async fn run_in(context: &Context, vendor: Option<&str>, mut report: impl FnMut(&Outcome)) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut chosen: Vec<_> = entries().filter(|entry| vendor.is_none_or(|vendor| vendor == entry.vendor)).collect();
    // Versions stay where they are; within one, an answer comes before the calls that use it.
    for version in chosen.chunk_by_mut(|a, b| (a.service, a.version) == (b.service, b.version)) {
        version.sort_by_key(|entry| choice::rank(entry.service, entry.operation));
    }
    for entry in chosen {
        let outcome = Outcome { entry, result: (entry.call)(context).await };
        report(&outcome);
        outcomes.push(outcome);
    }
    outcomes
}

//! The fault matrix: the result of each fault, for each vendor and class of operation.

mod calls;
mod cell;
mod clock;
mod command;
mod expected;
mod faults;
mod faulty_server;
mod table;

pub use calls::Class;
use calls::{Credentials, TARGETS, Target};
use cell::{CellResult, Environment};
use cloud_core::transport::BuiltInTransport;
pub use command::{command, guide, replace};
use faults::{FAULTS, Fault, Meaning, Source};
use faulty_server::{End, Misbehavior};
pub use table::render;

/// Which requests have the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    /// Only the first request.
    Once,
    /// Every request.
    Always,
}

/// How the caller gets the result of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It awaits the call.
    Awaited,
    /// Its thread blocks, and the thread of blocking calls runs the call.
    Waited,
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// How often the request was sent; all pages of a list count.
    pub attempts: u32,
    /// The delays between attempts, in milliseconds.
    pub waits: Vec<u64>,
    /// The time from the call to its end, in milliseconds.
    pub total: u64,
    /// `ok`, or a summary of the error.
    pub outcome: String,
    /// How often the service executed the call.
    pub executed: u32,
}

/// One call with one fault.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The fault.
    pub fault: &'static str,
    /// Which requests have it.
    pub frequency: Frequency,
    /// The vendor.
    pub vendor: &'static str,
    /// The operation, by the sandbox's name.
    pub operation: &'static str,
    /// The class of the operation.
    pub class: Class,
    /// The credentials, if another call has the same vendor and class.
    pub note: &'static str,
    /// Whether a successful call was made before.
    pub warmed_up: bool,
    /// The measured result.
    pub observed: Observation,
    /// The expected result.
    pub expected: Observation,
    /// How many requests the transport received.
    pub sent: u32,
    /// How many complete requests reached the server.
    pub arrived: u32,
    /// The error text.
    pub error: Option<String>,
}

const ROTATES: &str = "scp/kms/rotate_key";

/// Runs every cell with this transport, in this manner. The order is that of the tables.
///
/// # Errors
/// When the sandbox or a socket cannot be opened, or a client cannot be built.
pub async fn run<T: BuiltInTransport + 'static>(manner: Manner) -> Result<Vec<Cell>, String> {
    let mut cells = Vec::new();
    for fault in FAULTS {
        // One for each fault, because every cell searches the log of calls.
        let environment = Environment::start().await?;
        let first = cells.len();
        for frequency in [Frequency::Once, Frequency::Always] {
            let runs = |target: &&Target| applies(fault, frequency, target) && suits(fault, target, manner);
            for target in TARGETS.iter().filter(runs) {
                let CellResult { observed, sent, arrived, error } =
                    environment.run::<T>(target, fault, frequency, manner).await?;
                cells.push(Cell {
                    fault: fault.name,
                    frequency,
                    vendor: target.vendor,
                    operation: target.operation,
                    class: target.class,
                    note: target.credentials.note(),
                    warmed_up: cell::warmed_up(target, fault),
                    observed,
                    expected: expected_in(manner, expected::expected(target, fault, frequency)),
                    sent,
                    arrived,
                    error,
                });
            }
        }
        // The key's version confirms the sandbox's log. Successful calls made before rotate it too.
        let rotates = cells[first..].iter().filter(|cell| cell.operation == ROTATES);
        let told: u32 = rotates.map(|cell| cell.observed.executed + u32::from(cell.warmed_up)).sum();
        let rotated = environment.rotations::<T>().await?;
        if rotated != told {
            return Err(format!("{}: the key was rotated {rotated} times, the log has {told}", fault.name));
        }
    }
    Ok(cells)
}

/// The error of a list that a thread waits for does not tell whether the list can be resumed.
fn expected_in(manner: Manner, mut expected: Observation) -> Observation {
    if manner == Manner::Waited
        && let Some(end) = expected.outcome.find("; the list can")
    {
        expected.outcome.truncate(end);
    }
    expected
}

/// Whether the call can be made so, with the same result whichever thread it runs on. A server in another thread can
/// reset a connection before the client has it, or after. A cache is only awaited.
fn suits(fault: &Fault, target: &Target, manner: Manner) -> bool {
    let resets = matches!(fault.source, Source::Wire(Misbehavior::AtConnect(_, End::Reset)));
    manner == Manner::Awaited || (!resets && target.class != Class::Cached)
}

fn applies(fault: &Fault, frequency: Frequency, target: &Target) -> bool {
    match (fault.meaning, &fault.source) {
        // The call before would get the token, correct the clock, or fail too.
        (Meaning::TokenStatus(_) | Meaning::TokenUnavailable, _) | (_, Source::Clock(_) | Source::Https(_))
            if target.class == Class::Cached =>
        {
            false
        }
        (Meaning::List(_), _) => target.class == Class::List && frequency == Frequency::Once,
        (Meaning::TokenStatus(_) | Meaning::TokenUnavailable, _) => target.credentials == Credentials::Token,
        // A call made before would already correct the clock.
        (_, Source::Clock(_)) => frequency == Frequency::Once && target.credentials != Credentials::Temporary,
        // The server does not speak TLS, so neither a first page nor a token can be fetched.
        (_, Source::Https(_)) => {
            let needs_one = matches!(target.credentials, Credentials::Token | Credentials::Temporary);
            frequency == Frequency::Always && target.class != Class::List && !needs_one
        }
        // A response that is valid once is always valid.
        (Meaning::Good, _) => frequency == Frequency::Always,
        _ => true,
    }
}

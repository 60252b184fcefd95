//! The matrix of faults: what the SDKs do with each, for each vendor and class of operation.

mod calls;
mod cell;
mod clock;
mod command;
mod crooked;
mod faults;
mod rules;
mod table;

pub use calls::Class;
use calls::{Credentials, TARGETS, Target};
use cell::{Found, Stand};
pub use command::{command, guide, replace};
use faults::{FAULTS, Fault, Meaning, Source};
pub use table::render;

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Often {
    /// The first request, and no other.
    Once,
    /// Every request.
    Always,
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How often the request was sent, all pages of a list together.
    pub attempts: u32,
    /// The waits between attempts, in milliseconds.
    pub waits: Vec<u64>,
    /// The time from the call to its end, in milliseconds.
    pub total: u64,
    /// `ok`, or what the error says of itself.
    pub outcome: String,
    /// How often the service carried the call out.
    pub executed: u32,
}

/// One call under one fault.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What goes wrong.
    pub fault: &'static str,
    /// How often.
    pub often: Often,
    /// Whom is called.
    pub vendor: &'static str,
    /// Which operation, as the sandbox names it.
    pub operation: &'static str,
    /// What kind of operation it is.
    pub class: Class,
    /// With which credentials, where that tells calls apart.
    pub note: &'static str,
    /// Whether a good call was made beforehand.
    pub warmed: bool,
    /// What happened.
    pub seen: Seen,
    /// What has to happen.
    pub expected: Seen,
    /// How many requests the client's transport was given.
    pub sent: u32,
    /// How many requests reached the other end whole.
    pub arrived: u32,
    /// The error as a person reads it.
    pub error: Option<String>,
}

const ROTATES: &str = "scp/kms/rotate_key";

/// Runs every cell. The order is that of the tables.
///
/// # Errors
/// When the sandbox or a socket cannot be opened, or a client cannot be built.
pub async fn run() -> Result<Vec<Cell>, String> {
    let mut cells = Vec::new();
    for fault in FAULTS {
        // One for each fault, since the log of calls is searched for every cell.
        let stand = Stand::start().await?;
        let first = cells.len();
        for often in [Often::Once, Often::Always] {
            for target in TARGETS.iter().filter(|target| applies(fault, often, target)) {
                let Found { seen, sent, arrived, error } = stand.run(target, fault, often).await?;
                cells.push(Cell {
                    fault: fault.name,
                    often,
                    vendor: target.vendor,
                    operation: target.operation,
                    class: target.class,
                    note: target.credentials.note(),
                    warmed: cell::warmed(target, fault),
                    seen,
                    expected: rules::expected(target, fault, often),
                    sent,
                    arrived,
                    error,
                });
            }
        }
        // The key itself is the witness that the sandbox's log tells the truth. Good calls beforehand rotate it too.
        let rotates = cells[first..].iter().filter(|cell| cell.operation == ROTATES);
        let told: u32 = rotates.map(|cell| cell.seen.executed + u32::from(cell.warmed)).sum();
        let rotated = stand.rotations().await?;
        if rotated != told {
            return Err(format!("{}: the key was rotated {rotated} times, the log tells of {told}", fault.name));
        }
    }
    Ok(cells)
}

fn applies(fault: &Fault, often: Often, target: &Target) -> bool {
    match (fault.meaning, &fault.source) {
        (Meaning::List(_), _) => target.class == Class::List && often == Often::Once,
        (Meaning::NoToken(_) | Meaning::TokenLost, _) => target.credentials == Credentials::Token,
        // A wrong clock is corrected for good, which a call beforehand would bring about.
        (_, Source::Clock(_)) => often == Often::Once && target.credentials != Credentials::Temporary,
        // The socket knows no TLS, so that nothing gets through, not the first page of a list nor a token.
        (_, Source::Https(_)) => {
            let needs_one = matches!(target.credentials, Credentials::Token | Credentials::Temporary);
            often == Often::Always && target.class != Class::List && !needs_one
        }
        // What is good at once is good always.
        (Meaning::Good, _) => often == Often::Always,
        _ => true,
    }
}

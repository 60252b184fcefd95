//! Why a fault is refused.

use std::fmt;

/// How many faults may be set at a time; more than anyone needs, and a bound on what a caller can store.
pub(super) const MAX_FAULTS: usize = 1000;

/// The error of a fault that cannot be set, or could never strike.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedFault {
    /// As many faults as may be set at a time are set already.
    TooMany,
    /// No operation matches the pattern.
    UnknownOperation(String),
    /// The fault is about pages, and no operation that matches the pattern has any.
    NoPages(String),
    /// The fault is to strike zero times.
    NoStrikes,
}

impl fmt::Display for RefusedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LISTED: &str = "Sandbox::operations and GET /_sandbox/operations list all";
        match self {
            Self::TooMany => write!(f, "{MAX_FAULTS} faults are set already: clear them first"),
            Self::UnknownOperation(pattern) => write!(f, "no operation matches {pattern:?}: {LISTED}"),
            Self::NoPages(pattern) => write!(f, "no operation that matches {pattern:?} has pages: {LISTED}"),
            Self::NoStrikes => f.write_str("times must be at least 1, or null for no limit"),
        }
    }
}

impl std::error::Error for RefusedFault {}

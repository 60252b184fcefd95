//! Identifiers and tokens that differ from each other but not from run to run.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// Generates a sequence of names; the same sequence for every sandbox.
#[derive(Debug, Default)]
pub(crate) struct Ids(AtomicU64);

impl Ids {
    /// 64 hexadecimal digits that were not given out before.
    pub(crate) fn next(&self, purpose: &str) -> String {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::digest(format!("{purpose} {number}"));
        let mut text = String::with_capacity(64);
        for byte in digest {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// A request id as the vendors print them.
    pub(crate) fn request(&self) -> String {
        let mut id = self.next("request");
        id.truncate(32);
        for dash in [8, 13, 18, 23] {
            id.insert(dash, '-');
        }
        id
    }
}

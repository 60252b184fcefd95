//! A data key that seals messages, and what it has sealed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cloud_core::SecretBytes;

use crate::limits::Limits;

pub(crate) struct SealingKey {
    plaintext: SecretBytes,
    /// Its wrapped forms, as a header has them.
    wrapped: Vec<u8>,
    /// When it was requested, by the monotonic clock.
    requested: Duration,
    sealed: Mutex<Sealed>,
}

/// How much a data key has sealed, or will seal.
#[derive(Default)]
pub(super) struct Sealed {
    messages: u64,
    bytes: u64,
}

impl Sealed {
    /// Counts a message, if the limits allow one more. The first message is always allowed, whatever its length.
    pub(super) fn reserve(&mut self, bytes: u64, limits: Limits) -> bool {
        // A stream, whose length is unknown, begins only below the limit.
        let fits = self.bytes < limits.bytes && self.bytes.saturating_add(bytes) <= limits.bytes;
        let allowed = self.messages < limits.messages && fits;
        if self.messages > 0 && !allowed {
            return false;
        }
        self.messages += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        true
    }
}

impl SealingKey {
    pub(crate) fn new(plaintext: SecretBytes, wrapped: Vec<u8>, requested: Duration) -> Self {
        Self { plaintext, wrapped, requested, sealed: Mutex::default() }
    }

    pub(crate) fn plaintext(&self) -> &SecretBytes {
        &self.plaintext
    }

    pub(crate) fn wrapped(&self) -> &[u8] {
        &self.wrapped
    }

    pub(crate) fn requested(&self) -> Duration {
        self.requested
    }

    /// Counts a message, if the limits allow one more.
    pub(crate) fn reserve(&self, bytes: u64, limits: Limits) -> bool {
        self.sealed.lock().unwrap_or_else(PoisonError::into_inner).reserve(bytes, limits)
    }

    /// Counts bytes of a message that is being sealed.
    pub(crate) fn count_bytes(&self, bytes: usize) {
        let mut sealed = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        sealed.bytes = sealed.bytes.saturating_add(bytes as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_of_bytes_that_is_reached_ends_the_key() {
        let limits = Limits { bytes: 10, ..Limits::default() };
        // The length of a stream is unknown when it begins.
        let stream = 0;
        for (before, next, allowed) in
            [(9, stream, true), (10, stream, false), (9, 1, true), (9, 2, false), (11, 0, false)]
        {
            let mut sealed = Sealed::default();
            assert!(sealed.reserve(before, limits));
            assert_eq!(sealed.reserve(next, limits), allowed, "{next} bytes after {before}");
        }
    }
}

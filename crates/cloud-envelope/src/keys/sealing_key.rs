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

#[derive(Default)]
struct Sealed {
    messages: u64,
    bytes: u64,
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

    /// Counts a message, if the limits allow one more. The first message is always allowed, whatever its length.
    pub(crate) fn reserve(&self, bytes: u64, limits: Limits) -> bool {
        let mut sealed = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        let allowed = sealed.messages < limits.messages && sealed.bytes.saturating_add(bytes) <= limits.bytes;
        if sealed.messages > 0 && !allowed {
            return false;
        }
        sealed.messages += 1;
        sealed.bytes = sealed.bytes.saturating_add(bytes);
        true
    }

    /// Counts bytes of a message that is being sealed.
    pub(crate) fn count_bytes(&self, bytes: usize) {
        let mut sealed = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        sealed.bytes = sealed.bytes.saturating_add(bytes as u64);
    }
}

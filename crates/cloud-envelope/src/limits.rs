//! How long and how often one data key seals messages.

use std::time::Duration;

/// How long and how often one data key is used. A limit that is reached costs one request for another data key.
///
/// Each message has a key of its own, derived from the data key and 256 random bits, so that no limit of AES-GCM adds up
/// over messages. What grows with the limits is what a leaked data key opens, and how long a key that the service has
/// disabled is still in use.
///
/// ```
/// use std::time::Duration;
///
/// use cloud_envelope::Limits;
///
/// let limits = Limits { age: Duration::from_secs(60), ..Limits::default() };
/// assert_eq!(limits.messages, 100_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a data key is used after it was requested, to encrypt and to decrypt. With zero, each message is a request;
    /// callers that wait at the same time share it.
    pub age: Duration,
    /// How many messages a data key encrypts, from 1 to 2^32.
    pub messages: u64,
    /// How many bytes a data key encrypts, from 1. A longer message gets a data key of its own. The length of a stream is
    /// not known when it begins: it counts as it goes on, and ends under the data key that it began with. Streams that
    /// run at the same time can together go beyond this limit.
    pub bytes: u64,
}

impl Limits {
    /// The most messages that may be set: the default of the specification, `framework/caching-cmm.md`.
    pub(crate) const MAX_MESSAGES: u64 = 1 << 32;
}

impl Default for Limits {
    /// 10 minutes, 100,000 messages and 64 GiB.
    fn default() -> Self {
        Self { age: Duration::from_secs(600), messages: 100_000, bytes: 1 << 36 }
    }
}

//! Builds a sealer.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use cloud_core::runtime::TokioRuntime;
use cloud_core::{DataKeySource, Runtime};

use crate::error::{Error, ErrorKind, Result};
use crate::keys::Keys;
use crate::limits::Limits;
use crate::sealer::{Formats, Sealer};

/// The length of a frame unless set: 64 KiB.
const FRAME_LENGTH: u32 = 64 * 1024;
/// The longest frame of a stream that is opened, unless set: 16 MiB.
const MAX_FRAME_LENGTH: u32 = 16 * 1024 * 1024;
/// The most wrapped keys of a message that is opened, unless set.
const MAX_KEYS: usize = 10;
/// How many unwrapped data keys are kept, unless set.
const CAPACITY: usize = 1_000;

/// Builds a [`Sealer`].
///
/// ```
/// use std::time::Duration;
///
/// use cloud_envelope::{DataKeySource, Limits, Result, Sealer};
///
/// fn sealer(key: impl DataKeySource + 'static, other_region: impl DataKeySource + 'static) -> Result<Sealer> {
///     Sealer::builder(key)
///         .also(other_region)
///         .reuse(Limits { age: Duration::from_secs(600), messages: 100_000, bytes: 1 << 36 })
///         .build()
/// }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct SealerBuilder {
    sources: Vec<Arc<dyn DataKeySource>>,
    runtime: Option<Arc<dyn Runtime>>,
    limits: Limits,
    capacity: usize,
    formats: Formats,
}

impl SealerBuilder {
    pub(crate) fn new(source: Arc<dyn DataKeySource>) -> Self {
        let formats = Formats { frame_length: FRAME_LENGTH, max_frame_length: MAX_FRAME_LENGTH, max_keys: MAX_KEYS };
        Self { sources: vec![source], runtime: None, limits: Limits::default(), capacity: CAPACITY, formats }
    }

    /// Adds a key, such as one of another region or vendor. The data key of each message is wrapped with all keys, and any
    /// one of them opens it.
    ///
    /// To make a data key, the services of all keys have to respond; to open a message, the service of one.
    pub fn also(mut self, source: impl DataKeySource + 'static) -> Self {
        self.sources.push(Arc::new(source));
        self
    }

    /// Sets how long and how often a data key is used. The default is that of [`Limits`].
    pub fn reuse(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how many unwrapped data keys are kept to open messages. The default is 1,000. If there are more, the least
    /// recently used is evicted and zeroized.
    pub fn capacity(mut self, keys: usize) -> Self {
        self.capacity = keys;
        self
    }

    /// Sets the length of the frames in bytes, from 1 to [`max_frame_length`](Self::max_frame_length). The default is
    /// 64 KiB. Each frame adds 32 bytes to the message, the last one 40.
    pub fn frame_length(mut self, bytes: u32) -> Self {
        self.formats.frame_length = bytes;
        self
    }

    /// Sets the longest frame in bytes of a stream that is opened. The default is 16 MiB. A frame is held in memory.
    pub fn max_frame_length(mut self, bytes: u32) -> Self {
        self.formats.max_frame_length = bytes;
        self
    }

    /// Sets the most wrapped keys of a message that is opened. The default is 10.
    pub fn max_wrapped_keys(mut self, keys: usize) -> Self {
        self.formats.max_keys = keys;
        self
    }

    /// Sets the clock, for tests. The default is the system's.
    pub fn runtime(mut self, runtime: impl Runtime + 'static) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Builds the sealer. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if a limit is zero or beyond the format, two keys are the same, or there are more keys than
    /// a message may have.
    pub fn build(self) -> Result<Sealer> {
        let Self { sources, runtime, limits, capacity, formats } = self;
        let wrong = |text| Err(Error::new(ErrorKind::Config, text));
        if limits.messages == 0 || limits.messages > Limits::MAX_MESSAGES {
            return wrong("the limit of messages must be from 1 to 2^32");
        }
        if limits.bytes == 0 {
            return wrong("the limit of bytes must be at least 1");
        }
        if formats.frame_length == 0 || formats.max_frame_length == 0 {
            return wrong("the length of frames must be at least 1 byte");
        }
        if formats.frame_length > formats.max_frame_length {
            return wrong("the frames are longer than the sealer allows of streams: raise `max_frame_length`");
        }
        if sources.len() > formats.max_keys {
            return wrong("the sealer has more keys than it allows in a message: raise `max_wrapped_keys`");
        }
        if sources.iter().any(|source| [source.provider(), source.key_id()].iter().any(|text| text.len() > 0xFFFF)) {
            return wrong("a key has a longer ID than the format allows");
        }
        check_ids(&sources, |source| (source.provider().to_owned(), source.key_id().to_owned()))?;
        let runtime = runtime.unwrap_or_else(|| Arc::new(TokioRuntime::default()));
        Ok(Sealer::new(Arc::new(Keys::new(sources, runtime, limits, capacity)), formats))
    }
}

/// Checks that each key has an ID, and that no two have the same name.
pub(crate) fn check_ids<N: Eq + Hash>(
    sources: &[Arc<dyn DataKeySource>],
    name: impl Fn(&dyn DataKeySource) -> N,
) -> Result<()> {
    let wrong = |text| Err(Error::new(ErrorKind::Config, text));
    if sources.iter().any(|source| source.key_id().is_empty()) {
        return wrong("a key has an empty ID");
    }
    let mut names = HashSet::new();
    if !sources.iter().all(|source| names.insert(name(source))) {
        return wrong("two keys have the same ID");
    }
    Ok(())
}

impl fmt::Debug for SealerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SealerBuilder");
        debug.field("keys", &self.sources.len()).field("limits", &self.limits).finish_non_exhaustive()
    }
}

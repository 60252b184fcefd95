//! Builds a KMS client for Parquet files.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::DataKeySource;

use super::worker::Worker;
use super::{Inner, ParquetKms};
use crate::builder::check_ids;
use crate::error::{Error, ErrorKind, Result};

/// How long a call waits for the service, unless set. The SDKs' own limits are shorter, and their errors say more.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Builds a [`ParquetKms`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct ParquetKmsBuilder {
    sources: Vec<Arc<dyn DataKeySource>>,
    time_limit: Duration,
}

impl ParquetKmsBuilder {
    pub(super) fn new(source: Arc<dyn DataKeySource>) -> Self {
        Self { sources: vec![source], time_limit: TIME_LIMIT }
    }

    /// Adds a key. Files name keys by their IDs alone, so the IDs have to differ.
    pub fn also(mut self, source: impl DataKeySource + 'static) -> Self {
        self.sources.push(Arc::new(source));
        self
    }

    /// Sets how long a call blocks its thread at most. The default is 2 minutes. The request is cancelled at the limit.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Builds the client. Sends nothing, and starts no thread before the first request.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the time limit is zero, an ID is empty, or two keys have the same ID.
    pub fn build(self) -> Result<ParquetKms> {
        if self.time_limit.is_zero() {
            return Err(Error::new(ErrorKind::Config, "the time limit must not be zero"));
        }
        // Files name no provider.
        check_ids(&self.sources, |source| source.key_id().to_owned())?;
        Ok(ParquetKms(Arc::new(Inner { sources: self.sources, worker: Worker::new(self.time_limit) })))
    }
}

impl fmt::Debug for ParquetKmsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ParquetKmsBuilder");
        debug.field("sources", &self.sources).field("time_limit", &self.time_limit).finish()
    }
}

//! Keys of a service as master keys of encrypted Parquet files.
//!
//! A Parquet file is encrypted with random keys, one for the footer and one for each column that has its own. The file
//! carries them, wrapped. [`ParquetKms`] is the KMS client of the crate [`parquet-key-management`][parquet_key_management],
//! which makes, wraps and unwraps these keys in the same format as PyArrow and parquet-java, so that Spark reads the files
//! too.
//!
//! With *double wrapping*, the default of all three, a service's key wraps a key encryption key, and that one wraps the
//! keys of files. The key encryption key is cached, so that many files cost one request.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use cloud_envelope::DataKeySource;
//! use cloud_envelope::parquet::{ParquetKms, parquet_key_management};
//! use parquet_key_management::crypto_factory::{CryptoFactory, EncryptionConfiguration};
//! use parquet_key_management::encryption_keys::FileEncryptionKeys;
//! use parquet_key_management::kms::KmsConnectionConfig;
//!
//! fn keys_of_a_file(key: impl DataKeySource + 'static) -> Result<FileEncryptionKeys, Box<dyn std::error::Error>> {
//!     let master_key = key.key_id().to_owned(); // scp.kms().key(id)
//!     let factory = CryptoFactory::new(ParquetKms::builder(key).build()?);
//!     let connection = Arc::new(KmsConnectionConfig::builder().set_kms_instance_id("scp-kms".to_owned()).build());
//!     let configuration = EncryptionConfiguration::builder(master_key).build()?;
//!     // With the features `parquet` and `datafusion`, the factory also makes the properties of their writers.
//!     Ok(factory.file_encryption_keys(connection, &configuration)?)
//! }
//! ```
//!
//! # Wrapped keys
//!
//! The master key identifier is the ID of the service's key. A wrapped key is what the service's `encrypt` returns for the
//! bytes, unchanged if it is text: `vault:v1:…` for Key Management Service. Clients for PyArrow or Spark have to do the
//! same. Other bytes are written as `base64:` and their Base64.
//!
//! # Threads and runtimes
//!
//! The interface of `parquet-key-management` is synchronous. A request runs on a thread of the client, with a runtime of
//! its own, while the calling thread is blocked. This works within every kind of runtime and without any, and does not
//! panic. What has to run on the blocked thread waits meanwhile: if the only thread of a runtime is blocked, and the
//! source of keys needs a task of that runtime, the call ends with an error after
//! [a time limit](ParquetKmsBuilder::time_limit).

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_core::{DataKeySource, Error as ServiceError, SecretBytes, WrappedKey};
use parquet_key_management::errors::{Error as KmsError, Result as KmsResult};
use parquet_key_management::kms::{KmsClient, KmsClientFactory, KmsClientRef, KmsConnectionInfo};

use crate::error::{Error, ErrorKind};

mod builder;
mod error;
mod worker;

pub use builder::ParquetKmsBuilder;
pub use error::ParquetKeyError;
#[doc(no_inline)]
pub use parquet_key_management;

use worker::Worker;

/// The first and last bytes of a file whose footer is encrypted.
const MAGIC: [u8; 4] = *b"PARE";
/// What a wrapped key begins with that is not text.
const ENCODED: &str = "base64:";

/// A KMS client for encrypted Parquet files, over keys of a service. See the [module](self).
///
/// Clones share the thread. It ends when the last clone is dropped.
#[derive(Clone)]
pub struct ParquetKms(Arc<Inner>);

struct Inner {
    sources: Vec<Arc<dyn DataKeySource>>,
    worker: Worker,
}

impl ParquetKms {
    /// Builds a client with this key. [`ParquetKmsBuilder::also`] adds others, for columns with keys of their own or to
    /// read files of several keys.
    pub fn builder(source: impl DataKeySource + 'static) -> ParquetKmsBuilder {
        ParquetKmsBuilder::new(Arc::new(source))
    }

    fn source(&self, key_id: &str) -> Result<Arc<dyn DataKeySource>, ParquetKeyError> {
        let known = self.0.sources.iter().find(|source| source.key_id() == key_id).cloned();
        known.ok_or_else(|| {
            let text = "the client has no key with this master key identifier: add it with `ParquetKmsBuilder::also`";
            ParquetKeyError::new(Error::new(ErrorKind::NoKey, text), key_id)
        })
    }

    fn wrap(&self, key: &[u8], key_id: &str) -> Result<String, ParquetKeyError> {
        let source = self.source(key_id)?;
        let key = SecretBytes::from(key);
        let request = self.0.worker.run(async move { source.wrap_key(&key).await });
        Ok(to_text(request.map_err(|error| ParquetKeyError::service(error, key_id))?))
    }

    fn unwrap(&self, wrapped: &str, key_id: &str) -> Result<SecretBytes, ParquetKeyError> {
        let source = self.source(key_id)?;
        let ciphertext = from_text(wrapped).map_err(|error| ParquetKeyError::service(error, key_id))?;
        let request = self.0.worker.run(async move {
            let key = WrappedKey::new(source.provider(), source.key_id(), ciphertext);
            source.unwrap_key(&key, &[]).await
        });
        request.map_err(|error| ParquetKeyError::service(error, key_id))
    }
}

impl KmsClient for ParquetKms {
    fn wrap_key(&self, key_bytes: &[u8], master_key_identifier: &str) -> KmsResult<String> {
        self.wrap(key_bytes, master_key_identifier).map_err(external)
    }

    fn unwrap_key(&self, wrapped_key: &str, master_key_identifier: &str) -> KmsResult<Vec<u8>> {
        let key = self.unwrap(wrapped_key, master_key_identifier).map_err(external)?;
        Ok(key.expose_secret().to_vec())
    }
}

/// The client is its own factory: its keys say where requests go, so what a file or a configuration says is not used.
impl KmsClientFactory for ParquetKms {
    fn create_client(&self, _: &KmsConnectionInfo) -> KmsResult<KmsClientRef> {
        Ok(Arc::new(self.clone()))
    }
}

impl fmt::Debug for ParquetKms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetKms").field("sources", &self.0.sources).finish_non_exhaustive()
    }
}

fn external(error: ParquetKeyError) -> KmsError {
    KmsError::External(Box::new(error))
}

fn to_text(ciphertext: Vec<u8>) -> String {
    match String::from_utf8(ciphertext) {
        Ok(text) if !text.starts_with(ENCODED) => text,
        Ok(text) => format!("{ENCODED}{}", STANDARD.encode(text)),
        Err(error) => format!("{ENCODED}{}", STANDARD.encode(error.as_bytes())),
    }
}

fn from_text(wrapped: &str) -> Result<Vec<u8>, ServiceError> {
    let Some(encoded) = wrapped.strip_prefix(ENCODED) else {
        return Ok(wrapped.as_bytes().to_vec());
    };
    let invalid = |_| ServiceError::new(cloud_core::ErrorKind::Request, "the wrapped key is not valid Base64");
    STANDARD.decode(encoded).map_err(invalid)
}

/// Returns whether a file is a Parquet file with an encrypted footer: it begins and ends with `PARE`.
///
/// An engine that loses the settings of encryption writes a plaintext file and reports success. Check each file after it
/// was written. A file with a plaintext footer does not pass, whether or not its columns are encrypted. Columns are not
/// looked at: if some have keys of their own, the others are plaintext.
///
/// ```
/// use std::io::Cursor;
///
/// use cloud_envelope::parquet::is_encrypted;
///
/// assert!(!is_encrypted(Cursor::new(b"PAR1 plaintext PAR1"))?);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of the reader. A file that is too short is not an error.
pub fn is_encrypted(mut file: impl Read + Seek) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    // Both marks and the length of the footer.
    if length < 12 {
        return Ok(false);
    }
    let mut marks = [[0; 4]; 2];
    for (mark, place) in marks.iter_mut().zip([0, length - 4]) {
        file.seek(SeekFrom::Start(place))?;
        file.read_exact(mark)?;
    }
    Ok(marks == [MAGIC; 2])
}

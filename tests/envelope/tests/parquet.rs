//! Keys of Parquet files under the keys of both services. The files themselves are those of `examples/parquet`.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use cloud_envelope::parquet::{ParquetKeyError, ParquetKms, parquet_key_management};
use envelope::{NHN_KEY, SCP_KEY, World, sources};
use parquet_key_management::crypto_factory::{CryptoFactory, DecryptionConfiguration, EncryptionConfiguration};
use parquet_key_management::encryption_keys::FileEncryptionKeys;
use parquet_key_management::errors::{Error, Result};
use parquet_key_management::kms::KmsConnectionConfig;
use scp_security::kms::types::{NewKeyState, SetKeyStateRequest};

fn connection() -> Arc<KmsConnectionConfig> {
    Arc::new(KmsConnectionConfig::default())
}

fn keys(factory: &CryptoFactory, footer: &str, column: &str) -> Result<FileEncryptionKeys> {
    let builder = EncryptionConfiguration::builder(footer.to_owned());
    let configuration = builder.add_column_key(column.to_owned(), vec!["amount".to_owned()]).build()?;
    factory.file_encryption_keys(connection(), &configuration)
}

/// Unwraps the keys of a file, and compares them with what the writer used.
fn read(factory: &CryptoFactory, keys: &FileEncryptionKeys) -> Result<()> {
    let unwrapper = factory.key_unwrapper(connection(), DecryptionConfiguration::default())?;
    for key in [keys.footer_key()].into_iter().chain(keys.column_keys().map(|(_, key)| key)) {
        assert_eq!(unwrapper.unwrap_key(key.metadata())?, key.key());
    }
    Ok(())
}

// The sandbox runs on the runtime of the test, so one thread must stay free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_every_version_wrap_and_unwrap_with_one_request_for_many_files() {
    let world = World::start().await;
    for (version, source) in sources(&world) {
        let key = source.key_id().to_owned();
        let writer = CryptoFactory::new(ParquetKms::builder(source).build().unwrap());
        let before = world.count("crypt");
        let files: Vec<_> = (0..20).map(|_| keys(&writer, &key, &key).unwrap()).collect();
        assert_eq!(world.count("crypt") - before, 1, "{version}");
        // Each version reads what the others of its vendor have written.
        for (other, source) in sources(&world).into_iter().filter(|(_, source)| source.key_id() == key) {
            let reader = CryptoFactory::new(ParquetKms::builder(source).build().unwrap());
            let before = world.count("crypt");
            for file in &files {
                read(&reader, file).unwrap();
            }
            assert_eq!(world.count("crypt") - before, 1, "{other} reads {version}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn footer_and_column_have_keys_of_two_vendors() {
    let world = World::start().await;
    let (scp, nhn) = (world.scp.kms().key(SCP_KEY), world.nhn.secure_key_manager().unwrap().key(NHN_KEY));
    let both = CryptoFactory::new(ParquetKms::builder(scp.clone()).also(nhn).build().unwrap());
    let file = keys(&both, SCP_KEY, NHN_KEY).unwrap();
    read(&both, &file).unwrap();
    let one = CryptoFactory::new(ParquetKms::builder(scp).build().unwrap());
    assert!(read(&one, &file).unwrap_err().to_string().contains(NHN_KEY));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotated_key_still_unwraps_and_stopped_key_says_so() {
    let world = World::start().await;
    let kms = world.scp.kms();
    let factory = || CryptoFactory::new(ParquetKms::builder(kms.clone().key(SCP_KEY)).build().unwrap());
    let file = keys(&factory(), SCP_KEY, SCP_KEY).unwrap();
    kms.rotate_key(SCP_KEY).await.unwrap();
    read(&factory(), &file).unwrap();
    kms.set_key_state(SCP_KEY, &SetKeyStateRequest::new(NewKeyState::Stop)).await.unwrap();
    for error in [read(&factory(), &file).unwrap_err(), keys(&factory(), SCP_KEY, SCP_KEY).unwrap_err()] {
        let Error::External(error) = error else { panic!("{error:?}") };
        let error: &ParquetKeyError = error.downcast_ref().unwrap();
        assert!(error.service_error().is_some_and(cloud_core::Error::is_conflict), "{error:?}");
    }
}

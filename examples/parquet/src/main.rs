//! Writes and reads an encrypted Parquet file with DataFusion, under a key of Samsung Cloud Platform.
//!
//! `run.sh` runs it against the sandbox, and has PyArrow read and write the same files.

use std::error::Error;
use std::fs::{self, File};
use std::process::ExitCode;
use std::sync::Arc;

use cloud_envelope::parquet::{ParquetKms, is_encrypted};
use datafusion::arrow::array::{ArrayRef, AsArray as _, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::config::TableParquetOptions;
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::ListingOptions;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::prelude::{SessionContext, col};
use parquet_key_management::crypto_factory::{CryptoFactory, DecryptionConfiguration, EncryptionConfiguration};
use parquet_key_management::datafusion::{KmsEncryptionFactory, KmsEncryptionFactoryOptions};
use parquet_key_management::kms::KmsConnectionConfig;
use scp_security::Scp;
use tokio::runtime::Builder;

const USAGE: &str = "usage: parquet-example [--current-thread] write|write-without-settings|read KEY_ID FILE";
/// The name under which the session knows the factory of keys.
const FACTORY: &str = "scp-kms";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    let current_thread = arguments.first().is_some_and(|first| first == "--current-thread");
    let mut builder = if current_thread { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    arguments.drain(..usize::from(current_thread));
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let outcome =
        builder.enable_all().build().map_err(Into::into).and_then(|runtime| runtime.block_on(run(&arguments)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[&str]) -> Result<()> {
    let [command, key_id, file] = arguments else { return Err(USAGE.into()) };
    let (session, options) = session(key_id)?;
    match *command {
        "write" => write(&session, Some(options), file).await,
        // What an engine does that loses the settings on the way to another machine.
        "write-without-settings" => write(&session, None, file).await,
        "read" => read(&session, options, file).await,
        _ => Err(USAGE.into()),
    }
}

/// A session that has the key, and the options of tables that use it.
fn session(key_id: &str) -> Result<(SessionContext, TableParquetOptions)> {
    let kms = ParquetKms::builder(Scp::from_env()?.kms().key(key_id)).build()?;
    let connection = KmsConnectionConfig::builder().set_kms_instance_id(FACTORY.to_owned()).build();
    let factory = KmsEncryptionFactory::new(CryptoFactory::new(kms), Arc::new(connection));
    let session = SessionContext::new();
    session.runtime_env().register_parquet_encryption_factory(FACTORY, Arc::new(factory));

    // All columns and the footer. A configuration with keys of columns leaves the other columns in plaintext.
    let encryption = EncryptionConfiguration::builder(key_id.to_owned()).build()?;
    let settings = KmsEncryptionFactoryOptions::new(encryption, DecryptionConfiguration::default());
    let mut options = TableParquetOptions::new();
    options.crypto.configure_factory(FACTORY, &settings);
    Ok((session, options))
}

async fn write(session: &SessionContext, options: Option<TableParquetOptions>, file: &str) -> Result<()> {
    let orders: ArrayRef = Arc::new(StringArray::from_iter_values((0..1_000).map(|number| format!("order-{number}"))));
    let amounts: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1_000));
    let batch = RecordBatch::try_from_iter([("name", orders), ("amount", amounts)])?;
    let single = DataFrameWriteOptions::new().with_single_file_output(true);
    session.read_batch(batch)?.write_parquet(file, single, options).await?;
    if !is_encrypted(File::open(file)?)? {
        fs::remove_file(file)?;
        return Err("the written file was not encrypted, and is deleted".into());
    }
    println!("wrote {file}, encrypted");
    Ok(())
}

async fn read(session: &SessionContext, options: TableParquetOptions, file: &str) -> Result<()> {
    // The settings allow to read plaintext files, so that anyone who can write to the storage could replace one.
    if !is_encrypted(File::open(file)?)? {
        return Err("the file is not encrypted".into());
    }
    let format = ParquetFormat::default().with_options(options);
    session.register_listing_table("orders", file, ListingOptions::new(Arc::new(format)), None, None).await?;
    let totals = vec![count(col("name")), sum(col("amount"))];
    let batches = session.table("orders").await?.aggregate(Vec::new(), totals)?.collect().await?;
    let [batch] = batches.as_slice() else { return Err("the totals are not one batch".into()) };
    let total = |column: usize| batch.column(column).as_primitive::<Int64Type>().value(0);
    println!("read {} rows, total {}", total(0), total(1));
    Ok(())
}

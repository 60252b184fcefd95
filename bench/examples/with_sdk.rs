//! One encrypted text through the SDK. `bench/compile-time.sh` measures how long this program takes to build.

#![allow(clippy::print_stdout, reason = "the program prints its result")]

use scp_security::kms::types::EncryptRequest;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key_id = std::env::args().nth(1).ok_or("usage: with-sdk KEY_ID")?;
    let kms = scp_security::Scp::from_env()?.kms();
    let encrypted = kms.encrypt(&key_id, &EncryptRequest::new(b"the quick brown fox")).await?;
    println!("{}", encrypted.ciphertext);
    Ok(())
}

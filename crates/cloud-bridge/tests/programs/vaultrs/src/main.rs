//! Calls a bridge with vaultrs, as a program that knows Vault does.
//!
//! ```sh
//! VAULT_ADDR=... VAULT_TOKEN=... cargo run --manifest-path crates/cloud-bridge/tests/programs/vaultrs/Cargo.toml
//! ```
//!
//! It works with any bridge in front of a sandbox. It prints the number of calls, and ends at the first response that is
//! not as expected.

use std::collections::HashMap;
use std::error::Error;

use vaultrs::api::kv2::requests::SetSecretRequestOptions;
use vaultrs::api::transit::requests::{
    DataKeyType, ExportKeyType, ExportVersion, RandomBytesSource, SignDataRequest, VerifySignedDataRequest,
};
use vaultrs::api::transit::responses::ReadKeyData;
use vaultrs::api::transit::{HashAlgorithm, OutputFormat, SignatureAlgorithm};
use vaultrs::client::{VaultClient, VaultClientSettingsBuilder};
use vaultrs::error::ClientError;
use vaultrs::transit::{data, generate, key};
use vaultrs::{kv2, sys, token};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// `from vaultrs`.
const PLAINTEXT: &str = "ZnJvbSB2YXVsdHJz";

/// The number of calls so far.
struct Calls(u32);

impl Calls {
    fn check(&mut self, holds: bool, what: &str) -> Outcome<()> {
        self.0 += 1;
        if holds { Ok(()) } else { Err(format!("not as expected: {what}").into()) }
    }

    /// The call must end with this status.
    fn refused<T>(&mut self, outcome: Result<T, ClientError>, status: u16, what: &str) -> Outcome<()> {
        let code = match outcome {
            Err(ClientError::APIError { code, .. }) => Some(code),
            _ => None,
        };
        self.check(code == Some(status), what)
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    // Address and token are those of the variables.
    let client = VaultClient::new(VaultClientSettingsBuilder::default().build()?)?;
    let mut calls = Calls(0);
    system(&client, &mut calls).await?;
    for (mount, symmetric, pair) in [("transit", "kmsname", "samplekey"), ("nhn-transit", "sessions", "receipts")] {
        transit(&client, &mut calls, mount, symmetric, pair).await?;
    }
    for (mount, versioned) in [("secret", true), ("nhn-secret", false)] {
        secrets(&client, &mut calls, mount, versioned).await?;
    }
    println!("{} calls as expected", calls.0);
    Ok(())
}

async fn system(client: &VaultClient, calls: &mut Calls) -> Outcome<()> {
    let health = sys::health(client).await?;
    calls.check(health.initialized && !health.sealed, "health")?;
    calls.check(matches!(sys::status(client).await?, sys::ServerStatus::OK), "status")?;
    let mounts = sys::mount::list(client).await?;
    calls.check(mounts.get("secret/").is_some_and(|mount| mount.mount_type == "kv"), "mounts")?;
    calls.check(token::lookup_self(client).await?.ttl == 0, "lookup_self")?;
    calls.check(!token::renew_self(client, None).await?.renewable, "renew_self")?;
    calls.refused(token::new(client, None).await, 405, "token create")
}

async fn transit(client: &VaultClient, calls: &mut Calls, mount: &str, symmetric: &str, pair: &str) -> Outcome<()> {
    let made = data::encrypt(client, mount, symmetric, PLAINTEXT, None).await?;
    calls.check(made.ciphertext.starts_with("vault:v1:"), "encrypt")?;
    let again = data::rewrap(client, mount, symmetric, &made.ciphertext, None).await?;
    calls.check(again.ciphertext.starts_with("vault:v1:"), "rewrap")?;
    let read = data::decrypt(client, mount, symmetric, &again.ciphertext, None).await?;
    calls.check(read.plaintext == PLAINTEXT, "decrypt")?;
    let own = generate::data_key(client, mount, symmetric, DataKeyType::Plaintext, None).await?;
    let read = data::decrypt(client, mount, symmetric, &own.ciphertext, None).await?;
    calls.check(own.plaintext == Some(read.plaintext), "data key")?;
    let wrapped = generate::data_key(client, mount, symmetric, DataKeyType::Wrapped, None).await?;
    calls.check(wrapped.plaintext.is_none(), "wrapped data key")?;
    let mut options = SignDataRequest::builder();
    options.hash_algorithm(HashAlgorithm::Sha2_256).signature_algorithm(SignatureAlgorithm::Pss);
    let signed = data::sign(client, mount, pair, PLAINTEXT, Some(&mut options)).await?;
    calls.check(signed.signature.starts_with("vault:v1:"), "sign")?;
    for (input, valid) in [(PLAINTEXT, true), ("b3RoZXI=", false)] {
        let mut options = VerifySignedDataRequest::builder();
        options.hash_algorithm(HashAlgorithm::Sha2_256).signature_algorithm(SignatureAlgorithm::Pss);
        options.signature(&signed.signature);
        let verdict = data::verify(client, mount, pair, input, Some(&mut options)).await?;
        calls.check(verdict.valid == valid, "verify")?;
    }
    calls.check(key::list(client, mount).await?.keys.iter().any(|name| name == symmetric), "list keys")?;
    let shown = key::read(client, mount, symmetric).await?;
    calls.check(shown.supports_encryption && matches!(shown.keys, ReadKeyData::Symmetric(_)), "read key")?;
    let shown = key::read(client, mount, pair).await?;
    calls.check(matches!(shown.keys, ReadKeyData::Asymmetric(_)), "read key pair")?;
    let random = generate::random_bytes(client, mount, OutputFormat::Hex, RandomBytesSource::Platform, None).await?;
    calls.check(random.random_bytes.len() == 64, "random")?;
    calls.refused(data::encrypt(client, mount, "no-such-key", PLAINTEXT, None).await, 400, "unknown key")?;
    calls.refused(key::read(client, mount, "no-such-key").await, 404, "unknown key")?;
    calls.refused(key::rotate(client, mount, symmetric).await, 405, "rotate")?;
    let exported = key::export(client, mount, symmetric, ExportKeyType::EncryptionKey, ExportVersion::Latest).await;
    calls.refused(exported, 405, "export")
}

async fn secrets(client: &VaultClient, calls: &mut Calls, mount: &str, versioned: bool) -> Outcome<()> {
    let name = "from-vaultrs";
    let value = |password: &str| {
        HashMap::from([("user".to_owned(), "app".to_owned()), ("password".to_owned(), password.to_owned())])
    };
    let options = || SetSecretRequestOptions { cas: 0 };
    let made = kv2::set_with_options(client, mount, name, &value("p\"w"), options()).await?;
    calls.check(made.version == 1, "create")?;
    let read: HashMap<String, String> = kv2::read(client, mount, name).await?;
    calls.check(read == value("p\"w"), "read")?;
    let again = kv2::set_with_options(client, mount, name, &value("lost"), options()).await;
    calls.refused(again, 400, "cas")?;
    let made = kv2::set(client, mount, name, &value("new")).await?;
    calls.check(made.version == if versioned { 2 } else { 1 }, "write")?;
    let first: HashMap<String, String> = kv2::read_version(client, mount, name, 1).await?;
    calls.check(first == value(if versioned { "p\"w" } else { "new" }), "first version")?;
    let metadata = kv2::read_metadata(client, mount, name).await?;
    calls.check(metadata.current_version == made.version && !metadata.cas_required, "metadata")?;
    calls.check(kv2::list(client, mount, "").await?.iter().any(|own| own == name), "list")?;
    calls.check(!kv2::config::read(client, mount).await?.cas_required, "configuration")?;
    calls.refused(kv2::delete_latest(client, mount, name).await, 405, "delete version")?;
    kv2::delete_metadata(client, mount, name).await?;
    let gone: Result<HashMap<String, String>, _> = kv2::read(client, mount, name).await;
    // Vault's response has no list of errors, so vaultrs does not tell its status.
    calls.check(gone.is_err(), "deleted")?;
    let never: Result<HashMap<String, String>, _> = kv2::read(client, mount, "never-there").await;
    calls.refused(never, 404, "not found")
}

//! Samsung Cloud Platform: keeps the login of a database as a secret, encrypted with its own key.
//!
//! `cargo run -p programs --bin scp -- orders`, with the variables that `cargo run -p cloud-sandbox` prints.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::process::ExitCode;

use scp_security::kms::types::{CreateKeyRequest, DecryptRequest, EncryptRequest, KeyPurpose};
use scp_security::secrets_manager::types::{CreateSecretRequest, ShowSecretValueRequest};
use scp_security::{Days, Networks, Result, Scp, SecretJson, SecretString};

/// What the secret holds.
#[derive(serde::Deserialize)]
struct Login {
    user: String,
    password: SecretString,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_else(|| "orders".to_owned());
    match run(&name).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            if let Some(action) = error.required_action() {
                eprintln!("- the policy of the access key needs the action {action}");
            }
            for step in error.advice() {
                eprintln!("- {step}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(name: &str) -> Result<()> {
    let scp = Scp::from_env()?;
    let key_id = key(&scp, name).await?;
    println!("key {name}");

    let kms = scp.kms();
    let encrypted = kms.encrypt(&key_id, &EncryptRequest::new(b"a plaintext")).await?;
    let decrypted = kms.decrypt(&key_id, &DecryptRequest::new(encrypted.ciphertext)).await?;
    println!("encrypted and decrypted {} bytes", decrypted.plaintext()?.expose_secret().len());

    let secret_id = secret(&scp, name, &key_id).await?;
    let newest = ShowSecretValueRequest::default();
    let login: Login = scp.secrets_manager().show_secret_value(&secret_id, &newest).await?.parse()?;
    println!("secret {name}: user {}, password of {} bytes", login.user, login.password.expose_secret().len());

    let keys = scp.kms().list_keys().items().try_collect().await?;
    println!("{} of the keys can encrypt", keys.iter().filter(|key| key.purpose == KeyPurpose::Aes256Gcm96).count());
    Ok(())
}

/// The key with this name, created if missing.
async fn key(scp: &Scp, name: &str) -> Result<String> {
    match scp.kms().key_by_name(name).await {
        Ok(key) => Ok(key.id),
        Err(error) if error.is_not_found() => {
            let body = CreateKeyRequest::builder()
                .name(name)
                .purpose(KeyPurpose::Aes256Gcm96)
                .description("encrypts logins")
                .auto_rotate(true)
                .rotate_cycle(Days(90))
                .build();
            Ok(scp.kms().create_key(&body).await?.key.id)
        }
        Err(error) => Err(error),
    }
}

/// The secret with this name, created if missing. Its network is the address from which the sandbox is called; on the
/// platform, pass the address that the service sees.
async fn secret(scp: &Scp, name: &str, key_id: &str) -> Result<String> {
    match scp.secrets_manager().secret_by_name(name).await {
        Ok(secret) => Ok(secret.id),
        Err(error) if error.is_not_found() => {
            let body = CreateSecretRequest::builder()
                .name(name)
                .kms_id(key_id)
                .acl_cidr("127.0.0.1/32".parse::<Networks>()?)
                .secret_value(SecretJson::from_pairs([("user", "app"), ("password", "correct \"horse\"")])?)
                .build();
            Ok(scp.secrets_manager().create_secret(&body).await?.secret.id)
        }
        Err(error) => Err(error),
    }
}

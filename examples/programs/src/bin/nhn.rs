//! NHN Cloud: tells which servers are weak, and reads a login from Secure Key Manager.
//!
//! `cargo run -p programs --bin nhn -- 04fde6d8ee604cbe8fa7abe135a7dc3e`, with the variables that
//! `cargo run -p cloud-sandbox` prints. Every sandbox has a secret with this ID.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::process::ExitCode;

use nhn_security::{Language, Nhn, Period, Region, Result, SecretString};
use time::Month;

/// What the secret holds.
#[derive(serde::Deserialize)]
struct Login {
    username: String,
    password: SecretString,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(secret_id) = std::env::args().nth(1) else {
        eprintln!("usage: nhn SECRET-ID");
        return ExitCode::FAILURE;
    };
    match run(&secret_id).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            for step in error.advice() {
                eprintln!("- {step}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(secret_id: &str) -> Result<()> {
    let nhn = Nhn::from_env()?;
    let last = nhn.security_advisor()?.show_last_inspection_date().await?;
    println!("inspected at {}", last.latest_inspection_time);

    let june = Period::month(2025, Month::June)?;
    let check = nhn.server_security_check()?;
    let mut servers = check.list_inspection_summaries(Region::Kr1, june).language(Language::En).limit(100).items();
    while let Some(server) = servers.next().await {
        let server = server?;
        println!("{}: {} of {} checks weak", server.instance_name, server.weak_count, server.check_count);
    }

    let keys = nhn.secure_key_manager()?;
    println!("the service sees this machine as {}", keys.confirm_client().await?.client_ip);
    let login: Login = keys.show_secret(secret_id).await?.parse()?;
    println!("secret: user {}, password of {} bytes", login.username, login.password.expose_secret().len());
    Ok(())
}

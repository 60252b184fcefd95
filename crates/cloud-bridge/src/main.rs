//! The command: serves Vault's HTTP API in front of the clouds, until Ctrl-C or SIGTERM.
#![allow(clippy::print_stderr, reason = "the command reports on its standard streams")]

mod cli;

use std::io::{self, Write};
use std::process::ExitCode;

use cli::arguments::{self, Command};

const HELP: &str = "\
Vault's HTTP API in front of the keys and secrets of Samsung Cloud Platform and NHN Cloud

usage: cloud-bridge [OPTION...]
       cloud-bridge token NAME
       cloud-bridge k8s-kms --key VENDOR:ID... --socket PATH

  --listen ADDRESS  listen on this address, or on the Unix socket unix:PATH
                    (default 127.0.0.1:8200); an address that is not a loopback one needs TLS
  --policies FILE   who may do what: tokens by their hash, with paths and capabilities;
                    the file is read again when it changes
  --vendor VENDOR   serve the keys of scp or nhn under transit/ and its secrets under secret/
  --key-store NAME  the key store, with --vendor nhn
  --writable        secrets may be written, too
  --config FILE     read these and other settings from FILE; options override it
  --audit FILE      append a line of JSON to FILE for each request; - is the standard output
  --tls-cert FILE   serve with TLS and this certificate (PEM)
  --tls-key FILE    its private key (PEM)
  --tls-client-ca FILE
                    require certificates of clients from these authorities (PEM)
  --sandbox         start a sandbox of both clouds behind the bridge, and print a token
  --version         print the version
  --help            print this

token NAME prints the lines of the policy file that know a new token, and the token itself on the
standard error. It is not stored anywhere.

k8s-kms serves the KMS plugin of Kubernetes' API server (version 2) on a Unix socket. A key is
scp:ID, scp@REGION:ID or nhn:ID. With several keys, all encrypt and any one decrypts.

The clients of the clouds read their settings and credentials from the environment.
The exit status is 0 after Ctrl-C or SIGTERM, 2 for options that are invalid, 1 for everything
else.";

/// The exit status after invalid options; every other failure exits with 1.
const MISUSED: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(false).with_max_level(tracing::Level::WARN).init();
    let (status, reason) = match arguments::read(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            // The reader may have closed the stream.
            let _ = writeln!(io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Command::Version) => {
            let _ = writeln!(io::stdout(), "cloud-bridge {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Ok(Command::Token(name)) => match cli::token::print(&name) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(reason) => (ExitCode::from(MISUSED), reason),
        },
        #[cfg(unix)]
        Ok(Command::Kubernetes { keys, socket }) => match cli::kubernetes::serve(&keys, &socket).await {
            Ok(()) => return ExitCode::SUCCESS,
            Err(reason) => (ExitCode::FAILURE, reason),
        },
        #[cfg(not(unix))]
        Ok(Command::Kubernetes { .. }) => (ExitCode::FAILURE, "there are no Unix sockets here".to_owned()),
        Ok(Command::Serve(options)) => match cli::serve::serve(*options).await {
            Ok(()) => return ExitCode::SUCCESS,
            Err(reason) => (ExitCode::FAILURE, reason),
        },
        Err(reason) => (ExitCode::from(MISUSED), reason),
    };
    eprintln!("cloud-bridge: {reason}");
    status
}

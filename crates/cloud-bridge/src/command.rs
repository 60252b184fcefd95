//! The command, for programs that contain it.
#![allow(clippy::print_stderr, reason = "the command reports on its standard streams")]

use std::ffi::OsString;
use std::io::{self, Write};

use crate::cli;
use crate::cli::arguments::{self, Command};

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

/// The exit status after invalid options.
const MISUSED: u8 = 2;
/// The exit status after every other failure.
const FAILED: u8 = 1;

/// Runs the command `cloud-bridge` with these arguments, without the name of the program, and returns its exit status.
/// It reports on the standard streams, and serves until Ctrl-C or SIGTERM.
///
/// It needs a tokio runtime with several threads, with I/O and time. The program sets up the log.
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let (status, reason) = match arguments::read(arguments.into_iter()) {
        Ok(Command::Help) => {
            // The reader may have closed the stream.
            let _ = writeln!(io::stdout(), "{HELP}");
            return 0;
        }
        Ok(Command::Version) => {
            let _ = writeln!(io::stdout(), "cloud-bridge {}", env!("CARGO_PKG_VERSION"));
            return 0;
        }
        Ok(Command::Token(name)) => match cli::token::print(&name) {
            Ok(()) => return 0,
            Err(reason) => (MISUSED, reason),
        },
        #[cfg(unix)]
        Ok(Command::Kubernetes { keys, socket }) => match cli::kubernetes::serve(&keys, &socket).await {
            Ok(()) => return 0,
            Err(reason) => (FAILED, reason),
        },
        #[cfg(not(unix))]
        Ok(Command::Kubernetes { .. }) => (FAILED, "there are no Unix sockets here".to_owned()),
        Ok(Command::Serve(options)) => match cli::serve::serve(*options).await {
            Ok(()) => return 0,
            Err(reason) => (FAILED, reason),
        },
        Err(reason) => (MISUSED, reason),
    };
    eprintln!("cloud-bridge: {reason}");
    status
}

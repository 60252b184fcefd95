//! The command: starts a sandbox, prints how to use it, serves until Ctrl-C.
#![allow(clippy::print_stderr, reason = "the command reports on its standard streams")]

mod cli;
mod private_file;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use cli::arguments::{self, Command, Options};
use cli::signals::Stop;
use cloud_sandbox::Sandbox;

const HELP: &str = "\
A local server that emulates the security APIs of Samsung Cloud Platform, NHN Cloud and RISKEN

usage: cloud-sandbox [OPTION...]

  --port PORT       listen on this port; 0 takes a free one (default 0)
  --bind ADDRESS    listen on this address (default 127.0.0.1)
  --state FILE      load the state from FILE if it exists, and save it on shutdown;
                    the file holds secrets
  --seed FILE       merge the JSON in FILE into the default seed, as a merge patch (RFC 7386)
  --clock TIME      start at this time, such as 2026-01-31T09:00:00Z; signatures keep real time
  --answers WHICH   keep no state and respond with
                    examples: the documented examples
                    required: required fields only, null wherever that is allowed
                    unknown:  the examples with an undocumented field in every object
  --accounts N      each vendor has N accounts beside the one whose variables are printed; the credentials of
                    account I end with -I, or for Samsung Cloud Platform with I in 4 hexadecimal digits
  --random-seed N   keys, ids and passwords are the same in every run
  --timestamp-tolerance N
                    signed times of Samsung Cloud Platform may be N seconds off (default 300)
  --token-lifetime N
                    tokens of NHN Cloud live N seconds (default 86400)
  --nhn-statuses WHICH
                    the HTTP status of refused calls of NHN Cloud: service (default), ok or real
  --nhn-government  emulate the government realm of NHN Cloud, whose key manager has ARIA keys
  --mutual-tls DIR  listen on a second port too, for client certificates; DIR receives the
                    certificate to trust and each client's certificate as PEM and PKCS#12
                    (NAME.legacy.p12 for Java before 8u301)
  --mutual-tls-port PORT
                    the second port (default: a free one)
  --sovereign       emulate environment g of Samsung Cloud Platform, which has ARIA keys
  --admin           serve /_sandbox/: a page that lists calls, the log, faults, time, state
  --version         print the version
  --help            print this

It prints `listening on URL`, then one `export NAME=VALUE` line for each variable that the
SDKs read, and serves until Ctrl-C or SIGTERM. The exit status is 0 after that, 2 for options
that are invalid, 1 for everything else.";

/// The exit status after invalid options; every other failure exits with 1.
const MISUSED: u8 = 2;

fn json(path: &Path) -> Result<serde_json::Value, String> {
    let text = fs::read(path).map_err(|error| format!("--seed {}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("--seed {} is not JSON: {error}", path.display()))
}

async fn serve(options: Options) -> Result<(), String> {
    let Options { port, bind, admin, seed, identities, mut builder, .. } = options;
    if !bind.is_loopback() {
        let what = if admin { "use and control" } else { "use" };
        eprintln!("cloud-sandbox: warning: everyone who reaches {bind} can {what} this sandbox");
    }
    if let Some(path) = &seed {
        builder = builder.seed_data(json(path)?);
    }
    let stop = Stop::listen().map_err(|error| error.to_string())?;
    let sandbox = builder.port(port).start().await.map_err(|error| error.to_string())?;
    // Written before the first line is printed, for callers that wait for it.
    if let Some(directory) = &identities {
        let wrong = |error| format!("--mutual-tls {}: {error}", directory.display());
        write_identities(&sandbox, directory).map_err(wrong)?;
        let endpoint = sandbox.mtls_endpoint().unwrap_or_default();
        eprintln!("client certificates are taken at {endpoint} and lie in {}", directory.display());
    }
    announce(&sandbox).map_err(|error| format!("the standard output: {error}"))?;
    if admin {
        eprintln!("watch the calls at {}/_sandbox/", sandbox.endpoint());
    }
    stop.received().await.map_err(|error| error.to_string())?;
    sandbox.shutdown().await.map_err(|error| error.to_string())
}

/// Prints where the sandbox is. The reader may close the stream at any time.
fn announce(sandbox: &Sandbox) -> io::Result<()> {
    let mut text = format!("listening on {}\n", sandbox.endpoint());
    for (name, value) in sandbox.env_vars() {
        text += &format!("export {name}={value}\n");
    }
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Writes what clients with certificates need.
fn write_identities(sandbox: &Sandbox, directory: &Path) -> io::Result<()> {
    let mut made = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut made, 0o700);
    made.recursive(true).create(directory)?;
    fs::write(directory.join("authority.pem"), sandbox.authority_pem().unwrap_or_default())?;
    for name in sandbox.client_names() {
        // A name from a seed file must not lead out of the directory.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let Some(identity) = sandbox.client_identity(&name)?.filter(|_| name.chars().all(plain)) else { continue };
        private_file::create(&directory.join(format!("{name}.pem")))?.write_all(identity.pem().as_bytes())?;
        private_file::create(&directory.join(format!("{name}.p12")))?.write_all(identity.pkcs12())?;
        private_file::create(&directory.join(format!("{name}.legacy.p12")))?.write_all(identity.pkcs12_legacy())?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let (status, reason) = match arguments::read(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            // The reader may have closed the stream.
            let _ = writeln!(io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Command::Version) => {
            let _ = writeln!(io::stdout(), "cloud-sandbox {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Ok(Command::Serve(options)) => match serve(*options).await {
            Ok(()) => return ExitCode::SUCCESS,
            Err(reason) => (ExitCode::FAILURE, reason),
        },
        Err(reason) => (ExitCode::from(MISUSED), reason),
    };
    eprintln!("cloud-sandbox: {reason}");
    status
}

//! The command: starts a sandbox, prints how to use it, serves until Ctrl-C.
#![allow(clippy::print_stderr, reason = "what a command says goes to its streams")]

mod private_file;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use cloud_sandbox::{Builder, NhnStatuses, Sandbox};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const HELP: &str = "\
A local server that plays Samsung Cloud Platform, NHN Cloud and RISKEN security APIs

usage: cloud-sandbox [OPTION...]

  --port PORT       listen on this port; 0 takes a free one (default 0)
  --bind ADDRESS    listen on this address (default 127.0.0.1)
  --state FILE      start with the state in FILE if it is there, and write it on the way out;
                    the file holds secrets
  --seed FILE       lay the JSON in FILE over the default seed, as a merge patch (RFC 7386)
  --clock TIME      start at this time, such as 2026-01-31T09:00:00Z; signatures keep real time
  --answers WHICH   keep no state and answer
                    examples: the documented examples
                    required: required fields only, null wherever that is allowed
                    unknown:  the examples with an undocumented field in every object
  --random-seed N   keys, ids and passwords are the same in every run
  --timestamp-tolerance N
                    signed times of Samsung Cloud Platform may be N seconds off (default 300)
  --token-lifetime N
                    tokens of NHN Cloud live N seconds (default 86400)
  --nhn-statuses WHICH
                    the HTTP status of refused calls of NHN Cloud: service (default), ok or real
  --nhn-government  play the government's realm of NHN Cloud, whose key manager has ARIA keys
  --mutual-tls DIR  listen on a second port too, for client certificates; DIR receives the
                    certificate to trust and each client's certificate as PEM and PKCS#12
  --mutual-tls-port PORT
                    the second port (default: a free one)
  --sovereign       play environment g of Samsung Cloud Platform, which has ARIA keys
  --admin           serve /_sandbox/: a page that lists calls, the log, faults, time, state
  --help            print this

It prints `listening on URL`, then one `export NAME=VALUE` line for each variable that the
SDKs read, and serves until Ctrl-C or SIGTERM. The exit status is 0 after that, 2 for options
that make no sense, 1 for everything else.";

/// The exit status after options that make no sense; everything else that goes wrong ends with 1.
const MISUSED: u8 = 2;

/// As far as `--clock` may be from now, in years.
const FARTHEST: u32 = 199;

enum Command {
    Help,
    Serve(Box<Options>),
}

struct Options {
    port: u16,
    bind: IpAddr,
    admin: bool,
    seed: Option<PathBuf>,
    /// Where client certificates go.
    identities: Option<PathBuf>,
    mutual_tls_port: Option<u16>,
    builder: Builder,
}

fn read(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut options = Options {
        port: 0,
        bind: Ipv4Addr::LOCALHOST.into(),
        admin: false,
        seed: None,
        identities: None,
        mutual_tls_port: None,
        builder: Sandbox::builder(),
    };
    while let Some(argument) = arguments.next() {
        let (name, inline) = split(argument)?;
        match &*name {
            "--help" | "-h" => return Ok(Command::Help),
            "--admin" | "--sovereign" | "--nhn-government" => match inline {
                Some(_) => return Err(format!("{name} takes no value")),
                None => options.switch(&name),
            },
            _ => {
                let value = || inline.or_else(|| arguments.next()).filter(|value| !value.is_empty());
                options.set(&name, value)?;
            }
        }
    }
    match (&options.identities, options.mutual_tls_port) {
        (None, Some(_)) => return Err("--mutual-tls-port goes with --mutual-tls DIR".to_owned()),
        (None, None) => {}
        (Some(_), port) => options.builder = options.builder.mutual_tls_port(port.unwrap_or(0)),
    }
    Ok(Command::Serve(Box::new(options)))
}

/// Takes `--name=value` apart. A value may be any name that a file can have.
fn split(argument: OsString) -> Result<(String, Option<OsString>), String> {
    match argument.into_string() {
        Ok(text) => Ok(match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.into())),
            None => (text, None),
        }),
        Err(odd) => Err(format!("unknown argument {odd:?}: see --help")),
    }
}

impl Options {
    fn switch(&mut self, name: &str) {
        let builder = std::mem::take(&mut self.builder);
        self.builder = match name {
            "--admin" => builder.admin(true),
            "--sovereign" => builder.sovereign(true),
            _ => builder.nhn_government(true),
        };
        self.admin |= name == "--admin";
    }

    fn set(&mut self, name: &str, value: impl FnOnce() -> Option<OsString>) -> Result<(), String> {
        let known = [
            "--port",
            "--bind",
            "--state",
            "--seed",
            "--clock",
            "--answers",
            "--random-seed",
            "--timestamp-tolerance",
            "--token-lifetime",
            "--nhn-statuses",
            "--mutual-tls",
            "--mutual-tls-port",
        ];
        if !known.contains(&name) {
            return Err(format!("unknown argument {name:?}: see --help"));
        }
        let value = value().ok_or(format!("{name} needs a value"))?;
        // Only files have names that are no text.
        let text = value.to_str().unwrap_or_default();
        let builder = std::mem::take(&mut self.builder);
        self.builder = match name {
            "--state" => builder.state_file(value),
            "--answers" => builder.answers(text.parse().map_err(|error| format!("--answers: {error}"))?),
            "--random-seed" => builder.seed(number(text, "--random-seed takes a whole number")?),
            "--timestamp-tolerance" => {
                let tolerance = number(text, "--timestamp-tolerance takes seconds")?;
                builder.timestamp_tolerance(Duration::from_secs(tolerance))
            }
            "--token-lifetime" => {
                builder.token_lifetime(Duration::from_secs(number(text, "--token-lifetime takes seconds")?))
            }
            "--nhn-statuses" => builder.nhn_statuses(match text {
                "service" => NhnStatuses::ByService,
                "ok" => NhnStatuses::AlwaysOk,
                "real" => NhnStatuses::Real,
                _ => return Err("--nhn-statuses takes service, ok or real".to_owned()),
            }),
            "--clock" => builder.starts_at(time(text)?.into()),
            "--bind" => {
                self.bind = number(text, "--bind takes an IP address")?;
                builder.bind(self.bind)
            }
            _ => {
                match name {
                    "--port" => self.port = number(text, "--port takes a number from 0 to 65535")?,
                    "--mutual-tls-port" => {
                        self.mutual_tls_port = Some(number(text, "--mutual-tls-port takes a number from 0 to 65535")?);
                    }
                    "--seed" => self.seed = Some(value.into()),
                    _ => self.identities = Some(value.into()),
                }
                builder
            }
        };
        Ok(())
    }
}

fn number<T: std::str::FromStr>(text: &str, otherwise: &str) -> Result<T, String> {
    text.parse().map_err(|_| otherwise.to_owned())
}

fn time(text: &str) -> Result<OffsetDateTime, String> {
    let time = OffsetDateTime::parse(text, &Rfc3339);
    let time = time.map_err(|_| "--clock takes a time such as 2026-01-31T09:00:00Z".to_owned())?;
    let apart = time.year().abs_diff(OffsetDateTime::now_utc().year());
    if apart > FARTHEST { Err(format!("--clock takes a time at most {FARTHEST} years from now")) } else { Ok(time) }
}

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
    // Whoever waits for the first line finds the certificates.
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
    stop.told().await.map_err(|error| error.to_string())?;
    sandbox.shutdown().await.map_err(|error| error.to_string())
}

/// Says where the sandbox is. Whoever has read enough may close the stream.
fn announce(sandbox: &Sandbox) -> io::Result<()> {
    let mut text = format!("listening on {}\n", sandbox.endpoint());
    for (name, value) in sandbox.environment() {
        text += &format!("export {name}={value}\n");
    }
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Leaves what callers with client certificates need.
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
    }
    Ok(())
}

/// What tells the command to stop. It listens from its making on, so that no early signal ends the process at once.
#[cfg(unix)]
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn told(mut self) -> io::Result<()> {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        Ok(())
    }
}

/// What tells the command to stop.
#[cfg(not(unix))]
struct Stop;

#[cfg(not(unix))]
impl Stop {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn told(self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let (status, reason) = match read(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            // Whoever has read enough may close the stream.
            let _ = writeln!(io::stdout(), "{HELP}");
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

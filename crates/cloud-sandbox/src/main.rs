//! The command: starts a sandbox, prints how to use it, serves until Ctrl-C.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a command says goes to its streams")]

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use cloud_sandbox::{Answers, Builder, NhnStatuses, Sandbox};
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
SDKs read, and serves until Ctrl-C or SIGTERM.";

enum Command {
    Help,
    Serve(Box<Options>),
}

struct Options {
    port: u16,
    bind: IpAddr,
    admin: bool,
    /// Where client certificates go.
    identities: Option<PathBuf>,
    builder: Builder,
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut options = Options {
        port: 0,
        bind: Ipv4Addr::LOCALHOST.into(),
        admin: false,
        identities: None,
        builder: Sandbox::builder(),
    };
    let mut mutual_tls_port = 0;
    while let Some(argument) = arguments.next() {
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let mut value = || inline.clone().or_else(|| arguments.next()).ok_or(format!("{name} needs a value"));
        match &*name {
            "--help" | "-h" => return Ok(Command::Help),
            "--port" => {
                options.port = value()?.parse().map_err(|_| "--port takes a number from 0 to 65535".to_owned())?
            }
            "--bind" => {
                options.bind = value()?.parse().map_err(|_| "--bind takes an IP address".to_owned())?;
                options.builder = options.builder.bind(options.bind);
            }
            "--state" => options.builder = options.builder.state_file(value()?),
            "--seed" => options.builder = options.builder.seed_data(json(&value()?)?),
            "--clock" => {
                let time = OffsetDateTime::parse(&value()?, &Rfc3339);
                let time = time.map_err(|_| "--clock takes a time such as 2026-01-31T09:00:00Z".to_owned())?;
                options.builder = options.builder.starts_at(time.into());
            }
            "--answers" => {
                let answers: Answers = value()?.parse().map_err(|error| format!("--answers: {error}"))?;
                options.builder = options.builder.answers(answers);
            }
            "--random-seed" => {
                let seed = value()?.parse().map_err(|_| "--random-seed takes a whole number".to_owned())?;
                options.builder = options.builder.seed(seed);
            }
            "--token-lifetime" => {
                let seconds = value()?.parse().map_err(|_| "--token-lifetime takes seconds".to_owned())?;
                options.builder = options.builder.token_lifetime(Duration::from_secs(seconds));
            }
            "--nhn-statuses" => {
                options.builder = options.builder.nhn_statuses(match &*value()? {
                    "service" => NhnStatuses::ByService,
                    "ok" => NhnStatuses::AlwaysOk,
                    "real" => NhnStatuses::Real,
                    _ => return Err("--nhn-statuses takes service, ok or real".to_owned()),
                });
            }
            "--nhn-government" => options.builder = options.builder.nhn_government(true),
            "--mutual-tls" => options.identities = Some(value()?.into()),
            "--mutual-tls-port" => {
                mutual_tls_port = value()?.parse().map_err(|_| "--mutual-tls-port takes a port".to_owned())?;
            }
            "--sovereign" => options.builder = options.builder.sovereign(true),
            "--admin" => {
                options.admin = true;
                options.builder = options.builder.admin(true);
            }
            other => return Err(format!("unknown argument {other:?}: see --help")),
        }
    }
    if options.identities.is_some() {
        options.builder = options.builder.mutual_tls_port(mutual_tls_port);
    }
    Ok(Command::Serve(Box::new(options)))
}

fn json(path: &str) -> Result<serde_json::Value, String> {
    let text = std::fs::read(path).map_err(|error| format!("--seed {path}: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| format!("--seed {path}: {error}"))
}

fn warn(options: &Options) {
    if !options.bind.is_loopback() {
        let what = if options.admin { "use and control" } else { "use" };
        eprintln!("cloud-sandbox: warning: everyone who reaches {} can {what} this sandbox", options.bind);
    }
}

async fn serve(options: Options) -> std::io::Result<()> {
    warn(&options);
    let stop = Stop::listen()?;
    let sandbox = options.builder.port(options.port).start().await?;
    // Whoever waits for the first line finds the certificates.
    if let Some(directory) = &options.identities {
        write_identities(&sandbox, directory)?;
    }
    println!("listening on {}", sandbox.endpoint());
    for (name, value) in sandbox.environment() {
        println!("export {name}={value}");
    }
    if options.admin {
        eprintln!("watch the calls at {}/_sandbox/", sandbox.endpoint());
    }
    stop.told().await?;
    sandbox.shutdown().await
}

/// Leaves what callers with client certificates need, and says where.
fn write_identities(sandbox: &Sandbox, directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    std::fs::write(directory.join("authority.pem"), sandbox.authority_pem().unwrap_or_default())?;
    for name in sandbox.client_names() {
        // A name from a seed file must not lead out of the directory.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let Some(identity) = sandbox.client_identity(&name)?.filter(|_| name.chars().all(plain)) else { continue };
        std::fs::write(directory.join(format!("{name}.pem")), identity.pem())?;
        std::fs::write(directory.join(format!("{name}.p12")), identity.pkcs12())?;
    }
    let endpoint = sandbox.mtls_endpoint().unwrap_or_default();
    eprintln!("client certificates are taken at {endpoint} and lie in {}", directory.display());
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
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn told(mut self) -> std::io::Result<()> {
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
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn told(self) -> std::io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match read(std::env::args().skip(1)) {
        Ok(Command::Help) => {
            println!("{HELP}");
            Ok(())
        }
        Ok(Command::Serve(options)) => {
            let port = options.port;
            serve(*options).await.map_err(|error| format!("cannot serve on port {port}: {error}"))
        }
        Err(reason) => Err(reason),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("cloud-sandbox: {reason}");
            ExitCode::FAILURE
        }
    }
}

//! The arguments of the command.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use cloud_sandbox::{NhnStatuses, Sandbox, SandboxBuilder};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The most that `--clock` may differ from now, in years.
const FARTHEST: u32 = 199;

/// What `--accounts` takes.
const ACCOUNTS: &str = "--accounts takes a number from 0 to 10000";

/// What the command is asked to do.
pub(crate) enum Command {
    Help,
    Version,
    Serve(Box<Options>),
}

/// The options of a sandbox that is to be started.
pub(crate) struct Options {
    pub(crate) port: u16,
    pub(crate) bind: IpAddr,
    pub(crate) admin: bool,
    pub(crate) seed: Option<PathBuf>,
    /// Where client certificates are written.
    pub(crate) identities: Option<PathBuf>,
    pub(crate) mutual_tls_port: Option<u16>,
    pub(crate) builder: SandboxBuilder,
}

/// Reads the arguments.
pub(crate) fn read(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
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
            "--version" | "-V" => return Ok(Command::Version),
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
            "--accounts",
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
        // Only file names may be other than UTF-8.
        let text = value.to_str().unwrap_or_default();
        let builder = std::mem::take(&mut self.builder);
        self.builder = match name {
            "--state" => builder.state_file(value),
            "--answers" => builder.answers(text.parse().map_err(|error| format!("--answers: {error}"))?),
            "--accounts" => {
                let accounts: u16 = number(text, ACCOUNTS)?;
                if accounts > 10_000 {
                    return Err(ACCOUNTS.to_owned());
                }
                builder.accounts(accounts.into())
            }
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

#[allow(clippy::disallowed_methods, reason = "compares an option with the system's clock")]
fn time(text: &str) -> Result<OffsetDateTime, String> {
    let time = OffsetDateTime::parse(text, &Rfc3339);
    let time = time.map_err(|_| "--clock takes a time such as 2026-01-31T09:00:00Z".to_owned())?;
    let apart = time.year().abs_diff(OffsetDateTime::now_utc().year());
    if apart > FARTHEST { Err(format!("--clock takes a time at most {FARTHEST} years from now")) } else { Ok(time) }
}

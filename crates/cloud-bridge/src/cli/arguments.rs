//! The options of the command.

use std::ffi::OsString;
use std::path::PathBuf;

/// What the command was asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Version,
    /// Serve the bridge.
    Serve(Box<Options>),
    /// Make a token with this name.
    Token(String),
    /// Serve the plugin of Kubernetes with these keys on this socket.
    Kubernetes {
        keys: Vec<String>,
        socket: PathBuf,
    },
}

/// The options of `serve`.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) config: Option<PathBuf>,
    pub(crate) listen: Option<String>,
    pub(crate) policies: Option<PathBuf>,
    pub(crate) audit: Option<PathBuf>,
    pub(crate) vendor: Option<String>,
    pub(crate) key_store: Option<String>,
    pub(crate) writable: bool,
    pub(crate) sandbox: bool,
    pub(crate) tls_certificate: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) tls_client_ca: Option<PathBuf>,
}

/// Reads the arguments. The error says what is wrong with them.
pub(crate) fn read(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut options = Options::default();
    let mut first = true;
    while let Some(argument) = arguments.next() {
        let (name, inline) = split(argument)?;
        match name.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--version" | "-V" => return Ok(Command::Version),
            "token" if first => return token(arguments),
            "k8s-kms" if first => return kubernetes(arguments),
            "--writable" | "--sandbox" if inline.is_some() => return Err(format!("{name} takes no value")),
            "--writable" => options.writable = true,
            "--sandbox" => options.sandbox = true,
            _ => {
                let value = || inline.or_else(|| arguments.next()).filter(|value| !value.is_empty());
                options.set(&name, value)?;
            }
        }
        first = false;
    }
    Ok(Command::Serve(Box::new(options)))
}

/// The name of an option, and the value after `=`.
fn split(argument: OsString) -> Result<(String, Option<OsString>), String> {
    let text = argument.into_string().map_err(|odd| format!("unknown argument {odd:?}: see --help"))?;
    Ok(match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(OsString::from(value))),
        None => (text, None),
    })
}

fn token(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let name = arguments.next().and_then(|name| name.into_string().ok());
    match (name, arguments.next()) {
        (Some(name), None) if !name.starts_with('-') => Ok(Command::Token(name)),
        _ => Err("token takes the name of the token".to_owned()),
    }
}

fn kubernetes(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let (mut keys, mut socket) = (Vec::new(), None);
    while let Some(argument) = arguments.next() {
        let (name, inline) = split(argument)?;
        let mut value = || inline.clone().or_else(|| arguments.next()).filter(|value| !value.is_empty());
        let needed = || format!("{name} needs a value");
        match name.as_str() {
            "--key" => {
                let key = value().ok_or_else(needed)?.into_string();
                keys.push(key.map_err(|_| "--key is not valid Unicode".to_owned())?);
            }
            "--socket" => socket = Some(PathBuf::from(value().ok_or_else(needed)?)),
            _ => return Err(format!("unknown argument {name:?}: see --help")),
        }
    }
    match socket {
        Some(socket) if !keys.is_empty() => Ok(Command::Kubernetes { keys, socket }),
        _ => Err("k8s-kms needs --key VENDOR:ID and --socket PATH".to_owned()),
    }
}

impl Options {
    fn set(&mut self, name: &str, value: impl FnOnce() -> Option<OsString>) -> Result<(), String> {
        let known = [
            "--config",
            "--listen",
            "--policies",
            "--audit",
            "--vendor",
            "--key-store",
            "--tls-cert",
            "--tls-key",
            "--tls-client-ca",
        ];
        if !known.contains(&name) {
            return Err(format!("unknown argument {name:?}: see --help"));
        }
        let value = value().ok_or(format!("{name} needs a value"))?;
        let text = || value.clone().into_string().map_err(|_| format!("{name} is not valid Unicode"));
        match name {
            "--config" => self.config = Some(value.into()),
            "--listen" => self.listen = Some(text()?),
            "--policies" => self.policies = Some(value.into()),
            "--audit" => self.audit = Some(value.into()),
            "--vendor" => self.vendor = Some(text()?),
            "--key-store" => self.key_store = Some(text()?),
            "--tls-cert" => self.tls_certificate = Some(value.into()),
            "--tls-key" => self.tls_key = Some(value.into()),
            _ => self.tls_client_ca = Some(value.into()),
        }
        Ok(())
    }
}

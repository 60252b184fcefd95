//! Serving the bridge until a signal comes.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{Bridge, BridgeBuilder, Clouds, Config, Mount, MountType, Server, ServerLimits, TlsFiles, Vendor};

use super::arguments::Options;
use super::log::LogFile;
use super::sandbox;
use super::signals::Stop;

/// Where the bridge listens unless it is told otherwise: Vault's port.
const DEFAULT: &str = "127.0.0.1:8200";

/// Serves until Ctrl-C or SIGTERM.
pub(crate) async fn serve(options: Options) -> Result<(), String> {
    let mut stop = Stop::listen().map_err(|error| error.to_string())?;
    if options.sandbox {
        return sandbox::serve(options, stop).await;
    }
    let mut config = configured(&options)?;
    let listen = options.listen.or(config.listen.take()).unwrap_or_else(|| DEFAULT.to_owned());
    let builder = audited(Bridge::builder(), config.audit.as_deref())?;
    let builder = config.apply(builder, &mut Clouds::default()).map_err(|error| error.to_string())?;
    let bridge = builder.build().map_err(|error| error.to_string())?;
    let server = listening(bridge, &listen, tls(&config), limits()).await?;
    announce(&format!("listening on {}\n", server.address()), config.audit.as_deref())?;
    stop.received().await.map_err(|error| error.to_string())?;
    tokio::select! {
        () = server.shutdown() => {}
        // A second signal ends it at once.
        _ = stop.received() => {}
    }
    Ok(())
}

/// The configuration file with what the options say.
fn configured(options: &Options) -> Result<Config, String> {
    let mut config = match &options.config {
        Some(file) => Config::load(file).map_err(|error| error.to_string())?,
        None => Config::default(),
    };
    if let Some(file) = &options.policies {
        config.policies = Some(file.clone());
    }
    if let Some(file) = &options.audit {
        config.audit = Some(file.clone());
    }
    if let Some(vendor) = &options.vendor {
        config.mount.extend(mounts(vendor, options.key_store.as_deref())?);
    } else if options.key_store.is_some() {
        return Err("--key-store goes with --vendor nhn".to_owned());
    }
    if options.writable {
        config.mount.iter_mut().filter(|mount| mount.r#type == MountType::Kv).for_each(|mount| mount.writable = true);
    }
    match (&options.tls_certificate, &options.tls_key, &options.tls_client_ca) {
        (None, None, None) => {}
        (Some(certificate), Some(key), authority) => {
            config.tls = Some(crate::Tls::new(certificate, key, authority.clone()));
        }
        _ => return Err("--tls-cert and --tls-key go together".to_owned()),
    }
    if config.policies.is_none() {
        return Err("no policy file: set --policies FILE, or try --sandbox".to_owned());
    }
    Ok(config)
}

/// The mounts of a cloud under Vault's usual paths.
fn mounts(vendor: &str, key_store: Option<&str>) -> Result<[Mount; 2], String> {
    let vendor = match (vendor, key_store) {
        ("scp", None) => Vendor::Scp,
        ("scp", Some(_)) => return Err("--key-store goes with --vendor nhn".to_owned()),
        ("nhn", Some(_)) => Vendor::Nhn,
        ("nhn", None) => return Err("--vendor nhn needs --key-store NAME".to_owned()),
        _ => return Err("--vendor takes scp or nhn".to_owned()),
    };
    Ok([("transit", MountType::Transit), ("secret", MountType::Kv)].map(|(path, kind)| {
        let mut mount = Mount::new(path, kind, vendor);
        mount.key_store = key_store.map(str::to_owned);
        mount
    }))
}

fn tls(config: &Config) -> Option<TlsFiles> {
    let tls = config.tls.as_ref()?;
    let files = TlsFiles::new(&tls.certificate, &tls.key);
    Some(match &tls.client_ca {
        Some(authority) => files.client_ca(authority),
        None => files,
    })
}

/// Opens the audit log: a file to append to, or the standard output.
pub(crate) fn audited(builder: BridgeBuilder, file: Option<&Path>) -> Result<BridgeBuilder, String> {
    let Some(file) = file else { return Ok(builder) };
    if file == Path::new("-") {
        return Ok(builder.audit(io::stdout()));
    }
    let opened = LogFile::open(file).map_err(|error| format!("--audit {}: {error}", file.display()))?;
    Ok(builder.audit(opened))
}

/// How long a stop still takes connections, until load balancers have noticed.
const DRAIN: Duration = Duration::from_secs(5);

/// The limits of a server that load balancers may be in front of.
fn limits() -> ServerLimits {
    ServerLimits { drain: DRAIN, ..ServerLimits::default() }
}

/// Starts the server.
pub(crate) async fn listening(
    bridge: Bridge,
    listen: &str,
    tls: Option<TlsFiles>,
    limits: ServerLimits,
) -> Result<Server, String> {
    if let Some(path) = listen.strip_prefix("unix:") {
        if tls.is_some() {
            return Err("a Unix socket is served without TLS".to_owned());
        }
        #[cfg(unix)]
        return Server::listen_unix(bridge, &PathBuf::from(path), limits).await.map_err(|error| error.to_string());
        #[cfg(not(unix))]
        return Err(format!("there are no Unix sockets here: {path}"));
    }
    let wrong = |_| "--listen takes an address such as 127.0.0.1:8200, or unix:PATH".to_owned();
    let address: SocketAddr = listen.parse().map_err(wrong)?;
    let server = match tls {
        Some(files) => Server::listen_tls(bridge, address, &files, limits).await,
        None => Server::listen(bridge, address, limits).await,
    };
    server.map_err(|error| error.to_string())
}

/// Prints where the bridge is: on the standard error if the audit log is on the standard output.
pub(crate) fn announce(text: &str, audit: Option<&Path>) -> Result<(), String> {
    let printed = match audit {
        Some(file) if file == Path::new("-") => io::stderr().write_all(text.as_bytes()),
        _ => io::stdout().write_all(text.as_bytes()),
    };
    match printed {
        // The reader may close the stream at any time.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("the standard output: {error}")),
        _ => Ok(()),
    }
}

//! `k8s-kms`: the plugin of Kubernetes' API server.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crate::{Keys, KmsPlugin, KmsServer, NhnKeys, ScpKeys};
use nhn_security::Nhn;
use scp_security::Scp;

use super::signals::Stop;

/// Serves until Ctrl-C or SIGTERM.
pub(crate) async fn serve(keys: &[String], socket: &Path) -> Result<(), String> {
    let mut stop = Stop::listen().map_err(|error| error.to_string())?;
    let mut builder = KmsPlugin::builder();
    for label in keys {
        let (keys, id) = key(label)?;
        builder = builder.key(label, keys, id);
    }
    let plugin = builder.build().map_err(|error| error.to_string())?;
    let server = KmsServer::listen(plugin, socket).await.map_err(|error| error.to_string())?;
    // The reader may have closed the stream.
    let _ = writeln!(io::stdout(), "listening on unix:{}", socket.display());
    stop.received().await.map_err(|error| error.to_string())?;
    server.shutdown().await;
    Ok(())
}

/// The keys that a label such as `scp:ID`, `scp@kr-east1:ID` or `nhn:ID` names, and the ID.
fn key(label: &str) -> Result<(Arc<dyn Keys>, &str), String> {
    let wrong = || format!("--key {label}: a key is scp:ID, scp@REGION:ID or nhn:ID, with 32 hexadecimal digits");
    let (cloud, id) = label.split_once(':').ok_or_else(wrong)?;
    if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let keys: Arc<dyn Keys> = match cloud.split_once('@') {
        None if cloud == "scp" => Arc::new(ScpKeys::new(&Scp::from_env().map_err(|error| error.to_string())?)),
        Some(("scp", region)) => {
            let region = region.parse().map_err(|_| wrong())?;
            let scp = Scp::builder().env().region(region).build();
            Arc::new(ScpKeys::new(&scp.map_err(|error| error.to_string())?))
        }
        // A key is used by its ID, for which the key store need not be known.
        None if cloud == "nhn" => {
            let nhn = Nhn::from_env().map_err(|error| error.to_string())?;
            Arc::new(NhnKeys::new(&nhn, "").map_err(|error| error.to_string())?)
        }
        _ => return Err(wrong()),
    };
    Ok((keys, id))
}

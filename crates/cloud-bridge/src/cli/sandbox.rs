//! `--sandbox`: a bridge in front of a sandbox of both clouds, with a token that may do everything.

use super::arguments::Options;
use super::signals::Stop;

/// Serves until Ctrl-C or SIGTERM.
#[cfg(not(feature = "sandbox"))]
pub(crate) async fn serve(_: Options, _: Stop) -> Result<(), String> {
    Err("this build has no sandbox: build it with the feature `sandbox`".to_owned())
}

/// Serves until Ctrl-C or SIGTERM.
#[cfg(feature = "sandbox")]
pub(crate) async fn serve(options: Options, mut stop: Stop) -> Result<(), String> {
    use super::serve::{announce, audited, listening};
    use super::token;

    let Options { config, vendor, key_store, policies, listen, audit, tls_certificate, tls_key, tls_client_ca, .. } =
        options;
    if config.is_some() || vendor.is_some() || key_store.is_some() || policies.is_some() {
        return Err("--sandbox goes without --config, --vendor, --key-store and --policies".to_owned());
    }
    if tls_certificate.is_some() || tls_key.is_some() || tls_client_ca.is_some() {
        return Err("--sandbox is served without TLS: leave out the --tls options".to_owned());
    }
    let sandbox = cloud_sandbox::Sandbox::start().await.map_err(|error| error.to_string())?;
    let token = token::create()?;
    let all =
        "[[token.policy]]\npath = \"*\"\ncapabilities = [\"read\", \"list\", \"update\", \"create\", \"delete\"]\n";
    let builder = crate::Bridge::builder().policies(token::policy("sandbox", &token) + all);
    let builder = audited(builder, audit.as_deref())?;
    let (config, mut clouds) = configured(&sandbox.env_vars())?;
    let bridge = config.apply(builder, &mut clouds).and_then(|builder| builder.build());
    let bridge = bridge.map_err(|error| error.to_string())?;
    let limits = crate::ServerLimits::default();
    let server = listening(bridge, listen.as_deref().unwrap_or("127.0.0.1:0"), None, limits).await?;
    let (address, shown) = (server.address(), token.expose_secret());
    let text = format!("listening on {address}\nexport VAULT_ADDR={address}\nexport VAULT_TOKEN={shown}\n");
    announce(&text, audit.as_deref())?;
    stop.received().await.map_err(|error| error.to_string())?;
    server.shutdown().await;
    sandbox.shutdown().await.map_err(|error| error.to_string())
}

/// The keys and secrets of the sandbox: Samsung Cloud Platform under Vault's usual paths, NHN Cloud beside it.
#[cfg(feature = "sandbox")]
fn configured(variables: &[(&'static str, String)]) -> Result<(crate::Config, crate::Clouds), String> {
    use crate::{Clouds, Config, Mount, MountType, Vendor};

    let get = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| value.clone());
    let get = |name: &str| get(name).unwrap_or_default();
    let scp = scp_security::Scp::builder()
        .endpoint(get("SCP_ENDPOINT"))
        .credentials(get("SCP_ACCESS_KEY"), get("SCP_SECRET_KEY"))
        .build();
    let nhn = nhn_security::Nhn::builder()
        .endpoint(get("NHN_CLOUD_ENDPOINT"))
        .user_access_key(get("NHN_CLOUD_USER_ACCESS_KEY_ID"), get("NHN_CLOUD_USER_SECRET_ACCESS_KEY"))
        .secure_key_manager_app_key(get("NHN_CLOUD_SKM_APP_KEY"))
        .mac_address(get("NHN_CLOUD_SKM_MAC_ADDRESS"))
        .build();
    let scp = scp.map_err(|error| error.to_string())?;
    let nhn = nhn.map_err(|error| error.to_string())?;
    let clouds = Clouds { scp: Some(scp), nhn: Some(nhn) };
    let mut config = Config::default();
    for (path, kind, vendor) in [
        ("transit", MountType::Transit, Vendor::Scp),
        ("secret", MountType::Kv, Vendor::Scp),
        ("nhn-transit", MountType::Transit, Vendor::Nhn),
        ("nhn-secret", MountType::Kv, Vendor::Nhn),
    ] {
        let mut mount = Mount::new(path, kind, vendor);
        mount.writable = kind == MountType::Kv;
        if vendor == Vendor::Nhn {
            mount.key_store = Some("servers".to_owned());
        } else if kind == MountType::Kv {
            mount.kms_key = Some("3265ab469f0d406d83073da3e11e7a6c".to_owned());
            mount.acl_cidr = Some("127.0.0.1/32".to_owned());
            mount.names.insert("team/db".to_owned(), "my-secret-name".to_owned());
        }
        config.mount.push(mount);
    }
    Ok((config, clouds))
}

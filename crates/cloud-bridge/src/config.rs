//! The configuration file of the command.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloud_core::{Error, Networks, Result};
use nhn_security::Nhn;
use scp_security::Scp;
use serde::Deserialize;

use crate::bridge::{BridgeBuilder, Names};
use crate::keys::nhn::NhnKeys;
use crate::keys::scp::ScpKeys;
use crate::secrets::nhn::NhnSecrets;
use crate::secrets::scp::ScpSecrets;

/// What the configuration file says. Options of the command override it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// An address such as `127.0.0.1:8200`, or `unix:PATH`.
    pub listen: Option<String>,
    /// The policy file.
    pub policies: Option<PathBuf>,
    /// The file of the audit log, or `-` for the standard output.
    pub audit: Option<PathBuf>,
    /// What `X-Vault-Namespace` may be.
    pub namespace: String,
    /// How long a request may take, in seconds.
    pub request_limit: Option<u64>,
    /// How long a secret is served without asking the cloud, in seconds.
    pub cache_ttl: Option<u64>,
    /// How long after that it is served in an outage, in seconds.
    pub stale_on_outage: Option<u64>,
    /// The certificate and key of the server.
    pub tls: Option<Tls>,
    /// What is served.
    pub mount: Vec<Mount>,
}

/// The files of a server with TLS, in PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Tls {
    /// The certificate of the server and those that lead to its authority.
    pub certificate: PathBuf,
    /// The private key of the certificate.
    pub key: PathBuf,
    /// The authorities of clients. If it is set, clients must present a certificate.
    pub client_ca: Option<PathBuf>,
}

/// Keys or secrets under a path.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Mount {
    /// The path, such as `transit`.
    pub path: String,
    /// What is served.
    pub r#type: MountType,
    /// The cloud.
    pub vendor: Vendor,
    /// The key store, for NHN Cloud.
    pub key_store: Option<String>,
    /// Whether secrets may be written.
    #[serde(default)]
    pub writable: bool,
    /// The ID of the KMS key of secrets that are created, for Samsung Cloud Platform.
    pub kms_key: Option<String>,
    /// The networks that may read secrets that are created, for Samsung Cloud Platform.
    pub acl_cidr: Option<String>,
    /// The days until a secret is deleted, for Samsung Cloud Platform.
    pub deletion_days: Option<u32>,
    /// Names or paths, each for the name or ID of a key or secret.
    #[serde(default)]
    pub names: Names,
}

/// What a mount serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MountType {
    /// Keys.
    Transit,
    /// Secrets, as version 2 of KV.
    Kv,
}

/// A cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Vendor {
    /// Samsung Cloud Platform.
    Scp,
    /// NHN Cloud.
    Nhn,
}

/// The clients of the clouds. Each is built when the first mount needs it.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Clouds {
    /// Samsung Cloud Platform.
    pub scp: Option<Scp>,
    /// NHN Cloud.
    pub nhn: Option<Nhn>,
}

impl Tls {
    /// Names the certificate and its key, and the authorities of clients if they must present a certificate.
    #[must_use]
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>, client_ca: Option<PathBuf>) -> Self {
        Self { certificate: certificate.into(), key: key.into(), client_ca }
    }
}

impl Clouds {
    fn scp(&mut self) -> Result<&Scp> {
        let scp = self.scp.take().map_or_else(Scp::from_env, Ok)?;
        Ok(self.scp.insert(scp))
    }

    fn nhn(&mut self) -> Result<&Nhn> {
        let nhn = self.nhn.take().map_or_else(Nhn::from_env, Ok)?;
        Ok(self.nhn.insert(nhn))
    }
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) says what is wrong, and where.
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| Error::config(format!("{}: {error}", path.display())))?;
        Self::read(&text).map_err(|error| Error::config(format!("{}: {}", path.display(), error.message())))
    }

    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) says what is wrong, and where.
    pub fn read(text: &str) -> Result<Self> {
        // It holds no secret, so the line in question may be shown.
        toml::from_str(text).map_err(|error| Error::config(error.to_string().trim_end().to_owned()))
    }

    /// Sets what the file says on a builder. Clients of clouds that are missing are built from the environment.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](cloud_core::ErrorKind::Config) if a mount lacks a setting, has one of another cloud, or a
    /// client cannot be built.
    pub fn apply(&self, mut builder: BridgeBuilder, clouds: &mut Clouds) -> Result<BridgeBuilder> {
        if let Some(policies) = &self.policies {
            builder = builder.policy_file(policies);
        }
        builder = builder.namespace(&self.namespace);
        let seconds = |setting: Option<u64>| setting.map(Duration::from_secs);
        if let Some(limit) = seconds(self.request_limit) {
            builder = builder.request_limit(limit);
        }
        if let Some(ttl) = seconds(self.cache_ttl) {
            builder = builder.cache_ttl(ttl);
        }
        if let Some(limit) = seconds(self.stale_on_outage) {
            builder = builder.stale_on_outage(limit);
        }
        if self.mount.is_empty() {
            return Err(Error::config("there is no mount: add [[mount]] to the configuration, or --vendor"));
        }
        for mount in &self.mount {
            let named = |error: Error| Error::config(format!("mount {:?}: {}", mount.path, error.message()));
            builder = mount.add(builder, clouds).map_err(named)?;
        }
        Ok(builder)
    }
}

impl Mount {
    /// Creates a mount without a setting of one cloud alone.
    #[must_use]
    pub fn new(path: impl Into<String>, kind: MountType, vendor: Vendor) -> Self {
        Self {
            path: path.into(),
            r#type: kind,
            vendor,
            key_store: None,
            writable: false,
            kms_key: None,
            acl_cidr: None,
            deletion_days: None,
            names: Names::new(),
        }
    }

    fn add(&self, builder: BridgeBuilder, clouds: &mut Clouds) -> Result<BridgeBuilder> {
        self.check()?;
        let names = self.names.clone();
        Ok(match (self.r#type, self.vendor) {
            (MountType::Transit, Vendor::Scp) => {
                builder.transit(&self.path, Arc::new(ScpKeys::new(clouds.scp()?)), names)
            }
            (MountType::Transit, Vendor::Nhn) => {
                builder.transit(&self.path, Arc::new(NhnKeys::new(clouds.nhn()?, self.key_store()?)?), names)
            }
            (MountType::Kv, Vendor::Scp) => {
                let secrets = self.scp_secrets(clouds.scp()?)?;
                builder.kv(&self.path, Arc::new(secrets), names, self.writable)
            }
            (MountType::Kv, Vendor::Nhn) => {
                let secrets = NhnSecrets::new(clouds.nhn()?, self.key_store()?)?;
                builder.kv(&self.path, Arc::new(secrets), names, self.writable)
            }
        })
    }

    /// Rejects settings that would have no effect.
    fn check(&self) -> Result<()> {
        let scp_kv = self.r#type == MountType::Kv && self.vendor == Vendor::Scp;
        for (name, set, used) in [
            ("key_store", self.key_store.is_some(), self.vendor == Vendor::Nhn),
            ("writable", self.writable, self.r#type == MountType::Kv),
            ("kms_key", self.kms_key.is_some(), scp_kv),
            ("acl_cidr", self.acl_cidr.is_some(), scp_kv),
            ("deletion_days", self.deletion_days.is_some(), scp_kv),
        ] {
            if set && !used {
                return Err(Error::config(format!("`{name}` has no effect here")));
            }
        }
        Ok(())
    }

    fn key_store(&self) -> Result<&str> {
        self.key_store.as_deref().ok_or_else(|| Error::config("set `key_store`, the name of a key store"))
    }

    fn scp_secrets(&self, scp: &Scp) -> Result<ScpSecrets> {
        let mut secrets = ScpSecrets::new(scp);
        if let Some(days) = self.deletion_days {
            if !(7..=30).contains(&days) {
                return Err(Error::config("`deletion_days` must be from 7 to 30"));
            }
            secrets = secrets.deletion_days(days);
        }
        match (&self.kms_key, &self.acl_cidr) {
            (Some(key), Some(networks)) => {
                let networks: Networks = networks.parse()?;
                Ok(secrets.create_with(key, networks))
            }
            (None, None) => Ok(secrets),
            _ => Err(Error::config("`kms_key` and `acl_cidr` go together")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_have_no_effect_are_rejected() {
        let mount = |rest: &str| format!("[[mount]]\npath = \"a\"\n{rest}\n");
        for (text, wanted) in [
            ("", "there is no mount"),
            (&*mount("type = \"kv\"\nvendor = \"scp\"\nkey_store = \"x\""), "`key_store` has no effect here"),
            (&mount("type = \"transit\"\nvendor = \"scp\"\nwritable = true"), "`writable` has no effect here"),
            (&mount("type = \"kv\"\nvendor = \"nhn\"\nkms_key = \"x\""), "`kms_key` has no effect here"),
            (&mount("type = \"kv\"\nvendor = \"aws\""), "unknown variant `aws`"),
            (&mount("type = \"kv\"\nvendor = \"scp\"\nkmskey = \"x\""), "unknown field `kmskey`"),
        ] {
            let outcome = Config::read(text)
                .and_then(|config| config.apply(crate::Bridge::builder(), &mut Clouds::default()).map(|_| ()));
            let error = outcome.unwrap_err();
            assert!(error.to_string().contains(wanted), "{text}: {error}");
        }
    }
}

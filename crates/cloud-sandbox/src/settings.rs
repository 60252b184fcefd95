//! The credentials that the sandbox accepts and the knobs that a caller may turn.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::accounts::Account;
use crate::clock::Clock;
use crate::nhn::options::Options;
use crate::spec::example::Answers;

/// Everything that is fixed when a sandbox starts.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Which examples are returned instead of keeping state.
    pub(crate) answers: Option<Answers>,
    pub(crate) clock: Clock,
    /// How far a signed timestamp may be from the clock.
    pub(crate) tolerance: Duration,
    /// How long an NHN token lives.
    pub(crate) token_lifetime: Duration,
    /// Makes ids, keys and passwords repeat.
    pub(crate) random_seed: Option<u64>,
    /// Emulates environment `g` of Samsung Cloud Platform.
    pub(crate) sovereign: bool,
    /// How many accounts each vendor has beside the first.
    pub(crate) accounts: u32,
    /// How NHN Cloud is emulated.
    pub(crate) nhn: Options,
    /// How long a connection may go without a whole request head.
    pub(crate) header_timeout: Duration,
    /// The address to listen on.
    pub(crate) bind: IpAddr,
    /// Whether the sandbox can be controlled over HTTP.
    pub(crate) admin: bool,
    /// What is laid over the default seed.
    pub(crate) seed_data: Option<Value>,
    /// Where the state comes from and goes to.
    pub(crate) state_file: Option<PathBuf>,
}

/// Seed data hold secrets, and a random seed leads to keys, so neither is shown.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("answers", &self.answers)
            .field("token_lifetime", &self.token_lifetime)
            .field("sovereign", &self.sovereign)
            .field("nhn", &self.nhn)
            .field("bind", &self.bind)
            .field("admin", &self.admin)
            .field("state_file", &self.state_file)
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            answers: None,
            clock: Clock::default(),
            tolerance: Duration::from_secs(5 * 60),
            token_lifetime: Duration::from_secs(24 * 60 * 60),
            random_seed: None,
            sovereign: false,
            accounts: 0,
            nhn: Options::default(),
            header_timeout: Duration::from_secs(60),
            bind: Ipv4Addr::LOCALHOST.into(),
            admin: false,
            seed_data: None,
            state_file: None,
        }
    }
}

/// Samsung Cloud Platform: the static pair and the token of one Secret Vault.
pub(crate) mod scp {
    pub(crate) const ACCESS_KEY: &str = "5a4db0c51e2f4b0f9d3c7a6e8b1f2d40";
    pub(crate) const SECRET_KEY: &str = "5a4db0c5-0000-4000-8000-7a6e8b1f2d40";
    pub(crate) const VAULT_TOKEN_ID: &str = "5a4db0c5-1111-4111-8111-7a6e8b1f2d41";
    pub(crate) const VAULT_TOKEN_SECRET: &str = "5a4db0c5-2222-4222-8222-7a6e8b1f2d42";
    pub(crate) const VAULT_ID: &str = "f2936d5ac07b4e1e8a41c9e7d5b3026f";
}

/// NHN Cloud: the User Access Key, one appkey for each service, the address of the only client.
pub(crate) mod nhn {
    pub(crate) const USER_ACCESS_KEY_ID: &str = "sandboxUserAccessKey";
    pub(crate) const SECRET_ACCESS_KEY: &str = "sandboxSecretAccessKey";
    pub(crate) const SECURITY_ADVISOR_APP_KEY: &str = "sandboxAdvisorKey";
    pub(crate) const SERVER_SECURITY_CHECK_APP_KEY: &str = "sandboxCheckKey";
    pub(crate) const SKM_APP_KEY: &str = "sandboxKeyManagerKey";
    pub(crate) const SKM_MAC_ADDRESS: &str = "aa:aa:aa:aa:aa:aa";
}

/// RISKEN: one project token.
pub(crate) mod risken {
    pub(crate) const PROJECT_ID: u32 = 1001;
    pub(crate) const ACCESS_TOKEN_ID: u32 = 7;
    pub(crate) const SECRET: &str =
        "c2FuZGJveC1zYW5kYm94LXNhbmRib3gtc2FuZGJveC1zYW5kYm94LXNhbmRib3gtc2FuZGJveC1zYW5kYm94LQ";
}

/// The token in the form that RISKEN hands out.
pub(crate) fn risken_token(account: Account) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}@{}@{}", account.risken_project(), risken::ACCESS_TOKEN_ID, risken::SECRET))
}

/// The environment that points all three SDKs at an endpoint, with the credentials of an account.
pub(crate) fn environment(endpoint: &str, sovereign: bool, account: Account) -> Vec<(&'static str, String)> {
    let (region, environment) = if sovereign { ("kr-south1", "g") } else { ("kr-west1", "e") };
    let (scp_key, scp_secret) = account.scp_keys();
    let (nhn_key, nhn_secret) = account.nhn_keys();
    vec![
        ("SCP_ACCESS_KEY", scp_key),
        ("SCP_SECRET_KEY", scp_secret),
        ("SCP_REGION", region.to_owned()),
        ("SCP_ENVIRONMENT", environment.to_owned()),
        ("SCP_ENDPOINT", endpoint.to_owned()),
        ("SCP_VAULT_TOKEN_ID", scp::VAULT_TOKEN_ID.to_owned()),
        ("SCP_VAULT_TOKEN_SECRET", scp::VAULT_TOKEN_SECRET.to_owned()),
        ("SCP_SECRET_VAULT_ID", scp::VAULT_ID.to_owned()),
        ("NHN_CLOUD_USER_ACCESS_KEY_ID", nhn_key),
        ("NHN_CLOUD_USER_SECRET_ACCESS_KEY", nhn_secret),
        ("NHN_CLOUD_SECURITY_ADVISOR_APP_KEY", account.nhn_app_key(nhn::SECURITY_ADVISOR_APP_KEY)),
        ("NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY", account.nhn_app_key(nhn::SERVER_SECURITY_CHECK_APP_KEY)),
        ("NHN_CLOUD_SKM_APP_KEY", account.nhn_app_key(nhn::SKM_APP_KEY)),
        ("NHN_CLOUD_SKM_MAC_ADDRESS", nhn::SKM_MAC_ADDRESS.to_owned()),
        ("NHN_CLOUD_ENDPOINT", endpoint.to_owned()),
        ("RISKEN_URL", endpoint.to_owned()),
        ("RISKEN_ACCESS_TOKEN", risken_token(account)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_debug_hides_seeds() {
        let seed_data = Some(serde_json::json!({ "secret": "hunter2" }));
        let shown = format!("{:?}", Settings { seed_data, random_seed: Some(987_654), ..Settings::default() });
        assert!(shown.contains("127.0.0.1") && !shown.contains("hunter2") && !shown.contains("987654"), "{shown}");
    }
}

//! The SDKs of all three vendors, pointed at a sandbox by the variables that it hands out.

use std::collections::HashMap;
use std::sync::Arc;

use cloud_core::transport::reqwest::ReqwestTransport;
use cloud_core::{Result, Runtime, Transport};
use nhn_security::{Nhn, Period, Region as NhnRegion, secure_key_manager, security_advisor, server_security_check};
use risken_aws::{ProjectId, Risken};
use scp_security::{Region, Scp};
use time::macros::datetime;

/// The sandbox's variables by name.
pub type Variables = HashMap<String, String>;

/// The most that an response may have in a soak. The C library keeps blocks of the default limit's size for later use,
/// some for each thread, which would look like a leak for a long time.
const BODY_LIMIT: usize = 1 << 20;

/// What the mix calls.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    /// Samsung Cloud Platform.
    pub(crate) scp: Scp,
    /// Secure Key Manager.
    pub(crate) keys: secure_key_manager::v1_0::Client,
    /// Secure Key Manager's version with key versions.
    pub(crate) key_versions: secure_key_manager::v1_1::Client,
    /// Security Advisor.
    pub(crate) advisor: security_advisor::v1_0::Client,
    /// Server Security Check.
    pub(crate) check: server_security_check::v1_0::Client,
    /// RISKEN.
    pub(crate) risken: Risken,
    /// The project to which RISKEN's token belongs.
    pub(crate) project: ProjectId,
    /// The variables themselves.
    pub(crate) variables: Arc<Variables>,
}

impl Clients {
    /// SDKs with default settings. A `runtime`, which stands in for the clock and its waits, comes with one transport for
    /// all and a body limit of its own.
    ///
    /// # Errors
    /// When a variable is missing or a client cannot be built.
    pub(crate) fn new(variables: Variables, runtime: Option<Arc<dyn Runtime>>) -> Result<Self> {
        let get = |name: &str| {
            let missing = || cloud_core::Error::config(format!("the sandbox handed out no {name}"));
            variables.get(name).cloned().ok_or_else(missing)
        };
        let mut scp = Scp::builder()
            .endpoint(get("SCP_ENDPOINT")?)
            .credentials(get("SCP_ACCESS_KEY")?, get("SCP_SECRET_KEY")?)
            .region(get("SCP_REGION")?.parse::<Region>()?);
        let mut nhn = Nhn::builder()
            .endpoint(get("NHN_CLOUD_ENDPOINT")?)
            .user_access_key(get("NHN_CLOUD_USER_ACCESS_KEY_ID")?, get("NHN_CLOUD_USER_SECRET_ACCESS_KEY")?)
            .security_advisor_app_key(get("NHN_CLOUD_SECURITY_ADVISOR_APP_KEY")?)
            .server_security_check_app_key(get("NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY")?)
            .secure_key_manager_app_key(get("NHN_CLOUD_SKM_APP_KEY")?)
            .mac_address(get("NHN_CLOUD_SKM_MAC_ADDRESS")?);
        let mut risken = Risken::builder().endpoint(get("RISKEN_URL")?).access_token(get("RISKEN_ACCESS_TOKEN")?);
        if let Some(runtime) = runtime {
            let transport: Arc<dyn Transport> = Arc::new(ReqwestTransport::builder().body_limit(BODY_LIMIT).build()?);
            scp = scp.runtime(Arc::clone(&runtime)).transport(Arc::clone(&transport));
            nhn = nhn.runtime(Arc::clone(&runtime)).transport(Arc::clone(&transport));
            risken = risken.runtime(runtime).transport(transport);
        }
        let nhn = nhn.build()?;
        Ok(Self {
            scp: scp.build()?,
            keys: nhn.secure_key_manager_v1_0()?,
            key_versions: nhn.secure_key_manager_v1_1()?,
            advisor: nhn.security_advisor()?,
            check: nhn.server_security_check()?,
            risken: risken.build()?,
            project: ProjectId::new(1001)?,
            variables: Arc::new(variables),
        })
    }

    /// Replaces tokens of NHN Cloud that have ended, so that no other call meets their end.
    ///
    /// # Errors
    /// When a call fails.
    pub(crate) async fn renew(&self) -> Result<()> {
        self.advisor.show_last_inspection_date().await?;
        let june = Period::new(datetime!(2025-06-01 00:00 +9), datetime!(2025-06-02 00:00 +9))?;
        self.check.list_inspection_summaries(NhnRegion::Kr1, june).limit(1).first_page().await.map(drop)
    }
}

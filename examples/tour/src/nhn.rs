//! NHN Cloud: the Security Advisor's summary, a page of Server Security Check, a secret of Secure Key Manager.

use nhn_security::{Language, Nhn, Period, Region, Result};
use time::macros::datetime;

use crate::Settings;
use crate::show::{heading, line, more};

pub(crate) async fn run(settings: &Settings) -> Result<()> {
    heading("NHN Cloud", "nhn.rs");
    let nhn = Nhn::builder()
        .endpoint(settings.get("NHN_CLOUD_ENDPOINT"))
        .user_access_key(settings.get("NHN_CLOUD_USER_ACCESS_KEY_ID"), settings.get("NHN_CLOUD_USER_SECRET_ACCESS_KEY"))
        .security_advisor_app_key(settings.get("NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"))
        .server_security_check_app_key(settings.get("NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY"))
        .secure_key_manager_app_key(settings.get("NHN_CLOUD_SKM_APP_KEY"))
        .mac_address(settings.get("NHN_CLOUD_SKM_MAC_ADDRESS"))
        .build()?;

    let advisor = nhn.security_advisor()?;
    let last = advisor.show_last_inspection_date().await?;
    line("security_advisor.last_inspection", last.latest_inspection_time);
    for rule in advisor.list_inspection_results(Region::Kr1, Language::En).await?.iter().take(4) {
        let status = rule.status.as_ref().map_or("never inspected", |status| status.as_str());
        line("security_advisor.results", format!("{status:<9} {}", rule.inspect_content));
    }

    let check = nhn.server_security_check()?;
    let june = Period::new(datetime!(2025-06-17 00:00 +9), datetime!(2025-06-30 23:59:59 +9))?;
    let mut pages = check.list_inspection_summaries(Region::Kr1, june).limit(10).pages();
    if let Some(page) = pages.next().await.transpose()? {
        for server in &page.results {
            let text = format!("{}: {} of {} checks weak", server.instance_name, server.weak_count, server.check_count);
            line("server_security_check.summary", text);
        }
    }

    let skm = nhn.secure_key_manager()?;
    let client = skm.confirm_client().await?;
    line("secure_key_manager.confirm", format!("it sees this machine as {}", client.client_ip));
    let secret = skm.show_secret("2d8f6ba1e4c95073bf18054d9e3ac764").await?;
    line("secure_key_manager.show_secret", format!("{} bytes", secret.secret.expose_secret().len()));
    more(format!("Debug prints {secret:?}"));
    Ok(())
}

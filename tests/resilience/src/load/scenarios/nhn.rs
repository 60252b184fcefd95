//! NHN Cloud: encrypt and sign, keys by version, key stores, inspections in pages.

use nhn_security::secure_key_manager::types::{DecryptRequest, EncryptRequest, SignRequest, VerifyRequest};
use nhn_security::{Language, Period, Region};
use time::macros::datetime;

use crate::load::run::Session;

/// A symmetric and an asymmetric key, and a secret, of the default seed.
const KEY: &str = "035a0ffa16a64bbf8171c4bdcea37bbf";
const KEY_PAIR: &str = "1c7e5a90d3b84f62ae07f4c18d29b653";
const SECRET: &str = "04fde6d8ee604cbe8fa7abe135a7dc3e";

/// Encrypts, decrypts, signs and verifies.
pub(super) async fn encrypt(session: &mut Session) {
    // A failed step ends the scenario; there is nothing to delete.
    let _ = encrypting(session).await;
}

async fn encrypting(session: &mut Session) -> Option<()> {
    let keys = session.clients.keys.clone();
    let size = usize::try_from(session.random.below(2000)).ok()? + 1;
    let text = "가".repeat(size);
    let encrypted =
        session.call("nhn/secure-key-manager/encrypt/1.0", keys.encrypt(KEY, &EncryptRequest::new(&*text))).await?;
    let wanted = DecryptRequest::new(&*encrypted.ciphertext);
    let decrypted = session.call("nhn/secure-key-manager/decrypt/1.0", keys.decrypt(KEY, &wanted)).await?;
    if decrypted.plaintext.expose_secret() != text {
        session.report_mismatch("decrypt returned another plaintext");
    }
    session.call("nhn/secure-key-manager/create_local_key/1.0", keys.create_local_key(KEY)).await?;
    let signed =
        session.call("nhn/secure-key-manager/sign/1.0", keys.sign(KEY_PAIR, &SignRequest::new("a message"))).await?;
    let wanted = VerifyRequest::new("a message", &*signed.signature);
    let verified = session.call("nhn/secure-key-manager/verify/1.0", keys.verify(KEY_PAIR, &wanted)).await?;
    if verified.require_valid().is_err() {
        session.report_mismatch("a signature did not verify");
    }
    Some(())
}

/// Reads secrets, keys by version, key stores and their clients.
pub(super) async fn read(session: &mut Session) {
    let _ = reading(session).await;
}

async fn reading(session: &mut Session) -> Option<()> {
    let (keys, versions) = (session.clients.keys.clone(), session.clients.key_versions.clone());
    session.call("nhn/secure-key-manager/show_secret/1.0", keys.show_secret(SECRET)).await?;
    let version = i64::try_from(session.random.below(3)).ok()?;
    let call = versions.show_symmetric_key(KEY).key_version(version);
    let key = session.call("nhn/secure-key-manager/show_symmetric_key/1.1", call).await?;
    if key.key_version != version {
        session.report_mismatch("a key has another version");
    }
    session.call("nhn/secure-key-manager/show_public_key/1.0", keys.show_public_key(KEY_PAIR)).await?;
    session.call("nhn/secure-key-manager/show_private_key/1.0", keys.show_private_key(KEY_PAIR)).await?;
    session.call("nhn/secure-key-manager/confirm_client/1.0", keys.confirm_client()).await?;
    session.call("nhn/secure-key-manager/list_key_stores/1.0", keys.list_key_stores()).await?;
    session.call("nhn/secure-key-manager/show_key_store/1.0", keys.show_key_store(1)).await?;
    session.call("nhn/secure-key-manager/list_keys/1.0", keys.list_keys(1)).await?;
    session.call("nhn/secure-key-manager/show_key/1.0", keys.show_key(1, KEY)).await?;
    session.call("nhn/secure-key-manager/list_ipv4_addresses/1.0", keys.list_ipv4_addresses(1)).await?;
    session.call("nhn/secure-key-manager/list_mac_addresses/1.0", keys.list_mac_addresses(1)).await.map(drop)
}

/// Lists inspection results: rules of a region, and servers of a month in pages.
pub(super) async fn inspect(session: &mut Session) {
    let _ = inspecting(session).await;
}

async fn inspecting(session: &mut Session) -> Option<()> {
    let (advisor, check) = (session.clients.advisor.clone(), session.clients.check.clone());
    let call = advisor.show_last_inspection_date();
    session.call("nhn/security-advisor/show_last_inspection_date/1.0", call).await?;
    let call = advisor.list_inspection_results(Region::Kr1, Language::En);
    session.call("nhn/security-advisor/list_inspection_results/1.0", call).await?;
    let call = advisor.show_auto_inspection_settings();
    session.call("nhn/security-advisor/show_auto_inspection_settings/1.0", call).await?;
    let june = Period::new(datetime!(2025-06-01 00:00 +9), datetime!(2025-06-30 23:59:59 +9)).ok()?;
    let pages = check.list_inspection_summaries(Region::Kr1, june).limit(7).items();
    let summaries = session.call("nhn/server-security-check/list_inspection_summaries/1.0", whole!(pages)).await?;
    let one = session.random.below(summaries.len() as u64);
    let one = usize::try_from(one).ok().and_then(|one| summaries.get(one))?;
    let Ok(number) = one.result_number() else {
        session.report_mismatch("a summary has no number");
        return None;
    };
    let call = check.list_inspection_details(number);
    let details = session.call("nhn/server-security-check/list_inspection_details/1.0", call).await?;
    if details.results.len() as i64 != one.check_count {
        session.report_mismatch("details and summary do not agree");
    }
    Some(())
}

//! NHN Cloud: sealing and signing, keys by version, key stores, inspections page by page.

use nhn_security::secure_key_manager::types::{DecryptRequest, EncryptRequest, SignRequest, VerifyRequest};
use nhn_security::security_advisor::types::{Language, Region};
use nhn_security::{ExposeSecret as _, Period};
use time::macros::datetime;

use crate::load::run::Turn;

/// A symmetric and an asymmetric key, and a secret, of the default seed.
const KEY: &str = "035a0ffa16a64bbf8171c4bdcea37bbf";
const SECRET: &str = "04fde6d8ee604cbe8fa7abe135a7dc3e";

/// Texts that are sealed, opened and signed.
pub(super) async fn seal(turn: &mut Turn) {
    // A step that a fault struck ends the scenario; it leaves nothing behind.
    let _ = sealing(turn).await;
}

async fn sealing(turn: &mut Turn) -> Option<()> {
    let keys = turn.clients.keys.clone();
    let size = usize::try_from(turn.chance.below(2000)).ok()? + 1;
    let text = "가".repeat(size);
    let sealed =
        turn.call("nhn/secure-key-manager/encrypt/1.0", keys.encrypt(KEY, &EncryptRequest::new(&*text))).await?;
    let wanted = DecryptRequest::new(&*sealed.ciphertext);
    let opened = turn.call("nhn/secure-key-manager/decrypt/1.0", keys.decrypt(KEY, &wanted)).await?;
    if opened.plaintext.expose_secret() != text {
        turn.wrong("decrypt gave something else");
    }
    turn.call("nhn/secure-key-manager/create_local_key/1.0", keys.create_local_key(KEY)).await?;
    let signed = turn.call("nhn/secure-key-manager/sign/1.0", keys.sign(KEY, &SignRequest::new("a message"))).await?;
    let wanted = VerifyRequest::new("a message", &*signed.signature);
    let verified = turn.call("nhn/secure-key-manager/verify/1.0", keys.verify(KEY, &wanted)).await?;
    if !verified.result {
        turn.wrong("a signature did not verify");
    }
    Some(())
}

/// Secrets, keys by version, key stores and who may use them.
pub(super) async fn read(turn: &mut Turn) {
    let _ = reading(turn).await;
}

async fn reading(turn: &mut Turn) -> Option<()> {
    let (keys, versions) = (turn.clients.keys.clone(), turn.clients.key_versions.clone());
    turn.call("nhn/secure-key-manager/show_secret/1.0", keys.show_secret(SECRET)).await?;
    let version = i64::try_from(turn.chance.below(3)).ok()?;
    let call = versions.show_symmetric_key(KEY).key_version(version);
    let key = turn.call("nhn/secure-key-manager/show_symmetric_key/1.1", call).await?;
    if key.key_version != version {
        turn.wrong("a key of another version came");
    }
    turn.call("nhn/secure-key-manager/show_public_key/1.0", keys.show_public_key(KEY)).await?;
    turn.call("nhn/secure-key-manager/show_private_key/1.0", keys.show_private_key(KEY)).await?;
    turn.call("nhn/secure-key-manager/confirm_client/1.0", keys.confirm_client()).await?;
    turn.call("nhn/secure-key-manager/list_key_stores/1.0", keys.list_key_stores()).await?;
    turn.call("nhn/secure-key-manager/show_key_store/1.0", keys.show_key_store(1)).await?;
    turn.call("nhn/secure-key-manager/list_keys/1.0", keys.list_keys(1)).await?;
    turn.call("nhn/secure-key-manager/show_key/1.0", keys.show_key(1, KEY)).await?;
    turn.call("nhn/secure-key-manager/list_ipv4_addresses/1.0", keys.list_ipv4_addresses(1)).await?;
    turn.call("nhn/secure-key-manager/list_mac_addresses/1.0", keys.list_mac_addresses(1)).await.map(drop)
}

/// What was inspected: rules of a region, and servers of a month page by page.
pub(super) async fn inspect(turn: &mut Turn) {
    let _ = inspecting(turn).await;
}

async fn inspecting(turn: &mut Turn) -> Option<()> {
    let (advisor, check) = (turn.clients.advisor.clone(), turn.clients.check.clone());
    let call = advisor.show_last_inspection_date();
    turn.call("nhn/security-advisor/show_last_inspection_date/1.0", call).await?;
    let call = advisor.list_inspection_results(Region::Kr1, Language::En);
    turn.call("nhn/security-advisor/list_inspection_results/1.0", call).await?;
    let call = advisor.show_auto_inspection_settings();
    turn.call("nhn/security-advisor/show_auto_inspection_settings/1.0", call).await?;
    let june = Period::new(datetime!(2025-06-01 00:00 +9), datetime!(2025-06-30 23:59:59 +9)).ok()?;
    let pages = check.list_inspection_summaries("KR1", june).limit(7).items();
    let summaries = turn.call("nhn/server-security-check/list_inspection_summaries/1.0", whole!(pages)).await?;
    let one = turn.chance.below(summaries.len() as u64);
    let one = usize::try_from(one).ok().and_then(|one| summaries.get(one))?;
    let Ok(number) = one.result_number() else {
        turn.wrong("a summary has no number");
        return None;
    };
    let call = check.list_inspection_details(number);
    let details = turn.call("nhn/server-security-check/list_inspection_details/1.0", call).await?;
    if details.results.len() as i64 != one.check_count {
        turn.wrong("details and summary do not agree");
    }
    Some(())
}

//! Samsung Cloud Platform: encrypt and decrypt, read a secret, list certificates and inspection results.

use scp_security::kms::types::{DecryptRequest, EncryptRequest, KeyPurpose};
use scp_security::secrets_manager::types::ShowSecretValueRequest;
use scp_security::{Result, Scp};

use crate::Settings;
use crate::show::{heading, line, more, short};

pub(crate) async fn run(settings: &Settings) -> Result<()> {
    heading("Samsung Cloud Platform", "scp.rs");
    let scp = Scp::builder()
        .endpoint(settings.get("SCP_ENDPOINT"))
        .credentials(settings.get("SCP_ACCESS_KEY"), settings.get("SCP_SECRET_KEY"))
        .build()?;

    let kms = scp.kms();
    let mut keys = kms.list_keys().size(20).pages();
    let Some(page) = keys.next().await.transpose()? else { return Ok(()) };
    for key in &page.keys {
        line("kms.list_keys", format!("{} ({}, version {})", key.name, key.purpose, key.current_version));
    }
    // A key works for its purpose only.
    let for_data = page.keys.iter().find(|key| key.purpose == KeyPurpose::Aes256Gcm96);
    let Some(key_id) = for_data.map(|key| key.id.clone()) else { return Ok(()) };
    let encrypted = kms.encrypt(&key_id, &EncryptRequest::new(b"the quick brown fox")).await?;
    line("kms.encrypt", short(&encrypted.ciphertext));
    let decrypted = kms.decrypt(&key_id, &DecryptRequest::new(encrypted.ciphertext)).await?;
    let plaintext = decrypted.plaintext()?;
    line("kms.decrypt", format!("{} bytes of plaintext; Debug prints {decrypted:?}", plaintext.expose_secret().len()));

    let secrets = scp.secrets_manager();
    let mut found = secrets.list_secrets().size(20).pages();
    if let Some(page) = found.next().await.transpose()? {
        for secret in &page.secret {
            let name = secret.name.as_deref().unwrap_or("(no name)");
            line("secrets_manager.list_secrets", format!("{name}, encrypted with key {}", secret.kms_name));
            let body = ShowSecretValueRequest::default().with_label("CURRENT");
            let value = secrets.show_secret_value(&secret.id, &body).await?;
            let length = value.secret_value()?.expose_secret().len();
            line("secrets_manager.show_secret_value", format!("{length} bytes, not printed"));
        }
    }

    let mut certificates = scp.certificate_manager().list_certificates().size(20).pages();
    if let Some(page) = certificates.next().await.transpose()? {
        for certificate in &page.certificates {
            let until = certificate.not_after_dt.to_instant(time::UtcOffset::UTC)?.date();
            let text = format!("{} for {}, {} until {until}", certificate.name, certificate.cn, certificate.state);
            line("certificate_manager.list", text);
        }
    }

    let mut results = scp.config_inspection().list_diagnosis_results().limit(20).pages();
    if let Some(page) = results.next().await.transpose()? {
        for result in &page.diagnosis_result_responses {
            let name = result.diagnosis_name.as_deref().unwrap_or("(no name)");
            line("config_inspection.list_results", name);
            let count = |count: Option<i64>| count.map_or("?".to_owned(), |count| count.to_string());
            let (pass, fail, na) = (count(result.count_pass), count(result.count_fail), count(result.count_na));
            more(format!("{pass} passed, {fail} failed, {na} not applicable of {}", count(result.total)));
        }
    }
    Ok(())
}

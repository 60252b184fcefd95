//! Neither the log nor the shown state repeats a credential, wherever a program put it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use cloud_sandbox::Sandbox;
use serde_json::json;

use super::nhn::{token, token_call};
use super::raw::{Call, setting};
use super::scp_signer::Signer;
use super::secure_key_manager::{KEY, KEY_PAIR, good};

/// The settings that are secrets or one half of a credential.
const SECRETS: [&str; 9] = [
    "SCP_ACCESS_KEY",
    "SCP_SECRET_KEY",
    "SCP_VAULT_TOKEN_ID",
    "SCP_VAULT_TOKEN_SECRET",
    "NHN_CLOUD_USER_SECRET_ACCESS_KEY",
    "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY",
    "NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY",
    "NHN_CLOUD_SKM_APP_KEY",
    "RISKEN_ACCESS_TOKEN",
];

/// Everything that is shown to people.
async fn seen(sandbox: &Sandbox) -> String {
    let state = Call::new("GET", "/_sandbox/state").send(sandbox.endpoint()).await;
    let log = Call::new("GET", "/_sandbox/log").send(sandbox.endpoint()).await;
    format!("{} {}", log.expect(200).body, state.expect(200).body)
}

#[track_caller]
fn is_absent(secret: &str, seen: &str) {
    for form in [secret.to_owned(), STANDARD_NO_PAD.encode(secret), URL_SAFE_NO_PAD.encode(secret)] {
        if let Some(at) = seen.find(&form) {
            let context: String = seen.get(at.saturating_sub(200)..at).unwrap_or_default().to_owned();
            panic!("{form} is shown after {context}");
        }
    }
}

#[tokio::test]
async fn credentials_in_odd_places_are_masked() {
    let sandbox = Sandbox::builder().admin(true).start().await.unwrap();
    let secrets = SECRETS.map(|name| setting(&sandbox, name));
    for secret in &secrets {
        for target in [
            format!("/keymanager/v1.0/appkey/{secret}/confirm"),
            format!("/keymanager/v1.0/appkey/{secret}/nothing/here"),
            format!("/keymanager/v1.0/app%6Bey/{secret}/confirm"),
            format!("/keymanager/v1.0/appkey//{secret}/confirm"),
            format!("/keymanager/v1.0/{secret}/confirm"),
            format!("/ssc/v1.0/{secret}/summary"),
            format!("/v1/kms/{secret}"),
            format!("/v1/kms/transit?key={secret}"),
            format!("/advisor/v1.0/appKey/{secret}/setting?%zz={secret}"),
            format!("/api/v1/aws/{secret}"),
            format!("/{secret}"),
        ] {
            Call::new("GET", target)
                .header("X-Extra", &**secret)
                .header("Cookie", &**secret)
                .send(sandbox.endpoint())
                .await;
        }
        let call = Call::new("POST", "/api/v1/aws/put-aws").body("text/plain", &**secret);
        call.send(sandbox.endpoint()).await.expect(401);
    }
    let seen = seen(&sandbox).await;
    assert!(seen.contains("/v1/kms/***") && seen.contains("/advisor/v1.0/appKey/***/setting"));
    secrets.iter().for_each(|secret| is_absent(secret, &seen));
}

#[tokio::test]
async fn issued_credentials_are_masked() {
    let sandbox = Sandbox::builder().admin(true).start().await.unwrap();
    let mut secrets = vec![token(&sandbox).await, token(&sandbox).await];
    let secret = setting(&sandbox, "NHN_CLOUD_USER_SECRET_ACCESS_KEY");
    token_call(&sandbox, "/oauth2/token/revoke", &secret, format!("token={}", secrets[0])).await.expect(200);

    let vault = json!({
        "access_key_id": "b754b12b39da4ce29a40c5e324650bd0", "acl_cidr": "127.0.0.1/32", "name": "vault1",
        "temporary_key_ttl_nhours": 3, "vault_token_ttl_ndays": 30
    });
    let made = Signer::of(&sandbox).send(&sandbox, Call::new("POST", "/v1/secretvault").json(&vault)).await;
    let made = made.expect(201).json()["secret_vault"].clone();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let (access_key, secret) = (text("vault_token_id"), text("vault_token_secret_value"));
    secrets.extend([access_key.clone(), secret.clone()]);
    let signer = Signer { access_key, secret, ..Signer::vault(&sandbox) };
    let pair = signer.send(&sandbox, Call::new("GET", format!("/v1/temporarykey/{}", text("id")))).await;
    let pair = pair.expect(200).json();
    secrets.extend(["access_key", "secret_key"].map(|name| pair[name].as_str().unwrap().to_owned()));

    let local = good(&sandbox, &format!("symmetric-keys/{KEY}/create-local-key"), None).await;
    let material = good(&sandbox, &format!("symmetric-keys/{KEY}/symmetric-key"), None).await;
    let private = good(&sandbox, &format!("asymmetric-keys/{KEY_PAIR}/privateKey"), None).await;
    let listed = good(&sandbox, "keystores/1/certificates?value=certificate1", None).await;
    let shown = [
        &local["localKeyPlaintext"],
        &material["symmetricKey"],
        &private["key"],
        &private["encodedKey"],
        &listed["certificateList"][0]["password"],
    ];
    secrets.extend(shown.map(|value| value.as_str().unwrap().to_owned()));

    let seen = seen(&sandbox).await;
    secrets.iter().for_each(|secret| is_absent(secret, &seen));
}

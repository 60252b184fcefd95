//! Vaults of Samsung Cloud Platform: calls with temporary keys.

use std::time::Duration;

use cloud_sandbox::Sandbox;
use scp_security::kms::types::EncryptRequest;
use scp_security::secret_vault::types::{CreateSecretVaultRequest, DeleteSecretVaultRequest};
use scp_security::{Days, Hours, Networks, Scp};

use super::common::{refused, sandbox, scp, settings};

/// A key of the default seed that seals.
const KMS_KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";
/// An access key of the default seed that has no vault yet.
const ACCESS_KEY_ID: &str = "b754b12b39da4ce29a40c5e324650bd0";

/// A client that has nothing but the token of a vault.
fn holder(sandbox: &Sandbox, id: &str, secret: &str, vault: &str) -> Scp {
    let builder = Scp::builder().endpoint(sandbox.endpoint()).vault_token(id, secret).secret_vault_id(vault);
    builder.vault_credentials().build().unwrap()
}

async fn encrypts(scp: &Scp) -> scp_security::Result<()> {
    scp.kms().encrypt(KMS_KEY, &EncryptRequest::new(b"x")).await.map(drop)
}

#[tokio::test]
async fn temporary_keys_encrypt_until_they_expire() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let vaults = scp.secret_vault();
    let wanted = CreateSecretVaultRequest::builder()
        .name("roundtrip")
        .access_key_id(ACCESS_KEY_ID)
        .acl_cidr("127.0.0.1/32".parse::<Networks>().unwrap())
        .temporary_key_ttl_nhours(Hours(1))
        .vault_token_ttl_ndays(Days(30))
        .build();
    let made = vaults.create_secret_vault(&wanted).await.unwrap().secret_vault;
    let (id, secret) = (made.vault_token_id.unwrap(), made.vault_token_secret_value.unwrap());
    refused(vaults.create_secret_vault(&wanted).await, 400);
    let shown = vaults.show_secret_vault(&made.id).await.unwrap().secret_vault;
    assert!(shown.vault_token_id.unwrap().starts_with("[AES]"), "the token is shown once");
    let masked = shown.vault_token_secret_value.unwrap();
    assert!(masked.expose_secret() != secret.expose_secret());

    // The client fetches the keys on its own.
    encrypts(&holder(&sandbox, &id, secret.expose_secret(), &made.id)).await.unwrap();

    // And by hand: the pair signs like any other, for an hour.
    let token = holder(&sandbox, &id, secret.expose_secret(), &made.id);
    let pair = token.secret_vault().show_temporary_key(&made.id).await.unwrap();
    let pair = (pair.access_key.unwrap(), pair.secret_key.unwrap());
    let by_hand = Scp::builder().endpoint(sandbox.endpoint()).credentials(pair.0, pair.1.expose_secret()).build();
    let by_hand = by_hand.unwrap();
    encrypts(&by_hand).await.unwrap();
    sandbox.advance(Duration::from_secs(59 * 60));
    encrypts(&by_hand).await.unwrap();
    sandbox.advance(Duration::from_secs(2 * 60));
    refused(encrypts(&by_hand).await, 401);

    vaults.delete_secret_vault(&made.id, &DeleteSecretVaultRequest::new(Days(7))).await.unwrap();
    assert!(encrypts(&holder(&sandbox, &id, secret.expose_secret(), &made.id)).await.is_err());
}

#[tokio::test]
async fn temporary_keys_are_limited_to_five() {
    let sandbox = sandbox().await;
    let set = settings(&sandbox);
    let vault = &*set["SCP_SECRET_VAULT_ID"];
    let token = Scp::builder()
        .endpoint(sandbox.endpoint())
        .vault_token(&*set["SCP_VAULT_TOKEN_ID"], &*set["SCP_VAULT_TOKEN_SECRET"])
        .secret_vault_id(vault)
        .build()
        .unwrap();
    for _ in 0..5 {
        token.secret_vault().show_temporary_key(vault).await.unwrap();
    }
    refused(token.secret_vault().show_temporary_key(vault).await, 400);
    sandbox.advance(Duration::from_secs(37 * 3600));
    token.secret_vault().show_temporary_key(vault).await.unwrap();

    let wrong = holder(&sandbox, &set["SCP_VAULT_TOKEN_ID"], "00000000-0000-4000-8000-000000000000", vault);
    assert!(encrypts(&wrong).await.is_err());
}

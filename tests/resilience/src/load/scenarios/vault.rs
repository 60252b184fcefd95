//! Secret Vault of Samsung Cloud Platform: list, create, use, terminate.

use std::net::Ipv4Addr;

use cloud_core::ipnet::Ipv4Net;
use cloud_core::{Days, Hours};
use scp_security::Scp;
use scp_security::kms::types::EncryptRequest;
use scp_security::secret_vault::types::{CreateSecretVaultRequest, DeleteSecretVaultRequest};

use crate::load::run::Session;

/// A key of the default seed that encrypts.
const KMS_KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";
/// An access key of the default seed that has no vault yet.
const ACCESS_KEY_ID: &str = "b754b12b39da4ce29a40c5e324650bd0";

/// Lists the vaults.
pub(super) async fn list(session: &mut Session) {
    let vaults = session.clients.scp.secret_vault_v1_0();
    session.call("scp/secretvault/list_secret_vaults/1.0", vaults.list_secret_vaults()).await;
    let Some(id) = session.clients.variables.get("SCP_SECRET_VAULT_ID").cloned() else { return };
    session.call("scp/secretvault/show_secret_vault/1.0", vaults.show_secret_vault(&id)).await;
}

/// Creates a vault and calls with its temporary keys. An access key has one vault at a time, so this runs
/// once per waiting period and never concurrently.
pub(crate) async fn exchange(session: &mut Session) {
    let vaults = session.clients.scp.secret_vault_v1_0();
    let wanted = CreateSecretVaultRequest::builder()
        .name(&*session.tag)
        .access_key_id(ACCESS_KEY_ID)
        .acl_cidr(Ipv4Net::from(Ipv4Addr::LOCALHOST))
        .temporary_key_ttl_nhours(Hours(1))
        .vault_token_ttl_ndays(Days(30))
        .build();
    let made = session
        .call_without_fault("scp/secretvault/create_secret_vault/1.0", vaults.create_secret_vault(&wanted))
        .await;
    let Some(made) = made.map(|made| made.secret_vault) else { return };
    if let (Some(id), Some(secret)) = (made.vault_token_id, made.vault_token_secret_value) {
        let endpoint = session.clients.variables.get("SCP_ENDPOINT").cloned().unwrap_or_default();
        let token = Scp::builder().endpoint(endpoint).vault_token(id, secret.expose_secret());
        match token.secret_vault_id(&*made.id).vault_credentials().build() {
            Ok(holder) => {
                let call = holder.kms().encrypt(KMS_KEY, &EncryptRequest::new(b"x"));
                session.call_without_fault("scp/kms/encrypt/1.4", call).await;
            }
            Err(error) => session.report_mismatch(&error.to_string()),
        }
    }
    let call = vaults.delete_secret_vault(&made.id, &DeleteSecretVaultRequest::new(Days(7)));
    session.call_without_fault("scp/secretvault/delete_secret_vault/1.0", call).await;
}

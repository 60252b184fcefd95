//! Secret Vault of Samsung Cloud Platform: looked at often; made, used and ended now and then.

use scp_security::kms::types::EncryptRequest;
use scp_security::secret_vault::types::{SecretVaultCreateRequest, SecretVaultTerminatedRequest};
use scp_security::{ExposeSecret as _, Scp};

use crate::load::run::Turn;

/// A key of the default seed that seals.
const KMS_KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";
/// An access key of the default seed that has no vault yet.
const ACCESS_KEY_ID: &str = "b754b12b39da4ce29a40c5e324650bd0";

/// The vaults that are there.
pub(super) async fn look(turn: &mut Turn) {
    let vaults = turn.clients.scp.secret_vault_v1_0();
    turn.call("scp/secretvault/list_secret_vaults/1.0", vaults.list_secret_vaults()).await;
    let Some(id) = turn.clients.variables.get("SCP_SECRET_VAULT_ID").cloned() else { return };
    turn.call("scp/secretvault/show_secret_vault/1.0", vaults.show_secret_vault(&id)).await;
}

/// A vault whose token buys temporary keys that make a call. An access key has one vault at a time, so this is done
/// by nobody else meanwhile, and once in a waiting time.
pub(crate) async fn exchange(turn: &mut Turn) {
    let vaults = turn.clients.scp.secret_vault_v1_0();
    let wanted = SecretVaultCreateRequest::builder()
        .name(&*turn.tag)
        .access_key_id(ACCESS_KEY_ID)
        .acl_cidr("127.0.0.1/32")
        .temporary_key_ttl_nhours(1)
        .vault_token_ttl_ndays(30)
        .build();
    let made = turn.again("scp/secretvault/create_secret_vault/1.0", vaults.create_secret_vault(&wanted)).await;
    let Some(made) = made.map(|made| made.secret_vault) else { return };
    if let (Some(id), Some(secret)) = (made.vault_token_id, made.vault_token_secret_value) {
        let endpoint = turn.clients.variables.get("SCP_ENDPOINT").cloned().unwrap_or_default();
        let token = Scp::builder().endpoint(endpoint).vault_token(id, secret.expose_secret());
        match token.secret_vault_id(&*made.id).vault_credentials().build() {
            Ok(holder) => {
                let call = holder.kms().encrypt(KMS_KEY, &EncryptRequest::from_bytes(b"x"));
                turn.again("scp/kms/encrypt/1.2", call).await;
            }
            Err(error) => turn.wrong(&error.to_string()),
        }
    }
    let call = vaults.terminate_secret_vault(&made.id, &SecretVaultTerminatedRequest::new(7));
    turn.again("scp/secretvault/terminate_secret_vault/1.0", call).await;
}

//! Secrets of Samsung Cloud Platform: versions, labels, lists, passwords, the waiting time.

use scp_security::ExposeSecret as _;
use scp_security::secrets_manager::types::{
    SecretsManagerCreateRequestV1Dot1, SecretsManagerSetCidrRequest, SecretsManagerSetDescriptionRequest,
    SecretsManagerSetSecretValueRequest, SecretsManagerShowSecretValueRequest, SecretsManagerTerminatedRequest,
    SecretsManagerUpdateLabelRequest, SecretsRandomPasswordRequest,
};
use scp_security::secrets_manager::v1_1::Client;

use crate::load::run::Turn;

/// A key of the default seed that seals.
const KMS_KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";
const LOOPBACK: &str = "127.0.0.1/32";

fn value(text: &str) -> String {
    format!("{{\"password\":\"{text}\"}}")
}

async fn create(turn: &mut Turn, secrets: &Client, name: &str) -> Option<String> {
    let wanted = SecretsManagerCreateRequestV1Dot1::builder()
        .name(name)
        .kms_id(KMS_KEY)
        .acl_cidr(LOOPBACK)
        .secret_value(value("one"))
        .build();
    let made = turn.tried("scp/secretsmanager/create_secret/1.1", secrets.create_secret(&wanted)).await;
    let mut id = made.value.map(|made| made.secret.id);
    if let Some(executed) = made.executed {
        let found = turn.again("scp/secretsmanager/list_secrets/1.1", secrets.list_secrets().name(name)).await;
        turn.counted("create_secret", &executed, found.as_ref().map(|found| found.secret.len() as u64));
        id = id.or_else(|| found?.secret.first().map(|secret| secret.id.clone()));
    }
    id
}

async fn delete(turn: &mut Turn, secrets: &Client, id: &str) {
    let wanted = SecretsManagerTerminatedRequest::new(30);
    turn.surely("scp/secretsmanager/delete_secret/1.1", || secrets.delete_secret(id, &wanted)).await;
}

/// A secret with three versions and a label that moves.
pub(super) async fn keep(turn: &mut Turn) {
    let secrets = turn.clients.scp.secrets_manager_v1_1();
    let name = turn.tag.clone();
    let Some(id) = create(turn, &secrets, &name).await else { return };
    // A step that a fault struck ends the work on the secret, and the secret all the same.
    let _ = keeping(turn, &secrets, &id).await;
    delete(turn, &secrets, &id).await;
}

async fn keeping(turn: &mut Turn, secrets: &Client, id: &str) -> Option<()> {
    for (added, password) in [(1, "two"), (2, "three")] {
        let wanted = SecretsManagerSetSecretValueRequest::new(value(password));
        let call = secrets.update_secret_value(id, &wanted);
        let updated = turn.tried("scp/secretsmanager/update_secret_value/1.1", call).await;
        if let Some(executed) = updated.executed {
            let list = secrets.list_secret_versions(id).size(100);
            let found = turn.again("scp/secretsmanager/list_secret_versions/1.1", list).await;
            let more = found.and_then(|found| (found.version_list.len() as u64).checked_sub(added));
            turn.counted("update_secret_value", &executed, more);
        }
        updated.value?;
    }
    let newest = SecretsManagerShowSecretValueRequest::default();
    let shown = turn.call("scp/secretsmanager/show_secret_value/1.1", secrets.show_secret_value(id, &newest)).await?;
    if shown.secret_value.expose_secret() != value("three") {
        turn.wrong("the newest value is another");
    }
    let pages = secrets.list_secret_versions(id).size(2).items();
    let versions = turn.call("scp/secretsmanager/list_secret_versions/1.1", whole!(pages)).await?;
    if versions.len() != 3 {
        turn.wrong("a secret has not as many versions as it was given");
    }
    let first = versions.first()?.get("version_id")?;
    let mut label = SecretsManagerUpdateLabelRequest::new("stable");
    label.move_to_version_id = first.as_str().unwrap_or_default().into();
    turn.call("scp/secretsmanager/set_version_label/1.1", secrets.set_version_label(id, &label)).await?;
    let mut labelled = SecretsManagerShowSecretValueRequest::default();
    labelled.label = Some("stable".to_owned());
    turn.call("scp/secretsmanager/show_secret_value/1.1", secrets.show_secret_value(id, &labelled)).await?;
    let older = turn.clients.scp.secrets_manager_v1_0();
    turn.call("scp/secretsmanager/show_secret/1.0", older.show_secret(id)).await.map(drop)
}

/// A secret that is looked after, and comes back from its waiting time.
pub(super) async fn manage(turn: &mut Turn) {
    let secrets = turn.clients.scp.secrets_manager_v1_1();
    let name = turn.tag.clone();
    let Some(id) = create(turn, &secrets, &name).await else { return };
    let _ = managing(turn, &secrets, &id).await;
    delete(turn, &secrets, &id).await;
}

async fn managing(turn: &mut Turn, secrets: &Client, id: &str) -> Option<()> {
    let described = SecretsManagerSetDescriptionRequest::new(Some("described".to_owned()));
    turn.call("scp/secretsmanager/set_description/1.1", secrets.set_description(id, &described)).await?;
    let callers = SecretsManagerSetCidrRequest::new(Some("127.0.0.0/25".to_owned()));
    turn.call("scp/secretsmanager/set_acl_cidr/1.1", secrets.set_acl_cidr(id, &callers)).await?;
    let wanted = SecretsManagerTerminatedRequest::new(30);
    let deleted = turn.call("scp/secretsmanager/delete_secret/1.1", secrets.delete_secret(id, &wanted)).await;
    let restored = turn.call("scp/secretsmanager/restore_secret/1.1", secrets.restore_secret(id)).await;
    if restored.is_none() {
        turn.again("scp/secretsmanager/restore_secret/1.1", secrets.restore_secret(id)).await;
    }
    deleted?;
    turn.call("scp/secretsmanager/show_secret/1.1", secrets.show_secret(id)).await?;
    let wanted = SecretsRandomPasswordRequest::builder().password_length(24).build();
    let call = secrets.generate_random_password(&wanted);
    turn.call("scp/secretsmanager/generate_random_password/1.1", call).await.map(drop)
}

/// Three secrets of one name, listed page by page.
pub(super) async fn list(turn: &mut Turn) {
    let secrets = turn.clients.scp.secrets_manager_v1_1();
    let mut made = Vec::new();
    for number in 0..3 {
        let name = format!("{}-{number}", turn.tag);
        made.extend(create(turn, &secrets, &name).await);
    }
    let pages = secrets.list_secrets().name(&format!("{}-", turn.tag)).size(2).items();
    let listed = turn.call("scp/secretsmanager/list_secrets/1.1", whole!(pages)).await;
    if listed.is_some_and(|listed| listed.len() != made.len()) {
        turn.wrong("a list does not hold what was made");
    }
    for id in made {
        delete(turn, &secrets, &id).await;
    }
}

//! Secrets of Samsung Cloud Platform: versions, labels, lists, passwords, waiting period.
#![allow(deprecated, reason = "calls a version that has ended")]
use std::net::Ipv4Addr;

use cloud_core::ipnet::Ipv4Net;
use cloud_core::{Days, SecretJson};
use scp_security::secrets_manager::Client;
use scp_security::secrets_manager::types::{
    CreateSecretRequest, DeleteSecretRequest, GenerateRandomPasswordRequest, SetAclCidrRequest, SetDescriptionRequest,
    SetVersionLabelRequest, ShowSecretValueRequest, UpdateSecretValueRequest,
};

use crate::load::run::Session;

/// A key of the default seed that encrypts.
const KMS_KEY: &str = "3265ab469f0d406d83073da3e11e7a6c";
const LOOPBACK: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 32);
const HALF_OF_LOOPBACK: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 25);

fn value(session: &Session, password: &str) -> Option<SecretJson> {
    let value = SecretJson::from_pairs([("password", password)]);
    value.map_err(|error| session.report_mismatch(&error.to_string())).ok()
}

async fn create(session: &mut Session, secrets: &Client, name: &str) -> Option<String> {
    let wanted = CreateSecretRequest::builder()
        .name(name)
        .kms_id(KMS_KEY)
        .acl_cidr(LOOPBACK)
        .secret_value(value(session, "one")?)
        .build();
    let made = session.call_counted("scp/secretsmanager/create_secret/1.2", secrets.create_secret(&wanted)).await;
    let mut id = made.value.map(|made| made.secret.id);
    if let Some(executed) = made.executed {
        let found = session
            .call_without_fault("scp/secretsmanager/list_secrets/1.2", secrets.list_secrets().name(name).first_page())
            .await;
        session.check_count("create_secret", &executed, found.as_ref().map(|found| found.secret.len() as u64));
        id = id.or_else(|| found?.secret.first().map(|secret| secret.id.clone()));
    }
    id
}

async fn delete(session: &mut Session, secrets: &Client, id: &str) {
    let wanted = DeleteSecretRequest::new(Days(30));
    session.clean_up("scp/secretsmanager/delete_secret/1.2", || secrets.delete_secret(id, &wanted)).await;
}

/// Creates a secret, adds two versions and moves a label.
pub(super) async fn rotate(session: &mut Session) {
    let secrets = session.clients.scp.secrets_manager();
    let name = session.tag.clone();
    let Some(id) = create(session, &secrets, &name).await else { return };
    // A failed step ends the scenario; the secret is deleted.
    let _ = rotating(session, &secrets, &id).await;
    delete(session, &secrets, &id).await;
}

async fn rotating(session: &mut Session, secrets: &Client, id: &str) -> Option<()> {
    for (added, password) in [(1, "two"), (2, "three")] {
        let wanted = UpdateSecretValueRequest::new(value(session, password)?);
        let call = secrets.update_secret_value(id, &wanted);
        let updated = session.call_counted("scp/secretsmanager/update_secret_value/1.2", call).await;
        if let Some(executed) = updated.executed {
            let list = secrets.list_secret_versions(id).size(100).first_page();
            let found = session.call_without_fault("scp/secretsmanager/list_secret_versions/1.2", list).await;
            let more = found.and_then(|found| (found.version_list.len() as u64).checked_sub(added));
            session.check_count("update_secret_value", &executed, more);
        }
        updated.value?;
    }
    let newest = ShowSecretValueRequest::default();
    let shown =
        session.call("scp/secretsmanager/show_secret_value/1.2", secrets.show_secret_value(id, &newest)).await?;
    let password = shown.secret_value().ok().and_then(|value| value.get("password"));
    if password.is_none_or(|password| password.expose_secret() != "three") {
        session.report_mismatch("the newest value is not the last one set");
    }
    let pages = secrets.list_secret_versions(id).size(2).items();
    let versions = session.call("scp/secretsmanager/list_secret_versions/1.2", whole!(pages)).await?;
    if versions.len() != 3 {
        session.report_mismatch("a secret does not have three versions");
    }
    let first = versions.first()?.get("version_id")?;
    let label = SetVersionLabelRequest::new("stable").with_move_to_version_id(first.as_str().unwrap_or_default());
    session.call("scp/secretsmanager/set_version_label/1.2", secrets.set_version_label(id, &label)).await?;
    let labelled = ShowSecretValueRequest::default().with_label("stable");
    session.call("scp/secretsmanager/show_secret_value/1.2", secrets.show_secret_value(id, &labelled)).await?;
    let older = session.clients.scp.secrets_manager_v1_0();
    session.call("scp/secretsmanager/show_secret/1.0", older.show_secret(id)).await.map(drop)
}

/// Changes a secret's settings, deletes it and restores it.
pub(super) async fn manage(session: &mut Session) {
    let secrets = session.clients.scp.secrets_manager();
    let name = session.tag.clone();
    let Some(id) = create(session, &secrets, &name).await else { return };
    let _ = managing(session, &secrets, &id).await;
    delete(session, &secrets, &id).await;
}

async fn managing(session: &mut Session, secrets: &Client, id: &str) -> Option<()> {
    let described = SetDescriptionRequest::new("described");
    session.call("scp/secretsmanager/set_description/1.2", secrets.set_description(id, &described)).await?;
    let callers = SetAclCidrRequest::new(HALF_OF_LOOPBACK);
    session.call("scp/secretsmanager/set_acl_cidr/1.2", secrets.set_acl_cidr(id, &callers)).await?;
    let wanted = DeleteSecretRequest::new(Days(30));
    let deleted = session.call("scp/secretsmanager/delete_secret/1.2", secrets.delete_secret(id, &wanted)).await;
    let restored = session.call("scp/secretsmanager/restore_secret/1.2", secrets.restore_secret(id)).await;
    if restored.is_none() {
        session.call_without_fault("scp/secretsmanager/restore_secret/1.2", secrets.restore_secret(id)).await;
    }
    deleted?;
    session.call("scp/secretsmanager/show_secret/1.2", secrets.show_secret(id)).await?;
    let wanted = GenerateRandomPasswordRequest::default().with_password_length(24);
    let call = secrets.generate_random_password(&wanted);
    session.call("scp/secretsmanager/generate_random_password/1.2", call).await.map(drop)
}

/// Creates three secrets with one prefix and lists them in pages.
pub(super) async fn list(session: &mut Session) {
    let secrets = session.clients.scp.secrets_manager();
    let mut made = Vec::new();
    for number in 0..3 {
        let name = format!("{}-{number}", session.tag);
        made.extend(create(session, &secrets, &name).await);
    }
    let pages = secrets.list_secrets().name(&format!("{}-", session.tag)).size(2).items();
    let listed = session.call("scp/secretsmanager/list_secrets/1.2", whole!(pages)).await;
    if listed.is_some_and(|listed| listed.len() != made.len()) {
        session.report_mismatch("a list does not have all created secrets");
    }
    for id in made {
        delete(session, &secrets, &id).await;
    }
}

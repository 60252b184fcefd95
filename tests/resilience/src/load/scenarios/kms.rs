//! Keys of Samsung Cloud Platform: create, use, rotate, delete.
#![allow(deprecated, reason = "calls a version that has ended")]
use cloud_core::{Days, Sort};
use scp_security::kms::Client;
use scp_security::kms::types::{
    CreateDataKeyRequest, CreateHmacRequest, CreateKeyRequest, DataKeyForm, DecryptRequest, EncryptRequest, KeyPurpose,
    NewKeyState, RewrapRequest, SetDescriptionRequest, SetKeyStateRequest, SetRotationRequest, SignRequest,
    VerifyRequest,
};
use scp_security::kms::v1_2::types::VerifyHmacRequest;

use crate::load::run::Session;

/// Plaintext sizes, up to the service's limit.
const SIZES: [usize; 4] = [16, 512, 4096, 32 * 1024];

/// Creates a key, and verifies that there is only one.
async fn create(session: &mut Session, kms: &Client, purpose: &KeyPurpose) -> Option<String> {
    let name = session.tag.clone();
    let wanted = CreateKeyRequest::builder()
        .name(&*name)
        .purpose(purpose.clone())
        .description("a load")
        .auto_rotate(false)
        .rotate_cycle(Days(0))
        .build();
    let made = session.call_counted("scp/kms/create_key/1.4", kms.create_key(&wanted)).await;
    let mut id = made.value.map(|made| made.key.id);
    if let Some(executed) = made.executed {
        let found = session.call_without_fault("scp/kms/list_keys/1.4", kms.list_keys().name(&name).first_page()).await;
        session.check_count("create_key", &executed, found.as_ref().map(|found| found.keys.len() as u64));
        // The id, if the response was lost.
        id = id.or_else(|| found?.keys.first().map(|key| key.id.clone()));
    }
    id
}

async fn delete(session: &mut Session, kms: &Client, id: &str) {
    if session.random.per_mille(300) {
        // The key is deleted when the waiting period ends.
        session.clean_up("scp/kms/delete_key/1.4", || kms.delete_key(id)).await;
    } else {
        session.clean_up("scp/kms/delete_key/1.4", || kms.delete_key(id).immediately(true)).await;
    }
}

/// Rotates a key, and verifies that it has one more version.
async fn rotate(session: &mut Session, kms: &Client, id: &str, before: i64) -> Option<()> {
    let rotated = session.call_counted("scp/kms/rotate_key/1.4", kms.rotate_key(id)).await;
    if let Some(executed) = rotated.executed {
        let shown = session.call_without_fault("scp/kms/show_key/1.4", kms.show_key(id)).await;
        let added = shown.and_then(|shown| u64::try_from(shown.key.current_version - before).ok());
        session.check_count("rotate_key", &executed, added);
    }
    rotated.value.map(drop)
}

/// Encrypts, rotates, re-encrypts, decrypts and creates a data key.
pub(super) async fn encrypt(session: &mut Session) {
    let kms = session.clients.scp.kms();
    let purpose = if session.random.per_mille(20) { KeyPurpose::Rsa2048 } else { KeyPurpose::Aes256Gcm96 };
    let Some(id) = create(session, &kms, &purpose).await else { return };
    // A failed step ends the scenario; the key is deleted.
    let _ = encrypting(session, &kms, &id, &purpose).await;
    delete(session, &kms, &id).await;
}

async fn encrypting(session: &mut Session, kms: &Client, id: &str, purpose: &KeyPurpose) -> Option<()> {
    let most = if *purpose == KeyPurpose::Rsa2048 { 1 } else { SIZES.len() as u64 };
    let size = usize::try_from(session.random.below(most)).ok().and_then(|at| SIZES.get(at)).copied().unwrap_or(16);
    let data = session.random.bytes(size);
    let encrypted = session.call("scp/kms/encrypt/1.4", kms.encrypt(id, &EncryptRequest::new(&data))).await?;
    if session.random.per_mille(500) {
        rotate(session, kms, id, 1).await?;
        let moved =
            session.call("scp/kms/rewrap/1.4", kms.rewrap(id, &RewrapRequest::new(&*encrypted.ciphertext))).await?;
        if moved.key_version != 2 {
            session.report_mismatch("rewrap did not move to the newest version");
        }
    }
    for _ in 0..2 {
        let wanted = DecryptRequest::new(&*encrypted.ciphertext);
        let decrypted = session.call("scp/kms/decrypt/1.4", kms.decrypt(id, &wanted)).await?;
        if !decrypted.plaintext().is_ok_and(|plaintext| plaintext.expose_secret() == data) {
            session.report_mismatch("decrypt returned another plaintext");
        }
    }
    let older = session.clients.scp.kms_v1_0();
    session.call("scp/kms/encrypt/1.0", older.encrypt(id, &EncryptRequest::new(&data))).await?;
    let form = if session.random.per_mille(500) { DataKeyForm::Plaintext } else { DataKeyForm::Wrapped };
    session.call("scp/kms/create_data_key/1.4", kms.create_data_key(id, &CreateDataKeyRequest::new(form))).await?;
    session.call("scp/kms/show_key/1.4", kms.show_key(id)).await?;
    Some(())
}

/// Signs and verifies, with a key pair or an HMAC key.
pub(super) async fn sign(session: &mut Session) {
    let kms = session.clients.scp.kms();
    let purposes = [(1, KeyPurpose::Rsa2048), (12, KeyPurpose::EcdsaP256), (12, KeyPurpose::Hmac)];
    let Some(purpose) = session.random.pick(&purposes) else { return };
    let Some(id) = create(session, &kms, purpose).await else { return };
    let _ =
        if *purpose == KeyPurpose::Hmac { coding(session, &kms, &id).await } else { signing(session, &kms, &id).await };
    delete(session, &kms, &id).await;
}

const MESSAGE: &str = "a message";

async fn signing(session: &mut Session, kms: &Client, id: &str) -> Option<()> {
    let signed = session.call("scp/kms/sign/1.4", kms.sign(id, &SignRequest::new(MESSAGE))).await?;
    if session.random.per_mille(300) {
        rotate(session, kms, id, 1).await?;
    }
    let wanted = VerifyRequest::new(MESSAGE, &*signed.signature);
    let verified = session.call("scp/kms/verify/1.4", kms.verify(id, &wanted)).await?;
    if verified.require_valid().is_err() {
        session.report_mismatch("a signature did not verify");
    }
    session.call("scp/kms/list_key_users/1.4", kms.list_key_users(id)).await.map(drop)
}

async fn coding(session: &mut Session, kms: &Client, id: &str) -> Option<()> {
    let made = session.call("scp/kms/create_hmac/1.4", kms.create_hmac(id, &CreateHmacRequest::new(MESSAGE))).await?;
    let wanted = VerifyHmacRequest::new(MESSAGE, made.hmac);
    // The vendor lists the operation up to 1.2.
    let older = session.clients.scp.kms_v1_2();
    let verified = session.call("scp/kms/verify_hmac/1.2", older.verify_hmac(id, &wanted)).await?;
    if verified.require_valid().is_err() {
        session.report_mismatch("an HMAC did not verify");
    }
    Some(())
}

/// Changes a key's description, rotation and state, and lists it.
pub(super) async fn manage(session: &mut Session) {
    let kms = session.clients.scp.kms();
    let Some(id) = create(session, &kms, &KeyPurpose::Aes256Gcm96).await else { return };
    let _ = managing(session, &kms, &id).await;
    delete(session, &kms, &id).await;
}

async fn managing(session: &mut Session, kms: &Client, id: &str) -> Option<()> {
    let described = SetDescriptionRequest::new("described");
    session.call("scp/kms/set_description/1.4", kms.set_description(id, &described)).await?;
    session.call("scp/kms/set_rotation/1.4", kms.set_rotation(id, &SetRotationRequest::new(true, Days(90)))).await?;
    for state in [NewKeyState::Stop, NewKeyState::Active] {
        session.call("scp/kms/set_key_state/1.4", kms.set_key_state(id, &SetKeyStateRequest::new(state))).await?;
    }
    let older = session.clients.scp.kms_v1_1();
    session.call("scp/kms/show_key/1.1", older.show_key(id)).await?;
    let call = kms.check_duplicate_name(&session.tag);
    let checked = session.call("scp/kms/check_duplicate_name/1.4", call).await?;
    if !checked.is_taken().is_ok_and(|taken| taken) {
        session.report_mismatch("a used name was reported as free");
    }
    session.call("scp/kms/list_keys/1.4", kms.list_keys().size(5).sort(Sort::ascending("name")).first_page()).await?;
    let managed = session.call("scp/kms/list_managed_keys/1.4", kms.list_managed_keys().first_page()).await?;
    let first = managed.keys.first()?;
    session.call("scp/kms/show_managed_key/1.4", kms.show_managed_key(&first.id)).await.map(drop)
}

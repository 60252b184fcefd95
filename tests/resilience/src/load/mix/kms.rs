//! Keys of Samsung Cloud Platform: made, used, rotated, deleted.

use scp_security::ExposeSecret as _;
use scp_security::kms::types::{
    DatakeyRequest, DecryptRequest, EncryptRequest, HmacRequest, HmacVerifyRequest, KeyCreateMasterKeyRequest,
    KeyDescriptionRequest, KeyRotateInfoRequest, KeyStateRequest, RewrapRequest, SignRequest, VerifyRequest,
};
use scp_security::kms::v1_2::Client;

use crate::load::run::Turn;

/// Sizes of what is sealed, the largest as large as the service takes.
const SIZES: [usize; 4] = [16, 512, 4096, 32 * 1024];

/// Makes a key, and makes sure that there is one of it.
async fn create(turn: &mut Turn, kms: &Client, purpose: &str) -> Option<String> {
    let name = turn.tag.clone();
    let wanted = KeyCreateMasterKeyRequest::builder()
        .name(&*name)
        .purpose(purpose)
        .description("a load")
        .auto_rotate("N")
        .rotate_cycle(0)
        .build();
    let made = turn.tried("scp/kms/create_key/1.2", kms.create_key(&wanted)).await;
    let mut id = made.value.map(|made| made.key.id);
    if let Some(executed) = made.executed {
        let found = turn.again("scp/kms/list_keys/1.2", kms.list_keys().name(&name)).await;
        turn.counted("create_key", &executed, found.as_ref().map(|found| found.keys.len() as u64));
        // What an answer that got lost had told.
        id = id.or_else(|| found?.keys.first().map(|key| key.id.clone()));
    }
    id
}

async fn delete(turn: &mut Turn, kms: &Client, id: &str) {
    if turn.chance.per_mille(300) {
        // It goes when its waiting time is over.
        turn.surely("scp/kms/delete_key/1.2", || kms.delete_key(id)).await;
    } else {
        turn.surely("scp/kms/delete_key/1.2", || kms.delete_key(id).is_directly(true)).await;
    }
}

/// Adds a version, and makes sure that it is one.
async fn rotate(turn: &mut Turn, kms: &Client, id: &str, before: i64) -> Option<()> {
    let rotated = turn.tried("scp/kms/rotate_key/1.2", kms.rotate_key(id)).await;
    if let Some(executed) = rotated.executed {
        let shown = turn.again("scp/kms/show_key/1.2", kms.show_key(id)).await;
        let added = shown.and_then(|shown| u64::try_from(shown.key.current_version - before).ok());
        turn.counted("rotate_key", &executed, added);
    }
    rotated.value.map(drop)
}

/// A key that seals: encrypt, rotate, decrypt the old, rewrap, data key.
pub(super) async fn seal(turn: &mut Turn) {
    let kms = turn.clients.scp.kms_v1_2();
    let purpose = if turn.chance.per_mille(20) { "rsa-2048" } else { "aes256-gcm96" };
    let Some(id) = create(turn, &kms, purpose).await else { return };
    // A step that a fault struck ends the work on the key, and the key all the same.
    let _ = sealing(turn, &kms, &id, purpose).await;
    delete(turn, &kms, &id).await;
}

async fn sealing(turn: &mut Turn, kms: &Client, id: &str, purpose: &str) -> Option<()> {
    let most = if purpose == "rsa-2048" { 1 } else { SIZES.len() as u64 };
    let size = usize::try_from(turn.chance.below(most)).ok().and_then(|at| SIZES.get(at)).copied().unwrap_or(16);
    let data = turn.chance.bytes(size);
    let sealed = turn.call("scp/kms/encrypt/1.2", kms.encrypt(id, &EncryptRequest::from_bytes(&data))).await?;
    if turn.chance.per_mille(500) {
        rotate(turn, kms, id, 1).await?;
        let moved = turn.call("scp/kms/rewrap/1.2", kms.rewrap(id, &RewrapRequest::new(&*sealed.ciphertext))).await?;
        if moved.key_version != 2 {
            turn.wrong("rewrap did not move to the newest version");
        }
    }
    for _ in 0..2 {
        let wanted = DecryptRequest::new(&*sealed.ciphertext);
        let opened = turn.call("scp/kms/decrypt/1.2", kms.decrypt(id, &wanted)).await?;
        if opened.to_bytes().is_ok_and(|opened| opened.expose_secret() != data.as_slice()) {
            turn.wrong("decrypt gave something else");
        }
    }
    let older = turn.clients.scp.kms_v1_0();
    turn.call("scp/kms/encrypt/1.0", older.encrypt(id, &EncryptRequest::from_bytes(&data))).await?;
    let form = if turn.chance.per_mille(500) { "plaintext" } else { "wrapped" };
    turn.call("scp/kms/create_data_key/1.2", kms.create_data_key(id, &DatakeyRequest::new(form))).await?;
    turn.call("scp/kms/show_key/1.2", kms.show_key(id)).await?;
    Some(())
}

/// A key that signs or makes codes.
pub(super) async fn sign(turn: &mut Turn) {
    let kms = turn.clients.scp.kms_v1_2();
    let purposes = [(1, "rsa-2048"), (12, "ecdsa-p256"), (12, "hmac")];
    let Some(purpose) = turn.chance.pick(&purposes).copied() else { return };
    let Some(id) = create(turn, &kms, purpose).await else { return };
    let _ = if purpose == "hmac" { coding(turn, &kms, &id).await } else { signing(turn, &kms, &id).await };
    delete(turn, &kms, &id).await;
}

/// `a message` in Base64.
const INPUT: &str = "YSBtZXNzYWdl";

async fn signing(turn: &mut Turn, kms: &Client, id: &str) -> Option<()> {
    let signed = turn.call("scp/kms/sign/1.2", kms.sign(id, &SignRequest::new(INPUT))).await?;
    if turn.chance.per_mille(300) {
        rotate(turn, kms, id, 1).await?;
    }
    let wanted = VerifyRequest::new(INPUT, &*signed.signature);
    let verified = turn.call("scp/kms/verify/1.2", kms.verify(id, &wanted)).await?;
    if !verified.valid {
        turn.wrong("a signature did not verify");
    }
    turn.call("scp/kms/list_key_users/1.2", kms.list_key_users(id)).await.map(drop)
}

async fn coding(turn: &mut Turn, kms: &Client, id: &str) -> Option<()> {
    let made = turn.call("scp/kms/create_hmac/1.2", kms.create_hmac(id, &HmacRequest::new(INPUT))).await?;
    let wanted = HmacVerifyRequest::new(&*made.hmac, INPUT);
    let verified = turn.call("scp/kms/verify_hmac/1.2", kms.verify_hmac(id, &wanted)).await?;
    if !verified.valid {
        turn.wrong("a code did not verify");
    }
    Some(())
}

/// A key that is looked after: described, stopped, planned, found.
pub(super) async fn manage(turn: &mut Turn) {
    let kms = turn.clients.scp.kms_v1_2();
    let Some(id) = create(turn, &kms, "aes256-gcm96").await else { return };
    let _ = managing(turn, &kms, &id).await;
    delete(turn, &kms, &id).await;
}

async fn managing(turn: &mut Turn, kms: &Client, id: &str) -> Option<()> {
    let described = KeyDescriptionRequest::new("described");
    turn.call("scp/kms/set_description/1.2", kms.set_description(id, &described)).await?;
    turn.call("scp/kms/set_rotation/1.2", kms.set_rotation(id, &KeyRotateInfoRequest::new("Y", Some(90)))).await?;
    for state in ["Stop", "Active"] {
        turn.call("scp/kms/set_key_state/1.2", kms.set_key_state(id, &KeyStateRequest::new(state))).await?;
    }
    let older = turn.clients.scp.kms_v1_1();
    turn.call("scp/kms/show_key/1.1", older.show_key(id)).await?;
    let call = kms.check_duplicate_name(&turn.tag);
    let checked = turn.call("scp/kms/check_duplicate_name/1.2", call).await?;
    if checked.is_duplicate_name != Some(true) {
        turn.wrong("a name that is taken passed for a free one");
    }
    turn.call("scp/kms/list_keys/1.2", kms.list_keys().size(5).sort("name:asc")).await?;
    let managed = turn.call("scp/kms/list_managed_keys/1.2", kms.list_managed_keys()).await?;
    let first = managed.keys.first()?;
    turn.call("scp/kms/show_managed_key/1.2", kms.show_managed_key(&first.id)).await.map(drop)
}

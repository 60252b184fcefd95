//! Certificates of Samsung Cloud Platform: made, validated, brought in, listed, deleted.

use scp_security::ExposeSecret as _;
use scp_security::certificate_manager::types::{
    CertificateCreateRequest, CertificateDetail, CertificateDuplicateRequest, CertificateValidateRequestV1Dot1,
    SelfSignCreateRequest,
};
use scp_security::certificate_manager::v1_1::Client;

use crate::load::run::Turn;

/// A certificate with an RSA key made for it, and a second one from the same texts.
pub(super) async fn vouch(turn: &mut Turn) {
    let certificates = turn.clients.scp.certificate_manager_v1_1();
    let host = format!("{}.example", turn.tag);
    let mut names = vec![turn.tag.clone()];
    if let Some(mine) = self_sign(turn, &certificates, &host).await {
        names.push(format!("{}-again", turn.tag));
        let _ = bringing(turn, &certificates, &mine).await;
        let pages = certificates.list_certificates().cn(&host).size(1).items();
        turn.call("scp/certificatemanager/list_certificates/1.1", whole!(pages)).await;
    }
    let found = certificates.list_certificates().cn(&host);
    let Some(found) = turn.again("scp/certificatemanager/list_certificates/1.1", found).await else { return };
    if found.certificates.len() > names.len() {
        turn.wrong("more certificates are there than were asked for");
    }
    for one in found.certificates {
        let delete = || certificates.delete_certificate(&one.id);
        turn.surely("scp/certificatemanager/delete_certificate/1.1", delete).await;
    }
}

async fn self_sign(turn: &mut Turn, certificates: &Client, host: &str) -> Option<CertificateDetail> {
    let wanted = SelfSignCreateRequest::builder()
        .name(&*turn.tag)
        .cn(host)
        .organization("a load")
        .not_before_dt("20250101")
        .not_after_dt("20491231")
        .region("kr-west1")
        .timezone("Asia/Seoul")
        .build();
    let call = certificates.create_self_signed_certificate(&wanted);
    let made = turn.tried("scp/certificatemanager/create_self_signed_certificate/1.1", call).await;
    if let Some(executed) = made.executed {
        let listed = certificates.list_certificates().cn(host);
        let found = turn.again("scp/certificatemanager/list_certificates/1.1", listed).await;
        let count = found.map(|found| found.certificates.len() as u64);
        turn.counted("create_self_signed_certificate", &executed, count);
    }
    made.value.map(|made| made.certificate)
}

async fn bringing(turn: &mut Turn, certificates: &Client, mine: &CertificateDetail) -> Option<()> {
    let (body, key) = (&*mine.cert_body, mine.private_key.expose_secret());
    let wanted = CertificateValidateRequestV1Dot1::builder().cert_body(body).private_key(key).build();
    let call = certificates.validate_certificate(&wanted);
    let checked = turn.call("scp/certificatemanager/validate_certificate/1.1", call).await?;
    if checked.validate_check != Some(true) {
        turn.wrong("a certificate that was made here is not valid");
    }
    let name = format!("{}-again", turn.tag);
    let wanted = CertificateDuplicateRequest::new(&*name);
    let call = certificates.check_duplicate_name(&wanted);
    turn.call("scp/certificatemanager/check_duplicate_name/1.1", call).await?;
    let wanted = CertificateCreateRequest::builder()
        .name(name)
        .cert_body(body)
        .private_key(key)
        .region("kr-west1")
        .timezone("Asia/Seoul")
        .build();
    let call = certificates.create_certificate(&wanted);
    turn.call("scp/certificatemanager/create_certificate/1.1", call).await?;
    turn.call("scp/certificatemanager/show_certificate/1.1", certificates.show_certificate(&mine.id)).await?;
    let older = turn.clients.scp.certificate_manager_v1_0();
    turn.call("scp/certificatemanager/show_certificate/1.0", older.show_certificate(&mine.id)).await.map(drop)
}

//! Certificates of Samsung Cloud Platform: create, validate, import, list, delete.
#![allow(deprecated, reason = "calls a version that has ended")]
use scp_security::certificate_manager::Client;
use scp_security::certificate_manager::types::{
    CheckDuplicateNameRequest, CreateCertificateRequest, CreateSelfSignedCertificateRequest, SelfSignedCertificate,
    ValidateCertificateRequest,
};
use time::macros::date;

use crate::load::run::Session;

/// The certificate of the sandbox's seed that an authority has signed: a self-signed one cannot be imported.
const CHAINED: &str = "0fdd87aab8cb46f59b7c1f81ed03fb3f";

/// Creates a self-signed certificate, and imports one that an authority has signed.
pub(super) async fn self_signed(session: &mut Session) {
    let certificates = session.clients.scp.certificate_manager();
    let host = format!("{}.example", session.tag);
    let mut names = vec![session.tag.clone()];
    if let Some(mine) = self_sign(session, &certificates, &host).await {
        names.push(format!("{}-again", session.tag));
        let _ = importing(session, &certificates, &mine).await;
        let pages = certificates.list_certificates().name(&session.tag).size(1).items();
        session.call("scp/certificatemanager/list_certificates/1.2", whole!(pages)).await;
    }
    // Every name begins with the tag, which is a part of no other.
    let found = certificates.list_certificates().name(&session.tag).first_page();
    let Some(found) = session.call_without_fault("scp/certificatemanager/list_certificates/1.2", found).await else {
        return;
    };
    if found.certificates.len() > names.len() {
        session.report_mismatch("the list has more certificates than were created");
    }
    for one in found.certificates {
        let delete = || certificates.delete_certificate(&one.id);
        session.clean_up("scp/certificatemanager/delete_certificate/1.2", delete).await;
    }
}

async fn self_sign(session: &mut Session, certificates: &Client, host: &str) -> Option<SelfSignedCertificate> {
    let wanted = CreateSelfSignedCertificateRequest::builder()
        .name(&session.tag)
        .cn(host)
        .organization("a load")
        .not_before_dt(date!(2025 - 01 - 01))
        .not_after_dt(date!(2049 - 12 - 31))
        .region("kr-west1")
        .timezone("Asia/Seoul")
        .build();
    let call = certificates.create_self_signed_certificate(&wanted);
    let made = session.call_counted("scp/certificatemanager/create_self_signed_certificate/1.2", call).await;
    if let Some(executed) = made.executed {
        let listed = certificates.list_certificates().cn(host).first_page();
        let found = session.call_without_fault("scp/certificatemanager/list_certificates/1.2", listed).await;
        let count = found.map(|found| found.certificates.len() as u64);
        session.check_count("create_self_signed_certificate", &executed, count);
    }
    made.value.map(|made| made.certificate)
}

async fn importing(session: &mut Session, certificates: &Client, mine: &SelfSignedCertificate) -> Option<()> {
    let chained = certificates.show_certificate(CHAINED);
    let chained = session.call("scp/certificatemanager/show_certificate/1.2", chained).await?.certificate;
    let (body, key) = (chained.cert_body, chained.private_key);
    let wanted = ValidateCertificateRequest::new(body.clone(), key.clone());
    let call = certificates.validate_certificate(&wanted);
    let checked = session.call("scp/certificatemanager/validate_certificate/1.2", call).await?;
    if checked.require_valid().is_err() {
        session.report_mismatch("a certificate of an authority is not valid");
    }
    let name = format!("{}-again", session.tag);
    let wanted = CheckDuplicateNameRequest::new(&*name);
    let call = certificates.check_duplicate_name(&wanted);
    let checked = session.call("scp/certificatemanager/check_duplicate_name/1.2", call).await?;
    if !checked.is_taken().is_ok_and(|taken| !taken) {
        session.report_mismatch("a free name was reported as used");
    }
    let wanted = CreateCertificateRequest::builder()
        .name(name)
        .cert_body(body)
        .private_key(key)
        .region("kr-west1")
        .timezone("Asia/Seoul")
        .build();
    let call = certificates.create_certificate(&wanted);
    session.call("scp/certificatemanager/create_certificate/1.2", call).await?;
    session.call("scp/certificatemanager/show_certificate/1.2", certificates.show_certificate(&mine.id)).await?;
    let older = session.clients.scp.certificate_manager_v1_0();
    session.call("scp/certificatemanager/show_certificate/1.0", older.show_certificate(&mine.id)).await.map(drop)
}

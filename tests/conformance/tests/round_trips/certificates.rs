//! Certificates of Samsung Cloud Platform: create, read with `openssl`, import, expire.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cloud_sandbox::Sandbox;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use scp_security::certificate_manager::types::{
    CheckDuplicateNameRequest, CreateCertificateRequest, CreateSelfSignedCertificateRequest, SelfSignedCertificate,
    ValidateCertificateRequest,
};
use scp_security::{Scp, Sort};
use time::macros::{date, datetime};

use super::common::{refused, scp};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A sandbox in which it is the first of June 2026, a little after midnight in Seoul.
async fn sandbox() -> Sandbox {
    let builder = Sandbox::builder().seed(7).starts_at(datetime!(2026-06-01 00:10 +9).into());
    builder.start().await.unwrap()
}

async fn self_sign(scp: &Scp, name: &str) -> scp_security::Result<SelfSignedCertificate> {
    let wanted = CreateSelfSignedCertificateRequest::builder()
        .name(name)
        .cn("shop.example")
        .organization("삼성 SDS")
        .not_before_dt(date!(2026 - 06 - 01))
        .not_after_dt(date!(2026 - 06 - 30))
        .region("kr-west1")
        .timezone("Asia/Seoul")
        .build();
    Ok(scp.certificate_manager().create_self_signed_certificate(&wanted).await?.certificate)
}

/// What an authority hands out: the certificate, the authority's own as the chain, and the key.
struct Issued {
    body: String,
    chain: String,
    key: String,
}

/// A certificate for June 2026 that an authority has signed: the service takes no self-signed pair.
fn issued() -> Issued {
    let params = |cn: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, cn);
        params.not_before = datetime!(2026-05-31 15:00 UTC);
        params.not_after = datetime!(2026-06-30 14:59:59 UTC);
        params
    };
    let mut authority = params("Example Authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let [above, key] = [(); 2].map(|()| KeyPair::generate().unwrap());
    let chain = authority.self_signed(&above).unwrap().pem();
    let body = params("shop.example").signed_by(&key, &Issuer::new(authority, above)).unwrap().pem();
    Issued { body, chain, key: key.serialize_pem() }
}

async fn import(scp: &Scp, name: &str, body: &str, chain: &str, key: &str) -> scp_security::Result<String> {
    let wanted = CreateCertificateRequest::builder()
        .name(name)
        .cert_body(body)
        .cert_chain(chain)
        .private_key(key)
        .region("kr-west1")
        .timezone("Asia/Seoul")
        .build();
    Ok(scp.certificate_manager().create_certificate(&wanted).skip_validation().await?.certificate.id)
}

async fn is_valid(scp: &Scp, body: &str, key: &str) -> scp_security::Result<Option<bool>> {
    let wanted = ValidateCertificateRequest::new(body, key);
    Ok(scp.certificate_manager().validate_certificate(&wanted).await?.validate_check)
}

/// A folder with a certificate and its key, for the command.
struct Files(PathBuf);

impl Files {
    fn new(certificate: &SelfSignedCertificate) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("certificate-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("certificate.pem"), certificate.cert_body.as_str()).unwrap();
        std::fs::write(path.join("key.pem"), certificate.private_key.expose_secret()).unwrap();
        Self(path)
    }

    fn openssl(&self, arguments: &str) -> String {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(&self.0).output().unwrap();
        assert!(output.status.success(), "openssl {arguments}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // What is left lies below the build folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn details_tell_what_the_certificate_says_of_itself() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let made = issued();
    let id = import(&scp, "detailed", &made.body, &made.chain, &made.key).await.unwrap();
    let shown = async || scp.certificate_manager().show_certificate(&id).await.unwrap().certificate;
    let first = shown().await;
    assert_eq!((first.days_until_expiration.as_str(), first.is_in_use().unwrap()), ("29", false));
    assert_eq!(first.issuer.as_deref(), Some("Example Authority"));
    assert_eq!(first.signature_algorithm.as_deref(), Some("SHA256withECDSA"));
    assert_eq!((first.public_key_type.as_deref(), first.public_key_bit_size.as_deref()), (Some("EC"), Some("256")));
    assert_eq!(first.sub_domain, None);
    sandbox.advance(DAY * 40);
    assert_eq!(shown().await.days_until_expiration, "0");
    // Older versions show the same certificate without these.
    assert_eq!(scp.certificate_manager_v1_1().show_certificate(&id).await.unwrap().certificate.cn, first.cn);
}

#[tokio::test]
async fn created_certificate_is_read_by_openssl() {
    let sandbox = sandbox().await;
    let made = self_sign(&scp(&sandbox), "mine").await.unwrap();
    if !Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("not checked: there is no openssl here");
        return;
    }
    let files = Files::new(&made);
    let shown = files.openssl("x509 -in certificate.pem -noout -subject -issuer -dates -nameopt RFC2253,-esc_msb,utf8");
    for line in [
        "subject=CN=shop.example,O=삼성 SDS",
        "issuer=CN=shop.example,O=삼성 SDS",
        "notBefore=May 31 15:00:00 2026 GMT",
        "notAfter=Jun 30 14:59:59 2026 GMT",
    ] {
        assert!(shown.lines().any(|one| one.replace(", ", ",") == line), "{line} is not in {shown}");
    }
    assert!(files.openssl("x509 -in certificate.pem -noout -checkhost shop.example").contains("does match"));
    let of_certificate = files.openssl("x509 -in certificate.pem -noout -pubkey");
    assert_eq!(of_certificate, files.openssl("pkey -in key.pem -pubout"));
    let now = datetime!(2026-06-02 00:00 UTC).unix_timestamp();
    let verified = files.openssl(&format!("verify -attime {now} -CAfile certificate.pem certificate.pem"));
    assert!(verified.contains("OK"), "{verified}");
}

#[tokio::test]
async fn imported_certificate_is_listed_and_expires() {
    let sandbox = sandbox().await;
    let scp = scp(&sandbox);
    let certificates = scp.certificate_manager();
    let mine = self_sign(&scp, "mine").await.unwrap();
    assert_eq!(mine.state, "VALID");
    let own_key = mine.private_key.expose_secret();
    for error in [
        refused(is_valid(&scp, mine.cert_body.as_str(), own_key).await, 400),
        refused(import(&scp, "again", mine.cert_body.as_str(), mine.cert_body.as_str(), own_key).await, 400),
    ] {
        assert!(error.to_string().contains("This private key is not a PEM format"), "{error}");
    }
    let (Issued { body, chain, key }, other) = (issued(), issued());
    assert_eq!(is_valid(&scp, &body, &key).await.unwrap(), Some(true));
    assert_eq!(is_valid(&scp, &other.body, &key).await.unwrap(), Some(false), "the key of another certificate");
    refused(import(&scp, "wrong", &other.body, &other.chain, &key).await, 400);
    refused(import(&scp, "wrong", "no PEM", &chain, &key).await, 400);

    let id = import(&scp, "again", &body, &chain, &key).await.unwrap();
    refused(import(&scp, "again", &body, &chain, &key).await, 400);
    let taken = certificates.check_duplicate_name(&CheckDuplicateNameRequest::new("again")).await.unwrap();
    assert!(taken.result);
    let shown = certificates.show_certificate(&id).await.unwrap().certificate;
    assert_eq!((&*shown.cn, shown.cert_body.as_str().trim()), ("shop.example", body.trim()));

    let expired = async || {
        let mut names = Vec::new();
        let mut items =
            certificates.list_certificates().cn("shop.example").sort(Sort::ascending("name")).size(1).items();
        while let Some(certificate) = items.next().await {
            let certificate = certificate.unwrap();
            names.extend((certificate.state == "EXPIRED").then_some(certificate.name));
        }
        names
    };
    assert!(expired().await.is_empty());
    sandbox.advance(30 * DAY);
    assert_eq!(expired().await, ["again", "mine"]);
    assert_eq!(is_valid(&scp, &body, &key).await.unwrap(), Some(false));
    refused(import(&scp, "late", &body, &chain, &key).await, 400);
    certificates.delete_certificate(&id).await.unwrap();
    refused(certificates.show_certificate(&id).await, 404);
}

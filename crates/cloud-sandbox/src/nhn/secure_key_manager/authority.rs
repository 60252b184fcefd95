//! The authority that issues client certificates and the listener's own, and checks those that callers present.

use std::time::Duration;

use p12_keystore::{EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{CertificateError, Error as TlsError, RootCertStore};

use crate::provider::provider;

/// How often the password of a file is hashed: as often as the `openssl` command does it.
const ROUNDS: u32 = 2048;

/// How a PKCS#12 file is encrypted and authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cipher {
    /// AES-256 and HMAC-SHA-256.
    Modern,
    /// `pbeWithSHAAnd3-KeyTripleDES-CBC` and HMAC-SHA-1, the only ones that Java reads before 8u301.
    Legacy,
}

/// A certificate with its private key, both as PEM.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Issued {
    /// The certificate.
    pub(super) certificate: String,
    /// Its private key, PKCS#8.
    pub(super) private_key: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").finish_non_exhaustive()
    }
}

/// Signs the certificates of one sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Authority(Issued);

/// Why a certificate is not accepted, its place on a list aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distrust {
    /// Another authority issued it.
    Issuer,
    /// Its time is over or has not come.
    Expired,
}

impl Authority {
    /// A new authority with a key of its own.
    pub(super) fn create() -> Result<Self, String> {
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        let certificate = authority_params().self_signed(&key).map_err(|error| error.to_string())?;
        Ok(Self(Issued { certificate: certificate.pem(), private_key: key.serialize_pem() }))
    }

    /// The authority's certificate as PEM.
    pub(super) fn certificate(&self) -> &str {
        &self.0.certificate
    }

    /// A certificate for a caller.
    pub(super) fn issue_client(&self, name: &str, end: OffsetDateTime) -> Result<Issued, String> {
        let mut params = params(name);
        params.not_after = end;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(&params)
    }

    /// A certificate for the listener.
    pub(super) fn issue_server(&self, names: &[String]) -> Result<Issued, String> {
        let mut params = CertificateParams::new(names).map_err(|error| error.to_string())?;
        params.distinguished_name = subject("cloud-sandbox");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2100, 1, 1);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(&params)
    }

    fn issue(&self, params: &CertificateParams) -> Result<Issued, String> {
        let own = KeyPair::from_pem(&self.0.private_key).map_err(|error| error.to_string())?;
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        let certificate =
            params.signed_by(&key, &Issuer::new(authority_params(), own)).map_err(|error| error.to_string())?;
        Ok(Issued { certificate: certificate.pem(), private_key: key.serialize_pem() })
    }

    /// Checks issuer and dates of a certificate that a caller presented.
    pub(super) fn check(&self, der: &[u8], now: OffsetDateTime) -> Result<(), Distrust> {
        let verifier = self.verifier().map_err(|_| Distrust::Issuer)?;
        let since = Duration::from_secs(u64::try_from(now.unix_timestamp()).unwrap_or(0));
        let moment = UnixTime::since_unix_epoch(since);
        match verifier.verify_client_cert(&CertificateDer::from(der), &[], moment) {
            Ok(_) => Ok(()),
            Err(TlsError::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            )) => Err(Distrust::Expired),
            Err(_) => Err(Distrust::Issuer),
        }
    }

    fn verifier(&self) -> Result<std::sync::Arc<dyn ClientCertVerifier>, String> {
        let mut roots = RootCertStore::empty();
        let own = CertificateDer::from_pem_slice(self.0.certificate.as_bytes()).map_err(|error| error.to_string())?;
        roots.add(own).map_err(|error| error.to_string())?;
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider()).build().map_err(|error| error.to_string())
    }
}

impl Issued {
    /// Whether this is the certificate with these bytes.
    pub(super) fn is(&self, der: &[u8]) -> bool {
        self.der().is_some_and(|own| own.as_ref() == der)
    }

    /// The certificate as DER; nothing where a saved state holds none.
    pub(super) fn der(&self) -> Option<CertificateDer<'static>> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).ok()
    }

    /// The private key as DER.
    pub(super) fn key(&self) -> Option<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(self.private_key.as_bytes()).ok()
    }

    /// Certificate and key in one PEM text.
    pub(super) fn pem(&self) -> String {
        format!("{}{}", self.certificate, self.private_key)
    }

    /// Certificate and key as the console hands them out, behind a password.
    pub(super) fn pkcs12(&self, name: &str, password: &str, cipher: Cipher) -> Result<Vec<u8>, String> {
        let (certificate, key) = self.der().zip(self.key()).ok_or("the certificate cannot be read")?;
        let certificate = p12_keystore::Certificate::from_der(&certificate).map_err(|error| error.to_string())?;
        let key = PrivateKey::from_der(key.secret_der()).map_err(|error| error.to_string())?;
        let mut store = KeyStore::new();
        let chain = PrivateKeyChain::new(name.as_bytes(), key, [certificate]);
        store.add_entry(name, KeyStoreEntry::PrivateKeyChain(chain));
        let (encryption, mac) = match cipher {
            Cipher::Modern => (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
            Cipher::Legacy => (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
        };
        let writer = store.writer(password).encryption_algorithm(encryption).mac_algorithm(mac);
        let writer = writer.encryption_iterations(ROUNDS).mac_iterations(ROUNDS);
        writer.write().map_err(|error| error.to_string())
    }
}

/// The same parameters each time, so that the authority can be taken up again from its key alone.
fn authority_params() -> CertificateParams {
    let mut params = params("cloud-sandbox authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Valid through all times that a sandbox's clock is likely to show.
fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject(name);
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params
}

fn subject(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

#[cfg(test)]
mod tests {
    use p12_keystore::Pkcs12ImportPolicy;

    use super::*;

    fn at(year: i32) -> OffsetDateTime {
        date_time_ymd(year, 6, 1)
    }

    #[test]
    fn authority_accepts_its_own_valid_certificates() {
        let authority = Authority::create().unwrap();
        let issued = authority.issue_client("app", date_time_ymd(2029, 7, 21)).unwrap();
        let der = issued.der().unwrap();
        assert_eq!(authority.check(&der, at(2026)), Ok(()));
        assert_eq!(authority.check(&der, at(2030)), Err(Distrust::Expired));
        assert_eq!(authority.check(&der, at(1999)), Err(Distrust::Expired));
        assert!(issued.is(&der) && !issued.is(b"other"));

        let other = Authority::create().unwrap();
        assert_eq!(other.check(&der, at(2026)), Err(Distrust::Issuer));
        assert_eq!(authority.check(b"nonsense", at(2026)), Err(Distrust::Issuer));
    }

    #[test]
    fn authority_round_trips_through_json() {
        let authority = Authority::create().unwrap();
        let saved = serde_json::to_string(&authority).unwrap();
        let restored: Authority = serde_json::from_str(&saved).unwrap();
        let issued = restored.issue_client("app", date_time_ymd(2029, 7, 21)).unwrap();
        assert_eq!(authority.check(&issued.der().unwrap(), at(2026)), Ok(()));
    }

    #[test]
    fn pkcs12_file_opens_with_its_password() {
        let authority = Authority::create().unwrap();
        let issued = authority.issue_client("app", date_time_ymd(2029, 7, 21)).unwrap();
        // The object identifiers of PBES2 with AES-256-CBC, and of pbeWithSHAAnd3-KeyTripleDES-CBC, in DER.
        let aes: &[u8] = &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
        let triple_des: &[u8] = &[0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03];
        for (cipher, used, unused) in [(Cipher::Modern, aes, triple_des), (Cipher::Legacy, triple_des, aes)] {
            let file = issued.pkcs12("app", "password1", cipher).unwrap();
            let holds = |id: &[u8]| file.windows(id.len()).any(|bytes| bytes == id);
            assert!(holds(used) && !holds(unused), "{cipher:?}");
            let opened = KeyStore::from_pkcs12(&file, "password1", Pkcs12ImportPolicy::Strict).unwrap();
            let (name, chain) = opened.private_key_chain().unwrap();
            assert_eq!(name, "app");
            assert!(issued.is(chain.certs()[0].as_der()));
            assert!(KeyStore::from_pkcs12(&file, "other", Pkcs12ImportPolicy::Strict).is_err());
        }
        assert_eq!(issued.pem().matches("-----BEGIN").count(), 2);
    }
}

//! Makes self-signed certificates with RSA keys.

use std::fmt;

use rand_chacha::rand_core::CryptoRng;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
    SerialNumber,
};
use rsa::PrivateKey as RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use time::OffsetDateTime;

/// The longest name that X.509 allows for a person or an organization.
pub(super) const LONGEST_NAME: usize = 64;

/// The longest piece between two dots of a host's name.
const LONGEST_LABEL: usize = 63;

/// What a self-signed certificate shall say.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub(super) cn: &'a str,
    pub(super) organization: &'a str,
    pub(super) from: OffsetDateTime,
    pub(super) until: OffsetDateTime,
}

/// A certificate and its key, both as PEM.
pub(super) struct Issued {
    pub(super) certificate: String,
    pub(super) private_key: String,
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// Makes a certificate for the key; the reason when the names cannot be encoded.
pub(super) fn self_signed<R: CryptoRng + ?Sized>(
    order: &Order<'_>,
    key: &RsaPrivateKey,
    rng: &mut R,
) -> Result<Issued, String> {
    let der = key.to_pkcs8_der().map_err(|error| format!("the RSA key cannot be encoded: {error}"))?;
    let private_key = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| format!("no PEM of the key: {error}"))?;
    let signer = KeyPair::try_from(der.as_bytes()).map_err(|error| format!("the RSA key cannot sign: {error}"))?;

    let mut names = DistinguishedName::new();
    names.push(DnType::OrganizationName, order.organization);
    names.push(DnType::CommonName, order.cn);
    let mut params = CertificateParams::default();
    params.distinguished_name = names;
    params.not_before = order.from;
    params.not_after = order.until;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.serial_number = Some(serial(rng));
    if let Ok(address) = order.cn.parse() {
        params.subject_alt_names.push(SanType::IpAddress(address));
    } else if is_host(order.cn) {
        let host = order.cn.try_into().map_err(|error| format!("the common name cannot be encoded: {error}"))?;
        params.subject_alt_names.push(SanType::DnsName(host));
    }
    let certificate = params.self_signed(&signer).map_err(|error| format!("no certificate: {error}"))?;
    Ok(Issued { certificate: certificate.pem(), private_key: private_key.as_str().to_owned() })
}

/// A positive number of 16 bytes.
fn serial<R: CryptoRng + ?Sized>(rng: &mut R) -> SerialNumber {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    // The upper bits stay within 0x40..0x80: neither negative nor shorter.
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x3f | 0x40;
    }
    SerialNumber::from_slice(&bytes)
}

/// Whether clients would look for the name among the host names of a certificate.
fn is_host(name: &str) -> bool {
    let label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.strip_prefix("*.").unwrap_or(name).split('.').all(label)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::rng::Rng;
    use crate::rsa_keys;

    fn issue(cn: &str, seed: u64) -> Issued {
        let (from, until) = (datetime!(2025-01-01 0:00 UTC), datetime!(2061-12-12 23:59:59 UTC));
        let order = Order { cn, organization: "삼성 SDS", from, until };
        let mut rng = Rng::new(Some(seed)).unwrap();
        let key = rsa_keys::rsa(&mut rng).unwrap();
        self_signed(&order, &key, rng.source()).unwrap()
    }

    #[test]
    fn certificate_depends_on_the_seed() {
        let (first, again, other) = (issue("test.go.kr", 1), issue("test.go.kr", 1), issue("test.go.kr", 2));
        assert_eq!((&first.certificate, &first.private_key), (&again.certificate, &again.private_key));
        assert_ne!(first.certificate, other.certificate);
        assert_ne!(first.private_key, other.private_key);
    }

    #[test]
    fn host_is_also_an_alternative_name() {
        assert!(is_host(&"a".repeat(LONGEST_LABEL)) && !is_host(&"a".repeat(LONGEST_LABEL + 1)));
        for (cn, host) in
            [("test.go.kr", true), ("*.go.kr", true), ("홍길동", false), ("Kil Dong", false), ("a..b", false)]
        {
            assert_eq!(is_host(cn), host, "{cn}");
        }
    }

    #[test]
    fn address_is_an_alternative_address() {
        for cn in ["192.0.2.7", "2001:db8::7", "shop.example"] {
            let issued = issue(cn, 4);
            let (_, pem) = x509_parser::pem::parse_x509_pem(issued.certificate.as_bytes()).unwrap();
            let certificate = pem.parse_x509().unwrap();
            let names = &certificate.subject_alternative_name().unwrap().unwrap().value.general_names;
            let as_address = matches!(names[..], [x509_parser::extensions::GeneralName::IPAddress(_)]);
            assert_eq!((names.len(), as_address), (1, cn.parse::<std::net::IpAddr>().is_ok()), "{cn}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let issued = issue("test.go.kr", 3);
        assert!(!format!("{issued:?}").contains("PRIVATE"));
    }
}

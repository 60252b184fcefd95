//! Reads certificates, chains and private keys, and compares them with each other and with the clock.

use p256::pkcs8::der::Encode;
use p256::pkcs8::der::asn1::OctetStringRef;
use p256::pkcs8::{AlgorithmIdentifierRef, EncodePrivateKey, ObjectIdentifier, PrivateKeyInfoRef};
use rsa::PrivateKey as RsaPrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::pkcs8::DecodePrivateKey;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

/// More bytes than any key has that can be used; reading numbers takes longer the longer they are.
const LARGEST_KEY: usize = 16 * 1024;

const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// A text of the caller that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    Body,
    Chain,
    PrivateKey,
}

/// Why a certificate, its chain and its key do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The key belongs to another certificate.
    OtherKey,
    /// A certificate was not signed by the one that follows it.
    BrokenChain,
    Expired,
    NotYetValid,
}

/// What a certificate says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) cn: String,
    pub(super) organization: String,
    /// As encoded: 2 stands for X.509 v3.
    pub(super) version: u32,
    pub(super) key_bits: usize,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
}

/// A certificate, what stands above it, and the public half of a private key.
#[derive(Debug)]
pub(super) struct Material {
    /// The certificate and then its chain, as DER.
    path: Vec<Vec<u8>>,
    public_key: Vec<u8>,
}

impl Material {
    /// Reads the three texts; an empty chain is as good as none.
    pub(super) fn read(body: &str, chain: Option<&str>, private_key: &str) -> Result<Self, Unreadable> {
        let mut path = certificates(body).filter(|found| found.len() == 1).ok_or(Unreadable::Body)?;
        if let Some(chain) = chain.filter(|chain| !chain.trim().is_empty()) {
            let above = certificates(chain).filter(|found| !found.is_empty()).ok_or(Unreadable::Chain)?;
            // Many tools write the certificate itself at the head of its chain.
            let repeated = above.first() == path.first();
            path.extend(above.into_iter().skip(usize::from(repeated)));
        }
        let public_key = public_half(private_key).ok_or(Unreadable::PrivateKey)?;
        Ok(Self { path, public_key })
    }

    /// What the certificate says; nothing when it lacks what every listing shows.
    pub(super) fn facts(&self) -> Option<Facts> {
        facts(&parsed(self.path.first()?)?)
    }

    /// The first thing that is wrong; expiry is told apart from an early start.
    pub(super) fn flaw(&self, now: OffsetDateTime) -> Option<Flaw> {
        let path: Vec<_> = self.path.iter().filter_map(|der| parsed(der)).collect();
        let own = path.first().map(|certificate| certificate.public_key().subject_public_key.data.as_ref());
        if own != Some(self.public_key.as_slice()) {
            return Some(Flaw::OtherKey);
        }
        if !path.windows(2).all(|pair| matches!(pair, [below, above] if signed_by(below, above))) {
            return Some(Flaw::BrokenChain);
        }
        // A root at the end must be what it claims to be; a chain may also end below its root.
        let forged =
            |last: &X509Certificate<'_>| last.subject() == last.issuer() && last.verify_signature(None).is_err();
        if path.last().is_some_and(forged) {
            return Some(Flaw::BrokenChain);
        }
        let now = now.unix_timestamp();
        let ended = |one: &X509Certificate<'_>| one.validity().not_after.timestamp() < now;
        let early = |one: &X509Certificate<'_>| one.validity().not_before.timestamp() > now;
        if path.iter().any(ended) {
            return Some(Flaw::Expired);
        }
        path.iter().any(early).then_some(Flaw::NotYetValid)
    }
}

/// All certificates of a text; nothing when any block of it is something else or broken.
fn certificates(text: &str) -> Option<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for block in Pem::iter_from_buffer(text.as_bytes()) {
        let block = block.ok().filter(|block| block.label == "CERTIFICATE")?;
        facts(&parsed(&block.contents)?)?;
        found.push(block.contents);
    }
    Some(found)
}

fn parsed(der: &[u8]) -> Option<X509Certificate<'_>> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    rest.is_empty().then_some(certificate)
}

fn facts(certificate: &X509Certificate<'_>) -> Option<Facts> {
    let subject = certificate.subject();
    let text = |value: &x509_parser::x509::AttributeTypeAndValue<'_>| value.as_str().ok().map(str::to_owned);
    let key_bits = match certificate.public_key().parsed().ok()? {
        PublicKey::RSA(key) => key.key_size(),
        PublicKey::EC(point) => point.key_size(),
        _ => certificate.public_key().subject_public_key.data.len().checked_mul(8)?,
    };
    Some(Facts {
        cn: subject.iter_common_name().next().and_then(text).unwrap_or_default(),
        organization: subject.iter_organization().next().and_then(text).unwrap_or_default(),
        version: certificate.version().0,
        key_bits,
        not_before: certificate.validity().not_before.to_datetime(),
        not_after: certificate.validity().not_after.to_datetime(),
    })
}

/// Whether the upper certificate is an authority and its key made the lower one's signature.
fn signed_by(below: &X509Certificate<'_>, above: &X509Certificate<'_>) -> bool {
    below.issuer() == above.subject() && above.is_ca() && below.verify_signature(Some(above.public_key())).is_ok()
}

/// The public key that belongs to a private one, as a certificate would hold it.
fn public_half(text: &str) -> Option<Vec<u8>> {
    let mut blocks = Pem::iter_from_buffer(text.as_bytes()).map(Result::ok);
    let key = loop {
        let block = blocks.next()??;
        // Tools put the curve's parameters before an EC key.
        if block.label != "EC PARAMETERS" {
            break block;
        }
    };
    if blocks.next().is_some() || key.contents.len() > LARGEST_KEY {
        return None;
    }
    let of_rsa = |key: &RsaPrivateKey| Some(key.to_public_key().to_pkcs1_der().ok()?.as_bytes().to_vec());
    match &*key.label {
        "RSA PRIVATE KEY" => of_rsa(&RsaPrivateKey::from_pkcs1_der(&key.contents).ok()?),
        "PRIVATE KEY" => match RsaPrivateKey::from_pkcs8_der(&key.contents) {
            Ok(key) => of_rsa(&key),
            Err(_) => of_curve(&key.contents),
        },
        "EC PRIVATE KEY" => {
            // Only one curve is read in full; the other is put into the form that tells its name.
            match p256::SecretKey::from_sec1_der(&key.contents) {
                Ok(key) => of_curve(key.to_pkcs8_der().ok()?.as_bytes()),
                Err(_) => of_curve(&named_p384(&key.contents)?),
            }
        }
        _ => None,
    }
}

/// A SEC 1 key as PKCS#8 that says it is one of P-384.
fn named_p384(sec1: &[u8]) -> Option<Vec<u8>> {
    let algorithm = AlgorithmIdentifierRef { oid: ELLIPTIC_CURVE, parameters: Some((&P_384).into()) };
    PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(sec1).ok()?).to_der().ok()
}

fn of_curve(pkcs8: &[u8]) -> Option<Vec<u8>> {
    let key = rcgen::KeyPair::try_from(pkcs8).ok()?;
    Some(rcgen::PublicKeyData::der_bytes(&key).to_vec())
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 18:00 UTC);

    fn params(cn: &str, authority: bool) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, cn);
        params.distinguished_name.push(DnType::OrganizationName, "samsungSDS");
        params.not_before = datetime!(2026-01-01 0:00 UTC);
        params.not_after = datetime!(2027-01-01 0:00 UTC);
        params.is_ca = if authority { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
        params
    }

    /// Root, intermediate and leaf, and the leaf's key.
    struct Chain {
        root: Certificate,
        middle: Certificate,
        leaf: Certificate,
        key: KeyPair,
    }

    fn chain(middle_is_authority: bool) -> Chain {
        let keys = [(); 3].map(|()| KeyPair::generate().unwrap());
        let [root_key, middle_key, key] = keys;
        let root_params = params("Root", true);
        let root = root_params.self_signed(&root_key).unwrap();
        let root_issuer = Issuer::new(root_params, root_key);
        let middle_params = params("Middle", middle_is_authority);
        let middle = middle_params.signed_by(&middle_key, &root_issuer).unwrap();
        let leaf = params("test.go.kr", false).signed_by(&key, &Issuer::new(middle_params, middle_key)).unwrap();
        Chain { root, middle, leaf, key }
    }

    fn flaw(body: &Certificate, above: &[&Certificate], key: &KeyPair, now: OffsetDateTime) -> Option<Flaw> {
        let above: String = above.iter().map(|one| one.pem()).collect();
        Material::read(&body.pem(), Some(&above), &key.serialize_pem()).unwrap().flaw(now)
    }

    #[test]
    fn a_whole_chain_holds_with_or_without_its_root_and_its_head() {
        let Chain { root, middle, leaf, key } = chain(true);
        for above in [&[&middle, &root][..], &[&middle], &[], &[&leaf, &middle, &root]] {
            assert_eq!(flaw(&leaf, above, &key, NOW), None, "{}", above.len());
        }
    }

    #[test]
    fn each_break_of_a_chain_is_seen() {
        let (mine, other) = (chain(true), chain(true));
        let broken = Some(Flaw::BrokenChain);
        assert_eq!(flaw(&mine.leaf, &[&mine.root], &mine.key, NOW), broken, "a link is missing");
        assert_eq!(flaw(&mine.leaf, &[&mine.root, &mine.middle], &mine.key, NOW), broken, "the order is wrong");
        assert_eq!(flaw(&mine.leaf, &[&other.middle], &mine.key, NOW), broken, "the same name with another key");
        assert_eq!(flaw(&mine.leaf, &[&mine.middle, &other.root], &mine.key, NOW), broken, "another root");
        let weak = chain(false);
        assert_eq!(flaw(&weak.leaf, &[&weak.middle, &weak.root], &weak.key, NOW), broken, "no authority");
    }

    #[test]
    fn a_key_must_be_that_of_the_certificate() {
        let (mine, other) = (chain(true), chain(true));
        assert_eq!(flaw(&mine.leaf, &[], &other.key, NOW), Some(Flaw::OtherKey));
    }

    #[test]
    fn dates_decide_at_their_very_second() {
        let Chain { leaf, key, .. } = chain(true);
        let check = |now, wanted| assert_eq!(flaw(&leaf, &[], &key, now), wanted, "{now}");
        check(datetime!(2025-12-31 23:59:59 UTC), Some(Flaw::NotYetValid));
        check(datetime!(2026-01-01 0:00 UTC), None);
        check(datetime!(2027-01-01 0:00 UTC), None);
        check(datetime!(2027-01-01 0:00:01 UTC), Some(Flaw::Expired));
    }

    #[test]
    fn texts_that_are_not_what_they_should_be_are_told_apart() {
        let Chain { middle, leaf, key, .. } = chain(true);
        let (body, chain, secret) = (leaf.pem(), middle.pem(), key.serialize_pem());
        let check = |body: &str, chain: &str, key: &str, wanted| {
            assert_eq!(Material::read(body, Some(chain), key).unwrap_err(), wanted, "{body} {chain}");
        };
        let two = format!("{body}{body}");
        let cut = body.replace("-----END", "");
        let bent = body.replacen("MII", "MIJ", 1);
        for wrong in ["", "<encoded certificate body data>", &two, &cut, &bent, &secret] {
            check(wrong, &chain, &secret, Unreadable::Body);
        }
        for wrong in ["<encoded certificate chain data>", &cut, &secret, &format!("{chain}{secret}")] {
            check(&body, wrong, &secret, Unreadable::Chain);
        }
        let hidden = secret.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        for wrong in ["", "<encoded private_key data>", &body, &hidden, &format!("{secret}{secret}")] {
            check(&body, &chain, wrong, Unreadable::PrivateKey);
        }
    }

    #[test]
    fn keys_of_both_curves_are_read_in_the_older_form_too() {
        for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384] {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let whole = key.serialize_der();
            let older = PrivateKeyInfoRef::try_from(&*whole).unwrap().private_key.as_bytes();
            let pem = |label: &str, der: &[u8]| {
                format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
            };
            let read = public_half(&pem("EC PRIVATE KEY", older));
            assert_eq!(read, public_half(&pem("PRIVATE KEY", &whole)), "{algorithm:?}");
            assert_eq!(read.as_deref(), Some(rcgen::PublicKeyData::der_bytes(&key)));
            assert_eq!(public_half(&pem("EC PRIVATE KEY", &older[1..])), None);
        }
    }

    #[test]
    fn facts_are_those_of_the_certificate() {
        let Chain { leaf, key, .. } = chain(true);
        let facts = Material::read(&leaf.pem(), None, &key.serialize_pem()).unwrap().facts().unwrap();
        let wanted = Facts {
            cn: "test.go.kr".to_owned(),
            organization: "samsungSDS".to_owned(),
            version: 2,
            key_bits: 256,
            not_before: datetime!(2026-01-01 0:00 UTC),
            not_after: datetime!(2027-01-01 0:00 UTC),
        };
        assert_eq!(facts, wanted);
    }
}

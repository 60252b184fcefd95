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
use x509_parser::extensions::GeneralName;
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

/// Fields of the details from version 1.2 on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Details {
    /// The common name of the issuer.
    pub(super) issuer: Option<String>,
    pub(super) key_type: Option<&'static str>,
    /// The name of the algorithm, or its object identifier.
    pub(super) signature_algorithm: Option<String>,
    /// The alternative host names, separated by commas.
    pub(super) host_names: Option<String>,
}

impl Details {
    /// Reads the first certificate of a text.
    pub(super) fn of(body: &str) -> Option<Self> {
        let found = certificates(body)?;
        let certificate = parsed(found.first()?)?;
        let issuer = certificate.issuer().iter_common_name().next().and_then(|name| name.as_str().ok());
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map(|names| &names.value.general_names).into_iter().flatten();
        let hosts: Vec<&str> = names
            .filter_map(|name| match name {
                GeneralName::DNSName(host) => Some(*host),
                _ => None,
            })
            .collect();
        let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
        let known = SIGNATURES.iter().find(|(id, _)| *id == algorithm);
        Some(Self {
            issuer: issuer.map(str::to_owned),
            key_type: match certificate.public_key().parsed() {
                Ok(PublicKey::RSA(_)) => Some("RSA"),
                Ok(PublicKey::EC(_)) => Some("EC"),
                _ => None,
            },
            signature_algorithm: Some(known.map_or(algorithm.clone(), |(_, name)| (*name).to_owned())),
            host_names: (!hosts.is_empty()).then(|| hosts.join(",")),
        })
    }
}

/// Algorithms of signatures by object identifier.
const SIGNATURES: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.11", "SHA256withRSA"),
    ("1.2.840.113549.1.1.12", "SHA384withRSA"),
    ("1.2.840.113549.1.1.13", "SHA512withRSA"),
    ("1.2.840.10045.4.3.2", "SHA256withECDSA"),
    ("1.2.840.10045.4.3.3", "SHA384withECDSA"),
];

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

    /// Whether the certificate was signed with its own key.
    pub(super) fn is_self_signed(&self) -> bool {
        let own = self.path.first().and_then(|der| parsed(der));
        own.is_some_and(|own| own.subject() == own.issuer() && own.verify_signature(None).is_ok())
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
        // A root at the end must be signed by itself; a chain may also end below its root.
        let wrongly_self_signed =
            |last: &X509Certificate<'_>| last.subject() == last.issuer() && last.verify_signature(None).is_err();
        if path.last().is_some_and(wrongly_self_signed) {
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
mod tests;

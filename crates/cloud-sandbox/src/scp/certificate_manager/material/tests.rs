//! Certificates, chains and keys that are accepted, and the flaws that are found.

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
fn chain_is_valid_with_or_without_root_and_leaf() {
    let Chain { root, middle, leaf, key } = chain(true);
    for above in [&[&middle, &root][..], &[&middle], &[], &[&leaf, &middle, &root]] {
        assert_eq!(flaw(&leaf, above, &key, NOW), None, "{}", above.len());
    }
}

#[test]
fn broken_chain_is_detected() {
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
fn key_must_match_the_certificate() {
    let (mine, other) = (chain(true), chain(true));
    assert_eq!(flaw(&mine.leaf, &[], &other.key, NOW), Some(Flaw::OtherKey));
}

#[test]
fn validity_is_exact_to_the_second() {
    let Chain { leaf, key, .. } = chain(true);
    let check = |now, wanted| assert_eq!(flaw(&leaf, &[], &key, now), wanted, "{now}");
    check(datetime!(2025-12-31 23:59:59 UTC), Some(Flaw::NotYetValid));
    check(datetime!(2026-01-01 0:00 UTC), None);
    check(datetime!(2027-01-01 0:00 UTC), None);
    check(datetime!(2027-01-01 0:00:01 UTC), Some(Flaw::Expired));
}

#[test]
fn invalid_pem_is_classified() {
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
fn details_are_read_from_the_certificate() {
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

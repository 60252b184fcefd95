//! Certificate Manager with state: real certificates, and what is refused.

use std::time::Duration;

use cloud_sandbox::Sandbox;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, LineEnding};
use serde_json::{Value, json};
use time::macros::datetime;

use super::fixed_clock::{DAY, Service, sandbox};
use super::raw::RawResponse;
use super::scp_signer::first_error;

const SERVICE: Service = Service("certificatemanager");

fn order(name: &str) -> Value {
    json!({
        "cn": "shop.example", "name": name, "not_before_dt": "20260601", "not_after_dt": "20260610",
        "organization": "삼성 SDS", "region": "west1", "timezone": "Asia/Seoul",
        "recipients": [], "tags": [],
    })
}

async fn self_sign(sandbox: &Sandbox, name: &str) -> Value {
    let response = SERVICE.call(sandbox, "1.1", "POST", "/self-sign", Some(&order(name))).await;
    response.expect(201).json()["certificate"].clone()
}

fn issued() -> Value {
    issued_for("shop.example", 10)
}

/// A certificate up to a day of June 2026 with its key, and the authority above it as the chain.
pub(crate) fn issued_for(cn: &str, last_day: u8) -> Value {
    let params = |cn: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, cn);
        params.not_before = datetime!(2026-06-01 0:00 UTC);
        params.not_after = datetime!(2026-06-01 0:00 UTC).replace_day(last_day).unwrap();
        params
    };
    let mut authority = params("Test Authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let [above, key] = [(); 2].map(|()| KeyPair::generate().unwrap());
    let chain = authority.self_signed(&above).unwrap();
    let certificate = params(cn).signed_by(&key, &Issuer::new(authority, above)).unwrap();
    json!({"cert_body": certificate.pem(), "cert_chain": chain.pem(), "private_key": key.serialize_pem()})
}

pub(crate) fn import(name: &str, from: &Value) -> Value {
    json!({
        "cert_body": from["cert_body"], "cert_chain": from["cert_chain"], "private_key": from["private_key"],
        "name": name, "region": "west1", "timezone": "Asia/Seoul",
        "recipients": [{"region": "", "user_id": "u", "user_name": "n"}], "tags": [{"key": "k", "value": "v"}],
    })
}

fn material(from: &Value) -> Value {
    json!({"cert_body": from["cert_body"], "cert_chain": from["cert_chain"], "private_key": from["private_key"]})
}

#[track_caller]
fn refused(response: &RawResponse) -> (String, String) {
    first_error(response, 400)
}

#[tokio::test]
async fn self_signed_certificate_is_stored() {
    let sandbox = sandbox().await;
    let made = self_sign(&sandbox, "mine").await;
    assert_eq!(made["not_before_dt"], "2026-05-31T15:00:00");
    assert_eq!(made["not_after_dt"], "2026-06-10T14:59:59");
    assert_eq!(made["state"], "VALID");
    assert_eq!([&made["cert_kind"], &made["key_bit_size"], &made["cert_version"]], ["DEV", "2048", "2"]);
    assert_eq!([&made["cn"], &made["organization"]], ["shop.example", "삼성 SDS"]);
    assert!(made.get("recipients").is_none(), "only the response of create lists them");
    let id = made["id"].as_str().unwrap();
    assert_eq!(SERVICE.get(&sandbox, &format!("/{id}")).await["certificate"], made);
}

#[tokio::test]
async fn certificate_of_an_authority_is_imported() {
    let sandbox = sandbox().await;
    let pair = issued();
    let made = SERVICE.call(&sandbox, "1.0", "POST", "", Some(&import("shop", &pair))).await;
    let made = made.expect(201).json()["certificate"].clone();
    assert_eq!([&made["cert_kind"], &made["cn"], &made["state"]], ["PRD", "shop.example", "VALID"]);
    assert_eq!([&made["cert_body"], &made["cert_chain"]], [&pair["cert_body"], &pair["cert_chain"]]);
    assert_eq!(made["recipients"][0]["user_id"], "u");
}

#[tokio::test]
async fn self_signed_pair_is_refused_as_pkcs1_and_as_pkcs8() {
    let sandbox = sandbox().await;
    let pkcs8 = self_sign(&sandbox, "mine").await;
    let key = rsa::PrivateKey::from_pkcs8_pem(pkcs8["private_key"].as_str().unwrap()).unwrap();
    let mut pkcs1 = pkcs8.clone();
    pkcs1["private_key"] = key.to_pkcs1_pem(LineEnding::LF).unwrap().to_string().into();
    // Its own chain does not make it better.
    let mut chained = pkcs8.clone();
    chained["cert_chain"] = pkcs8["cert_body"].clone();
    for pair in [pkcs8, pkcs1, chained] {
        let created = SERVICE.call(&sandbox, "1.1", "POST", "", Some(&import("again", &pair))).await;
        let checked = SERVICE.call(&sandbox, "1.1", "POST", "/check-validation", Some(&material(&pair))).await;
        for response in [created, checked] {
            let (code, detail) = first_error(&response, 400);
            assert_eq!(code, "scp-security.certificate.pem-format-private-key-error");
            assert_eq!(detail, "This private key is not a PEM format");
        }
    }
}

#[tokio::test]
async fn certificate_state_follows_the_clock() {
    let sandbox = sandbox().await;
    let mut later = order("later");
    later["not_before_dt"] = "20260603".into();
    let later = SERVICE.call(&sandbox, "1.1", "POST", "/self-sign", Some(&later)).await.expect(201).json();
    assert_eq!(later["certificate"]["state"], "NOT_YET_VALID");
    self_sign(&sandbox, "now").await;
    let pair = issued();
    let good = |body: Value| json!({"validate_check": body});
    let check = async |wanted: bool| {
        let response = SERVICE.call(&sandbox, "1.1", "POST", "/check-validation", Some(&material(&pair))).await;
        assert_eq!(response.expect(200).json(), good(wanted.into()));
    };
    check(true).await;
    let names = async |state: &str| {
        let list = SERVICE.get(&sandbox, &format!("?sort=name:asc&state={state}")).await;
        let rows = list["certificates"].as_array().unwrap().clone();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("NOT_YET_VALID").await, ["later"]);
    assert_eq!(names("EXPIRED").await, ["expired-certificate"]);
    sandbox.advance(10 * DAY);
    assert_eq!(names("EXPIRED").await, ["expired-certificate", "later", "now"]);
    assert_eq!(names("VALID&state=EXPIRED").await.len(), 5);
    check(false).await;
    let expired = SERVICE.call(&sandbox, "1.1", "POST", "", Some(&import("too-late", &pair))).await;
    assert_eq!(refused(&expired).0, "scp-security.certificate.create-failed");
}

#[tokio::test]
async fn mismatched_material_is_refused_and_reported_by_validation() {
    let sandbox = sandbox().await;
    let (one, other) = (issued(), issued());
    let chained = SERVICE.get(&sandbox, "/0fdd87aab8cb46f59b7c1f81ed03fb3f").await["certificate"].clone();
    let change = |of: &Value, field: &str, to: Value| {
        let mut changed = of.clone();
        changed[field] = to;
        changed
    };
    let cases = [
        (change(&one, "private_key", other["private_key"].clone()), "create-failed"),
        (change(&chained, "cert_chain", one["cert_body"].clone()), "create-failed"),
        (change(&one, "private_key", "<encoded private_key data>".into()), "pem-format-private-key-error"),
        (change(&one, "cert_body", "<encoded certificate body data>".into()), "pem-format-cert-body-error"),
        (change(&one, "cert_chain", "<encoded certificate chain data>".into()), "pem-format-cert-chain-error"),
    ];
    for (wrong, code) in cases {
        let code = format!("scp-security.certificate.{code}");
        let created = SERVICE.call(&sandbox, "1.1", "POST", "", Some(&import("wrong", &wrong))).await;
        assert_eq!(refused(&created).0, code);
        let checked = SERVICE.call(&sandbox, "1.1", "POST", "/check-validation", Some(&material(&wrong))).await;
        if code.ends_with("create-failed") {
            assert_eq!(checked.expect(200).json(), json!({"validate_check": false}));
        } else {
            assert_eq!(refused(&checked).0, code);
        }
    }
    let whole = SERVICE.call(&sandbox, "1.1", "POST", "/check-validation", Some(&material(&chained))).await;
    assert_eq!(whole.expect(200).json(), json!({"validate_check": true}));
}

#[tokio::test]
async fn chain_can_be_required_in_version_1_0() {
    let sandbox = sandbox().await;
    let mut one = issued();
    one["cert_chain"] = Value::Null;
    let chained = SERVICE.get(&sandbox, "/0fdd87aab8cb46f59b7c1f81ed03fb3f").await["certificate"].clone();
    for (of, needed, wanted) in [(&one, false, true), (&one, true, false), (&chained, true, true)] {
        let mut body = material(of);
        body["is_need_cert_chain"] = needed.into();
        let response = SERVICE.call(&sandbox, "1.0", "POST", "/check-validation", Some(&body)).await;
        assert_eq!(response.expect(200).json(), json!({"result": wanted}));
    }
}

#[tokio::test]
async fn certificate_name_is_free_again_after_deletion() {
    let sandbox = sandbox().await;
    let made = self_sign(&sandbox, "mine").await;
    let taken = async |wanted: bool| {
        let response =
            SERVICE.call(&sandbox, "1.1", "POST", "/check-duplication", Some(&json!({"name": "mine"}))).await;
        assert_eq!(response.expect(200).json(), json!({"result": wanted}));
    };
    taken(true).await;
    assert!(
        refused(&SERVICE.call(&sandbox, "1.1", "POST", "/self-sign", Some(&order("mine"))).await).1.contains("mine")
    );
    assert!(
        refused(&SERVICE.call(&sandbox, "1.1", "POST", "", Some(&import("mine", &issued()))).await).1.contains("mine")
    );
    let rest = format!("/{}", made["id"].as_str().unwrap());
    SERVICE.call(&sandbox, "1.1", "DELETE", &rest, None).await.expect(200);
    SERVICE.call(&sandbox, "1.1", "DELETE", &rest, None).await.expect(404);
    SERVICE.call(&sandbox, "1.1", "GET", &rest, None).await.expect(404);
    taken(false).await;
}

#[tokio::test]
async fn invalid_self_sign_requests_are_refused() {
    let sandbox = sandbox().await;
    let long = "a".repeat(65);
    let cases = [
        ("timezone", "Asia/Nowhere"),
        ("not_before_dt", "2026-06-01"),
        ("not_before_dt", "20260631"),
        ("not_before_dt", "20260611"),
        ("not_before_dt", "19491231"),
        ("not_after_dt", "20260531"),
        ("cn", ""),
        ("cn", &long),
        ("cn", "shop.example\0.evil.example"),
        ("organization", ""),
        ("organization", "Shop\nCN=other"),
        ("name", ""),
    ];
    for (field, value) in cases {
        let mut body = order("mine");
        body[field] = value.into();
        let (_, detail) = refused(&SERVICE.call(&sandbox, "1.1", "POST", "/self-sign", Some(&body)).await);
        assert!(detail.contains(field.split('_').next().unwrap()), "{field} {value}: {detail}");
    }
    let mut past = order("mine");
    past["not_before_dt"] = "20250101".into();
    past["not_after_dt"] = "20251212".into();
    assert!(refused(&SERVICE.call(&sandbox, "1.1", "POST", "/self-sign", Some(&past)).await).1.contains("past"));
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let sandbox = sandbox().await;
    for name in ["b", "a"] {
        self_sign(&sandbox, name).await;
        sandbox.advance(Duration::from_secs(1));
    }
    let list = async |query: &str| {
        let list = SERVICE.get(&sandbox, query).await;
        let rows = list["certificates"].as_array().unwrap().clone();
        let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
        (names, list["count"].as_u64().unwrap(), list["sort"].clone())
    };
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(list("?size=2").await, (names(&["a", "b"]), 5, json!(["created_at:desc"])));
    assert_eq!(list("?cn=shop&sort=name:asc").await, (names(&["a", "b"]), 2, json!(["name:asc"])));
    assert_eq!(list("?sort=name:desc&size=2&page=1").await.0, ["chained-certificate", "b"]);
    assert_eq!(list("?size=2&page=3").await, (names(&[]), 5, json!(["created_at:desc"])));
    assert_eq!(list("?isMine=true").await.1, 4);
    assert_eq!(
        list("?name=-certificate&isMine=true&sort=name:asc").await.0,
        ["expired-certificate", "test-certificate"]
    );
    let row = SERVICE.get(&sandbox, "?size=1").await["certificates"][0].clone();
    let fields: Vec<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["cert_kind", "cn", "id", "name", "not_after_dt", "not_before_dt", "state"]);
    for wrong in ["?size=0", "?page=-1", "?sort=private_key:asc", "?sort=name"] {
        SERVICE.call(&sandbox, "1.1", "GET", wrong, None).await.expect(400);
    }
}

#[tokio::test]
async fn region_must_be_one_of_the_platform() {
    let sandbox = sandbox().await;
    let pair = issued();
    for (region, status) in [
        ("west1", 201),
        ("kr-west1", 201),
        ("kr-south3", 201),
        ("moon", 400),
        ("", 400),
        ("kr-", 400),
        ("kr-kr-west1", 400),
    ] {
        for (path, mut body) in
            [("/self-sign", order(&format!("s{region}"))), ("", import(&format!("i{region}"), &pair))]
        {
            body["region"] = region.into();
            let response = SERVICE.call(&sandbox, "1.1", "POST", path, Some(&body)).await;
            assert_eq!(response.status, status, "{region:?} {path}");
            if status == 400 {
                assert!(refused(&response).1.starts_with("region must be one of kr-west1, "), "{response:?}");
            }
        }
    }
}

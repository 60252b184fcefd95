//! Who may use which key store of Secure Key Manager: addresses, MAC addresses and client certificates.

use std::sync::Arc;
use std::time::Duration;

use cloud_sandbox::{ClientIdentity, Sandbox};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::raw::{Call, RawResponse, exchange, setting};
use super::scp_signer::Signer;
use super::secure_key_manager::{KEY_PAIR, SECRET, bare, call, good, message};

/// Sends a call over the second port, with or without a client certificate.
async fn send(sandbox: &Sandbox, call: &Call, identity: Option<&ClientIdentity>) -> RawResponse {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(sandbox.authority_pem().unwrap().as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        Some(identity) => {
            let certificate = CertificateDer::from_pem_slice(identity.pem().as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(identity.pem().as_bytes()).unwrap();
            config.with_client_auth_cert(vec![certificate], key).unwrap()
        }
        None => config.with_no_client_auth(),
    };
    let host = sandbox.mtls_endpoint().unwrap().strip_prefix("https://").unwrap();
    let stream = TcpStream::connect(host).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    exchange(stream, &call.text(host)).await
}

/// A store that asks for a certificate alone, and one that asks for a certificate and a MAC address.
fn seed() -> Value {
    let store = |mac: &str, key: &str| {
        json!({
            "name": key, "certificateAuthUse": "Y", "macAuthUse": mac,
            "macList": [{"value": "cc:cc:cc:cc:cc:cc"}],
            "certificateList": [{"name": key, "password": "p12-password", "expirationDate": "2099-01-01T00:00:00"}],
            "keys": [{"keyId": key, "name": key, "keyType": "SECRET", "secret": format!("of {key}")}]
        })
    };
    json!({"nhn": {"skm": {"keyStores": {"7": store("N", "alone"), "8": store("Y", "together")}}}})
}

fn secret(sandbox: &Sandbox, id: &str) -> Call {
    bare(sandbox, &format!("v1.0/appkey/KEY/secrets/{id}"), None)
}

fn identity(sandbox: &Sandbox, name: &str) -> ClientIdentity {
    sandbox.client_identity(name).unwrap().unwrap()
}

#[tokio::test]
async fn every_seed_key_works_from_loopback_with_the_mac_address() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut used = 0;
    for store in good(&sandbox, "keystores", None).await["keyStoreIdList"].as_array().unwrap() {
        for id in good(&sandbox, &format!("keystores/{store}/keys"), None).await["keyIdList"].as_array().unwrap() {
            let id = id.as_str().unwrap();
            let key = good(&sandbox, &format!("keystores/{store}/keys/{id}"), None).await;
            let calls = match key["keyType"].as_str().unwrap() {
                "SECRET" => vec!["secrets"],
                "SYMMETRIC_KEY" => vec!["symmetric"],
                _ => vec!["asymmetric"],
            };
            for kind in calls {
                match kind {
                    "secrets" => good(&sandbox, &format!("secrets/{id}"), None).await,
                    "symmetric" => good(&sandbox, &format!("symmetric-keys/{id}/symmetric-key"), None).await,
                    _ => good(&sandbox, &format!("asymmetric-keys/{id}/privateKey"), None).await,
                };
                used += 1;
            }
        }
    }
    assert_eq!(used, 10);
}

#[tokio::test]
async fn store_can_ask_for_the_address_alone() {
    let sandbox = Sandbox::start().await.unwrap();
    let get = async |rest: &str| {
        let response = bare(&sandbox, &format!("v1.0/appkey/KEY/{rest}"), None).send(sandbox.endpoint()).await;
        response.expect(200).json()
    };
    let store = get("keystores/3").await["body"].clone();
    let uses = ["ip4AuthUse", "macAuthUse", "certificateAuthUse"].map(|name| store[name].as_str().unwrap().to_owned());
    assert_eq!(uses, ["Y", "N", "N"]);
    for id in get("keystores/3/keys").await["body"]["keyIdList"].as_array().unwrap() {
        let id = id.as_str().unwrap();
        let kind = get(&format!("keystores/3/keys/{id}")).await["body"]["keyType"].clone();
        let rest = match kind.as_str().unwrap() {
            "SECRET" => format!("secrets/{id}"),
            "SYMMETRIC_KEY" => format!("symmetric-keys/{id}/symmetric-key"),
            _ => format!("asymmetric-keys/{id}/privateKey"),
        };
        assert_eq!(get(&rest).await["header"]["isSuccessful"], true, "{rest}");
    }
}

#[tokio::test]
async fn confirm_returns_the_caller() {
    let sandbox = Sandbox::builder().mutual_tls(true).start().await.unwrap();
    let confirm = "v1.0/appkey/KEY/confirm";
    let plain = bare(&sandbox, confirm, None).send(sandbox.endpoint()).await.expect(200).json()["body"].clone();
    let expected = json!({"clientIp": "127.0.0.1", "clientMacHeader": null, "clientSentCertificate": false});
    assert_eq!(plain, expected);
    let with_mac = call(&sandbox, confirm, None);
    for (identity, sent) in [(None, false), (Some(identity(&sandbox, "certificate1")), true)] {
        let body = send(&sandbox, &with_mac, identity.as_ref()).await.expect(200).json()["body"].clone();
        let mac = setting(&sandbox, "NHN_CLOUD_SKM_MAC_ADDRESS");
        assert_eq!(body, json!({"clientIp": "127.0.0.1", "clientMacHeader": mac, "clientSentCertificate": sent}));
    }
}

#[tokio::test]
async fn mutual_tls_port_serves_other_vendors_too() {
    let sandbox = Sandbox::builder().mutual_tls(true).start().await.unwrap();
    // The signature covers the scheme.
    let call = Signer::of(&sandbox).sign(sandbox.mtls_endpoint().unwrap(), Call::new("GET", "/v1/kms/transit?page=0"));
    send(&sandbox, &call, None).await.expect(200).json();
}

#[tokio::test]
async fn missing_mac_address_leaves_the_public_key_only() {
    let sandbox = Sandbox::start().await.unwrap();
    for rest in [&*format!("secrets/{SECRET}"), &format!("asymmetric-keys/{KEY_PAIR}/privateKey"), "keystores/1/macs"] {
        let response = bare(&sandbox, &format!("v1.0/appkey/KEY/{rest}"), None).send(sandbox.endpoint()).await;
        assert_eq!(message(&response), (200, "MAC Auth Failure".to_owned()), "{rest}");
    }
    let public = bare(&sandbox, &format!("v1.0/appkey/KEY/asymmetric-keys/{KEY_PAIR}/publicKey"), None);
    assert_eq!(public.send(sandbox.endpoint()).await.expect(200).json()["body"]["keyType"], "PublicKey");
}

#[tokio::test]
async fn client_certificate_authorizes_the_stores_that_list_it() {
    let sandbox = Sandbox::builder().mutual_tls(true).seed_data(seed()).start().await.unwrap();
    let (alone, together) = (identity(&sandbox, "alone"), identity(&sandbox, "together"));
    let with_mac = |call: Call| call.header("X-TOAST-CLIENT-MAC-ADDR", "cc:cc:cc:cc:cc:cc");
    let certificate = (200, "Certificate Auth Failure".to_owned());

    let good = send(&sandbox, &secret(&sandbox, "alone"), Some(&alone)).await;
    assert_eq!(good.expect(200).json()["body"]["secret"], "of alone");
    for response in [
        secret(&sandbox, "alone").send(sandbox.endpoint()).await,
        send(&sandbox, &secret(&sandbox, "alone"), None).await,
        send(&sandbox, &secret(&sandbox, "alone"), Some(&together)).await,
        send(&sandbox, &with_mac(secret(&sandbox, "together")), Some(&alone)).await,
    ] {
        assert_eq!(message(&response), certificate);
    }
    let half = send(&sandbox, &secret(&sandbox, "together"), Some(&together)).await;
    assert_eq!(message(&half).1, "MAC Auth Failure");
    let both = send(&sandbox, &with_mac(secret(&sandbox, "together")), Some(&together)).await;
    assert_eq!(both.expect(200).json()["body"]["secret"], "of together");

    // The second store of the default seed takes a MAC address or a certificate.
    let either = "7d3ebf209f4c4e91bc53f2e60a8b4d39";
    let partner = identity(&sandbox, "partner");
    send(&sandbox, &secret(&sandbox, either), Some(&partner)).await.expect(200).json();
    assert_eq!(message(&send(&sandbox, &secret(&sandbox, either), None).await).1, "MAC Auth Failure");
}

#[tokio::test]
async fn foreign_or_expired_certificate_is_refused() {
    let sandbox = Sandbox::builder().mutual_tls(true).seed_data(seed()).start().await.unwrap();
    let other = Sandbox::builder().mutual_tls(true).seed_data(seed()).start().await.unwrap();
    let response = send(&sandbox, &secret(&sandbox, "alone"), Some(&identity(&other, "alone"))).await;
    assert_eq!(message(&response).1, "Certificate Auth Failure: wrong issuer");

    sandbox.advance(Duration::from_secs(80 * 366 * 24 * 60 * 60));
    let response = send(&sandbox, &secret(&sandbox, "alone"), Some(&identity(&sandbox, "alone"))).await;
    assert_eq!(message(&response).1, "Certificate Auth Failure: expired");
}

#[tokio::test]
async fn client_identities_are_issued_in_console_formats_and_survive_a_restart() {
    let file = std::env::temp_dir().join(format!("cloud-sandbox-skm-{}.json", std::process::id()));
    let builder = Sandbox::builder().mutual_tls(true).seed_data(seed()).state_file(&file);
    let sandbox = builder.clone().start().await.unwrap();
    let before = identity(&sandbox, "alone");
    assert_eq!((before.name(), before.password()), ("alone", "p12-password"));
    let policy = p12_keystore::Pkcs12ImportPolicy::Strict;
    for file in [before.pkcs12(), before.pkcs12_legacy()] {
        assert!(p12_keystore::KeyStore::from_pkcs12(file, before.password(), policy).is_ok());
    }
    assert!(sandbox.client_identity("nobody").unwrap().is_none());
    sandbox.shutdown().await.unwrap();

    let again = builder.start().await.unwrap();
    assert_eq!(identity(&again, "alone").pem(), before.pem());
    send(&again, &secret(&again, "alone"), Some(&before)).await.expect(200).json();
    again.shutdown().await.unwrap();

    // The file holds the certificates; without the mutual TLS port none is handed out.
    let closed = Sandbox::builder().state_file(&file).start().await.unwrap();
    assert!(closed.client_names().contains(&"certificate1".to_owned()));
    assert!(closed.client_identity("certificate1").unwrap().is_none());
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn stores_list_their_authorized_callers() {
    let sandbox = Sandbox::start().await.unwrap();
    assert_eq!(good(&sandbox, "keystores", None).await, json!({"keyStoreIdList": [1, 2, 3]}));
    let store = good(&sandbox, "keystores/1", None).await;
    assert_eq!((&store["ip4AuthUse"], &store["certificateAuthUse"]), (&json!("Y"), &json!("N")));
    for (list, name, first) in [
        ("ips", "ipv4List", "127.0.0.1"),
        ("macs", "macList", "aa:aa:aa:aa:aa:aa"),
        ("certificates", "certificateList", "certificate1"),
    ] {
        let all = good(&sandbox, &format!("keystores/1/{list}"), None).await;
        assert_eq!(all[name].as_array().unwrap().len(), 2);
        assert_eq!(all[name][0], first);
        let one = good(&sandbox, &format!("keystores/1/{list}?value={first}"), None).await;
        let entry = &one[name][0];
        assert_eq!(entry.get("value").or(entry.get("name")).unwrap(), first);
        assert!(entry["lastAccessDatetime"].is_string() && entry["deletionDatetime"].is_null());
        let none = good(&sandbox, &format!("keystores/1/{list}?value=other"), None).await;
        assert_eq!(none[name], json!([]));
    }
    assert!(sandbox.mtls_endpoint().is_none() && sandbox.client_identity("certificate1").unwrap().is_none());
}

//! Tests of settings, and of whole calls through the facade under a scripted transport.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_core::ErrorKind;
use cloud_core::testing::{FakeRuntime, FakeTransport};
use time::macros::datetime;

use super::*;
use crate::security_advisor::types::{Language, Region};

const ADVISOR_KEY: &str = "canary-advisor-key";
const CHECK_KEY: &str = "canary-check-key";
const KEYS_KEY: &str = "canary-keys-key";
const MAC: &str = "CA:fe:00:11:22:33";
const ID: &str = "canary-user-id";
const SECRET: &str = "canary-user-secret";
const TOKEN: &str = "canary-token-1";
const GRANT: &str = r#"{"access_token":"canary-token-1","expires_in":"600"}"#;
const GRANT_2: &str = r#"{"access_token":"canary-token-2","expires_in":600}"#;
const LIST: &str = r#"{"header":{"isSuccessful":true,"resultCode":1,"resultMessage":"ok"},"body":[]}"#;
const PAGE: &str = r#"{"header":{"isSuccessful":true,"resultCode":0,"resultMessage":"ok"},"results":[]}"#;
const SEALED: &str =
    r#"{"header":{"isSuccessful":true,"resultCode":0,"resultMessage":"ok"},"body":{"ciphertext":"c","keyVersion":0}}"#;

const ALL: [(&str, &str); 6] = [
    (ACCESS_KEY_ID, ID),
    (ACCESS_KEY_SECRET, SECRET),
    (SECURITY_ADVISOR, ADVISOR_KEY),
    (SERVER_SECURITY_CHECK, CHECK_KEY),
    (SECURE_KEY_MANAGER, KEYS_KEY),
    (MAC_ADDRESS, MAC),
];

fn build(builder: NhnBuilder, variables: &[(&str, &str)]) -> Result<Nhn> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    let builder = builder.runtime(Arc::new(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC))));
    builder.build_with(&|name| variables.get(name).map(|value| (*value).to_owned()))
}

fn nhn(builder: NhnBuilder, variables: &[(&str, &str)], transport: FakeTransport) -> (Nhn, Arc<FakeTransport>) {
    let transport = Arc::new(transport);
    (build(builder.transport(Arc::clone(&transport) as _), variables).unwrap(), transport)
}

fn urls(transport: &FakeTransport) -> Vec<String> {
    transport.sent().iter().map(|request| request.uri().to_string()).collect()
}

/// The URLs of one call of each service, the first with a request for a token before it.
async fn one_call_each(builder: NhnBuilder, variables: &[(&str, &str)]) -> Vec<String> {
    let script = FakeTransport::new().answer(200, GRANT).answer(200, LIST).answer(200, PAGE).answer(200, SEALED);
    let (nhn, transport) = nhn(builder, variables, script);
    nhn.security_advisor().unwrap().list_inspection_results(Region::Kr1, Language::En).await.unwrap();
    nhn.server_security_check().unwrap().list_inspection_details(7).await.unwrap();
    let body = crate::secure_key_manager::types::EncryptRequest::new("text");
    nhn.secure_key_manager().unwrap().encrypt("key", &body).await.unwrap();
    let sent = transport.sent();
    for request in &sent[1..3] {
        assert_eq!(request.headers()["x-nhn-authorization"], format!("Bearer {TOKEN}"), "one token for both");
        assert!(!request.headers().contains_key("x-toast-client-mac-addr"));
    }
    assert!(!sent[3].headers().contains_key("x-nhn-authorization"));
    assert_eq!(sent[3].headers()["x-toast-client-mac-addr"], MAC, "as it was written");
    assert!(sent.iter().skip(1).all(|request| !request.headers().contains_key("authorization")));
    urls(&transport)
}

#[tokio::test]
async fn every_service_has_its_host_and_its_app_key() {
    let wanted = [
        "https://oauth.api.nhncloudservice.com/oauth2/token/create",
        "https://security-advisor.api.nhncloudservice.com/advisor/v1.0/appKey/canary-advisor-key/inspection_results?region=KR1&lang=EN",
        "https://kr1-server-security-check.api.nhncloudservice.com/ssc/v1.0/appKey/canary-check-key/inspection_result/details/7",
        "https://api-keymanager.nhncloudservice.com/keymanager/v1.0/appkey/canary-keys-key/symmetric-keys/key/encrypt",
    ];
    assert_eq!(one_call_each(Nhn::builder(), &ALL).await, wanted);
    let given = Nhn::builder()
        .user_access_key(ID, SECRET)
        .security_advisor_app_key(ADVISOR_KEY)
        .server_security_check_app_key(CHECK_KEY)
        .secure_key_manager_app_key(KEYS_KEY)
        .mac_address(MAC);
    let others: Vec<_> = ALL.iter().map(|(name, _)| (*name, "33:33:33:33:33:33")).collect();
    assert_eq!(one_call_each(given, &others[2..]).await, wanted, "the builder comes first");
}

#[tokio::test]
async fn one_endpoint_stands_for_every_host() {
    let wanted = [
        "http://127.0.0.1:9/base/oauth2/token/create",
        "http://127.0.0.1:9/base/advisor/v1.0/appKey/canary-advisor-key/inspection_results?region=KR1&lang=EN",
        "http://127.0.0.1:9/base/ssc/v1.0/appKey/canary-check-key/inspection_result/details/7",
        "http://127.0.0.1:9/base/keymanager/v1.0/appkey/canary-keys-key/symmetric-keys/key/encrypt",
    ];
    for realm in ["", "public", "gov"] {
        let mut variables = ALL.to_vec();
        variables.extend([(ENDPOINT, "http://127.0.0.1:9/base/"), (REALM, realm)]);
        assert_eq!(one_call_each(Nhn::builder(), &variables).await, wanted);
        variables[6] = (ENDPOINT, "https://other.example");
        assert_eq!(one_call_each(Nhn::builder().endpoint("http://127.0.0.1:9/base"), &variables).await, wanted);
    }
}

#[tokio::test]
async fn the_government_realm() {
    for builder in [Nhn::builder(), Nhn::builder().realm(Realm::Gov)] {
        let mut variables = ALL.to_vec();
        variables.push((REALM, "GOV"));
        let script = FakeTransport::new().answer(200, GRANT).answer(200, LIST);
        let (nhn, transport) = nhn(builder, &variables, script);
        assert_eq!(nhn.realm(), Realm::Gov);
        nhn.security_advisor().unwrap().list_inspection_results(Region::Kr1, Language::En).await.unwrap();
        assert!(urls(&transport)[0].starts_with("https://oauth.api.gov-nhncloudservice.com/oauth2/"));
        assert!(urls(&transport)[1].starts_with("https://security-advisor.api.gov-nhncloudservice.com/advisor/"));
        nhn.secure_key_manager_v1_1().unwrap();
        let error = nhn.server_security_check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        for word in ["Server Security Check", "no host in the realm `gov`", ENDPOINT] {
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}

#[test]
fn what_a_service_lacks_is_said_by_its_accessor() {
    let nhn = build(Nhn::builder(), &[(SECURITY_ADVISOR, ""), (SERVER_SECURITY_CHECK, CHECK_KEY)]).unwrap();
    let advisor = nhn.security_advisor().unwrap_err();
    let check = nhn.server_security_check().unwrap_err();
    let keys = nhn.secure_key_manager().unwrap_err();
    let no_access_key = ["NhnBuilder::user_access_key", ACCESS_KEY_ID, ACCESS_KEY_SECRET];
    for (error, present, absent) in [
        (
            &advisor,
            [&["NhnBuilder::security_advisor_app_key", SECURITY_ADVISOR][..], &no_access_key].concat(),
            "SERVER",
        ),
        (&check, no_access_key.to_vec(), "APP_KEY"),
        (&keys, vec!["NhnBuilder::secure_key_manager_app_key", SECURE_KEY_MANAGER], ACCESS_KEY_ID),
    ] {
        assert_eq!(error.kind(), ErrorKind::Config);
        for word in present {
            assert!(error.to_string().contains(word), "{error} should contain {word}");
        }
        assert!(!error.to_string().contains(absent), "{error} should not contain {absent}");
    }
}

#[test]
fn malformed_settings_are_named_and_not_shown() {
    for (name, value, what) in [
        (REALM, "moon", "`public` or `gov`"),
        (ENDPOINT, "http://canary.example", "https"),
        (ENDPOINT, "canary", "endpoint"),
        (SECURITY_ADVISOR, "canary\n", "control characters"),
        (SERVER_SECURITY_CHECK, "canary key", "blanks"),
        (SECURE_KEY_MANAGER, "canary\u{fffd}", "non-ascii"),
        (MAC_ADDRESS, "canary", "six pairs"),
        (MAC_ADDRESS, "aa:bb:cc:dd:ee:f\n", "six pairs"),
        (MAC_ADDRESS, "aa:bb:cc:dd:ee", "six pairs"),
        (ACCESS_KEY_ID, "canary:id", "colon"),
        (ACCESS_KEY_SECRET, "canary\r\nX-Other: 1", "control characters"),
    ] {
        let mut variables = ALL.to_vec();
        variables.retain(|(other, _)| *other != name);
        variables.push((name, value));
        let error = build(Nhn::builder(), &variables).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        assert!(error.to_string().starts_with(&format!("{name}: ")), "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    for half in [ACCESS_KEY_ID, ACCESS_KEY_SECRET] {
        let error = build(Nhn::builder(), &[(half, "canary")]).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{half} is set, but ")), "{error}");
    }
    let error = build(Nhn::builder().endpoint("x"), &[]).unwrap_err();
    assert!(error.to_string().starts_with("NhnBuilder::endpoint: "), "{error}");
    let error = build(Nhn::builder().user_access_key("id", ""), &[]).unwrap_err();
    assert!(error.to_string().starts_with("NhnBuilder::user_access_key: "), "{error}");
}

#[test]
fn a_certificate_needs_a_transport_of_its_own() {
    let pem = include_bytes!("../identity/testdata/identity.pem");
    build(Nhn::builder().client_certificate_pem(&pem[..]), &ALL).unwrap();
    let both = Nhn::builder().client_certificate_pem(&pem[..]).transport(Arc::new(FakeTransport::new()));
    let error = build(both, &ALL).unwrap_err();
    assert!(error.to_string().contains("set the identity in that transport"), "{error}");
    assert!(build(Nhn::builder().client_certificate_pem(*b"no pem"), &ALL).is_err());
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let refusal = r#"{"header":{"isSuccessful":false,"resultCode":80007,"resultMessage":"expired"}}"#;
    for (status, body) in [(401, ""), (401, refusal), (200, refusal)] {
        let script =
            FakeTransport::new().answer(200, GRANT).answer(status, body).answer(200, GRANT_2).answer(200, LIST);
        let (nhn, transport) = nhn(Nhn::builder(), &ALL, script);
        nhn.security_advisor().unwrap().list_inspection_results(Region::Kr1, Language::En).await.unwrap();
        assert_eq!(transport.sent()[3].headers()["x-nhn-authorization"], "Bearer canary-token-2");
        let script =
            FakeTransport::new().answer(200, GRANT).answer(status, body).answer(200, GRANT_2).answer(status, body);
        let (nhn, transport) = self::nhn(Nhn::builder(), &ALL, script);
        let error = nhn.security_advisor().unwrap().show_last_inspection_date().await.unwrap_err();
        assert_eq!((error.status(), transport.sent().len()), (Some(status), 4), "not for ever: {error}");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_had_leaves_the_call_unsent() {
    let script = FakeTransport::new().answer(401, r#"{"error":"invalid_client"}"#);
    let (nhn, transport) = nhn(Nhn::builder(), &ALL, script);
    let error = nhn.security_advisor().unwrap().show_last_inspection_date().await.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.is_unsent()), (ErrorKind::Credentials, Some("invalid_client"), true));
    assert_eq!(transport.sent().len(), 1);
    let script = FakeTransport::new().answer(503, "").answer(200, GRANT).answer(200, LIST);
    let (nhn, transport) = self::nhn(Nhn::builder(), &ALL, script);
    nhn.security_advisor().unwrap().list_inspection_results(Region::Kr1, Language::En).await.unwrap();
    assert_eq!(transport.sent().len(), 3, "a passing failure is tried again");
}

#[tokio::test]
async fn no_debug_or_error_shows_a_secret() {
    let given = Nhn::builder()
        .user_access_key(ID, SECRET)
        .security_advisor_app_key(ADVISOR_KEY)
        .server_security_check_app_key(CHECK_KEY)
        .secure_key_manager_app_key(KEYS_KEY)
        .mac_address(MAC)
        .client_certificate_pem(*b"canary-pem");
    let mut shown = format!("{given:?}");
    let echo = |text| format!(r#"{{"header":{{"isSuccessful":false,"resultCode":1,"resultMessage":"bad {text}"}}}}"#);

    let script = FakeTransport::new().answer(200, GRANT).answer(400, &echo(ADVISOR_KEY));
    let (nhn, _) = nhn(Nhn::builder(), &ALL, script);
    let advisor = nhn.security_advisor().unwrap();
    let call = advisor.show_last_inspection_date();
    shown.push_str(&format!("{nhn:?} {advisor:?} {call:?}"));
    let error = call.await.unwrap_err();
    shown.push_str(&format!("{error} {error:?} {nhn:?}"));

    let script = FakeTransport::new().answer(400, &echo("canary-keys-key canary-text"));
    let (nhn, _) = self::nhn(Nhn::builder(), &ALL, script);
    let keys = nhn.secure_key_manager().unwrap();
    let body = crate::secure_key_manager::types::EncryptRequest::new("canary-text");
    let call = keys.encrypt("key", &body);
    shown.push_str(&format!("{keys:?} {body:?} {call:?}"));
    let error = call.await.unwrap_err();
    shown.push_str(&format!("{error} {error:?}"));

    let basic = STANDARD.encode(format!("{ID}:{SECRET}"));
    for secret in ["canary", MAC, &basic] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("https://security-advisor.api.nhncloudservice.com"), "the rest is shown: {shown}");
}

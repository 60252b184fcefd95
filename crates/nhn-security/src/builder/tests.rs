//! Tests of settings, and of whole calls through the facade under a scripted transport.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_core::ErrorKind;
use cloud_core::config::ConfigSource;
use cloud_core::testing::{FakeRuntime, FakeTransport};
use http::HeaderValue;
use time::macros::datetime;

use super::*;
use crate::{Language, Region};

const ACCESS_KEY_ID: &str = "NHN_CLOUD_USER_ACCESS_KEY_ID";
const ACCESS_KEY_SECRET: &str = "NHN_CLOUD_USER_SECRET_ACCESS_KEY";
const REALM: &str = "NHN_CLOUD_REALM";
const SECURITY_ADVISOR: &str = "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY";
const SERVER_SECURITY_CHECK: &str = "NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY";
const SECURE_KEY_MANAGER: &str = "NHN_CLOUD_SKM_APP_KEY";
const MAC_ADDRESS: &str = "NHN_CLOUD_SKM_MAC_ADDRESS";
const ENDPOINT: &str = "NHN_CLOUD_ENDPOINT";

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

#[derive(Debug)]
struct Variables(Vec<(String, String)>);

impl ConfigSource for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }
}

fn build(builder: NhnBuilder, variables: &[(&str, &str)]) -> Result<Nhn> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let builder = builder.runtime(FakeRuntime::new(datetime!(2026-01-01 0:00 UTC)));
    builder.config_source(Variables(variables.collect())).build()
}

fn nhn(builder: NhnBuilder, variables: &[(&str, &str)], transport: FakeTransport) -> (Nhn, Arc<FakeTransport>) {
    let transport = Arc::new(transport);
    (build(builder.transport(Arc::clone(&transport)), variables).unwrap(), transport)
}

#[test]
fn handle_and_builder_are_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Nhn>();
    check::<NhnBuilder>();
    check::<Realm>();
}

#[tokio::test]
async fn user_agent_names_the_crate_and_the_caller_first() {
    let crate_name = concat!("nhn-security/", env!("CARGO_PKG_VERSION"));
    for (app, wanted) in [(None, crate_name.to_owned()), (Some("my-app/1.2"), format!("my-app/1.2 {crate_name}"))] {
        let script = FakeTransport::new().answer(200, GRANT).answer(200, LIST);
        let builder = app.map_or_else(Nhn::builder, |app| Nhn::builder().app_name(app));
        let (nhn, transport) = nhn(builder, &ALL, script);
        nhn.security_advisor().unwrap().list_inspection_results(Region::Kr1, Language::En).await.unwrap();
        for request in transport.sent() {
            assert_eq!(request.headers()["user-agent"], wanted, "{}", request.uri());
        }
    }
}

#[test]
fn builder_without_env_reads_nothing() {
    let nhn = Nhn::builder().secure_key_manager_app_key("key").build().unwrap();
    assert!(nhn.secure_key_manager_v1_0().is_ok() && nhn.secure_key_manager_v1_1().is_ok());
    let text = nhn.security_advisor().unwrap_err().to_string();
    assert!(text.contains("or `.env()` to read NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"), "{text}");
}

fn urls(transport: &FakeTransport) -> Vec<String> {
    transport.sent().iter().map(|request| request.uri().to_string()).collect()
}

/// The URLs of one call of each service, the first with a request for a token before it.
async fn one_call_each(builder: NhnBuilder, variables: &[(&str, &str)]) -> Vec<String> {
    let script = FakeTransport::new().answer(200, GRANT).answer(200, LIST).answer(200, PAGE);
    let script = script.answer(200, SEALED).answer(200, SEALED).answer(200, SEALED);
    let (nhn, transport) = nhn(builder, variables, script);
    nhn.security_advisor().unwrap().list_inspection_results(Region::Kr1, Language::En).await.unwrap();
    nhn.server_security_check().unwrap().list_inspection_details(7).await.unwrap();
    let body = crate::secure_key_manager::types::EncryptRequest::new("text");
    nhn.secure_key_manager().unwrap().encrypt("key", &body).await.unwrap();
    nhn.secure_key_manager_v1_2().unwrap().encrypt("key", &body).await.unwrap();
    nhn.secure_key_manager_v1_0().unwrap().encrypt("key", &body).await.unwrap();
    let sent = transport.sent();
    let bearer = format!("Bearer {TOKEN}");
    let credentials = ["authorization", "x-nhn-authorization", "x-tc-authentication-id", "x-tc-authentication-secret"];
    for (request, wanted) in sent[1..].iter().zip([
        [None, Some(&*bearer), None, None],
        [None, Some(&*bearer), None, None],
        [None, Some(&*bearer), None, None],
        [None, None, Some(ID), Some(SECRET)],
        [None; 4],
    ]) {
        let held = credentials.map(|name| request.headers().get(name).map(|value| value.to_str().unwrap()));
        assert_eq!(held, wanted, "{}", request.uri());
        assert!(credentials.iter().filter_map(|name| request.headers().get(*name)).all(HeaderValue::is_sensitive));
        let mac = request.headers().get("x-toast-client-mac-addr").map(|value| value.to_str().unwrap());
        assert_eq!(mac, request.uri().path().contains("/keymanager/").then_some(MAC), "as it was written");
    }
    urls(&transport)
}

#[tokio::test]
async fn each_service_has_its_host_and_app_key() {
    let wanted = [
        "https://oauth.api.nhncloudservice.com/oauth2/token/create",
        "https://security-advisor.api.nhncloudservice.com/advisor/v1.0/appKey/canary-advisor-key/inspection_results?region=KR1&lang=EN",
        "https://kr1-server-security-check.api.nhncloudservice.com/ssc/v1.0/appKey/canary-check-key/inspection_result/details/7",
        "https://api-keymanager.nhncloudservice.com/keymanager/v1.3/appkey/canary-keys-key/symmetric-keys/key/encrypt",
        "https://api-keymanager.nhncloudservice.com/keymanager/v1.2/appkey/canary-keys-key/symmetric-keys/key/encrypt",
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
async fn endpoint_replaces_every_host() {
    let wanted = [
        "http://127.0.0.1:9/base/oauth2/token/create",
        "http://127.0.0.1:9/base/advisor/v1.0/appKey/canary-advisor-key/inspection_results?region=KR1&lang=EN",
        "http://127.0.0.1:9/base/ssc/v1.0/appKey/canary-check-key/inspection_result/details/7",
        "http://127.0.0.1:9/base/keymanager/v1.3/appkey/canary-keys-key/symmetric-keys/key/encrypt",
        "http://127.0.0.1:9/base/keymanager/v1.2/appkey/canary-keys-key/symmetric-keys/key/encrypt",
        "http://127.0.0.1:9/base/keymanager/v1.0/appkey/canary-keys-key/symmetric-keys/key/encrypt",
    ];
    for realm in ["", "public", "gov\n"] {
        let mut variables = ALL.to_vec();
        variables.extend([(ENDPOINT, "http://127.0.0.1:9/base/"), (REALM, realm)]);
        assert_eq!(one_call_each(Nhn::builder(), &variables).await, wanted);
        variables[6] = (ENDPOINT, "https://other.example");
        assert_eq!(one_call_each(Nhn::builder().endpoint("http://127.0.0.1:9/base"), &variables).await, wanted);
    }
}

#[tokio::test]
async fn government_realm_has_its_own_hosts() {
    for builder in [Nhn::builder(), Nhn::builder().realm(Realm::Gov)] {
        let mut variables = ALL.to_vec();
        variables.push((REALM, "GOV"));
        let script = FakeTransport::new().answer(200, GRANT).answer(200, LIST).answer(200, SEALED).answer(200, SEALED);
        let (nhn, transport) = nhn(builder, &variables, script);
        assert_eq!(nhn.realm(), Realm::Gov);
        nhn.security_advisor().unwrap().list_inspection_results(Region::Kr1, Language::En).await.unwrap();
        assert!(urls(&transport)[0].starts_with("https://oauth.api.gov-nhncloudservice.com/oauth2/"));
        assert!(urls(&transport)[1].starts_with("https://security-advisor.api.gov-nhncloudservice.com/advisor/"));
        let body = crate::secure_key_manager::types::EncryptRequest::new("text");
        nhn.secure_key_manager_v1_2().unwrap().encrypt("key", &body).await.unwrap();
        nhn.secure_key_manager_v1_3().unwrap().encrypt("key", &body).await.unwrap();
        for (url, version) in urls(&transport)[2..].iter().zip(["v1.2", "v1.3"]) {
            let start = format!("https://api-keymanager.gov-nhncloudservice.com/keymanager/{version}/");
            assert!(url.starts_with(&start), "{url}");
        }
        nhn.secure_key_manager_v1_1().unwrap();
        let error = nhn.server_security_check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        for word in ["Server Security Check", "no host in the realm `gov`", ENDPOINT] {
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}

#[test]
fn accessor_names_what_its_service_lacks() {
    let nhn = build(Nhn::builder(), &[(SECURITY_ADVISOR, ""), (SERVER_SECURITY_CHECK, CHECK_KEY)]).unwrap();
    let advisor = nhn.security_advisor().unwrap_err();
    let check = nhn.server_security_check().unwrap_err();
    let keys = nhn.secure_key_manager_v1_0().unwrap_err();
    let no_access_key = ["NhnBuilder::user_access_key", ACCESS_KEY_ID, ACCESS_KEY_SECRET];
    for (error, present, absent) in [
        (
            &advisor,
            [&["NhnBuilder::security_advisor_app_key", SECURITY_ADVISOR][..], &no_access_key].concat(),
            "SERVER",
        ),
        (&check, no_access_key.to_vec(), "APP_KEY"),
        (&keys, vec!["NhnBuilder::secure_key_manager_app_key", SECURE_KEY_MANAGER], ACCESS_KEY_ID),
        (
            &nhn.secure_key_manager().unwrap_err(),
            [&[SECURE_KEY_MANAGER, "`secure_key_manager_v1_0()` needs no"][..], &no_access_key].concat(),
            "ADVISOR",
        ),
    ] {
        assert_eq!(error.kind(), ErrorKind::Config);
        for word in present {
            assert!(error.to_string().contains(word), "{error} should contain {word}");
        }
        assert!(!error.to_string().contains(absent), "{error} should not contain {absent}");
    }
}

#[test]
fn key_manager_without_access_key_names_the_version_that_needs_none() {
    let nhn = build(Nhn::builder(), &[(SECURE_KEY_MANAGER, KEYS_KEY)]).unwrap();
    for error in [
        nhn.secure_key_manager().unwrap_err(),
        nhn.secure_key_manager_v1_3().unwrap_err(),
        nhn.secure_key_manager_v1_2().unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Config);
        for word in ["Secure Key Manager cannot be used", ACCESS_KEY_ID, "`secure_key_manager_v1_0()`"] {
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(!error.to_string().contains("APP_KEY"), "{error}");
    }
    assert!(nhn.secure_key_manager_v1_1().is_ok() && nhn.secure_key_manager_v1_0().is_ok());
    let advisor = nhn.security_advisor().unwrap_err();
    assert!(!advisor.to_string().contains("secure_key_manager"), "{advisor}");
}

#[test]
fn malformed_setting_is_named_and_secrets_are_not_shown() {
    for (name, value, wanted) in [
        (REALM, "moon", "setting realm = `moon` (NHN_CLOUD_REALM): the realm must be `public` or `gov`"),
        (REALM, "CANARY", "setting realm (NHN_CLOUD_REALM): the realm must be"),
        (ENDPOINT, "http://a.example", "setting endpoint = `http://a.example` (NHN_CLOUD_ENDPOINT): the endpoint must"),
        (ENDPOINT, "canary", "setting endpoint (NHN_CLOUD_ENDPOINT): the endpoint must begin with https://"),
        (ENDPOINT, "", "setting endpoint (NHN_CLOUD_ENDPOINT): the variable is empty; unset it"),
        (
            SECURITY_ADVISOR,
            "can\nary",
            "setting security_advisor_app_key (NHN_CLOUD_SECURITY_ADVISOR_APP_KEY): the value contains control",
        ),
        (
            SERVER_SECURITY_CHECK,
            "canary key",
            "setting server_security_check_app_key (NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY): the value contains blanks",
        ),
        (
            SECURE_KEY_MANAGER,
            "canary\u{fffd}",
            "setting secure_key_manager_app_key (NHN_CLOUD_SKM_APP_KEY): the value is not valid Unicode",
        ),
        (MAC_ADDRESS, "canary", "setting mac_address (NHN_CLOUD_SKM_MAC_ADDRESS): a MAC address has six pairs"),
        (
            MAC_ADDRESS,
            "aa:bb:cc:dd:ee:f\n",
            "setting mac_address (NHN_CLOUD_SKM_MAC_ADDRESS): a MAC address has six pairs",
        ),
        (
            MAC_ADDRESS,
            "\"aa:bb:cc:dd:ee:ff\"",
            "setting mac_address (NHN_CLOUD_SKM_MAC_ADDRESS): a MAC address has six pairs",
        ),
        (MAC_ADDRESS, "aa:bb:cc:dd:ee", "setting mac_address (NHN_CLOUD_SKM_MAC_ADDRESS): a MAC address has six pairs"),
        (
            ACCESS_KEY_ID,
            "canary:id",
            "setting user_access_key_id (NHN_CLOUD_USER_ACCESS_KEY_ID): the value contains a colon",
        ),
        (
            ACCESS_KEY_SECRET,
            "canary\r\nX-Other: 1",
            "setting user_access_key_secret (NHN_CLOUD_USER_SECRET_ACCESS_KEY): the value contains control",
        ),
    ] {
        let mut variables = ALL.to_vec();
        variables.retain(|(other, _)| *other != name);
        variables.push((name, value));
        let error = build(Nhn::builder(), &variables).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        assert!(error.to_string().starts_with(wanted), "{error}");
        assert!(!format!("{error} {error:?}").to_lowercase().contains("canary"), "{error:?}");
    }
    for (half, other) in [(ACCESS_KEY_ID, ACCESS_KEY_SECRET), (ACCESS_KEY_SECRET, ACCESS_KEY_ID)] {
        let error = build(Nhn::builder(), &[(half, "canary")]).unwrap_err();
        assert!(error.to_string().ends_with(&format!("({half}): {other} is not set; set both or neither")), "{error}");
    }
    let error = build(Nhn::builder().endpoint("x"), &[]).unwrap_err();
    assert!(error.to_string().starts_with("setting endpoint (NhnBuilder::endpoint): "), "{error}");
    let error = build(Nhn::builder().user_access_key("id", ""), &[]).unwrap_err();
    assert!(error.to_string().starts_with("setting user_access_key_secret (NhnBuilder::user_access_key): "), "{error}");
}

#[tokio::test]
async fn line_breaks_at_the_end_of_variables_are_removed() {
    let variables = ALL.map(|(name, value)| (name, format!("{value}\n")));
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    one_call_each(Nhn::builder(), &variables).await;
}

#[test]
fn client_certificate_and_transport_exclude_each_other() {
    let made = rcgen::generate_simple_self_signed(["client.example".to_owned()]).unwrap();
    let pem = made.cert.pem() + &made.signing_key.serialize_pem();
    build(Nhn::builder().client_certificate_pem(&pem[..]), &ALL).unwrap();
    let both = Nhn::builder().client_certificate_pem(&pem[..]).transport(FakeTransport::new());
    let error = build(both, &ALL).unwrap_err();
    assert!(error.to_string().contains("set the certificate in the transport"), "{error}");
    assert!(build(Nhn::builder().client_certificate_pem(*b"no pem"), &ALL).is_err());
}

#[tokio::test]
async fn refused_token_is_replaced_once() {
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
async fn refused_access_key_is_not_sent_again() {
    let script = FakeTransport::new().answer(401, r#"{"header":{"isSuccessful":false,"resultCode":401}}"#);
    let (nhn, transport) = nhn(Nhn::builder(), &ALL, script);
    let error = nhn.secure_key_manager_v1_2().unwrap().confirm_client().await.unwrap_err();
    assert!(error.to_string().contains("the user access key was not accepted"), "{error}");
    assert_eq!((error.kind(), transport.sent().len()), (ErrorKind::Service, 1));
}

#[tokio::test]
async fn missing_token_leaves_the_call_unsent() {
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
async fn debug_and_errors_show_no_secret() {
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
    let keys = nhn.secure_key_manager_v1_0().unwrap();
    let body = crate::secure_key_manager::types::EncryptRequest::new("canary-text");
    let call = keys.encrypt("key", &body);
    shown.push_str(&format!("{keys:?} {body:?} {call:?}"));
    let error = call.await.unwrap_err();
    shown.push_str(&format!("{error} {error:?}"));

    for echoed in [SECRET, ID] {
        let script = FakeTransport::new().answer(400, &echo(echoed));
        let (nhn, _) = self::nhn(Nhn::builder(), &ALL, script);
        let keys = nhn.secure_key_manager_v1_2().unwrap();
        let call = keys.encrypt("key", &body);
        shown.push_str(&format!("{keys:?} {call:?}"));
        let error = call.await.unwrap_err();
        shown.push_str(&format!("{error} {error:?}"));
    }

    let basic = STANDARD.encode(format!("{ID}:{SECRET}"));
    for secret in ["canary", MAC, &basic] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("https://security-advisor.api.nhncloudservice.com"), "the rest is shown: {shown}");
}

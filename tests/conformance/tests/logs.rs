//! What the dependencies log: every call over TLS with a client certificate, with all of `log` and `tracing` enabled.

#![cfg(test)]

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud_core::testing::{capture, find_leak};
use cloud_core::transport::hyper::HyperTransport;
use cloud_core::transport::reqwest::ReqwestTransport;
use cloud_core::transport::{BuiltInTransport, TransportBuilder};
use cloud_sandbox::Sandbox;
use conformance::Clients;
use nhn_security::Nhn;
use risken_aws::Risken;
use scp_security::Scp;

/// Keeps every record of every library that logs through `log`.
struct Everything(Mutex<Vec<String>>);

static LOG: Everything = Everything(Mutex::new(Vec::new()));

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

/// The SDKs at this endpoint, and every credential that they hold or get.
fn clients<T: BuiltInTransport + 'static>(
    sandbox: &Sandbox,
    url: &str,
    transport: TransportBuilder<T>,
) -> (Clients, Vec<(&'static str, String)>) {
    let transport = Arc::new(transport.build().unwrap());
    let pairs = sandbox.env_vars();
    let get = |name| pairs.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value.as_str());
    let scp = Scp::builder()
        .endpoint(url)
        .credentials(get("SCP_ACCESS_KEY"), get("SCP_SECRET_KEY"))
        .vault_token(get("SCP_VAULT_TOKEN_ID"), get("SCP_VAULT_TOKEN_SECRET"))
        .secret_vault_id(get("SCP_SECRET_VAULT_ID"))
        .transport(Arc::clone(&transport))
        .build();
    let nhn = Nhn::builder()
        .endpoint(url)
        .user_access_key(get("NHN_CLOUD_USER_ACCESS_KEY_ID"), get("NHN_CLOUD_USER_SECRET_ACCESS_KEY"))
        .security_advisor_app_key(get("NHN_CLOUD_SECURITY_ADVISOR_APP_KEY"))
        .server_security_check_app_key(get("NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY"))
        .secure_key_manager_app_key(get("NHN_CLOUD_SKM_APP_KEY"))
        .mac_address(get("NHN_CLOUD_SKM_MAC_ADDRESS"))
        .transport(Arc::clone(&transport))
        .build();
    let risken = Risken::builder().endpoint(url).access_token(get("RISKEN_ACCESS_TOKEN")).transport(transport).build();
    let basic = format!("{}:{}", get("NHN_CLOUD_USER_ACCESS_KEY_ID"), get("NHN_CLOUD_USER_SECRET_ACCESS_KEY"));
    let mut secrets = vec![("basic", STANDARD.encode(basic))];
    let hidden = |name: &str| ["KEY", "TOKEN", "MAC_ADDRESS"].iter().any(|part| name.contains(part));
    secrets.extend(pairs.iter().filter(|(name, _)| hidden(name)).cloned());
    let text = |error: scp_security::Error| error.to_string();
    (Clients { scp: scp.map_err(text), nhn: nhn.map_err(text), risken: risken.map_err(text) }, secrets)
}

#[test]
fn dependencies_log_no_secrets() {
    log::set_logger(&LOG).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    log_no_secrets::<ReqwestTransport>("reqwest");
    log_no_secrets::<HyperTransport>("rustls");
}

fn log_no_secrets<T: BuiltInTransport + 'static>(library: &str) {
    // One thread runs client and server, so that all that is logged comes by here.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (secrets, traced) = capture(|| {
        runtime.block_on(async {
            let sandbox = Sandbox::builder().mutual_tls(true).start().await.unwrap();
            let identity = sandbox.client_identity("partner").unwrap().unwrap().pem().to_owned();
            let transport = TransportBuilder::<T>::default()
                .root_certificates_pem(sandbox.authority_pem().unwrap())
                .only_given_roots()
                .identity_pem(identity.as_bytes())
                .unwrap();
            let url = sandbox.mtls_endpoint().unwrap().to_owned();
            let (clients, mut secrets) = clients(&sandbox, &url, transport);
            let outcomes = conformance::run(clients, None, |_| {}).await;
            let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome.result.is_err()).collect();
            assert!(failed.is_empty(), "{failed:?}");
            let key = identity.split("PRIVATE KEY-----").nth(1).unwrap();
            secrets.push(("private key", key.lines().nth(1).unwrap().to_owned()));
            secrets
        })
    });
    let logged = std::mem::take(&mut *LOG.0.lock().unwrap());
    for library in ["rustls", library] {
        assert!(logged.iter().any(|line| line.contains(library)), "{library} logs nothing: is this test blind?");
    }
    assert!(traced.iter().any(|line| line.contains("rpc.method=encrypt")), "the calls themselves are not seen");
    assert!(secrets.len() >= 11, "{}", secrets.len());
    let all = [logged, traced].concat().join("\n");
    // Parts of paths, queries and bodies that each of the calls carries.
    for carried in ["/v1/kms", "/v1.0/appkey", "project_id=", "\"plaintext\"", "grant_type"] {
        assert!(!all.contains(carried), "{carried} is logged");
    }
    for (name, secret) in secrets {
        assert!(secret.len() >= 8, "{name} is too short to be told from chance");
        assert_eq!(find_leak(&secret, &all), None, "{name} is logged");
    }
}

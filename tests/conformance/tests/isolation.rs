//! Several accounts, realms and sites with one transport: each host receives only its own credentials.

#![cfg(test)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cloud_core::transport::TransportError;
use cloud_core::{BoxFuture, Transport};
use nhn_security::{Language, Nhn, Realm, Region};
use risken_aws::Risken;
use scp_security::Environment;
use scp_security::Scp;
use tokio::task::JoinSet;

/// Issues a token that names the key and the host it was issued at, and remembers who was told what where.
#[derive(Debug, Default)]
struct Town {
    told: Mutex<BTreeSet<(String, String)>>,
}

impl Transport for Town {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let header = |name: &str| request.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let mut body = "{}".to_owned();
        let basic = header("authorization").strip_prefix("Basic ").map(|pair| STANDARD.decode(pair).unwrap());
        if let Some(pair) = basic.map(|pair| String::from_utf8(pair).unwrap()) {
            let id = pair.split(':').next().unwrap();
            body = format!(r#"{{"access_token":"token-of-{id}-at-{host}","expires_in":3600}}"#);
            self.told.lock().unwrap().insert((pair, host));
        } else {
            for name in [
                "authorization",
                "x-nhn-authorization",
                "x-tc-authentication-id",
                "x-tc-authentication-secret",
                "scp-accesskey",
                "svaccesskey",
                "x-toast-client-mac-addr",
            ] {
                let value = header(name);
                if !value.is_empty() {
                    self.told.lock().unwrap().insert((value, host.clone()));
                }
            }
            // An app key belongs to its service.
            if let Some(key) = request.uri().path().split('/').find(|segment| segment.starts_with("app-")) {
                self.told.lock().unwrap().insert((key.to_owned(), host));
            }
        }
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(http::Response::new(Bytes::from(body)))
        })
    }
}

fn nhn(town: &Arc<Town>, name: &str, realm: Realm) -> Nhn {
    Nhn::builder()
        .user_access_key(format!("id-{name}"), format!("secret-{name}"))
        .realm(realm)
        .security_advisor_app_key(format!("app-advisor-{name}"))
        .secure_key_manager_app_key(format!("app-keys-{name}"))
        .mac_address("aa:bb:cc:dd:ee:ff")
        .transport(Arc::clone(town))
        .build()
        .unwrap()
}

fn scp(town: &Arc<Town>, name: &str, environment: Environment) -> Scp {
    Scp::builder()
        .credentials(format!("key-{name}"), format!("secret-{name}"))
        .vault_token(format!("vault-{name}"), format!("secret-{name}"))
        .secret_vault_id("vault")
        .environment(environment)
        .region(scp_security::Region::KrWest1)
        .transport(Arc::clone(town))
        .build()
        .unwrap()
}

#[tokio::test]
async fn hosts_receive_only_their_own_credentials() {
    let town = Arc::new(Town::default());
    let clouds = [nhn(&town, "one", Realm::Public), nhn(&town, "two", Realm::Public), nhn(&town, "gov", Realm::Gov)];
    let platforms = [scp(&town, "e", Environment::Enterprise), scp(&town, "s", Environment::Samsung)];
    let sites: Vec<_> = ["here", "there"]
        .into_iter()
        .map(|name| {
            let builder =
                Risken::builder().endpoint(format!("https://{name}.example")).access_token(format!("t-{name}"));
            builder.transport(Arc::clone(&town)).build().unwrap()
        })
        .collect();
    // What comes back is of no interest; that it may be an error, neither.
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        for nhn in &clouds {
            let (advisor, keys) = (nhn.security_advisor().unwrap(), nhn.secure_key_manager().unwrap());
            let (with_key, without) = (nhn.secure_key_manager_v1_2().unwrap(), nhn.secure_key_manager_v1_0().unwrap());
            calls.spawn(async move { drop(advisor.list_inspection_results(Region::Kr1, Language::En).await) });
            calls.spawn(async move { drop(keys.show_secret("a").await) });
            calls.spawn(async move { drop(with_key.show_secret("a").await) });
            calls.spawn(async move { drop(without.show_secret("a").await) });
        }
        for scp in &platforms {
            let scp = scp.clone();
            calls.spawn(async move {
                drop(scp.kms().show_key("a").await);
                drop(scp.secret_vault().show_temporary_key("a").await);
            });
        }
        for site in &sites {
            let aws = site.aws();
            calls.spawn(async move { drop(aws.list_aws(1.try_into().unwrap()).await) });
        }
    }
    calls.join_all().await;
    let (oauth, advisor, keys) = ("oauth.api.", "security-advisor.api.", "api-keymanager.");
    let (public, gov) = ("nhncloudservice.com", "gov-nhncloudservice.com");
    let mut wanted = BTreeSet::new();
    for (name, realm) in [("one", public), ("two", public), ("gov", gov)] {
        wanted.insert((format!("id-{name}:secret-{name}"), format!("{oauth}{realm}")));
        wanted.insert((format!("Bearer token-of-id-{name}-at-{oauth}{realm}"), format!("{advisor}{realm}")));
        wanted.insert((format!("app-advisor-{name}"), format!("{advisor}{realm}")));
        wanted.insert((format!("app-keys-{name}"), format!("{keys}{realm}")));
        wanted.insert((format!("Bearer token-of-id-{name}-at-{oauth}{realm}"), format!("{keys}{realm}")));
        wanted.insert((format!("id-{name}"), format!("{keys}{realm}")));
        wanted.insert((format!("secret-{name}"), format!("{keys}{realm}")));
        wanted.insert(("aa:bb:cc:dd:ee:ff".to_owned(), format!("{keys}{realm}")));
    }
    for name in ["e", "s"] {
        wanted.insert((format!("key-{name}"), format!("kms.kr-west1.{name}.samsungsdscloud.com")));
        wanted.insert((format!("vault-{name}"), format!("secretvault.kr-west1.{name}.samsungsdscloud.com")));
    }
    for name in ["here", "there"] {
        wanted.insert((format!("Bearer t-{name}"), format!("{name}.example")));
    }
    assert_eq!(*town.told.lock().unwrap(), wanted);
}

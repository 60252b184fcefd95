//! The certificates of a fresh sandbox: one that is valid, one with a chain, one that has expired.

use serde_json::json;
use time::macros::datetime;

use super::material::Material;
use super::store::{Certificate, Kind, Store};
use crate::scp::account;
use crate::state::table::Table;

/// A user other than the one to whom the sandbox's access key belongs.
const SOMEONE_ELSE: &str = "4f5d60e9e08b48d0a0881e21ab14e266";

/// A certificate that lies beside this file.
struct Seed {
    id: &'static str,
    name: &'static str,
    kind: Kind,
    body: &'static str,
    chain: Option<&'static str>,
    key: &'static str,
    created_by: &'static str,
}

const SEEDS: &[Seed] = &[
    Seed {
        id: "0a6e2c7d51f84b93b7d418c6e9f3025a",
        name: "test-certificate",
        kind: Kind::SelfSigned,
        body: include_str!("seed/test.pem"),
        chain: None,
        key: include_str!("seed/test.key.pem"),
        created_by: account::USER_ID,
    },
    Seed {
        id: "0fdd87aab8cb46f59b7c1f81ed03fb3f",
        name: "chained-certificate",
        kind: Kind::Imported,
        body: include_str!("seed/chained.pem"),
        chain: Some(include_str!("seed/chained.chain.pem")),
        key: include_str!("seed/chained.key.pem"),
        created_by: SOMEONE_ELSE,
    },
    Seed {
        id: "0fdd87aab8cb46f59b7c1f81ed03fb40",
        name: "expired-certificate",
        kind: Kind::SelfSigned,
        body: include_str!("seed/expired.pem"),
        chain: None,
        key: include_str!("seed/expired.key.pem"),
        created_by: account::USER_ID,
    },
];

impl Default for Store {
    fn default() -> Self {
        let mut certificates = Table::default();
        for seed in SEEDS {
            let material = Material::read(seed.body, seed.chain, seed.key).ok();
            // A seed that cannot be read would be missing, which a test sees.
            let Some(facts) = material.and_then(|material| material.facts()) else { continue };
            let certificate = Certificate {
                id: seed.id.to_owned(),
                name: seed.name.to_owned(),
                kind: seed.kind,
                cert_body: seed.body.to_owned(),
                cert_chain: seed.chain.map(str::to_owned),
                private_key: seed.key.to_owned(),
                facts,
                recipients: json!([]),
                tags: json!([]),
                created_at: datetime!(2024-05-17 00:23:17 UTC),
                created_by: seed.created_by.to_owned(),
            };
            certificates.insert(certificate);
        }
        Self { certificates }
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::{EXPIRED, VALID, order};
    use super::*;

    #[test]
    fn seed_certificates_are_complete() {
        let store = Store::default();
        let now = datetime!(2026-11-22 18:00 UTC);
        let got: Vec<_> = store
            .certificates
            .all(order::ID)
            .map(|one| {
                let material = Material::read(&one.cert_body, one.cert_chain.as_deref(), &one.private_key).unwrap();
                (&*one.name, &*one.facts.cn, one.state(now), material.flaw(one.facts.not_before))
            })
            .collect();
        let wanted = [
            ("test-certificate", "test.go.kr", VALID, None),
            ("chained-certificate", "www.test.go.kr", VALID, None),
            ("expired-certificate", "old.test.go.kr", EXPIRED, None),
        ];
        assert_eq!(got, wanted);
    }
}

//! The keys that are there from the start.

use time::macros::datetime;

use super::key::{Condition, Key, User};
use super::material::{Material, Purpose};
use super::store::Store;
use crate::scp::private_acl::PrivateAcl;
use crate::state::table::Table;

/// A key of the seed.
struct Seed {
    id: &'static str,
    name: &'static str,
    purpose: Purpose,
    material: &'static str,
    /// Codes are made with this too.
    codes: Option<&'static str>,
    managed: bool,
}

/// The ids are those of the pages of this service and of Secrets Manager. The page names one key in the path of every operation, so that one signs, encrypts and makes codes; all others
/// keep to their purpose.
const SEEDS: &[Seed] = &[
    Seed {
        id: "138c2fc8c29a449dbfa8681f8f1d78e2",
        name: "samplekey",
        purpose: Purpose::Rsa,
        material: include_str!("seed/example.pem"),
        codes: Some("kWURlbuCakF4wDfbNvdnXik+7HxoyqsjoJOrpXJsuq8="),
        managed: false,
    },
    Seed {
        id: "0fdd87aab8cb46f59b7c1f81ed03fb3e",
        name: "testkey",
        purpose: Purpose::Rsa,
        material: include_str!("seed/second.pem"),
        codes: None,
        managed: false,
    },
    Seed {
        id: "3265ab469f0d406d83073da3e11e7a6c",
        name: "kmsname",
        purpose: Purpose::Aes,
        material: "XLG9IbnQza09wzvrCo0/ehQxi4IaOJwwLqxl0hlOPps=",
        codes: None,
        managed: false,
    },
    Seed {
        id: "31cea82c4054b7ec4c1a5e6ed71f7abe",
        name: "sampleecdsa",
        purpose: Purpose::Ecdsa,
        material: include_str!("seed/ecdsa.pem"),
        codes: None,
        managed: false,
    },
    Seed {
        id: "49be5aea90ce635e4613ce01a4b6e271",
        name: "samplehmac",
        purpose: Purpose::Hmac,
        material: "JCSB4lUziZoq2Uyoehqbz95lKn3ba7PydMEdHxLckcc=",
        codes: None,
        managed: false,
    },
    Seed {
        id: "11d709f215fe0e5091b751b86e03432a",
        name: "scp-secretsmanager",
        purpose: Purpose::Aes,
        material: "jG+35LOFf38H9koZ4tiE3qJp4VPOfltcsLYO2MBJEsQ=",
        codes: None,
        managed: true,
    },
];

impl Default for Store {
    fn default() -> Self {
        let mut store = Self { keys: Table::default(), made: 0 };
        for seed in SEEDS {
            store.insert(key(seed));
        }
        store
    }
}

fn key(seed: &Seed) -> Key {
    let made_at = datetime!(2024-05-17 00:23:17 UTC);
    let material = |text: &str| Material(text.to_owned());
    Key {
        id: seed.id.to_owned(),
        name: seed.name.to_owned(),
        description: String::new(),
        purpose: seed.purpose,
        key_type: "advanced".to_owned(),
        condition: Condition::Active,
        versions: vec![material(seed.material)],
        code_material: seed.codes.map(material),
        auto_rotate: false,
        rotate_cycle: 7,
        next_rotate_at: None,
        delete_at: None,
        created_at: made_at,
        modified_at: made_at,
        use_count: 0,
        managed: seed.managed,
        users: vec![User::only()],
        acl_cidr: None,
        private_acl: PrivateAcl::default(),
        rotated_at: Vec::new(),
        order_ref: "0e1bfdf8-a7da-43d3-8e8c-c9f34024ba01".to_owned(),
        secret_ref: "7f2c4d91-5b0e-4c36-9a18-d6e3b0f5274c".to_owned(),
        sequence: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn every_seed_key_works() {
        let mut rng = Rng::new(Some(1)).unwrap();
        for key in Store::default().keys.all(0) {
            let first = key.version(1).unwrap();
            let purpose = key.purpose;
            match purpose {
                Purpose::Aes | Purpose::Aria => {
                    let ciphertext = first.encrypt(purpose, b"x", &mut rng).unwrap();
                    assert_eq!(first.decrypt(purpose, &ciphertext, &mut rng).unwrap(), b"x", "{}", key.id);
                }
                Purpose::Rsa | Purpose::Ecdsa => {
                    let signature = first.sign(purpose, b"x", &mut rng).unwrap();
                    assert!(first.verify(purpose, b"x", &signature).unwrap(), "{}", key.id);
                }
                Purpose::Hmac => assert_eq!(first.authenticate(b"x").unwrap().len(), 32, "{}", key.id),
            }
        }
    }
}

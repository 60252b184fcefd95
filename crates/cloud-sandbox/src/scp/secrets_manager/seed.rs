//! The secret of a fresh sandbox.

use time::macros::datetime;

use super::store::{Secret, Store};
use super::versions::{CURRENT, Version, Versions};
use crate::scp::account;
use crate::scp::private_acl::PrivateAcl;
use crate::state::table::Table;

impl Default for Store {
    fn default() -> Self {
        let created_at = datetime!(2024-05-17 00:23:17 UTC);
        let mut versions = Versions::default();
        let old = ("d81f3b6e04a94c7c9e52b7d3f0c618a4", r#"{"key1":"value0"}"#, "My Custom Label");
        let new = ("e7b638507d9f4feeb6032a22b7640bf7", r#"{"key1":"value1","key2":"value2"}"#, CURRENT);
        for (id, secret_value, label) in [old, new] {
            let version = Version {
                id: id.to_owned(),
                secret_value: secret_value.to_owned(),
                labels: Some(label).filter(|label| *label != CURRENT).map(str::to_owned).into_iter().collect(),
                created_at,
                created_by: account::USER_ID.to_owned(),
            };
            versions.add(version);
        }
        let secret = Secret {
            id: "c4a17e0b92d64f3e8b5d60f1a7394e2d".to_owned(),
            name: "my-secret-name".to_owned(),
            description: Some("description".to_owned()),
            kms_id: "3265ab469f0d406d83073da3e11e7a6c".to_owned(),
            kms_name: "kmsname".to_owned(),
            // The first network is the sandbox's own: a program on this machine can read the value.
            acl_cidr: Some("127.0.0.0/8, 192.168.1.1/24, 10.0.0.1/16".to_owned()),
            private_acl: PrivateAcl::default(),
            created_at,
            created_by: account::USER_ID.to_owned(),
            modified_at: created_at,
            modified_by: account::USER_ID.to_owned(),
            recent_searched_at: None,
            deleted_at: None,
            stopped: false,
            versions,
        };
        Self { secrets: Table::from_iter([secret]) }
    }
}

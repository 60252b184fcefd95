//! The objects inside events. Each keeps the fields that it does not name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use cloud_core::Json;

use crate::{ComplianceStatus, Millis, OCSF_VERSION};

/// Declares objects whose fields are all optional and whose other fields are kept.
macro_rules! objects {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$field_doc])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )+
            /// The fields that this type does not name.
            #[serde(flatten)]
            pub other: BTreeMap<String, Json>,
        }
    )+};
}

objects! {
    /// An account of a cloud, project or site.
    Account {
        /// Its ID.
        uid: String,
        /// Its name.
        name: String,
        /// The kind of account as a number of the schema: 10 for AWS.
        type_id: u32,
    }
    /// The remedy of a finding.
    Remediation {
        /// What to do, as text. The vendor's HTML stays in `unmapped`.
        desc: String,
        /// Links about it.
        references: Vec<String>,
    }
    /// A resource that a finding or an inventory is about.
    Resource {
        /// Its ID.
        uid: String,
        /// Its name.
        name: String,
        /// Its kind, such as `Instance`.
        #[serde(rename = "type")]
        kind: String,
        /// Its region.
        region: String,
        /// Its version.
        version: String,
    }
    /// The check that a compliance finding is the result of.
    Compliance {
        /// The rule, such as `U-01`.
        control: String,
        /// The standards that the rule belongs to.
        standards: Vec<String>,
        /// The result.
        status_id: ComplianceStatus,
        /// The caption of the result, or the vendor's word for one that the schema does not know.
        status: String,
        /// The vendor's own code of the result.
        status_code: String,
        /// Why the result is what it is, in one text; deprecated by the schema in favour of `status_details`.
        status_detail: String,
        /// Why the result is what it is.
        status_details: Vec<String>,
        /// What the rule demands.
        desc: String,
    }
    /// Where an event comes from, in terms of clouds.
    Cloud {
        /// The cloud.
        provider: String,
        /// Its region.
        region: String,
        /// The account.
        account: Account,
    }
    /// The product that an event comes from.
    Product {
        /// Its name.
        name: String,
        /// Who makes it.
        vendor_name: String,
    }
}

/// What a finding is, apart from its class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FindingInfo {
    /// Identifies the finding: the same in each run.
    pub uid: String,
    /// A short text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_time: Option<Millis>,
    /// When it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_time: Option<Millis>,
    /// When it was last observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_time: Option<Millis>,
    /// Where it was found, such as `aws:guard-duty`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_sources: Option<Vec<String>>,
    /// Its kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    /// The fields that this type does not name.
    #[serde(flatten)]
    pub other: BTreeMap<String, Json>,
}

impl FindingInfo {
    /// Creates it from a uid and a title.
    #[must_use]
    pub fn new(uid: String, title: impl Into<String>) -> Self {
        Self { uid, title: Some(title.into()), ..Self::default() }
    }
}

/// What is known of an event itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// The version of the schema.
    pub version: String,
    /// The product that the event comes from.
    pub product: Product,
    /// The profiles of the schema that the event uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles: Option<Vec<String>>,
    /// The time as the vendor wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_time: Option<String>,
    /// The fields that this type does not name.
    #[serde(flatten)]
    pub other: BTreeMap<String, Json>,
}

impl Metadata {
    /// Creates the metadata of an event of this product.
    #[must_use]
    pub fn new(vendor: &str, product: &str) -> Self {
        Self {
            version: OCSF_VERSION.to_owned(),
            product: Product {
                name: Some(product.to_owned()),
                vendor_name: Some(vendor.to_owned()),
                ..Product::default()
            },
            profiles: None,
            original_time: None,
            other: BTreeMap::new(),
        }
    }
}

impl Compliance {
    /// Creates the result of a check of this rule.
    #[must_use]
    pub fn new(control: impl Into<String>, status: ComplianceStatus) -> Self {
        Self {
            control: Some(control.into()),
            status_id: Some(status),
            status: status.caption().map(str::to_owned),
            ..Self::default()
        }
    }
}

impl Cloud {
    /// Creates it from the provider and the ID of the account.
    #[must_use]
    pub fn new(provider: &str, account: &str) -> Self {
        let account = Account { uid: Some(account.to_owned()), ..Account::default() };
        Self { provider: Some(provider.to_owned()), account: Some(account), ..Self::default() }
    }
}

impl Resource {
    /// Creates it from its kind and its ID.
    #[must_use]
    pub fn new(kind: &str, uid: impl Into<String>) -> Self {
        Self { kind: Some(kind.to_owned()), uid: Some(uid.into()), ..Self::default() }
    }
}

impl Remediation {
    /// Creates it from its text.
    #[must_use]
    pub fn new(desc: impl Into<String>) -> Self {
        Self { desc: Some(desc.into()), ..Self::default() }
    }
}

//! Certificate Manager: certificates with their keys and chains.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use super::owner;
use super::stamp::plain;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::registry::Handlers;
use material::{Facts, Material};

mod days;
mod issue;
mod manage;
mod material;
mod read;
mod seed;

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[
    ("check_duplicate_name", read::duplicate),
    ("list_certificates", read::list),
    ("show_certificate", read::show),
    ("validate_certificate", read::validate),
    ("create_certificate", manage::create),
    ("create_self_signed_certificate", manage::self_sign),
    ("delete_certificate", manage::delete),
];

/// The two states of the page's answers and what lies before them.
const VALID: &str = "VALID";
const EXPIRED: &str = "EXPIRED";
const NOT_YET_VALID: &str = "NOT_YET_VALID";

/// The ends of a certificate's life are printed without a zone, in UTC.
const ZONELESS: StaticFormatDescription = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// What the service remembers.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    certificates: BTreeMap<String, Certificate>,
}

/// Where a certificate came from.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Kind {
    /// Made elsewhere and brought in.
    #[serde(rename = "PRD")]
    Imported,
    /// Made here.
    #[serde(rename = "DEV")]
    SelfSigned,
}

/// One certificate with all that belongs to it.
#[derive(Serialize, Deserialize)]
struct Certificate {
    id: String,
    name: String,
    kind: Kind,
    cert_body: String,
    cert_chain: Option<String>,
    private_key: String,
    facts: Facts,
    recipients: Value,
    tags: Value,
    created_at: OffsetDateTime,
    created_by: String,
}

impl Store {
    /// The certificate that a call names.
    fn find(&self, call: &Call<'_>) -> Result<&Certificate, Refusal> {
        let id = call.argument("certificate_id");
        self.certificates.get(id).ok_or_else(|| Refusal::scp_unknown("certificate", id))
    }

    fn has_name(&self, name: &str) -> bool {
        self.certificates.values().any(|certificate| certificate.name == name)
    }
}

impl Certificate {
    fn state(&self, now: OffsetDateTime) -> &'static str {
        if now < self.facts.not_before {
            NOT_YET_VALID
        } else if now.unix_timestamp() > self.facts.not_after.unix_timestamp() {
            EXPIRED
        } else {
            VALID
        }
    }

    /// What a list shows, and the times by which it may be sorted.
    fn row(&self, now: OffsetDateTime) -> Value {
        json!({
            "cert_kind": self.kind,
            "cn": self.facts.cn,
            "created_at": plain(self.created_at),
            "id": self.id,
            "modified_at": plain(self.created_at),
            "name": self.name,
            "not_after_dt": zoneless(self.facts.not_after),
            "not_before_dt": zoneless(self.facts.not_before),
            "state": self.state(now),
        })
    }

    /// The answer of every operation on one certificate.
    fn shown(&self, now: OffsetDateTime) -> Value {
        json!({ "certificate": {
            "account_id": owner::ACCOUNT_ID,
            "cert_body": self.cert_body,
            "cert_chain": self.cert_chain,
            "cert_kind": self.kind,
            "cert_type": "pem",
            "cert_version": self.facts.version.to_string(),
            "cn": self.facts.cn,
            "created_at": plain(self.created_at),
            "created_by": self.created_by,
            "id": self.id,
            "key_bit_size": self.facts.key_bits.to_string(),
            "modified_at": plain(self.created_at),
            "modified_by": self.created_by,
            "name": self.name,
            "not_after_dt": zoneless(self.facts.not_after),
            "not_before_dt": zoneless(self.facts.not_before),
            "organization": self.facts.organization,
            "private_key": self.private_key,
            "recipients": self.recipients,
            "state": self.state(now),
            "tags": self.tags,
            "user_name": owner::USER_NAME,
        }})
    }
}

/// Reads the three texts of a body, or refuses the one that cannot be read.
fn material(call: &Call<'_>) -> Result<Material, Refusal> {
    let text = |name: &str| call.text(name).unwrap_or_default();
    Material::read(text("cert_body"), call.text("cert_chain"), text("private_key")).map_err(|unreadable| {
        let (what, detail) = match unreadable {
            material::Unreadable::Body => ("cert-body", "cert_body must be one X.509 certificate as PEM"),
            material::Unreadable::Chain => ("cert-chain", "cert_chain must be X.509 certificates as PEM"),
            material::Unreadable::PrivateKey => {
                ("private-key", "private_key must be one RSA, P-256, P-384 or Ed25519 key as PEM, without a passphrase")
            }
        };
        Refusal::scp(400, format!("scp-security.certificate.pem-format-{what}-error"), detail)
    })
}

fn zoneless(at: OffsetDateTime) -> Value {
    // Every part of the form is known to a date with a time; null would show a mistake here.
    at.to_offset(time::UtcOffset::UTC).format(&ZONELESS).map_or(Value::Null, Value::from)
}

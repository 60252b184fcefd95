//! The certificates that the service holds, and how it shows them.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use super::material::{Details, Facts};
use crate::call::Call;
use crate::scp::account;
use crate::scp::error::ErrorResponse;
use crate::scp::timestamps::plain;
use crate::state::table::{self, Compare, Keyed, Place, Row, Table};

/// The two states of the page's responses and what lies before them.
pub(super) const VALID: &str = "VALID";
pub(super) const EXPIRED: &str = "EXPIRED";
const NOT_YET_VALID: &str = "NOT_YET_VALID";

/// The ends of a certificate's life are printed without a zone, in UTC.
const ZONELESS: StaticFormatDescription = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// The state of the service.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    #[serde(with = "table::map")]
    pub(super) certificates: Table<Certificate>,
}

/// Where a certificate came from.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Made elsewhere and brought in.
    #[serde(rename = "PRD")]
    Imported,
    /// Made here.
    #[serde(rename = "DEV")]
    SelfSigned,
}

/// One certificate with all that belongs to it.
#[derive(Serialize, Deserialize)]
pub(super) struct Certificate {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) cert_body: String,
    pub(super) cert_chain: Option<String>,
    pub(super) private_key: String,
    pub(super) facts: Facts,
    pub(super) recipients: Value,
    pub(super) tags: Value,
    pub(super) created_at: OffsetDateTime,
    pub(super) created_by: String,
}

/// The places of the orders in [`Certificate::ORDERS`].
pub(super) mod order {
    pub(crate) const ID: usize = 0;
    pub(crate) const NAME: usize = 1;
    pub(crate) const CREATED: usize = 2;
    pub(crate) const CN: usize = 3;
    pub(crate) const KIND: usize = 4;
    pub(crate) const NOT_BEFORE: usize = 5;
    pub(crate) const NOT_AFTER: usize = 6;
}

impl Row for Certificate {
    const ORDERS: &'static [Compare<Self>] = &[
        |one, other| one.id.cmp(&other.id),
        |one, other| one.name.cmp(&other.name),
        // Responses show whole seconds.
        |one, other| one.created_at.unix_timestamp().cmp(&other.created_at.unix_timestamp()),
        |one, other| one.facts.cn.cmp(&other.facts.cn),
        |one, other| one.kind.name().cmp(other.kind.name()),
        |one, other| one.facts.not_before.unix_timestamp().cmp(&other.facts.not_before.unix_timestamp()),
        |one, other| one.facts.not_after.unix_timestamp().cmp(&other.facts.not_after.unix_timestamp()),
    ];

    fn age(&self, other: &Self) -> Ordering {
        (self.created_at, &self.id).cmp(&(other.created_at, &other.id))
    }
}

impl Keyed for Certificate {
    fn key(&self) -> &str {
        &self.id
    }

    fn set_key(&mut self, key: String) {
        self.id = key;
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Imported => "PRD",
            Self::SelfSigned => "DEV",
        }
    }
}

impl Store {
    /// The certificate that a call names.
    pub(super) fn find(&self, call: &Call<'_>) -> Result<&Certificate, ErrorResponse> {
        let id = call.argument("certificate_id");
        let found = self.place(id).and_then(|place| self.certificates.get(place));
        found.ok_or_else(|| ErrorResponse::not_found("certificate", id))
    }

    fn place(&self, id: &str) -> Option<Place> {
        self.certificates.find(order::ID, |certificate| (*certificate.id).cmp(id))
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(place) = self.place(id) {
            self.certificates.remove(place);
        }
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.certificates.find(order::NAME, |certificate| (*certificate.name).cmp(name)).is_some()
    }
}

impl Certificate {
    pub(super) fn state(&self, now: OffsetDateTime) -> &'static str {
        if now < self.facts.not_before {
            NOT_YET_VALID
        } else if now.unix_timestamp() > self.facts.not_after.unix_timestamp() {
            EXPIRED
        } else {
            VALID
        }
    }

    /// What a list shows, and the times by which it may be sorted.
    pub(super) fn row(&self, now: OffsetDateTime) -> Value {
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

    /// The response of every operation on one certificate.
    pub(super) fn shown(&self, now: OffsetDateTime) -> Value {
        // Read again, because state files of older versions hold less.
        let more = Details::of(&self.cert_body).unwrap_or_default();
        json!({ "certificate": {
            "account_id": account::ACCOUNT_ID,
            "cert_body": self.cert_body,
            "cert_chain": self.cert_chain,
            "cert_kind": self.kind,
            "cert_type": "pem",
            "cert_version": self.facts.version.to_string(),
            "cn": self.facts.cn,
            "created_at": plain(self.created_at),
            "created_by": self.created_by,
            // A certificate that has expired has no day left.
            "days_until_expiration": (self.facts.not_after - now).whole_days().max(0).to_string(),
            "id": self.id,
            "is_in_use": false,
            "issuer": more.issuer,
            "key_bit_size": self.facts.key_bits.to_string(),
            "modified_at": plain(self.created_at),
            "modified_by": self.created_by,
            "name": self.name,
            "not_after_dt": zoneless(self.facts.not_after),
            "not_before_dt": zoneless(self.facts.not_before),
            "organization": self.facts.organization,
            "private_key": self.private_key,
            "public_key_bit_size": self.facts.key_bits.to_string(),
            "public_key_type": more.key_type,
            "signature_algorithm": more.signature_algorithm,
            "sub_domain": more.host_names,
            "recipients": self.recipients,
            "state": self.state(now),
            "tags": self.tags,
            "user_name": account::USER_NAME,
        }})
    }
}

fn zoneless(at: OffsetDateTime) -> Value {
    // Every part of the form is known to a date with a time; null would show a mistake here.
    at.to_offset(time::UtcOffset::UTC).format(&ZONELESS).map_or(Value::Null, Value::from)
}

//! One key: what a caller sees of it, and how it changes with time.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, UtcOffset};

use super::material::{Fault, Material, Purpose};
use crate::rng::Rng;
use crate::rsa_keys::ReadyKeys;
use crate::scp::account::{ACCOUNT_ID, USER_ID};
use crate::scp::error::ErrorResponse;
use crate::scp::networks;
use crate::scp::private_acl::PrivateAcl;

/// How many versions a key has at most.
const MOST_VERSIONS: usize = 100;

/// The name under which the page shows the user of a key.
const USER_NAME: &str = "kimsamsung";

/// The condition of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Condition {
    Active,
    Stop,
    #[serde(rename = "To_Be_Terminated")]
    ToBeTerminated,
}

impl Condition {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Stop => "Stop",
            Self::ToBeTerminated => "To_Be_Terminated",
        }
    }
}

/// Who uses a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) user_id: String,
    pub(crate) user_name: String,
}

impl User {
    /// The one user of the sandbox.
    pub(super) fn only() -> Self {
        Self { user_id: USER_ID.to_owned(), user_name: USER_NAME.to_owned() }
    }
}

/// A key with all of its versions.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) purpose: Purpose,
    /// `basic` or `advanced`.
    pub(crate) key_type: String,
    pub(crate) condition: Condition,
    /// Version 1 first.
    pub(crate) versions: Vec<Material>,
    /// What codes are made with although the purpose is another; the page's own key only.
    pub(crate) code_material: Option<Material>,
    pub(crate) auto_rotate: bool,
    pub(crate) rotate_cycle: i64,
    pub(crate) next_rotate_at: Option<OffsetDateTime>,
    pub(crate) delete_at: Option<OffsetDateTime>,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) modified_at: OffsetDateTime,
    pub(crate) use_count: u64,
    /// Looked after by the platform, not by its owner.
    pub(crate) managed: bool,
    pub(crate) users: Vec<User>,
    /// The networks that can use the key; none for every network.
    #[serde(default)]
    pub(crate) acl_cidr: Option<String>,
    #[serde(flatten)]
    pub(crate) private_acl: PrivateAcl,
    /// When each version after the first was added.
    #[serde(default)]
    pub(crate) rotated_at: Vec<OffsetDateTime>,
    pub(crate) order_ref: String,
    pub(crate) secret_ref: String,
    /// The order in which keys were made, where instants are equal.
    pub(crate) sequence: u64,
}

impl Key {
    /// The number of the newest version.
    pub(super) fn current(&self) -> usize {
        self.versions.len()
    }

    /// A version by its number.
    pub(super) fn version(&self, number: usize) -> Option<&Material> {
        self.versions.get(number.checked_sub(1)?)
    }

    /// When a version was made, if that is known.
    pub(super) fn made_at(&self, number: usize) -> Option<OffsetDateTime> {
        if number <= 1 {
            return Some(self.created_at);
        }
        // Counted from the end: older versions of a seeded key have no instant.
        let newer = self.versions.len().checked_sub(number)?;
        self.rotated_at.iter().rev().nth(newer).copied()
    }

    /// Refuses a caller outside of the key's networks. Without networks every caller can use the key, unless it is for
    /// private resources alone.
    pub(super) fn admit(&self, caller: IpAddr) -> Result<(), ErrorResponse> {
        if self.acl_cidr.is_none() && !self.private_acl.enabled {
            return Ok(());
        }
        networks::check_caller(self.acl_cidr.as_deref(), "key", caller)
    }

    /// Whether no more version can be added.
    pub(super) fn is_full(&self) -> bool {
        self.versions.len() >= MOST_VERSIONS
    }

    /// Adds a version; the rotation interval starts again.
    pub(super) fn rotate(&mut self, now: OffsetDateTime, rng: &mut Rng, keys: &mut ReadyKeys) -> Result<(), Fault> {
        self.versions.push(Material::generate(self.purpose, rng, keys)?);
        self.rotated_at.push(now);
        self.modified_at = now;
        self.plan_rotation(now);
        Ok(())
    }

    /// Sets the day of the next automatic version.
    pub(super) fn plan_rotation(&mut self, now: OffsetDateTime) {
        let next = now.checked_add(Duration::days(self.rotate_cycle));
        self.next_rotate_at = next.filter(|_| self.auto_rotate);
    }

    /// The day of the next automatic version; a key that is full or not in use gets none.
    pub(super) fn rotates_on(&self) -> Option<Date> {
        let rotates = self.condition == Condition::Active && !self.is_full();
        // Only the day is shown, so it counts from its first moment.
        self.next_rotate_at.filter(|_| rotates).map(OffsetDateTime::date)
    }

    /// Whether the time of deletion has come.
    pub(super) fn is_over(&self, now: OffsetDateTime) -> bool {
        self.delete_at.is_some_and(|at| at <= now)
    }

    /// The key as the newest version of the service shows it.
    pub(super) fn show(&self, region: &str) -> Value {
        json!({
            "account_id": ACCOUNT_ID,
            "acl_cidr": self.acl_cidr,
            "auto_rotate": flag(self.auto_rotate),
            "created_at": instant(self.created_at),
            "created_by": USER_ID,
            "current_version": self.current(),
            "delete_at": self.delete_at.map(|at| day(at.date())),
            "delete_target_yn": flag(self.delete_at.is_some()),
            "description": self.description,
            "id": self.id,
            "key_type": self.key_type,
            "managed_type": if self.managed { "scp" } else { "user" },
            "modified_at": instant(self.modified_at),
            "modified_by": USER_ID,
            "name": self.name,
            "next_rotate_at": self.next_rotate_at.map(|at| day(at.date())),
            "offering": "",
            "order_ref": self.order_ref,
            "private_acl_enabled": self.private_acl.enabled,
            "private_acl_resources": self.private_acl.shown(),
            "purpose": self.purpose.name(),
            "region": region,
            "rotate_cycle": self.rotate_cycle,
            "secret_ref": self.secret_ref,
            "state": self.condition.name(),
            "use_count": self.use_count,
        })
    }
}

fn flag(set: bool) -> &'static str {
    if set { "Y" } else { "N" }
}

fn day(date: Date) -> String {
    date.format(format_description!("[year][month][day]")).unwrap_or_default()
}

/// An exported key shows nine digits, unlike all else.
pub(super) fn nanoseconds(at: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:9]Z");
    at.to_offset(UtcOffset::UTC).format(form).unwrap_or_default()
}

fn instant(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn time_of_an_exported_key_has_nine_digits_in_utc() {
        assert_eq!(nanoseconds(datetime!(2026-07-27 10:00 UTC)), "2026-07-27T10:00:00.000000000Z");
        assert_eq!(nanoseconds(datetime!(2026-07-27 19:00:00.012345678 +9)), "2026-07-27T10:00:00.012345678Z");
    }
}

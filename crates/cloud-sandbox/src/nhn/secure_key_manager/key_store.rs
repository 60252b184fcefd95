//! What Secure Key Manager keeps: key stores, the keys in them, and the callers whom they let in.

use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::credential::{self, Address, Certificate};
use crate::nhn::korean_time;
use crate::state::table::{self, Compare, Place, Row, Table};

/// A group of keys with one rule for its callers.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeyStore {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) ip4_auth_use: YesNo,
    #[serde(default)]
    pub(super) mac_auth_use: YesNo,
    #[serde(default)]
    pub(super) certificate_auth_use: YesNo,
    #[serde(default)]
    pub(super) auth_mode: AuthMode,
    #[serde(default, with = "table::list")]
    pub(super) ipv4_list: Table<Address>,
    #[serde(default, with = "table::list")]
    pub(super) mac_list: Table<Address>,
    #[serde(default, with = "table::list")]
    pub(super) certificate_list: Table<Certificate>,
    #[serde(default, with = "table::list")]
    pub(super) keys: Table<Key>,
    #[serde(default)]
    pub(super) history: History,
}

/// A flag as the service spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum YesNo {
    /// Switched on.
    Y,
    /// Switched off.
    #[default]
    N,
}

/// Whether a caller has to pass every check that is switched on, or one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum AuthMode {
    /// Every check.
    #[default]
    And,
    /// Any one of them.
    Or,
}

/// Who made and last changed an entry, and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct History {
    pub(super) creation_user: String,
    pub(super) creation_datetime: String,
    pub(super) last_change_user: String,
    pub(super) last_change_datetime: String,
}

impl History {
    /// The history of an entry that is made now.
    pub(super) fn starting(now: OffsetDateTime) -> Self {
        let now = korean_time::local(now);
        Self { creation_datetime: now.clone(), last_change_datetime: now, ..Self::default() }
    }

    /// Notes a change.
    pub(super) fn change(&mut self, now: OffsetDateTime) {
        self.last_change_user = Self::default().last_change_user;
        self.last_change_datetime = korean_time::local(now);
    }
}

impl Default for History {
    fn default() -> Self {
        Self {
            creation_user: "SECURE_KEY_MANAGER".to_owned(),
            creation_datetime: "2025-01-25T12:00:00".to_owned(),
            last_change_user: "SECURE_KEY_MANAGER".to_owned(),
            last_change_datetime: "2025-01-30T15:00:00.000".to_owned(),
        }
    }
}

/// A secret or a key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Key {
    pub(super) key_id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    /// Days between rotations; 0 for never.
    #[serde(default)]
    pub(super) auto_rotation_period: u32,
    #[serde(default)]
    pub(super) next_auto_rotation_date: Option<String>,
    #[serde(default = "long_ago")]
    pub(super) last_access_datetime: String,
    #[serde(default)]
    pub(super) deletion_datetime: Option<String>,
    #[serde(default)]
    pub(super) history: History,
    #[serde(flatten)]
    pub(super) material: Material,
}

/// The places of the orders in [`Key::ORDERS`].
pub(super) mod order {
    pub(crate) const AGE: usize = 0;
    pub(crate) const ID: usize = 1;
    pub(crate) const NAME: usize = 2;
    pub(crate) const DELETION: usize = 3;
    pub(crate) const ROTATION: usize = 4;
    pub(crate) const KIND: usize = 5;
    pub(crate) const STATUS: usize = 6;
    pub(crate) const KIND_AND_STATUS: usize = 7;
}

impl Row for Key {
    const ORDERS: &'static [Compare<Self>] = &[
        |_, _| Ordering::Equal,
        |one, other| one.key_id.cmp(&other.key_id),
        |one, other| one.name.cmp(&other.name),
        |one, other| one.deletion_datetime.cmp(&other.deletion_datetime),
        |one, other| one.next_auto_rotation_date.cmp(&other.next_auto_rotation_date),
        |one, other| one.material.kind().cmp(&other.material.kind()),
        |one, other| one.is_active().cmp(&other.is_active()),
        |one, other| (one.material.kind(), one.is_active()).cmp(&(other.material.kind(), other.is_active())),
    ];
}

/// What a key holds. Versions count from 0 in the order of the list.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "keyType", rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Material {
    /// Text that is kept for the caller.
    Secret {
        /// The text.
        secret: String,
    },
    /// 32 bytes for each version; a seed file may leave them out.
    SymmetricKey {
        /// The bytes by version.
        #[serde(default)]
        versions: Vec<Version>,
    },
    /// An RSA key of 2048 bits for each version; a seed file may leave them out.
    AsymmetricKey {
        /// PKCS#8 by version.
        #[serde(default)]
        versions: Vec<Version>,
    },
}

/// The kind of a key, as the data calls tell them apart by path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A secret.
    Secret,
    /// A symmetric key.
    Symmetric,
    /// An asymmetric key.
    Asymmetric,
}

/// One version of a key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    /// Base64 of the bytes.
    pub(super) value: String,
    /// Whether the version may still be used.
    #[serde(default = "yes")]
    pub(super) active: bool,
}

/// The time between a deletion that is asked for and the one that happens.
const WAITING: Duration = Duration::days(7);

/// When what is scheduled for deletion now goes away.
pub(super) fn deletion_day(now: OffsetDateTime) -> String {
    korean_time::local(now.saturating_add(WAITING))
}

/// The service's table requires a date even of what was never used; its creation date is shown then.
pub(super) fn long_ago() -> String {
    History::default().creation_datetime
}

fn yes() -> bool {
    true
}

impl Version {
    /// A version that may be used.
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { value: STANDARD.encode(bytes), active: true }
    }

    /// The bytes; nothing where a seed file holds no Base64.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.value).ok()
    }
}

impl Material {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Secret { .. } => Kind::Secret,
            Self::SymmetricKey { .. } => Kind::Symmetric,
            Self::AsymmetricKey { .. } => Kind::Asymmetric,
        }
    }

    /// The versions; a secret has none.
    pub(super) fn versions(&self) -> &[Version] {
        match self {
            Self::Secret { .. } => &[],
            Self::SymmetricKey { versions } | Self::AsymmetricKey { versions } => versions,
        }
    }
}

impl Kind {
    /// The kind as the service spells it.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Secret => "SECRET",
            Self::Symmetric => "SYMMETRIC_KEY",
            Self::Asymmetric => "ASYMMETRIC_KEY",
        }
    }
}

impl Key {
    /// The newest version's number.
    pub(super) fn current(&self) -> u32 {
        u32::try_from(self.material.versions().len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// A key that waits for its deletion is inactive.
    pub(super) fn is_active(&self) -> bool {
        self.deletion_datetime.is_none()
    }
}

/// Whether the day of a planned deletion has come.
pub(super) fn is_gone(deletion: Option<&str>, now: OffsetDateTime) -> bool {
    deletion.and_then(korean_time::read_local).is_some_and(|day| day <= now)
}

/// The rows with a date that has come, in an order by these dates.
pub(super) fn dated<T: Row>(
    table: &Table<T>,
    order: usize,
    now: OffsetDateTime,
    date: fn(&T) -> Option<&str>,
) -> Vec<Place> {
    // Texts of equal moments differ by the digits of their fractions, so the last ones are read.
    let latest = format!("{}999999", korean_time::local(now));
    let come = table.span(order, |row| table::due(date(row), &&*latest));
    let has_come = |place: &Place| table.get(*place).is_some_and(|row| is_gone(date(row), now));
    table.places(order, come).filter(has_come).collect()
}

impl KeyStore {
    /// A key store without keys and credentials, whose settings are yet to be set.
    pub(super) fn empty(history: History) -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            ip4_auth_use: YesNo::N,
            mac_auth_use: YesNo::N,
            certificate_auth_use: YesNo::N,
            auth_mode: AuthMode::And,
            ipv4_list: Table::default(),
            mac_list: Table::default(),
            certificate_list: Table::default(),
            keys: Table::default(),
            history,
        }
    }

    /// Drops the keys whose day has come, so that their names are free again, and returns their IDs.
    pub(super) fn purge_keys(&mut self, now: OffsetDateTime) -> Vec<String> {
        let gone = dated(&self.keys, order::DELETION, now, |key| key.deletion_datetime.as_deref());
        gone.into_iter().filter_map(|place| self.keys.remove(place)).map(|key| key.key_id).collect()
    }

    /// The keys whose automatic rotation is due, oldest first.
    pub(super) fn due(&self, now: OffsetDateTime) -> Vec<Place> {
        let mut due = dated(&self.keys, order::ROTATION, now, |key| key.next_auto_rotation_date.as_deref());
        due.sort_by(|one, other| self.keys.compare_ages(*one, *other));
        due
    }

    /// The first key with this ID that passes and is not purged yet.
    pub(super) fn key(&self, id: &str, passes: impl Fn(&Key) -> bool, now: OffsetDateTime) -> Option<Place> {
        let named = self.keys.span(order::ID, |key| (*key.key_id).cmp(id));
        let lives = |key: &Key| passes(key) && !is_gone(key.deletion_datetime.as_deref(), now);
        self.keys.places(order::ID, named).find(|place| self.keys.get(*place).is_some_and(lives))
    }

    pub(super) fn has_id(&self, id: &str) -> bool {
        self.keys.find(order::ID, |key| (*key.key_id).cmp(id)).is_some()
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.keys.find(order::NAME, |key| (*key.name).cmp(name)).is_some()
    }

    /// Drops the credentials whose day has come, so that their names are free again.
    pub(super) fn purge_credentials(&mut self, now: OffsetDateTime) {
        credential::purge(&mut self.ipv4_list, now);
        credential::purge(&mut self.mac_list, now);
        credential::purge(&mut self.certificate_list, now);
    }
}

//! What a vendor's rows do not say of themselves, and the identity of an event.

use serde::Serialize;
use time::OffsetDateTime;

use cloud_core::Json;

use crate::Millis;

/// Whose findings are read, and when.
///
/// The vendors' responses do not name the account for which they are: NHN Cloud knows it by the app key and RISKEN by
/// the site, neither of which is part of a response. The account is part of each uid, so it must be the same in each run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scope {
    /// A name or ID of the account, project or site that is unique among those that are reported on.
    pub account: String,
    /// The time of the reading: the time of an event whose row has none.
    pub observed_at: OffsetDateTime,
}

impl Scope {
    /// Creates the scope of an account, read at this time.
    #[must_use]
    pub fn new(account: impl Into<String>, observed_at: OffsetDateTime) -> Self {
        Self { account: account.into(), observed_at }
    }

    /// Returns the time of a row, or the time of the reading if the row has none.
    #[must_use]
    pub fn time_of(&self, row: Option<OffsetDateTime>) -> Millis {
        row.unwrap_or(self.observed_at).into()
    }
}

/// Joins the parts of a uid with `/`. A `/` or `%` in a part is percent-encoded, so that different parts make different
/// uids, and the first parts of a uid are the prefix of exactly those that share them.
///
/// ```
/// assert_eq!(cloud_findings::uid(&["nhn", "security-advisor", "my/project", "7"]), "nhn/security-advisor/my%2Fproject/7");
/// ```
#[must_use]
pub fn uid(parts: &[&str]) -> String {
    let encoded: Vec<_> = parts.iter().map(|part| part.replace('%', "%25").replace('/', "%2F")).collect();
    encoded.join("/")
}

/// Returns a vendor's row as the JSON that `unmapped` holds, or `None` if it cannot be serialized.
#[must_use]
pub fn record(row: &impl Serialize) -> Option<Json> {
    serde_json::from_value(serde_json::to_value(row).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_parts_make_different_uids() {
        let all = [uid(&["a", "b/c"]), uid(&["a/b", "c"]), uid(&["a", "b", "c"]), uid(&["a%2Fb", "c"])];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "{all:?}");
    }
}

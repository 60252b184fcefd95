//! The versions of one secret, and the labels that point at them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::scp::error::ErrorResponse;

/// The label of the version that is read unless a caller asks for another.
pub(super) const CURRENT: &str = "CURRENT";

/// The label of the version that was current before; it is not the caller's to move.
const PREVIOUS: &str = "PREVIOUS";

/// How many versions are kept; the oldest goes first, whatever its labels.
const MOST: usize = 100;

/// How many labels of the caller's own all versions have together.
const MOST_LABELS: usize = 20;

/// One value that the secret had.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) secret_value: String,
    #[serde(default)]
    pub(super) labels: Vec<String>,
    pub(super) created_at: OffsetDateTime,
    pub(super) created_by: String,
}

/// Why a request about versions is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// A version or label that is not there.
    Missing(String),
    /// A request that can never be granted.
    Refused(String),
}

impl From<Wrong> for ErrorResponse {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Missing(detail) => Self::new(404, "ResourceNotFound", detail),
            Wrong::Refused(detail) => Self::invalid_input(detail),
        }
    }
}

/// All versions, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Versions(Vec<Version>);

impl Versions {
    pub(super) fn all(&self) -> &[Version] {
        &self.0
    }

    /// Makes this version the current one.
    pub(super) fn add(&mut self, version: Version) {
        self.0.push(version);
        self.make_current(self.0.len() - 1);
        let surplus = self.0.len().saturating_sub(MOST);
        self.0.drain(..surplus);
    }

    /// Moves `CURRENT` to a version, and `PREVIOUS` to the one that had it.
    fn make_current(&mut self, index: usize) {
        let before = self.holder(CURRENT).filter(|before| *before != index);
        for version in &mut self.0 {
            version.labels.retain(|label| label != CURRENT && (label != PREVIOUS || before.is_none()));
        }
        for (at, label) in [(before, PREVIOUS), (Some(index), CURRENT)] {
            if let Some(version) = at.and_then(|at| self.0.get_mut(at)) {
                version.labels.push(label.to_owned());
            }
        }
    }

    /// The version under a label, an id, or both when they agree; the current one when neither is given.
    pub(super) fn find(&self, label: Option<&str>, id: Option<&str>) -> Result<&Version, Wrong> {
        let Some(id) = id else {
            let label = label.unwrap_or(CURRENT);
            let found = self.holder(label).and_then(|index| self.0.get(index));
            return found.ok_or_else(|| Wrong::Missing(format!("no version has the label {label}")));
        };
        let version = self.0.iter().find(|version| version.id == id).ok_or_else(|| missing(id))?;
        match label {
            Some(label) if !version.labels.iter().any(|held| held == label) => {
                Err(Wrong::Refused(format!("version {id} does not have the label {label}")))
            }
            _ => Ok(version),
        }
    }

    /// Adds, moves or removes a label, by which of the two ids is given.
    pub(super) fn label(&mut self, label: &str, to: Option<&str>, from: Option<&str>) -> Result<(), Wrong> {
        let index = |id: &str| self.0.iter().position(|version| version.id == id).ok_or_else(|| missing(id));
        let (to, from) = (to.map(index).transpose()?, from.map(index).transpose()?);
        let holder = self.holder(label);
        if label == PREVIOUS {
            return Err(Wrong::Refused(format!("the label {PREVIOUS} follows {CURRENT}: it cannot be set")));
        }
        match (to, from) {
            (None, None) => {
                return Err(Wrong::Refused("give move_to_version_id, remove_from_version_id or both".to_owned()));
            }
            (_, Some(_)) if holder != from => {
                return Err(Wrong::Refused(format!("the version to remove from does not have the label {label}")));
            }
            (Some(_), None) if holder.is_some() => {
                return Err(Wrong::Refused(format!("another version or this one has the label {label} already")));
            }
            (None, Some(_)) if label == CURRENT => {
                return Err(Wrong::Refused(format!("the label {CURRENT} can be moved but not removed")));
            }
            (Some(_), None) if self.own_labels() >= MOST_LABELS => {
                return Err(Wrong::Refused(format!("the versions have {MOST_LABELS} labels already")));
            }
            (Some(to), Some(_)) if label == CURRENT => {
                self.make_current(to);
                return Ok(());
            }
            _ => {}
        }
        if let Some(version) = from.and_then(|from| self.0.get_mut(from)) {
            version.labels.retain(|held| held != label);
        }
        if let Some(version) = to.and_then(|to| self.0.get_mut(to)) {
            version.labels.push(label.to_owned());
        }
        Ok(())
    }

    fn own_labels(&self) -> usize {
        let labels = self.0.iter().flat_map(|version| &version.labels);
        labels.filter(|label| *label != CURRENT && *label != PREVIOUS).count()
    }

    fn holder(&self, label: &str) -> Option<usize> {
        self.0.iter().position(|version| version.labels.iter().any(|held| held == label))
    }
}

fn missing(id: &str) -> Wrong {
    Wrong::Missing(format!("version {id} does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(id: &str) -> Version {
        let text = |text: &str| text.to_owned();
        Version {
            id: text(id),
            secret_value: format!("of {id}"),
            labels: vec![],
            created_at: OffsetDateTime::UNIX_EPOCH,
            created_by: text("me"),
        }
    }

    fn three() -> Versions {
        let mut versions = Versions::default();
        for id in ["one", "two", "three"] {
            versions.add(version(id));
        }
        versions
    }

    fn found<'a>(versions: &'a Versions, label: Option<&str>, id: Option<&str>) -> Result<&'a str, Wrong> {
        versions.find(label, id).map(|version| &*version.id)
    }

    #[test]
    fn newest_version_is_current_and_all_are_readable() {
        let versions = three();
        assert_eq!(found(&versions, None, None), Ok("three"));
        assert_eq!(found(&versions, Some(CURRENT), None), Ok("three"));
        assert_eq!(found(&versions, None, Some("one")), Ok("one"));
        assert_eq!(found(&versions, Some(CURRENT), Some("three")), Ok("three"));
        assert!(matches!(found(&versions, Some(CURRENT), Some("one")), Err(Wrong::Refused(_))));
        assert!(matches!(found(&versions, Some("OLD"), None), Err(Wrong::Missing(_))));
        assert!(matches!(found(&versions, None, Some("four")), Err(Wrong::Missing(_))));
    }

    #[test]
    fn label_is_added_moved_and_removed() {
        let mut versions = three();
        versions.label("stable", Some("one"), None).unwrap();
        assert_eq!(found(&versions, Some("stable"), None), Ok("one"));
        versions.label("stable", Some("two"), Some("one")).unwrap();
        assert_eq!(found(&versions, Some("stable"), None), Ok("two"));
        assert!(versions.all()[0].labels.is_empty());
        assert_eq!(versions.all()[1].labels, [PREVIOUS, "stable"]);
        versions.label("stable", None, Some("two")).unwrap();
        assert!(found(&versions, Some("stable"), None).is_err());
    }

    #[test]
    fn label_belongs_to_one_version_only() {
        let mut versions = three();
        versions.label("stable", Some("one"), None).unwrap();
        for (label, to, from) in [
            ("stable", Some("two"), None),
            ("stable", Some("one"), None),
            ("stable", Some("one"), Some("two")),
            ("other", None, Some("one")),
            (CURRENT, Some("one"), None),
            (CURRENT, None, Some("three")),
            (PREVIOUS, Some("one"), Some("two")),
            (PREVIOUS, None, Some("two")),
            ("stable", None, None),
        ] {
            assert!(matches!(versions.label(label, to, from), Err(Wrong::Refused(_))), "{label} {to:?} {from:?}");
        }
        assert!(matches!(versions.label("stable", Some("four"), None), Err(Wrong::Missing(_))));
        assert_eq!(found(&versions, Some("stable"), None), Ok("one"));
    }

    #[test]
    fn current_label_moves_back_and_follows_the_next_version() {
        let mut versions = three();
        assert_eq!(found(&versions, Some(PREVIOUS), None), Ok("two"));
        versions.label(CURRENT, Some("one"), Some("three")).unwrap();
        assert_eq!(found(&versions, None, None), Ok("one"));
        assert_eq!(found(&versions, Some(PREVIOUS), None), Ok("three"));
        versions.label(CURRENT, Some("one"), Some("one")).unwrap();
        assert_eq!(found(&versions, Some(PREVIOUS), None), Ok("three"), "nothing was moved");
        versions.add(version("four"));
        assert_eq!(found(&versions, None, None), Ok("four"));
        assert_eq!(found(&versions, Some(PREVIOUS), None), Ok("one"));
        assert!(versions.all()[2].labels.is_empty());
    }

    #[test]
    fn oldest_version_is_dropped_in_spite_of_its_labels() {
        let mut versions = Versions::default();
        for number in 0..MOST {
            versions.add(version(&number.to_string()));
        }
        versions.label("stable", Some("0"), None).unwrap();
        versions.label(CURRENT, Some("0"), Some("99")).unwrap();
        versions.add(version("next"));
        assert_eq!(versions.all().len(), MOST);
        assert_eq!(found(&versions, None, None), Ok("next"));
        for label in ["stable", PREVIOUS] {
            assert!(found(&versions, Some(label), None).is_err(), "{label} went with its version");
        }
        assert_eq!(found(&versions, None, Some("1")), Ok("1"));
    }

    #[test]
    fn versions_have_twenty_labels_of_the_callers_own() {
        let mut versions = three();
        for number in 0..MOST_LABELS {
            versions.label(&format!("label {number}"), Some(["one", "two"][number % 2]), None).unwrap();
        }
        assert!(matches!(versions.label("one more", Some("three"), None), Err(Wrong::Refused(_))));
        versions.label("label 0", Some("three"), Some("one")).unwrap();
        versions.label("label 1", None, Some("two")).unwrap();
        versions.label("one more", Some("three"), None).unwrap();
    }
}

//! Differences that stay, because the page is wrong or the fixture knows better; each with its reason.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// Where they are written.
pub(super) const FILE: &str = "xtask/known-differences.toml";

/// Lines of differences with the reason why they stay.
#[derive(Debug, Clone, Default)]
pub struct Known(BTreeMap<String, String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    known: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    reason: String,
    differences: Vec<String>,
}

impl Known {
    /// Reads the file below `root`; none is an empty list.
    ///
    /// # Errors
    /// A file of another form, an empty reason, or a line that occurs twice.
    pub fn load(root: &Path) -> Result<Self, Box<dyn Error>> {
        let path = root.join(FILE);
        match path.exists() {
            true => Self::parse(&fs::read_to_string(path)?),
            false => Ok(Self::default()),
        }
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// See [`Known::load`].
    pub fn parse(text: &str) -> Result<Self, Box<dyn Error>> {
        let file: File = toml::from_str(text).map_err(|error| format!("{FILE}: {error}"))?;
        let mut found = BTreeMap::new();
        for group in file.known {
            if group.reason.trim().is_empty() {
                return Err(format!("{FILE}: a group without a reason").into());
            }
            for line in group.differences {
                if found.insert(line.clone(), group.reason.clone()).is_some() {
                    return Err(format!("{FILE}: `{line}` occurs twice").into());
                }
            }
        }
        Ok(Self(found))
    }

    /// Whether the difference is a known one.
    #[must_use]
    pub fn contains(&self, line: &str) -> bool {
        self.0.contains_key(line)
    }

    /// Every known difference.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_needs_a_reason_and_stands_once() {
        let known = Known::parse("[[known]]\nreason = \"why\"\ndifferences = [\"a\", \"b\"]\n").unwrap();
        assert!(known.contains("a") && !known.contains("c"));
        assert_eq!(known.lines().collect::<Vec<_>>(), ["a", "b"]);
        for (text, told) in [
            ("[[known]]\nreason = \" \"\ndifferences = [\"a\"]\n", "without a reason"),
            ("[[known]]\nreason = \"why\"\ndifferences = [\"a\", \"a\"]\n", "occurs twice"),
            ("[[known]]\ndifferences = [\"a\"]\n", "missing field `reason`"),
            ("[[other]]\n", "unknown field"),
        ] {
            let error = Known::parse(text).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}

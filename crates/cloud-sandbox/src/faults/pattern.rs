//! Chooses operations by vendor, service, operation and version.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Four texts in which `*` stands for any run of characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Pattern(String);

impl Pattern {
    /// Whether the name, such as `scp/kms/encrypt/1.2`, fits; parts that are left out fit everything.
    pub(crate) fn fits(&self, name: &str) -> bool {
        let mut parts = name.split('/');
        self.0.split('/').all(|wanted| parts.next().is_some_and(|part| glob(wanted, part)))
    }
}

impl Default for Pattern {
    fn default() -> Self {
        Self("*".to_owned())
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<_> = text.split('/').collect();
        if parts.len() > 4 || parts.iter().any(|part| part.is_empty()) {
            return Err(format!("operation pattern {text:?} is not vendor/service/operation/version"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn glob(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let Some((middle, end)) = rest.rsplit_once('*') else {
        return text.ends_with(rest);
    };
    for piece in middle.split('*') {
        match text.find(piece) {
            Some(at) => text = text.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, name: &str, fits: bool) {
        assert_eq!(pattern.parse::<Pattern>().unwrap().fits(name), fits, "{pattern} {name}");
    }

    #[test]
    fn pattern_matches_part_by_part() {
        let name = "scp/kms/list_keys/1.2";
        for good in ["*", "scp", "scp/kms", "*/*/list_*", "scp/*/*/1.2", "s*p/k*s/l*_*s/1.*", "*/kms/*keys*"] {
            check(good, name, true);
        }
        for bad in ["nhn", "kms", "scp/kms/list", "scp/kms/*/1.1", "*/*/*_key", "scp/kms/list_keyss*", "s*s"] {
            check(bad, name, false);
        }
        // A star takes nothing too, and the pieces around it may not overlap.
        check("scp/kms*", name, true);
        check("scp/kms/list_*_keys", name, false);
    }

    #[test]
    fn invalid_pattern_is_refused() {
        for text in ["", "scp//encrypt", "/scp", "a/b/c/d/e"] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }
}

//! Who may do what: tokens by the hash of their text, each with patterns of paths and capabilities.

use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// The longest token.
const LONGEST: usize = 512;

/// What a rule permits on the paths that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Capability {
    /// Reads a value.
    Read,
    /// Lists names.
    List,
    /// Changes a value, and uses a key.
    Update,
    /// Creates a secret.
    Create,
    /// Schedules a deletion.
    Delete,
}

impl Capability {
    pub(crate) const ALL: [Self; 5] = [Self::Read, Self::List, Self::Update, Self::Create, Self::Delete];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Update => "update",
            Self::Create => "create",
            Self::Delete => "delete",
        }
    }
}

/// The tokens of a policy file.
#[derive(Clone, Default)]
pub(crate) struct Policies(Vec<Token>);

/// A token that a client may present.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) name: String,
    hash: [u8; 32],
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    path: Pattern,
    capabilities: Vec<Capability>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    token: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    sha256: String,
    #[serde(default)]
    policy: Vec<Rule>,
}

impl Policies {
    /// Reads a policy file.
    ///
    /// # Errors
    /// What is wrong, without a line of the file: a token may stand in the place of its hash.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| explain(text, &error))?;
        if file.token.is_empty() {
            return Err("it names no token".to_owned());
        }
        let tokens = file.token.into_iter().map(Token::new).collect::<Result<Vec<_>, _>>()?;
        for (index, token) in tokens.iter().enumerate() {
            let before = &tokens[..index];
            if before.iter().any(|other| other.name == token.name || other.hash == token.hash) {
                return Err(format!("the token {:?} comes twice", token.name));
            }
        }
        Ok(Self(tokens))
    }

    /// Returns the token with this text. The time that this takes depends on the number of tokens alone.
    pub(crate) fn find(&self, presented: &str) -> Option<&Token> {
        if presented.is_empty() || presented.len() > LONGEST {
            return None;
        }
        let hash: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
        let (mut found, mut place) = (Choice::from(0), 0_u32);
        for (index, token) in (0_u32..).zip(&self.0) {
            let same = token.hash.ct_eq(&hash);
            found |= same;
            place.conditional_assign(&index, same);
        }
        bool::from(found).then(|| self.0.get(usize::try_from(place).ok()?)).flatten()
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|token| &token.name)).finish()
    }
}

/// The message of the parser without the lines that it quotes.
fn explain(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let place = line.map_or_else(String::new, |line| format!("line {line}: "));
    // Messages about types and variants quote values.
    let message = error.message();
    let plain = ["missing field", "unknown field", "duplicate key", "expected", "a pattern"];
    let shown = plain.iter().any(|start| message.starts_with(start)) && !message.contains('"');
    format!("{place}{}", if shown { message } else { "it is not a policy file" })
}

impl Token {
    fn new(entry: Entry) -> Result<Self, String> {
        let Entry { name, sha256, policy } = entry;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            return Err("a name of a token has letters, digits, `-`, `_` and `.`, at most 64".to_owned());
        }
        let hash =
            hash(&sha256).ok_or_else(|| format!("sha256 of the token {name:?} must be 64 hexadecimal digits"))?;
        if policy.iter().any(|rule| rule.capabilities.is_empty()) {
            return Err(format!("a rule of the token {name:?} has no capability: rules only add, so leave it out"));
        }
        Ok(Self { name, hash, rules: policy })
    }

    /// Whether a rule permits this on a path. Rules only add: what one permits, no other takes away.
    pub(crate) fn may(&self, path: &str, capability: Capability) -> bool {
        self.rules.iter().any(|rule| rule.capabilities.contains(&capability) && rule.path.matches(path, capability))
    }

    /// Whether a rule permits anything on a path.
    pub(crate) fn may_anything(&self, path: &str) -> bool {
        Capability::ALL.into_iter().any(|capability| self.may(path, capability))
    }

    /// Whether a rule permits anything below a path.
    pub(crate) fn may_below(&self, path: &str) -> bool {
        self.rules.iter().any(|rule| rule.path.reaches_below(path))
    }
}

fn hash(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit)).collect();
    (digits.len() == 64).then(|| bytes.try_into().ok()).flatten()
}

/// Paths that a rule is for. `+` is one segment, and `*` at the end is any rest, as in Vault's policies: `a/*` matches
/// what begins with `a/`, and so not `a` itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Pattern {
    /// The last one is empty if the pattern ends with a slash.
    segments: Vec<String>,
    /// What follows may be anything that begins with the last segment.
    open: bool,
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (body, open) = text.strip_suffix('*').map_or((&*text, false), |body| (body, true));
        let segments: Vec<String> = body.split('/').map(str::to_owned).collect();
        let last = segments.len() - 1;
        let wrong = |(index, segment): (usize, &String)| {
            let empty = segment.is_empty() && (index != last || text.is_empty());
            empty || segment == "." || segment == ".." || segment.contains(['*', '%', '\\', '?', '#'])
        };
        // Vault rejects `+*`, too: `+` is a whole segment.
        if text.starts_with('/') || text.ends_with("+*") || segments.iter().enumerate().any(wrong) {
            return Err(
                "a pattern is a path without a slash in front, with `+` for a part or `*` at the end".to_owned()
            );
        }
        Ok(Self { segments, open })
    }
}

impl Pattern {
    /// The path of a list counts with a slash at its end, too: Vault adds it, so that `secret/*` permits the list of
    /// `secret`.
    fn matches(&self, path: &str, capability: Capability) -> bool {
        let mut parts: Vec<&str> = path.split('/').collect();
        if self.matches_parts(&parts) {
            return true;
        }
        parts.push("");
        capability == Capability::List && self.matches_parts(&parts)
    }

    fn matches_parts(&self, parts: &[&str]) -> bool {
        let Some((last, begin)) = self.segments.split_last() else { return false };
        let same = |(pattern, part): (&String, &&str)| pattern == "+" || pattern == part;
        let Some((own, rest)) = parts.split_at_checked(begin.len()) else { return false };
        let end = match (self.open, rest) {
            (true, [part, ..]) => part.starts_with(last.as_str()),
            (false, [part]) => same((last, part)),
            _ => false,
        };
        end && begin.iter().zip(own).all(same)
    }

    fn reaches_below(&self, path: &str) -> bool {
        let parts = path.split('/');
        self.segments.iter().zip(parts).enumerate().all(|(index, (pattern, part))| {
            let open = self.open && index + 1 == self.segments.len();
            pattern == "+" || pattern == part || (open && part.starts_with(pattern.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn patterns_match_paths_and_no_others() {
        for (text, paths, others) in [
            (
                "secret/data/db",
                &["secret/data/db"][..],
                &["secret/data/db2", "secret/data", "secret/data/db/x", ""][..],
            ),
            (
                "secret/data/*",
                &["secret/data/a", "secret/data/a/b"],
                &["secret/data", "secret/datax", "secret", "x/data/a"],
            ),
            (
                "secret/data/team/*",
                &["secret/data/team/a", "secret/data/team/a/b"],
                &["secret/data/team", "secret/data/teams", "secret/data"],
            ),
            ("secret/data/+/*", &["secret/data/a/b", "secret/data/a/b/c"], &["secret/data/a", "secret/data"]),
            ("secret/data/", &[], &["secret/data", "secret/data/a", "secret"]),
            (
                "secret/data/team*",
                &["secret/data/team", "secret/data/team/a", "secret/data/teams"],
                &["secret/data/tea", "secret/data"],
            ),
            (
                "secret/+/db",
                &["secret/data/db", "secret/metadata/db"],
                &["secret/db", "secret/a/b/db", "secret/data/dba"],
            ),
            ("secret/data/+", &["secret/data/a"], &["secret/data", "secret/data/a/b"]),
            ("*", &["secret/data/a", "x"], &[]),
            ("sys/metrics", &["sys/metrics"], &["sys/metric", "SYS/metrics", "sys/Metrics"]),
        ] {
            for capability in Capability::ALL.into_iter().filter(|capability| *capability != Capability::List) {
                for path in paths {
                    assert!(pattern(text).matches(path, capability), "{text} {path} {capability:?}");
                }
                for path in others {
                    assert!(!pattern(text).matches(path, capability), "{text} {path} {capability:?}");
                }
            }
        }
    }

    #[test]
    fn list_is_matched_with_and_without_a_slash_at_its_end() {
        for (text, paths, others) in [
            ("secret/metadata", &["secret/metadata"][..], &["secret/metadata/a", "secret"][..]),
            ("secret/metadata/", &["secret/metadata"], &["secret/metadata/a", "secret"]),
            ("secret/metadata/*", &["secret/metadata", "secret/metadata/a"], &["secret/metadatax", "secret"]),
            ("secret/metadata/team/*", &["secret/metadata/team"], &["secret/metadata", "secret/metadata/teams"]),
            ("secret/+/*", &["secret/metadata", "secret/metadata/a"], &["secret"]),
            ("secret/metadata/+", &["secret/metadata", "secret/metadata/a"], &["secret/metadata/a/b"]),
        ] {
            for path in paths {
                assert!(pattern(text).matches(path, Capability::List), "{text} {path}");
            }
            for path in others {
                assert!(!pattern(text).matches(path, Capability::List), "{text} {path}");
            }
        }
    }

    #[test]
    fn invalid_patterns_are_rejected() {
        for text in [
            "",
            "/",
            "//",
            "/secret",
            "secret//data",
            "secret//",
            "secret/*/data",
            "a*b",
            "+*",
            "secret/+*",
            "secret/../x",
            "secret/./x",
            "a%2Fb",
            "a\\b",
        ] {
            assert!(Pattern::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    const HASH: &str = "4c806362b613f7496abf284146efd31da90e4b16169fe001841ca17290f427c4"; // canary-token

    fn file(rest: &str) -> String {
        format!("[[token]]\nname = \"app\"\nsha256 = \"{HASH}\"\n{rest}")
    }

    #[test]
    fn token_is_found_by_its_text_and_has_its_rules_alone() {
        let hash = |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let text = format!(
            "[[token]]\nname = \"one\"\nsha256 = \"{}\"\n[[token.policy]]\npath = \"secret/data/*\"\ncapabilities = [\"read\"]\n\
             [[token]]\nname = \"two\"\nsha256 = \"{}\"\n",
            hash("token-one"),
            hash("token-two").to_uppercase()
        );
        let policies = Policies::read(&text).unwrap();
        let one = policies.find("token-one").unwrap();
        assert_eq!(one.name, "one");
        assert!(one.may("secret/data/db", Capability::Read) && !one.may("secret/data/db", Capability::Update));
        let two = policies.find("token-two").unwrap();
        assert!(two.name == "two" && !two.may("secret/data/db", Capability::Read));
        for absent in ["", "token-on", "token-one ", "TOKEN-ONE", &hash("token-one"), &"x".repeat(LONGEST + 1)] {
            assert!(policies.find(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn broken_files_are_rejected_without_being_quoted() {
        let again = file(&file(""));
        let cases = [
            ("", "it names no token"),
            ("token = \"canary-token\"", "not a policy file"),
            ("[[token]]\nname = \"app\"\nsha256 = \"canary-token\"", "must be 64 hexadecimal digits"),
            ("[[token]]\nname = \"canary token\"\nsha256 = \"00\"", "a name of a token has"),
            ("[[token]]\nname = canary-token", "line 2"),
            (&file("[[token.policy]]\npath = \"a\"\ncapabilities = [\"canary-token\"]"), "line 6"),
            (&file("[[token.policy]]\npath = \"a\"\ncapabilities = []"), "no capability"),
            (&file("[[token.policy]]\npath = \"/canary-token\"\ncapabilities = [\"read\"]"), "a pattern is a path"),
            (&file("police = 1"), "unknown field"),
            (&again, "comes twice"),
        ];
        for (text, wanted) in cases {
            let error = Policies::read(text).unwrap_err();
            assert!(error.contains(wanted) && !error.contains("canary"), "{text}: {error}");
        }
    }

    #[test]
    fn paths_below_a_mount_are_recognized() {
        for (text, path, below) in [
            ("secret/data/db", "secret", true),
            ("secret/data/db", "other", false),
            ("*", "secret", true),
            ("sec*", "secret", true),
            ("+/data/x", "secret", true),
            ("transit/encrypt/a", "secret", false),
        ] {
            assert_eq!(pattern(text).reaches_below(path), below, "{text} {path}");
        }
    }
}

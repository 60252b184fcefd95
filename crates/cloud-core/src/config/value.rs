//! A value with its source, and the one rule for what values may hold.

use std::fmt;

use super::warning::Warning;
use super::{Kind, Origin, Setting, Shown};
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::secret::SecretString;

/// The value of a setting and where it came from. `Debug` shows the source only.
#[derive(Clone)]
pub struct Value {
    setting: &'static Setting,
    origin: Origin,
    text: SecretString,
    /// Whether the value begins and ends with a quote, which may be part of it or left over from a shell.
    quoted: bool,
    /// Whether blanks around the value were removed.
    trimmed: bool,
}

impl Value {
    /// A value that was given in code, which is refused rather than trimmed.
    pub(super) fn given(setting: &'static Setting, text: SecretString) -> Result<Self> {
        let value = Self::new(setting, Origin::Code(setting.method), text);
        let raw = value.text.expose_secret();
        if raw.is_empty() {
            return Err(value.error("the value is empty"));
        }
        if trimmed(raw).len() != raw.len() {
            return Err(value.error("the value begins or ends with white space; trim it"));
        }
        value.checked()
    }

    /// A value of a variable or a file, without the white space around it; `None` if nothing is left.
    pub(super) fn read(setting: &'static Setting, origin: Origin, raw: SecretString) -> Result<Option<Self>> {
        let text = trimmed(raw.expose_secret());
        // A line break at the end comes from `echo` and is harmless; other blanks hint at a copying mistake.
        let blanks = text.len() != raw.expose_secret().trim_end_matches(['\r', '\n']).len();
        let text = if text.len() == raw.expose_secret().len() { raw } else { text.into() };
        let value = Self::new(setting, origin, text);
        if value.as_str().is_empty() {
            return match (setting.kind, origin) {
                (Kind::Endpoint, Origin::Variable(_)) => Err(value.error("the variable is empty; unset it")),
                _ => Ok(None),
            };
        }
        let value = value.checked()?;
        Ok(Some(Self { trimmed: blanks, ..value }))
    }

    /// What looks like a mistake in a value that is accepted.
    pub(super) fn warnings(&self) -> impl Iterator<Item = Warning> + use<> {
        let blanks = self.trimmed.then_some("the setting's value had blanks around it, which were removed");
        let from_code = matches!(self.origin, Origin::Code(_));
        let quotes = (self.quoted && !from_code).then_some("the setting's value has quotes around it, which were kept");
        let (setting, origin) = (self.setting.name, self.origin);
        blanks.into_iter().chain(quotes).map(move |text| Warning::Value { setting, origin, text })
    }

    fn new(setting: &'static Setting, origin: Origin, text: SecretString) -> Self {
        let raw = text.expose_secret();
        let quoted = raw.len() > 1 && ['"', '\''].iter().any(|quote| raw.starts_with(*quote) && raw.ends_with(*quote));
        Self { setting, origin, text, quoted, trimmed: false }
    }

    fn checked(self) -> Result<Self> {
        if self.as_str().contains(char::REPLACEMENT_CHARACTER) {
            return Err(self.error("the value is not valid Unicode"));
        }
        if self.as_str().contains(char::is_control) {
            return Err(self.error("the value contains control characters"));
        }
        Ok(self)
    }

    /// Returns the value, which may be a secret.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.expose_secret()
    }

    /// Returns the value as a secret.
    #[must_use]
    pub fn into_secret(self) -> SecretString {
        self.text
    }

    /// Returns where the value came from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Returns an error of this setting: its name, its source, the value where that is harmless, and `what`.
    #[must_use]
    pub fn error(&self, what: &str) -> Error {
        let quoted = if self.quoted { "; the value has quotes around it" } else { "" };
        let (name, origin) = (self.setting.name, self.origin);
        Error::config(match self.shown() {
            Shown::Text(text) => format!("setting {name} = `{text}` ({origin}): {what}{quoted}"),
            Shown::Length(_) => format!("setting {name} ({origin}): {what}{quoted}"),
        })
    }

    /// Returns the value if every character is visible ASCII, as header values and path segments need.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the setting and its source.
    pub fn visible_ascii(self) -> Result<Self> {
        if self.as_str().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(self);
        }
        Err(self.error("the value contains blanks or non-ASCII characters"))
    }

    /// The value as a base URL.
    pub(super) fn to_endpoint(&self, insecure: bool) -> Result<Endpoint> {
        Endpoint::read(self.as_str(), insecure).map_err(|error| self.error(error.message()))
    }

    /// What may be shown: names that look like names, URLs that hold no user; anything else may be a secret that
    /// was put in the wrong place.
    pub(super) fn shown(&self) -> Shown {
        let text = match self.setting.kind {
            Kind::Name => Some(self.as_str()).filter(|text| is_name(text)),
            Kind::Endpoint => origin_of_url(self.as_str()),
            Kind::Secret => None,
        };
        text.map_or(Shown::Length(self.as_str().len()), |text| Shown::Text(text.to_owned()))
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=16).contains(&text.len()) && text.bytes().all(plain)
}

/// Scheme and host of a URL without user, query and fragment.
fn origin_of_url(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let host = rest.split('/').next()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let is_plain = scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) && host.bytes().all(plain);
    let is_short = (1..=100).contains(&host.len()) && (1..=10).contains(&scheme.len());
    let harmless = is_plain && is_short && !text.contains(['@', '?', '#']);
    harmless.then(|| &text[..scheme.len() + "://".len() + host.len()])
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value")
            .field("setting", &self.setting.name)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

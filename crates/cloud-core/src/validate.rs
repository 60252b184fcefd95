//! Documented limits, checked before anything is sent.

use std::fmt;

use crate::error::{Error, Result};
use crate::secret::SecretBytes;
use crate::types::json_text::is_json;
use crate::types::pem::labels;
use crate::types::secret_json::members;

/// One documented rule about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Constraint {
    /// At least this many characters.
    MinChars(usize),
    /// At most this many characters.
    MaxChars(usize),
    /// At least this many bytes of UTF-8.
    MinBytes(usize),
    /// At most this many bytes of UTF-8.
    MaxBytes(usize),
    /// A number of at least this.
    Min(i64),
    /// A number of at most this.
    Max(i64),
    /// A number above this.
    Above(i64),
    /// A number of at most this, with a fraction in decimal digits.
    MaxDecimal(&'static str),
    /// Only characters from these ranges, this many of them.
    Class {
        /// The characters, as inclusive ranges.
        ranges: &'static [(char, char)],
        /// The least number of characters.
        min: usize,
        /// The greatest number of characters.
        max: Option<usize>,
    },
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// PEM, each block under a label that ends with this.
    Pem(&'static str),
    /// A JSON object with at most this many members.
    MaxMembers(usize),
    /// A JSON document.
    Json,
}

impl Constraint {
    fn admits_text(self, text: &str) -> bool {
        match self {
            Self::MinChars(least) => text.chars().count() >= least,
            Self::MaxChars(most) => text.chars().count() <= most,
            Self::MinBytes(least) => text.len() >= least,
            Self::MaxBytes(most) => text.len() <= most,
            Self::Class { ranges, min, max } => {
                let count = text.chars().count();
                let within = |c: char| ranges.iter().any(|(first, last)| (*first..=*last).contains(&c));
                count >= min && max.is_none_or(|most| count <= most) && text.chars().all(within)
            }
            Self::OneOf(texts) => texts.contains(&text),
            Self::Pem(label) => pem_problem(text, label).is_none(),
            Self::Json => is_json(text),
            Self::MaxMembers(most) => members(text).is_some_and(|count| count <= most),
            Self::Min(_) | Self::Max(_) | Self::Above(_) | Self::MaxDecimal(_) => true,
        }
    }

    fn admits_float(self, number: f64) -> bool {
        match self {
            // Documented limits are small whole numbers, which a float holds exactly.
            #[expect(clippy::cast_precision_loss, reason = "documented limits are far below 2^53")]
            Self::Min(least) => number >= least as f64,
            #[expect(clippy::cast_precision_loss, reason = "documented limits are far below 2^53")]
            Self::Max(most) => number <= most as f64,
            #[expect(clippy::cast_precision_loss, reason = "documented limits are far below 2^53")]
            Self::Above(least) => number > least as f64,
            Self::MaxDecimal(most) => most.parse().is_ok_and(|most: f64| number <= most),
            _ => true,
        }
    }

    fn admits_number(self, number: i64) -> bool {
        match self {
            Self::Min(least) => number >= least,
            Self::Max(most) => number <= most,
            Self::Above(least) => number > least,
            _ => true,
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinChars(least) => write!(f, "must have at least {least} characters"),
            Self::MaxChars(most) => write!(f, "must have at most {most} characters"),
            Self::MinBytes(least) => write!(f, "must have at least {least} bytes"),
            Self::MaxBytes(most) => write!(f, "must have at most {most} bytes"),
            Self::Min(least) => write!(f, "must be at least {least}"),
            Self::Max(most) => write!(f, "must be at most {most}"),
            Self::Above(least) => write!(f, "must be above {least}"),
            Self::MaxDecimal(most) => write!(f, "must be at most {most}"),
            Self::OneOf(texts) => write!(f, "must be one of `{}`", texts.join("`, `")),
            Self::Pem(label) => write!(f, "must be PEM of {label} blocks"),
            Self::Json => f.write_str("must be JSON"),
            Self::MaxMembers(most) => write!(f, "must be a JSON object with at most {most} members"),
            Self::Class { ranges, min, max } => {
                f.write_str("must consist of")?;
                match (min, max) {
                    (min, Some(max)) if min == max => write!(f, " {min}")?,
                    (1.., None) => f.write_str(" one or more")?,
                    _ => {}
                }
                f.write_str(" characters of")?;
                for (first, last) in *ranges {
                    if first == last { write!(f, " `{first}`")? } else { write!(f, " `{first}`-`{last}`")? }
                }
                Ok(())
            }
        }
    }
}

/// What is wrong with a PEM text, each block of which should have a label that ends with `wanted`.
fn pem_problem(text: &str, wanted: &str) -> Option<String> {
    let labels = match labels(text) {
        Ok(labels) => labels,
        Err(problem) => return Some(problem.to_owned()),
    };
    // A label is the caller's text, and is shown only if it is one of the usual ones.
    let wrong = labels.iter().find(|label| !label.ends_with(wanted))?;
    Some(match ["PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE"].into_iter().find(|usual| wrong.ends_with(usual)) {
        Some(usual) => format!("must hold {wanted} blocks alone, and holds a {usual}"),
        None => format!("must hold {wanted} blocks alone"),
    })
}

/// Collects the violations of a request, each with the path of its field.
#[derive(Debug, Default)]
pub struct Validator {
    path: String,
    problems: Vec<String>,
}

impl Validator {
    /// Checks a string.
    pub fn text(&mut self, field: &'static str, value: &str, rules: &'static [Constraint]) {
        for rule in rules.iter().filter(|rule| !rule.admits_text(value)) {
            match rule {
                Constraint::Pem(label) => self.report(field, &pem_problem(value, label).unwrap_or_default()),
                _ => self.report(field, &rule.to_string()),
            }
        }
    }

    /// Checks an optional string.
    pub fn opt_text(&mut self, field: &'static str, value: Option<&str>, rules: &'static [Constraint]) {
        if let Some(value) = value {
            self.text(field, value, rules);
        }
    }

    /// Checks a number.
    pub fn number(&mut self, field: &'static str, value: i64, rules: &'static [Constraint]) {
        for rule in rules.iter().filter(|rule| !rule.admits_number(value)) {
            self.report(field, &rule.to_string());
        }
    }

    /// Checks an optional number.
    pub fn opt_number(&mut self, field: &'static str, value: Option<i64>, rules: &'static [Constraint]) {
        if let Some(value) = value {
            self.number(field, value, rules);
        }
    }

    /// Checks a number that can have a fraction: JSON has no other numbers than finite ones.
    pub fn float(&mut self, field: &'static str, value: f64, rules: &'static [Constraint]) {
        if !value.is_finite() {
            return self.report(field, "must be a finite number");
        }
        for rule in rules.iter().filter(|rule| !rule.admits_float(value)) {
            self.report(field, &rule.to_string());
        }
    }

    /// Checks a number against another field, which is at least as great.
    pub fn at_most(&mut self, field: &'static str, value: f64, other: &'static str, most: Option<f64>) {
        if most.is_some_and(|most| value > most) {
            self.report(field, &format!("must be at most `{other}`"));
        }
    }

    /// Checks the length of bytes.
    pub fn bytes(&mut self, field: &'static str, value: &SecretBytes, rules: &'static [Constraint]) {
        let length = value.expose_secret().len();
        let breaks = |rule: &&Constraint| match rule {
            Constraint::MinBytes(least) => length < *least,
            Constraint::MaxBytes(most) => length > *most,
            _ => false,
        };
        for rule in rules.iter().filter(breaks) {
            self.report(field, &rule.to_string());
        }
    }

    /// Checks a model inside this one. `index` is its position if the field is an array.
    pub fn nested(&mut self, field: &'static str, index: Option<usize>, validate: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(field);
        if let Some(index) = index {
            self.path.push_str(&format!("[{index}]"));
        }
        self.path.push('.');
        validate(self);
        self.path.truncate(length);
    }

    /// Reports a problem with a field. `rule` is a lowercase fragment such as `must not be empty`.
    pub fn report(&mut self, field: &str, rule: &str) {
        self.problems.push(format!("`{}{field}` {rule}", self.path));
    }

    /// Drops what was reported about a field, because its value was replaced.
    pub(crate) fn forget(&mut self, field: &str) {
        let start = format!("`{field}` ");
        self.problems.retain(|problem| !problem.starts_with(&start));
    }

    /// Returns an error that lists every problem, if there is one.
    pub(crate) fn check(&self) -> Result<()> {
        if self.problems.is_empty() { Ok(()) } else { Err(Error::request(self.problems.join("; "))) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &[Constraint] = &[
        Constraint::Class { ranges: &[('a', 'z'), ('0', '9')], min: 0, max: None },
        Constraint::MinChars(3),
        Constraint::MaxChars(5),
    ];

    fn check(value: &str, rules: &'static [Constraint], wanted: &str) {
        let mut validator = Validator::default();
        validator.text("name", value, rules);
        assert_eq!(validator.problems.join("; "), wanted, "{value:?}");
    }

    #[test]
    fn strings_are_checked_against_each_rule() {
        check("abc", NAME, "");
        check("ab", NAME, "`name` must have at least 3 characters");
        check("abcdef", NAME, "`name` must have at most 5 characters");
        check("a-c", NAME, "`name` must consist of characters of `a`-`z` `0`-`9`");
        check("abc\n", NAME, "`name` must consist of characters of `a`-`z` `0`-`9`");
        check(
            "",
            &[Constraint::Class { ranges: &[('a', 'a')], min: 1, max: None }],
            "`name` must consist of one or more characters of `a`",
        );
        check(
            "12",
            &[Constraint::Class { ranges: &[('0', '9')], min: 3, max: Some(3) }],
            "`name` must consist of 3 characters of `0`-`9`",
        );
        check("{\"a\": [1]}", &[Constraint::Json], "");
        check("{a: 1}", &[Constraint::Json], "`name` must be JSON");
        check("Go", &[Constraint::OneOf(&["Active", "Stop"])], "`name` must be one of `Active`, `Stop`");
        check("한글", &[Constraint::MaxBytes(5)], "`name` must have at most 5 bytes");
        check("한글", &[Constraint::MaxChars(2)], "");
    }

    #[test]
    fn nested_problems_name_the_path() {
        let days = |days| {
            move |validator: &mut Validator| {
                validator.number("days", days, &[Constraint::Min(7), Constraint::Max(30)]);
            }
        };
        let mut validator = Validator::default();
        validator.nested("tags", Some(1), days(31));
        validator.nested("tag", None, days(6));
        validator.nested("tag", None, days(7));
        let error = validator.check().unwrap_err();
        assert_eq!(error.to_string(), "`tags[1].days` must be at most 30; `tag.days` must be at least 7");
        assert!(error.is_unsent());
    }
}

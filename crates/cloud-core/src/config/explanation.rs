//! How the settings of a builder were resolved, as a table.

use std::fmt;

use super::{Lookup, Origin, Shown};
use crate::error::Error;

/// How the settings of a builder are resolved, from `explain()` of the builder. The code that builds the client records
/// it.
///
/// `Display` is a table. Secrets are shown as `***` with their length, and with the last change of the file that holds
/// them.
///
/// ```
/// use cloud_core::config::{Resolver, Setting};
///
/// static REGION: Setting = Setting::new("region", "Builder::region").variables(&["EXAMPLE_REGION"]);
///
/// let mut resolver = Resolver::new(None);
/// resolver.find(&REGION, Some("kr-west1".into()))?;
/// let explanation = resolver.explain(None);
/// assert!(explanation.to_string().contains("kr-west1  Builder::region"));
/// # Ok::<(), cloud_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Explanation {
    lookups: Vec<Lookup>,
    reads_environment: bool,
    sends_to: Option<String>,
    signs_with: Option<&'static str>,
    warnings: Vec<String>,
    error: Option<Error>,
}

impl Explanation {
    pub(super) fn new(
        lookups: Vec<Lookup>,
        reads_environment: bool,
        (sends_to, signs_with): (Option<String>, Option<&'static str>),
        warnings: Vec<String>,
        error: Option<Error>,
    ) -> Self {
        Self { lookups, reads_environment, sends_to, signs_with, warnings, error }
    }

    /// Returns how each setting was resolved.
    #[must_use]
    pub fn lookups(&self) -> &[Lookup] {
        &self.lookups
    }

    /// Returns how the setting of this name was resolved.
    #[must_use]
    pub fn lookup(&self, setting: &str) -> Option<&Lookup> {
        self.lookups.iter().find(|lookup| lookup.setting == setting)
    }

    /// Returns whether environment variables, and files where the vendor has some, were read. Without `.env()` on the
    /// builder, nothing outside the program is.
    #[must_use]
    pub fn reads_environment(&self) -> bool {
        self.reads_environment
    }

    /// Returns where requests go, as a phrase; `None` if a setting for it is missing or malformed.
    #[must_use]
    pub fn sends_to(&self) -> Option<&str> {
        self.sends_to.as_deref()
    }

    /// Returns what requests are signed with, where there is a choice.
    #[must_use]
    pub fn signs_with(&self) -> Option<&str> {
        self.signs_with
    }

    /// Returns the warnings that `build()` logs, such as one about a value with quotes around it.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns the error that `build()` ends with, if it does.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

const HEAD: [&str; 5] = ["setting", "value", "from", "hides", "not read"];

fn row(lookup: &Lookup) -> [String; 5] {
    let (value, from) = match (&lookup.found, lookup.invalid, lookup.default) {
        (Some((origin, shown)), ..) => (value(shown, lookup), origin.to_string()),
        (None, Some(origin), _) => ("invalid".to_owned(), origin.to_string()),
        (None, None, Some(default)) => (default.to_owned(), "default".to_owned()),
        (None, None, None) => ("not set".to_owned(), String::new()),
    };
    let list = |origins: &[Origin]| origins.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    [lookup.setting.to_owned(), value, from, list(&lookup.hidden), list(&lookup.unread)]
}

fn value(shown: &Shown, lookup: &Lookup) -> String {
    match (shown, lookup.changed) {
        (Shown::Text(text), _) => text.clone(),
        (Shown::Length(bytes), None) => format!("*** ({bytes} bytes)"),
        (Shown::Length(bytes), Some(at)) => {
            let (date, hour, minute) = (at.date(), at.hour(), at.minute());
            format!("*** ({bytes} bytes, file changed {date} {hour:02}:{minute:02} UTC)")
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![HEAD.map(str::to_owned)];
        rows.extend(self.lookups.iter().map(row));
        // A column without values is left out.
        let filled = |column: &usize| rows[1..].iter().any(|row| !row[*column].is_empty());
        let columns: Vec<_> = (0..HEAD.len()).filter(|column| *column < 3 || filled(column)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        for row in &rows {
            let cells = columns.iter().map(|column| format!("{:1$}", row[*column], width(*column)));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        if !self.reads_environment {
            writeln!(f, "nothing outside the program was read, since `.env()` was not called")?;
        }
        if let Some(target) = &self.sends_to {
            writeln!(f, "sends to: {target}")?;
        }
        if let Some(credentials) = self.signs_with {
            writeln!(f, "signs with: {credentials}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        match &self.error {
            Some(error) => write!(f, "build() fails: {error}"),
            None => f.write_str("build() succeeds"),
        }
    }
}

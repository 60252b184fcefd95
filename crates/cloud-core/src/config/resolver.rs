//! The resolver: code first, then variables, then files.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::{ConfigSource, Explanation, FileEntry, Lookup, Origin, Setting, Shown, Value, Warning};
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::secret::{SecretBytes, SecretString};

/// Resolves settings: the value given in code, then the environment variables, then the entries of files.
///
/// Without a [`ConfigSource`] only values given in code count. Files are read once, and only if a setting needs them.
///
/// ```
/// use cloud_core::config::{ConfigSource, Resolver, Setting};
///
/// #[derive(Debug)]
/// struct Example;
///
/// impl ConfigSource for Example {
///     fn variable(&self, name: &str) -> Option<String> {
///         (name == "EXAMPLE_REGION").then(|| "kr-west1\n".to_owned())
///     }
/// }
///
/// static REGION: Setting = Setting::new("region", "Builder::region").variables(&["EXAMPLE_REGION"]);
///
/// let mut resolver = Resolver::new(Some(&Example));
/// let region = resolver.find(&REGION, None)?.ok_or_else(|| resolver.missing(&[&REGION]))?;
/// assert_eq!(region.as_str(), "kr-west1");
/// assert_eq!(resolver.into_lookups()[0].to_string(), "region: `kr-west1` from EXAMPLE_REGION");
/// # Ok::<(), cloud_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Resolver<'a> {
    source: Option<&'a dyn ConfigSource>,
    files: HashMap<&'static str, Option<SecretBytes>>,
    lookups: Vec<Lookup>,
    target: Option<String>,
    credentials: Option<&'static str>,
    warnings: Vec<Warning>,
    /// Whether warnings are logged.
    logs: bool,
}

impl<'a> Resolver<'a> {
    /// Creates a resolver that reads this source after the values given in code.
    #[must_use]
    pub fn new(source: Option<&'a dyn ConfigSource>) -> Self {
        Self {
            source,
            files: HashMap::new(),
            lookups: Vec::new(),
            target: None,
            credentials: None,
            warnings: Vec::new(),
            logs: true,
        }
    }

    /// Logs no warnings. They are part of [`explain`](Self::explain) all the same.
    #[must_use]
    pub fn without_logging(self) -> Self {
        Self { logs: false, ..self }
    }

    /// Returns the value of a setting from its first source that has one. `given` is the value given in code.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if that value is malformed, or a file cannot be read.
    pub fn find(&mut self, setting: &'static Setting, given: Option<SecretString>) -> Result<Option<Value>> {
        self.search(setting, given, true)
    }

    /// Returns the value of a setting as [`find`](Self::find) does, without reading files.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the value is malformed.
    pub fn find_before_files(
        &mut self,
        setting: &'static Setting,
        given: Option<SecretString>,
    ) -> Result<Option<Value>> {
        self.search(setting, given, false)
    }

    /// Returns two settings that belong together, such as a key and its secret, from the first source that has both.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a source has only one of the two: half a pair is a mistake,
    /// and using another source instead would hide it. Also if a value is malformed, or a file cannot be read.
    pub fn find_pair(
        &mut self,
        (first, second): (&'static Setting, &'static Setting),
        given: Option<(SecretString, SecretString)>,
        with_files: bool,
    ) -> Result<Option<(Value, Value)>> {
        if let Some((one, two)) = given {
            let (one, two) = (self.search(first, Some(one), with_files), self.search(second, Some(two), with_files));
            return Ok(one?.zip(two?));
        }
        let origins: Vec<_> = first.origins(with_files).zip(second.origins(with_files)).collect();
        for (position, (one, two)) in origins.iter().enumerate() {
            let (found, other) = (self.read(first, *one), self.read(second, *two));
            if matches!((&found, &other), (Ok(None), Ok(None))) {
                continue;
            }
            self.record(first, *one, &found, position + 1);
            self.record(second, *two, &other, position + 1);
            return match (found?, other?) {
                (Some(found), None) => Err(found.error(&format!("{two} is not set; set both or neither"))),
                (None, Some(other)) => Err(other.error(&format!("{one} is not set; set both or neither"))),
                (found, other) => Ok(found.zip(other)),
            };
        }
        self.record_absent(first, with_files);
        self.record_absent(second, with_files);
        Ok(None)
    }

    /// Returns an error for settings of which none has a value. It names every source.
    #[must_use]
    pub fn missing(&self, settings: &[&Setting]) -> Error {
        Error::config(self.describe_missing(settings))
    }

    /// Returns the text of [`missing`](Self::missing).
    #[must_use]
    pub fn describe_missing(&self, settings: &[&Setting]) -> String {
        let list = |items: Vec<String>, last: &str| match items.split_last() {
            Some((end, [])) => end.clone(),
            Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
            None => String::new(),
        };
        let names = list(settings.iter().map(|setting| setting.name.to_owned()).collect(), "and");
        let mut methods: Vec<_> = settings.iter().map(|setting| setting.method.to_owned()).collect();
        methods.dedup();
        let methods = list(methods, "and");
        // A key and its secret are read from the same source, so they are named source by source.
        let longest = settings.iter().map(|setting| setting.origins(true).count()).max().unwrap_or_default();
        let sources = (0..longest).map(|position| {
            let together = settings.iter().filter_map(|setting| setting.origins(true).nth(position));
            list(together.map(|origin| origin.to_string()).collect(), "with")
        });
        let sources = list(sources.collect(), "or");
        let verb = if settings.len() > 1 { "are" } else { "is" };
        match (self.source.is_some(), sources.is_empty()) {
            (_, true) => format!("{names} {verb} not set: use {methods}"),
            (true, false) => format!("{names} {verb} not set: use {methods}, or set {sources}"),
            (false, false) => format!("{names} {verb} not set: use {methods}, or `.env()` to read {sources}"),
        }
    }

    /// Returns a value as a base URL, with a warning if requests to it are not encrypted. `insecure` accepts `http` to any
    /// host.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the setting and its source.
    pub fn endpoint(&mut self, value: &Value, insecure: bool) -> Result<Endpoint> {
        let endpoint = value.to_endpoint(insecure)?;
        endpoint.warning().into_iter().for_each(|warning| self.warn(warning));
        Ok(endpoint)
    }

    /// Records a setting that no source but the code has.
    pub(crate) fn push(&mut self, lookup: Lookup) {
        self.lookups.push(lookup);
    }

    fn warn(&mut self, warning: Warning) {
        if self.logs {
            warning.log();
        }
        self.warnings.push(warning);
    }

    /// Records a setting that only the code can give.
    pub fn note(&mut self, setting: &'static Setting, given: Option<Shown>) {
        let found = given.map(|shown| (Origin::Code(setting.method), shown));
        self.add(setting, Lookup { found, ..Lookup::new(setting.name) }, 0);
    }

    /// Records the value that counts where the setting has none.
    pub fn defaults_to(&mut self, setting: &'static Setting, default: &'static str) {
        if let Some(lookup) = self.lookups.iter_mut().find(|lookup| lookup.setting == setting.name) {
            lookup.default = Some(default);
        }
    }

    /// Records where requests go, as a phrase that begins with a URL or names the hosts.
    pub fn sends_to(&mut self, target: String) {
        self.target = Some(target);
    }

    /// Records that requests go to this base URL, with a note after it. A path is not shown: it may hold a key.
    pub fn sends_to_endpoint(&mut self, endpoint: &Endpoint, note: &str) {
        let path = if endpoint.path().is_empty() { "" } else { "/…" };
        self.sends_to(format!("{}{path}{note}", endpoint.with_path("")));
    }

    /// Records what requests are signed with, as a phrase such as `the access key`.
    pub fn signs_with(&mut self, credentials: &'static str) {
        self.credentials = Some(credentials);
    }

    /// Returns how each setting was resolved, and the error that building ended with.
    #[must_use]
    pub fn explain(mut self, error: Option<Error>) -> Explanation {
        self.settle();
        let warnings = self.warnings.iter().map(Warning::to_string).collect();
        Explanation::new(self.lookups, self.source.is_some(), (self.target, self.credentials), warnings, error)
    }

    /// Returns how each setting was resolved, in the order of the look-ups.
    #[must_use]
    pub fn into_lookups(mut self) -> Vec<Lookup> {
        self.settle();
        self.lookups
    }

    /// Completes earlier look-ups by the files that were read after them.
    fn settle(&mut self) {
        let Some(source) = self.source else { return };
        for mut lookup in std::mem::take(&mut self.lookups) {
            for origin in std::mem::take(&mut lookup.unread) {
                match origin {
                    Origin::File(entry) if self.files.contains_key(entry.path) => {
                        if self.has_entry(source, entry) {
                            lookup.hidden.push(origin);
                        }
                    }
                    _ => lookup.unread.push(origin),
                }
            }
            self.lookups.push(lookup);
        }
    }

    fn search(
        &mut self,
        setting: &'static Setting,
        given: Option<SecretString>,
        with_files: bool,
    ) -> Result<Option<Value>> {
        if let Some(text) = given {
            let value = Value::given(setting, text).map(Some);
            self.record(setting, Origin::Code(setting.method), &value, 0);
            return value;
        }
        let origins: Vec<_> = setting.origins(with_files).collect();
        for (position, origin) in origins.iter().enumerate() {
            let value = self.read(setting, *origin);
            if !matches!(value, Ok(None)) {
                self.record(setting, *origin, &value, position + 1);
                return value;
            }
        }
        self.record_absent(setting, with_files);
        Ok(None)
    }

    /// The value of one source.
    fn read(&mut self, setting: &'static Setting, origin: Origin) -> Result<Option<Value>> {
        let Some(source) = self.source else { return Ok(None) };
        let raw = match origin {
            Origin::Code(_) => None,
            Origin::Variable(name) => source.variable(name).map(SecretString::from),
            Origin::File(entry) => self.entry(source, entry)?,
        };
        let value = raw.map_or(Ok(None), |raw| Value::read(setting, origin, raw))?;
        value.iter().flat_map(Value::warnings).for_each(|warning| self.warn(warning));
        Ok(value)
    }

    fn entry(&mut self, source: &dyn ConfigSource, entry: FileEntry) -> Result<Option<SecretString>> {
        let FileEntry { path, key } = entry;
        if !self.files.contains_key(path) {
            let content = source
                .home_file(path)
                .map_err(|error| Error::config(format!("~/{path} cannot be read: {}", error.kind())))?;
            self.files.insert(path, content.map(Into::into));
        }
        let Some(Some(content)) = self.files.get(path) else { return Ok(None) };
        let content = content.expose_secret();
        let content = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content);
        let content = std::str::from_utf8(content).map_err(|_| Error::config(format!("~/{path} is not UTF-8")))?;
        let members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(content)
            .map_err(|error| Error::config(format!("~/{path} is not a valid JSON object, at line {}", error.line())))?;
        let Some(member) = members.get(key) else { return Ok(None) };
        serde_json::from_str(member.get())
            .map_err(|_| Error::config(format!("{} is not a JSON string", Origin::File(entry))))
    }

    /// Whether the file has a value for the entry. A malformed one is none: it hides nothing.
    fn has_entry(&mut self, source: &dyn ConfigSource, entry: FileEntry) -> bool {
        let value = self.entry(source, entry).ok().flatten();
        value.is_some_and(|value| !value.expose_secret().trim().is_empty())
    }

    /// Records the look-up that ended at `origin`, the source of this number, the code not counted.
    fn record(&mut self, setting: &'static Setting, origin: Origin, value: &Result<Option<Value>>, number: usize) {
        let mut lookup = Lookup::new(setting.name);
        match value {
            Ok(found) => lookup.found = found.as_ref().map(|value| (value.origin(), value.shown())),
            Err(_) => lookup.invalid = Some(origin),
        }
        if let (Some(_), Origin::File(entry), Some(source)) = (&lookup.found, origin, self.source) {
            lookup.changed = source.home_file_changed(entry.path);
        }
        self.add(setting, lookup, number);
    }

    /// Records that no source that was read has a value.
    fn record_absent(&mut self, setting: &'static Setting, with_files: bool) {
        self.add(setting, Lookup::new(setting.name), setting.origins(with_files).count());
    }

    /// Adds a look-up that read this number of sources, with what the others have.
    fn add(&mut self, setting: &'static Setting, mut lookup: Lookup, read: usize) {
        for origin in setting.origins(true).skip(read) {
            let known = match (origin, self.source) {
                (_, None) => break,
                (Origin::File(entry), _) if !self.files.contains_key(entry.path) => None,
                // A malformed value hides nothing and must not fail a look-up that does not use it.
                (Origin::File(entry), Some(source)) => Some(self.has_entry(source, entry)),
                (Origin::Variable(name), Some(source)) => {
                    Some(source.variable(name).is_some_and(|value| !value.trim().is_empty()))
                }
                (Origin::Code(_), _) => Some(false),
            };
            match known {
                None => lookup.unread.push(origin),
                Some(true) => lookup.hidden.push(origin),
                Some(false) => {}
            }
        }
        match self.lookups.iter_mut().find(|earlier| earlier.setting == setting.name) {
            Some(earlier) => *earlier = lookup,
            None => self.lookups.push(lookup),
        }
    }
}

//! The resolver: code first, then variables, then files.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::{ConfigSource, FileEntry, Lookup, Origin, Setting, Value};
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
}

impl<'a> Resolver<'a> {
    /// Creates a resolver that reads this source after the values given in code.
    #[must_use]
    pub fn new(source: Option<&'a dyn ConfigSource>) -> Self {
        Self { source, files: HashMap::new(), lookups: Vec::new() }
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
            return Ok(self.search(first, Some(one), with_files)?.zip(self.search(second, Some(two), with_files)?));
        }
        let origins: Vec<_> = first.origins(with_files).zip(second.origins(with_files)).collect();
        for (position, (one, two)) in origins.iter().enumerate() {
            let (found, other) = (self.read(first, *one)?, self.read(second, *two)?);
            match (found, other) {
                (Some(found), Some(other)) => {
                    self.record(first, Some(&found), position + 1, with_files);
                    self.record(second, Some(&other), position + 1, with_files);
                    return Ok(Some((found, other)));
                }
                (None, None) => {}
                (Some(found), None) => return Err(found.error(&format!("{two} is not set; set both or neither"))),
                (None, Some(other)) => return Err(other.error(&format!("{one} is not set; set both or neither"))),
            }
        }
        self.record(first, None, origins.len(), with_files);
        self.record(second, None, origins.len(), with_files);
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

    /// Returns how each setting was resolved, in the order of the look-ups.
    #[must_use]
    pub fn into_lookups(self) -> Vec<Lookup> {
        self.lookups
    }

    fn search(
        &mut self,
        setting: &'static Setting,
        given: Option<SecretString>,
        with_files: bool,
    ) -> Result<Option<Value>> {
        if let Some(text) = given {
            let value = Value::given(setting, text)?;
            self.record(setting, Some(&value), 0, with_files);
            return Ok(Some(value));
        }
        let origins: Vec<_> = setting.origins(with_files).collect();
        for (position, origin) in origins.iter().enumerate() {
            if let Some(value) = self.read(setting, *origin)? {
                self.record(setting, Some(&value), position + 1, with_files);
                return Ok(Some(value));
            }
        }
        self.record(setting, None, origins.len(), with_files);
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
        raw.map_or(Ok(None), |raw| Value::read(setting, origin, raw))
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

    /// Records a look-up. `next` is the number of sources up to the one that was found, the code not counted.
    fn record(&mut self, setting: &'static Setting, found: Option<&Value>, next: usize, with_files: bool) {
        let mut lookup = Lookup {
            setting: setting.name,
            found: found.map(|value| (value.origin(), value.shown())),
            hidden: Vec::new(),
            unread: Vec::new(),
        };
        let read = if found.is_some() { next } else { setting.origins(with_files).count() };
        for origin in setting.origins(true).skip(read) {
            let known = match (origin, self.source) {
                (_, None) => break,
                (Origin::File(entry), _) if !self.files.contains_key(entry.path) => None,
                // A malformed value hides nothing and must not fail a look-up that does not use it.
                (Origin::File(entry), Some(source)) => Some(self.entry(source, entry).ok().flatten().is_some()),
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
        self.lookups.retain(|earlier| earlier.setting != setting.name);
        self.lookups.push(lookup);
    }
}

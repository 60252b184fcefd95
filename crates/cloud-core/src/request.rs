//! A request as data: path, query and body. It does no input or output.

use std::fmt;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::operation::{ApiVersion, Operation, Segment};
use crate::secret::SecretString;
use crate::validate::Validator;

pub(crate) mod body;
pub(crate) mod percent;
mod query;
mod value;

pub use body::Body;
pub use value::{PathValue, QueryValue, written};

/// A request that knows its operation but not yet its host, its headers or its signature.
///
/// `Debug` shows the operation and the names of what was set, never a value.
pub struct Request {
    operation: &'static Operation,
    path: String,
    /// The next segment to fill.
    cursor: usize,
    /// Where values from the configuration go, last first.
    config: Vec<(usize, &'static str)>,
    query: String,
    body: Option<Bytes>,
    content_type: &'static str,
    /// The members of the body that hold a secret.
    secret_fields: &'static [&'static str],
    /// Boxed, since few requests have any and each is moved.
    problems: Option<Box<Problems>>,
}

/// What is wrong with a request.
#[derive(Default)]
struct Problems {
    error: Option<Error>,
    /// Query values that cannot be sent, by parameter; a value that is set again replaces its problem.
    unusable: Vec<(&'static str, &'static str)>,
    validator: Validator,
}

impl Request {
    /// A request for this operation. Path values follow with [`path`](Self::path), in the order of the path.
    #[must_use]
    pub fn new(operation: &'static Operation) -> Self {
        let mut request = Self { path: String::with_capacity(96), ..Self::empty(operation) };
        request.advance();
        request
    }

    fn empty(operation: &'static Operation) -> Self {
        Self {
            operation,
            path: String::new(),
            cursor: 0,
            config: Vec::new(),
            query: String::new(),
            body: None,
            content_type: "application/json",
            secret_fields: &[],
            problems: None,
        }
    }

    /// The operation.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// Sets the next path value. It is encoded as one segment; empty, `.`, `..` and control characters are
    /// refused when the request is sent.
    #[must_use]
    pub fn path(mut self, name: &'static str, value: impl PathValue) -> Self {
        let start = self.path.len();
        match self.operation.path.get(self.cursor) {
            Some(Segment::Param(expected)) if *expected == name => {
                if let Err(rule) = value.write(&mut self.path) {
                    self.path.truncate(start);
                    self.fail(Error::request(format!("`{name}` {rule}")));
                }
                self.cursor += 1;
                self.advance();
            }
            _ => self.fail(Error::request(format!("`{name}` is not the next value of the path"))),
        }
        self
    }

    /// Sets the JSON body and checks it against the documented limits.
    #[must_use]
    pub fn body<B: Body + ?Sized>(mut self, body: &B) -> Self {
        match body.encode() {
            Ok(bytes) => self.body = Some(bytes),
            Err(error) => self.fail(error),
        }
        self.secret_fields = body.secret_fields();
        self.validate(|validator| body.validate(validator))
    }

    /// Sets a form as the body, encoded as `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn form(mut self, encoded: &'static str) -> Self {
        self.body = Some(Bytes::from_static(encoded.as_bytes()));
        self.content_type = "application/x-www-form-urlencoded";
        self
    }

    /// Checks a parameter against a rule beyond the types.
    #[must_use]
    pub fn validate(mut self, validate: impl FnOnce(&mut Validator)) -> Self {
        self.collect(validate);
        self
    }

    fn collect(&mut self, validate: impl FnOnce(&mut Validator)) {
        let mut validator =
            self.problems.as_mut().map(|problems| std::mem::take(&mut problems.validator)).unwrap_or_default();
        validate(&mut validator);
        if !validator.is_empty() {
            self.problems.get_or_insert_default().validator = validator;
        }
    }

    /// Moves the request out and leaves an empty one of the same operation, which cannot be sent.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self::empty(self.operation);
        std::mem::replace(self, empty)
    }

    pub(crate) fn fail(&mut self, error: Error) {
        self.problems.get_or_insert_default().error.get_or_insert(error);
    }

    fn advance(&mut self) {
        while let Some(segment) = self.operation.path.get(self.cursor) {
            match segment {
                Segment::Literal(text) => self.path.push_str(text),
                Segment::Config(name) => self.config.insert(0, (self.path.len(), name)),
                Segment::Param(_) => return,
            }
            self.cursor += 1;
        }
    }

    /// A copy without the query parameter `name`, for the next page. Errors stay with the original.
    pub(crate) fn template(&self) -> Self {
        Self {
            operation: self.operation,
            path: self.path.clone(),
            cursor: self.cursor,
            config: self.config.clone(),
            query: self.query.clone(),
            body: self.body.clone(),
            content_type: self.content_type,
            secret_fields: self.secret_fields,
            problems: None,
        }
    }

    /// Returns an error if the request cannot be sent, or if it breaks a documented limit and `validate` is set.
    pub(crate) fn check(&self, validate: bool) -> Result<()> {
        let problems = self.problems.as_deref();
        if let Some(error) = problems.and_then(|problems| problems.error.as_ref()) {
            return Err(Error::new(error.kind(), error.message()));
        }
        if let Some(Segment::Param(name)) = self.operation.path.get(self.cursor) {
            return Err(Error::request(format!("`{name}` of the path is not set")));
        }
        let Some(problems) = problems else { return Ok(()) };
        if let Some((name, problem)) = problems.unusable.first() {
            return Err(Error::request(format!("`{name}` {problem}")));
        }
        if validate { problems.validator.check() } else { Ok(()) }
    }

    /// The URL below `base`, in one string of the right size.
    pub(crate) fn url<'a>(
        &self,
        base: &str,
        version: &ApiVersion,
        config: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<String> {
        self.write_url(base, |name, url| {
            let value = config(name)
                .ok_or_else(|| Error::config(format!("`{name}` is not configured for {}", version.service)))?;
            PathValue::write(value, url).map_err(|rule| Error::config(format!("the configured `{name}` {rule}")))
        })
    }

    /// The same URL with the names of configured values in their place, in braces, which no value holds unescaped.
    pub(crate) fn url_with_names(&self, base: &str) -> Result<String> {
        self.write_url(base, |name, url| {
            url.extend(["{", name, "}"]);
            Ok(())
        })
    }

    fn write_url(&self, base: &str, mut config: impl FnMut(&str, &mut String) -> Result<()>) -> Result<String> {
        let mut url = String::with_capacity(base.len() + self.path.len() + self.query.len() + 64);
        url.push_str(base);
        let mut done = 0;
        for (position, name) in self.config.iter().rev() {
            url.push_str(&self.path[done..*position]);
            config(name, &mut url)?;
            done = *position;
        }
        url.push_str(&self.path[done..]);
        if !self.query.is_empty() {
            url.push('?');
            url.push_str(&self.query);
        }
        Ok(url)
    }

    /// The names of the configured values of the path.
    pub(crate) fn config_names(&self) -> impl Iterator<Item = &'static str> {
        self.config.iter().rev().map(|(_, name)| *name)
    }

    pub(crate) fn query_names(&self) -> impl Iterator<Item = &str> {
        self.query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name)
    }

    pub(crate) fn body_bytes(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    pub(crate) fn content_type(&self) -> &'static str {
        self.content_type
    }

    pub(crate) fn secret_fields(&self) -> &'static [&'static str] {
        self.secret_fields
    }

    pub(crate) fn query_text(&self) -> &str {
        &self.query
    }

    /// The configured values of the path, as they are and as they stand in it.
    pub(crate) fn config_values<'a>(&self, config: impl Fn(&str) -> Option<&'a str>) -> Vec<SecretString> {
        let mut values = Vec::new();
        for value in self.config.iter().filter_map(|(_, name)| config(name)) {
            let mut encoded = String::new();
            if PathValue::write(value, &mut encoded).is_ok() {
                values.push(encoded.into());
            }
            values.push(value.into());
        }
        values
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation.name)
            .field("path", &self.operation.template())
            .field("query", &self.query_names().collect::<Vec<_>>())
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;

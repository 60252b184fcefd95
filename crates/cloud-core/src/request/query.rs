//! The query of a request: each parameter is set, not appended.

use super::percent::{encode, is_query_byte};
use super::{QueryValue, Request};
use crate::validate::Constraint;

/// Why an empty query value is refused.
const EMPTY: &str = "must not be empty; leave a filter out to list everything";

/// Why a value of a list with commas is refused.
const COMMA: &str = "must not hold a comma in one of its values";

impl Request {
    /// Sets a query parameter; the last value of a name counts. An empty value is refused when the request is sent:
    /// a service takes an empty filter for none, and answers with everything.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl QueryValue) -> Self {
        self.set_query(name, value, &[]);
        self
    }

    /// Sets a query parameter in place, and checks it against the documented limits.
    pub fn set_query(&mut self, name: &'static str, value: impl QueryValue, rules: &'static [Constraint]) {
        self.clear_query(name);
        self.push_query(name, value, rules);
    }

    /// Sets a query parameter that may be repeated to these values. No value at all is refused like an empty one.
    /// Each value is checked against the documented limits.
    pub fn set_query_list<T: AsRef<str>>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
        rules: &'static [Constraint],
    ) {
        self.clear_query(name);
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            self.unusable(name, EMPTY);
        }
        values.for_each(|value| self.push_query(name, value.as_ref(), rules));
    }

    /// Sets a query parameter to these values, separated by commas in one value. A value that holds a comma is refused,
    /// since the service would take it for two. Each value is checked against the documented limits.
    pub fn set_query_joined<T: AsRef<str>>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
        rules: &'static [Constraint],
    ) {
        self.clear_query(name);
        let mut joined = String::new();
        for value in values {
            match value.as_ref() {
                "" => return self.unusable(name, EMPTY),
                value if value.contains(',') => return self.unusable(name, COMMA),
                value => {
                    if !joined.is_empty() {
                        joined.push(',');
                    }
                    joined.push_str(value);
                    self.collect(|validator| validator.text(name, value, rules));
                }
            }
        }
        self.push_query(name, joined.as_str(), &[]);
    }

    /// Sets a required query parameter to these values, as [`set_query_list`](Self::set_query_list) does.
    #[must_use]
    pub fn query_list<T: AsRef<str>>(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
        rules: &'static [Constraint],
    ) -> Self {
        self.set_query_list(name, values, rules);
        self
    }

    /// Sets a required query parameter to these values, as [`set_query_joined`](Self::set_query_joined) does.
    #[must_use]
    pub fn query_joined<T: AsRef<str>>(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
        rules: &'static [Constraint],
    ) -> Self {
        self.set_query_joined(name, values, rules);
        self
    }

    fn clear_query(&mut self, name: &'static str) {
        self.take_query(name);
        if let Some(problems) = &mut self.problems {
            problems.unusable.retain(|(other, _)| *other != name);
            problems.validator.forget(name);
        }
    }

    fn unusable(&mut self, name: &'static str, problem: &'static str) {
        self.problems.get_or_insert_default().unusable.push((name, problem));
    }

    fn push_query(&mut self, name: &'static str, value: impl QueryValue, rules: &'static [Constraint]) {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        encode(name, is_query_byte, &mut self.query);
        self.query.push('=');
        let start = self.query.len();
        match value.problem() {
            None => value.write(&mut self.query),
            Some(problem) => return self.unusable(name, problem),
        }
        if self.query.len() == start {
            return self.unusable(name, EMPTY);
        }
        self.collect(|validator| value.validate(name, rules, validator));
    }

    /// Removes a query parameter and returns its last value, still encoded.
    pub(crate) fn take_query(&mut self, name: &str) -> Option<String> {
        let mut taken = None;
        let mut rest = String::with_capacity(self.query.len());
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some((key, value)) if key == name => taken = Some(value.to_owned()),
                _ => {
                    if !rest.is_empty() {
                        rest.push('&');
                    }
                    rest.push_str(pair);
                }
            }
        }
        self.query = rest;
        taken
    }

    pub(crate) fn peek_query(&self, name: &str) -> Option<&str> {
        let mut values = self.query.rsplit('&').filter_map(|pair| pair.split_once('='));
        values.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

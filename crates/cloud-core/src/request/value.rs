//! Values of paths and queries, written percent-encoded.

use std::fmt::Write as _;

use time::OffsetDateTime;

use super::percent::{encode, is_query_byte, is_unreserved};
use crate::types::format::TextFormat;
use crate::validate::{Constraint, Validator};

/// What may stand in a path.
pub trait PathValue {
    /// Writes the value, encoded as one segment, or says which rule it breaks.
    ///
    /// # Errors
    /// The rule that the value breaks, as a lowercase fragment.
    fn write(&self, out: &mut String) -> Result<(), &'static str>;
}

impl PathValue for str {
    fn write(&self, out: &mut String) -> Result<(), &'static str> {
        match self {
            "" => return Err("must not be empty"),
            "." | ".." => return Err("must not be `.` or `..`"),
            // IDs, the usual values, have nothing to encode.
            text if text.bytes().all(is_unreserved) => {
                out.push_str(text);
                return Ok(());
            }
            text if text.chars().any(char::is_control) => return Err("must not hold control characters"),
            _ => {}
        }
        encode(self, is_unreserved, out);
        Ok(())
    }
}

impl PathValue for &str {
    fn write(&self, out: &mut String) -> Result<(), &'static str> {
        PathValue::write(*self, out)
    }
}

impl PathValue for i64 {
    fn write(&self, out: &mut String) -> Result<(), &'static str> {
        push_display(self, out);
        Ok(())
    }
}

/// What may stand in a query.
pub trait QueryValue {
    /// Writes the value, encoded.
    fn write(&self, out: &mut String);

    /// Why the value cannot be written as it is, if it cannot.
    fn problem(&self) -> Option<&'static str> {
        None
    }

    /// Checks the value against documented limits.
    fn validate(&self, name: &'static str, rules: &'static [Constraint], validator: &mut Validator) {
        let _ = (name, rules, validator);
    }
}

impl QueryValue for str {
    fn write(&self, out: &mut String) {
        encode(self, is_query_byte, out);
    }

    fn validate(&self, name: &'static str, rules: &'static [Constraint], validator: &mut Validator) {
        validator.text(name, self, rules);
    }
}

impl QueryValue for String {
    fn write(&self, out: &mut String) {
        QueryValue::write(self.as_str(), out);
    }

    fn validate(&self, name: &'static str, rules: &'static [Constraint], validator: &mut Validator) {
        QueryValue::validate(self.as_str(), name, rules, validator);
    }
}

impl<T: QueryValue + ?Sized> QueryValue for &T {
    fn write(&self, out: &mut String) {
        T::write(self, out);
    }

    fn problem(&self) -> Option<&'static str> {
        T::problem(self)
    }

    fn validate(&self, name: &'static str, rules: &'static [Constraint], validator: &mut Validator) {
        T::validate(self, name, rules, validator);
    }
}

impl QueryValue for i64 {
    fn write(&self, out: &mut String) {
        push_display(self, out);
    }

    fn validate(&self, name: &'static str, rules: &'static [Constraint], validator: &mut Validator) {
        validator.number(name, *self, rules);
    }
}

impl QueryValue for f64 {
    fn write(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(out, "{self}");
    }

    fn problem(&self) -> Option<&'static str> {
        (!self.is_finite()).then_some("must be a finite number")
    }

    fn validate(&self, name: &'static str, rules: &'static [Constraint], validator: &mut Validator) {
        validator.float(name, *self, rules);
    }
}

impl QueryValue for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl QueryValue for OffsetDateTime {
    /// `2025-06-17T00:00:00+09:00`: a numeric offset and whole seconds; fractions are cut off.
    fn write(&self, out: &mut String) {
        let (year, month, day) = self.to_calendar_date();
        let (hour, minute, second) = self.to_hms();
        let (east, minutes, _) = self.offset().as_hms();
        let sign = if self.offset().is_negative() { '-' } else { '+' };
        let (month, hours, minutes) = (u8::from(month), east.unsigned_abs(), minutes.unsigned_abs());
        let text =
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{hours:02}:{minutes:02}");
        QueryValue::write(&text, out);
    }

    fn problem(&self) -> Option<&'static str> {
        if !(0..=9999).contains(&self.year()) {
            return Some("has a year that is not written with four digits");
        }
        (self.offset().seconds_past_minute() != 0).then_some("has an offset with seconds, which cannot be written")
    }
}

/// A value in a documented format, as text.
#[derive(Debug)]
pub struct Written {
    text: String,
    problem: Option<&'static str>,
}

/// Writes a value of a path or query in a documented format. For generated code.
#[doc(hidden)]
#[must_use]
pub fn written<F: TextFormat<T>, T>(value: &T) -> Written {
    Written { text: F::write(value).as_str().to_owned(), problem: F::problem(value) }
}

impl PathValue for Written {
    fn write(&self, out: &mut String) -> Result<(), &'static str> {
        self.problem.map_or_else(|| PathValue::write(self.text.as_str(), out), Err)
    }
}

impl QueryValue for Written {
    fn write(&self, out: &mut String) {
        QueryValue::write(self.text.as_str(), out);
    }

    fn problem(&self) -> Option<&'static str> {
        self.problem
    }

    fn validate(&self, name: &'static str, rules: &'static [Constraint], validator: &mut Validator) {
        QueryValue::validate(self.text.as_str(), name, rules, validator);
    }
}

fn push_display(value: &i64, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

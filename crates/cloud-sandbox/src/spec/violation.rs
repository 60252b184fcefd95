//! What a request breaks, and where.

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Violation {
    /// The name of the parameter or the path of the field, such as `tags[0].key`.
    pub(crate) field: String,
    pub(crate) rule: Rule,
}

/// What the field breaks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rule {
    Required,
    Unknown,
    Repeated,
    Unreadable,
    Kind(String),
    Null,
    Format(String),
    Pattern(String),
    Length { min: Option<u64>, max: Option<u64>, bytes: bool },
    AtLeast(f64),
    AtMost(f64),
    OneOf(String),
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Required => f.write_str("is required"),
            Self::Unknown => f.write_str("is not documented"),
            Self::Repeated => f.write_str("must not be repeated"),
            Self::Unreadable => f.write_str("cannot be decoded"),
            Self::Kind(wanted) => write!(f, "must be of type {wanted}"),
            Self::Null => f.write_str("must not be null"),
            Self::Format(format) => write!(f, "must have the format {format}"),
            Self::Pattern(pattern) => write!(f, "must match {pattern}"),
            Self::Length { min, max, bytes } => {
                let unit = if *bytes { "bytes" } else { "characters" };
                match (min, max) {
                    (Some(min), Some(max)) => write!(f, "must have {min} to {max} {unit}"),
                    (Some(min), None) => write!(f, "must have at least {min} {unit}"),
                    (None, Some(max)) => write!(f, "must have at most {max} {unit}"),
                    (None, None) => write!(f, "has a wrong number of {unit}"),
                }
            }
            Self::AtLeast(bound) => write!(f, "must be at least {bound}"),
            Self::AtMost(bound) => write!(f, "must be at most {bound}"),
            Self::OneOf(values) => write!(f, "must be one of {values}"),
        }
    }
}

impl Violation {
    pub(crate) fn new(field: impl Into<String>, rule: Rule) -> Self {
        Self { field: field.into(), rule }
    }
}

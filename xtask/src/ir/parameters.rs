//! Parameters of paths and queries, and the arguments of methods that they become.

use super::{Constraint, Format};

/// An argument of an operation method.
#[derive(Debug, Clone)]
pub(crate) enum Argument {
    /// A path id.
    Path(Parameter),
    /// A required query parameter.
    Query(Parameter),
    /// Two required instants as one argument: the names of both ends.
    Period { from: Parameter, to: Parameter },
}

/// A path or query parameter.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) wire: String,
    pub(crate) rust: String,
    pub(crate) docs: String,
    pub(crate) ty: ParameterType,
    pub(crate) rules: Vec<Constraint>,
    /// The page's example, for runs against a server.
    pub(crate) example: Option<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParameterType {
    Text,
    Integer,
    Number,
    Boolean,
    DateTime,
    /// An open enumeration by type name.
    Enum(String),
    /// A value that is written as text.
    Formatted(Format),
    /// A type of the vendor crate by name.
    Vendor(String),
    /// A type of the vendor crate that is made of a number.
    Id(String),
    /// Several values: texts, or values of an open enumeration.
    List {
        of: Option<String>,
        /// Sent as one value with commas, not as a repeated key.
        joined: bool,
    },
}

impl ParameterType {
    /// The enumeration inside, if any.
    pub(crate) fn named(&self) -> Option<&String> {
        match self {
            Self::Enum(name) | Self::List { of: Some(name), .. } => Some(name),
            _ => None,
        }
    }

    /// The place of that name.
    pub(crate) fn named_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Enum(name) | Self::List { of: Some(name), .. } => Some(name),
            _ => None,
        }
    }
}

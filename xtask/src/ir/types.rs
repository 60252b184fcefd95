//! Named types, their fields and the limits of values.

use super::Page;

/// A named type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypeDef {
    /// The Rust name, after the module of its version if that is not the default: `Key`, `v1_0::Key`.
    pub(crate) name: String,
    /// The vendor's name, if it is another one.
    pub(crate) alias: Option<String>,
    pub(crate) docs: String,
    pub(crate) kind: Kind,
    /// Why a response must be looked at.
    pub(crate) must_use: Option<String>,
    /// How the type is used; the same for all versions.
    pub(crate) role: Role,
}

impl TypeDef {
    /// The name in its module.
    pub(crate) fn bare(&self) -> &str {
        bare(&self.name)
    }

    /// The field of that Rust name.
    pub(crate) fn field(&self, rust: &str) -> Option<&Field> {
        match &self.kind {
            Kind::Struct(fields) => fields.iter().find(|field| field.rust == rust),
            _ => None,
        }
    }

    /// Whether it is never decoded.
    pub(crate) fn is_only_sent(&self) -> bool {
        self.role.request && !self.role.response
    }
}

/// The name of a type in its module.
pub(crate) fn bare(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

/// The module of the version that a type belongs to; `None` for the default version.
pub(crate) fn home(name: &str) -> Option<&str> {
    name.split_once("::").map(|(module, _)| module)
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Struct(Vec<Field>),
    /// Variant names by value on the wire.
    TextEnum(Vec<(String, String)>),
    IntegerEnum(Vec<(String, i64)>),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Role {
    /// Reached from a request body.
    pub(crate) request: bool,
    /// A response holds it.
    pub(crate) response: bool,
    /// Reached from the body of an update.
    pub(crate) update: bool,
    /// Holds a secret, directly or through another type.
    pub(crate) secret: bool,
    /// A page of a list.
    pub(crate) page: Option<Page>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) wire: String,
    pub(crate) rust: String,
    pub(crate) docs: String,
    pub(crate) ty: Type,
    pub(crate) presence: Presence,
    pub(crate) aliases: Vec<String>,
    /// What another argument proves: a signature or code, which comes last.
    pub(crate) proof: bool,
    pub(crate) rules: Vec<Constraint>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    /// Always there, but may be null.
    Nullable,
    Optional,
    /// May be absent, null or a value.
    OptionalNullable,
}

impl Presence {
    /// By whether the model requires the field, the field's `x-sdk.type`, and whether it can be null.
    pub(crate) fn of(required: bool, kind: Option<&str>, nullable: bool) -> Self {
        match (required && kind != Some("optional"), nullable) {
            (true, false) => Self::Required,
            (true, true) => Self::Nullable,
            (false, false) => Self::Optional,
            (false, true) => Self::OptionalNullable,
        }
    }

    /// What the type of the field is wrapped in, in a model that is or is not a part of updates.
    pub(crate) fn wrapper(self, update: bool) -> Wrapper {
        match self {
            Self::Required => Wrapper::None,
            Self::OptionalNullable if update => Wrapper::Patch,
            _ => Wrapper::Option,
        }
    }

    pub(crate) fn is_required(self) -> bool {
        matches!(self, Self::Required | Self::Nullable)
    }
}

/// What the type of a field is wrapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapper {
    None,
    Option,
    /// Absent, null or a value.
    Patch,
}

/// A Rust type of a field or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    /// An answer without payload.
    Unit,
    Text,
    /// Text that the service sometimes writes as a number.
    TextOrNumber,
    Secret,
    KeyMaterial,
    /// A value that is written as text.
    Formatted(Format),
    /// Certificates or public keys.
    Pem,
    /// A JSON document that is not secret.
    JsonText,
    /// A message authentication code.
    Hmac,
    Days,
    Hours,
    Timestamp,
    UnixSeconds,
    Integer,
    Boolean,
    /// A boolean that is absent when its text is empty.
    BlankBoolean,
    Number,
    /// Any JSON.
    Json,
    /// A struct by name.
    Model(String),
    /// An open enumeration by name.
    Enum(String),
    /// A type of the vendor crate by name.
    Vendor(String),
    /// A number that a type of the vendor crate stands for in requests; a response keeps the number.
    Id(String),
    List(Box<Type>),
    OneOrMany(Box<Type>),
}

/// A documented format of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Secret bytes.
    Base64,
    /// A secret JSON object.
    Json,
    /// A boolean for which an example shows words.
    Flag,
    YesNo,
    LowerYesNo,
    BasicDate,
    DateOrTime,
    Networks,
    Sort,
}

impl Format {
    /// Whether the value is a secret.
    pub(crate) fn is_secret(self) -> bool {
        matches!(self, Self::Base64 | Self::Json)
    }
}

impl Type {
    /// The named type inside, if any.
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Self::Model(name) | Self::Enum(name) => Some(name),
            Self::List(inner) | Self::OneOrMany(inner) => inner.named(),
            _ => None,
        }
    }

    /// Whether the type itself is a secret; models are looked up elsewhere.
    pub(crate) fn is_secret(&self) -> bool {
        match self {
            Self::Secret | Self::KeyMaterial => true,
            Self::Formatted(format) => format.is_secret(),
            Self::List(inner) | Self::OneOrMany(inner) => inner.is_secret(),
            _ => false,
        }
    }
}

/// A limit that is checked before a request goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Constraint {
    MinChars(u64),
    MaxChars(u64),
    MinBytes(u64),
    MaxBytes(u64),
    Min(i64),
    Max(i64),
    /// A number above this.
    Above(i64),
    /// A number of at most this, with a fraction.
    MaxDecimal(String),
    /// At most the number in another field, by its Rust name.
    AtMostField(String),
    Class {
        ranges: Vec<(char, char)>,
        min: u64,
        max: Option<u64>,
    },
    OneOf(Vec<String>),
    /// PEM blocks under labels with this end.
    Pem(String),
    /// Members of a JSON object.
    MaxMembers(u64),
    /// A JSON document.
    Json,
}

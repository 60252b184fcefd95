//! What the generator knows between reading fixtures and writing Rust: services, versions, operations and types.

use std::collections::BTreeMap;

use crate::vendors::{Listed, Vendor};

mod parameters;
mod types;

pub(crate) use parameters::{Argument, Parameter, ParameterType};
pub(crate) use types::{Constraint, Field, Format, Kind, Presence, Role, Type, TypeDef, Wrapper, bare, home};

/// One service with all its versions.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) vendor: Vendor,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) module: String,
    /// The Cargo feature that compiles the service in.
    pub(crate) feature: String,
    /// Whether it is not a default one.
    pub(crate) optional: bool,
    /// The number of the version that the accessor without a number returns.
    pub(crate) default: String,
    /// The vendor's documentation.
    pub(crate) page: String,
    /// What that page lists, where it differs from the documents.
    pub(crate) listed: Option<Listed>,
    /// Fixtures, relative to the root, oldest version first.
    pub(crate) sources: Vec<String>,
    pub(crate) versions: Vec<Version>,
    /// Every type of every version once, in the order of first appearance.
    pub(crate) types: Vec<TypeDef>,
}

/// One API version.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) module: String,
    pub(crate) constant: String,
    pub(crate) number: String,
    pub(crate) status: Option<String>,
    pub(crate) sunset: Option<String>,
    /// Whether it had ended on the day of the vendor's list; it then needs a feature of its own.
    pub(crate) ended: bool,
    pub(crate) source: String,
    /// How the document authenticates: empty for the service's default version's way, `none`, or a security scheme.
    pub(crate) auth: String,
    pub(crate) operations: Vec<Operation>,
    /// The Rust names that the document chooses for its models.
    pub(crate) names: BTreeMap<String, String>,
    /// The models that the operations use, by their Rust names, each with its name in this version.
    pub(crate) models: Vec<(String, String)>,
    /// What the vendor leaves open, in the order of the document.
    pub(crate) assumptions: Vec<Assumption>,
}

/// What the vendor leaves open, and how it is read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assumption {
    pub(crate) place: Place,
    /// One sentence.
    pub(crate) text: String,
}

/// What an assumption is about, by the document's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Version,
    Operation(String),
    Model(String),
    Field(String, String),
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) deprecated: bool,
    pub(crate) method: Method,
    pub(crate) template: String,
    pub(crate) path: Vec<Segment>,
    pub(crate) success: Vec<u16>,
    pub(crate) idempotency: Idempotency,
    pub(crate) effect: Effect,
    /// Whether its response holds a secret in plaintext.
    pub(crate) reveals_secrets: bool,
    pub(crate) auth: String,
    pub(crate) envelope: String,
    /// Path ids, then required query parameters, in call order.
    pub(crate) arguments: Vec<Argument>,
    /// Query parameters that are always sent, with their values.
    pub(crate) fixed: Vec<(String, String)>,
    pub(crate) body: Option<BodyArgument>,
    pub(crate) options: Vec<Parameter>,
    pub(crate) answer: Type,
    /// The members of an answer that requires none of them.
    pub(crate) known_members: Vec<String>,
    /// The payload of a repeated deletion that finds nothing, as JSON.
    pub(crate) already_deleted: Option<String>,
    /// What is lost for good if the response does not arrive.
    pub(crate) lost_response: Option<String>,
    pub(crate) page: Option<Page>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    pub(crate) fn variant(self) -> &'static str {
        match self {
            Self::Get => "Get",
            Self::Post => "Post",
            Self::Put => "Put",
            Self::Delete => "Delete",
        }
    }

    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idempotency {
    Safe,
    Idempotent,
    Unsafe,
}

impl Idempotency {
    pub(crate) fn variant(self) -> &'static str {
        match self {
            Self::Safe => "Safe",
            Self::Idempotent => "Idempotent",
            Self::Unsafe => "Unsafe",
        }
    }

    /// What the documentation of a method says about sending the call again.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Safe => "Safe: changes nothing and can be retried.",
            Self::Idempotent => "Idempotent: can be retried.",
            Self::Unsafe => "Not idempotent: retried only if the request was never sent.",
        }
    }
}

/// What an operation does to what the service keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Mutate,
    Destroy,
}

impl Effect {
    /// The effect that a document names so.
    pub(crate) fn named(name: Option<&str>) -> Option<Self> {
        match name? {
            "read" => Some(Self::Read),
            "mutate" => Some(Self::Mutate),
            "destroy" => Some(Self::Destroy),
            _ => None,
        }
    }

    pub(crate) fn variant(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Mutate => "Mutate",
            Self::Destroy => "Destroy",
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Mutate => "mutate",
            Self::Destroy => "destroy",
        }
    }
}

/// A piece of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    Param(String),
    Config(String),
}

/// The body of a request.
#[derive(Debug, Clone)]
pub(crate) struct BodyArgument {
    pub(crate) model: String,
    pub(crate) docs: String,
    pub(crate) example: Option<serde_json::Value>,
}

/// How a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) style: PageStyle,
    pub(crate) index: String,
    pub(crate) size: String,
    /// Fields that lead to the items.
    pub(crate) items: Vec<String>,
    /// Fields that lead to the number of all items.
    pub(crate) total: Vec<String>,
    /// The field of an item that names it among all others.
    pub(crate) id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageStyle {
    Numbered {
        first: u8,
    },
    Marked,
    /// By the number of items before the page.
    Offset,
}

impl Service {
    /// The version that the accessor without a number returns.
    pub(crate) fn default_version(&self) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == self.default)
    }

    /// The versions with their indexes, those that have ended last: no other version may depend on them.
    pub(crate) fn by_life(&self) -> impl Iterator<Item = (usize, &Version)> {
        let of = |ended: bool| self.versions.iter().enumerate().filter(move |(_, version)| version.ended == ended);
        of(false).chain(of(true))
    }

    /// The versions that this one may take items from.
    pub(crate) fn before(&self, version: &Version) -> Vec<&Version> {
        let every = self.by_life().map(|(_, other)| other);
        every.take_while(|other| other.number != version.number).collect()
    }

    /// What is assumed of an operation: the number of each version, and the assumption.
    pub(crate) fn assumed(&self, operation: &str) -> Vec<(&str, &str)> {
        let of = |assumption: &&Assumption| matches!(&assumption.place, Place::Operation(name) if name == operation);
        let every = self.versions.iter().flat_map(|version| {
            version.assumptions.iter().filter(of).map(|found| (version.number.as_str(), found.text.as_str()))
        });
        every.collect()
    }

    /// The type of that name.
    pub(crate) fn find(&self, name: &str) -> Option<&TypeDef> {
        self.types.iter().find(|ty| ty.name == name)
    }
}

impl Version {
    /// What is assumed of the version as a whole.
    pub(crate) fn assumed(&self) -> Option<&str> {
        let whole = self.assumptions.iter().find(|assumption| assumption.place == Place::Version);
        whole.map(|assumption| assumption.text.as_str())
    }

    /// The name of a model in the version's own `types`.
    pub(crate) fn local<'a>(&'a self, model: &'a str) -> &'a str {
        let found = self.models.iter().find(|(full, _)| full == model);
        found.map_or_else(|| bare(model), |(_, local)| local)
    }
}

/// Types by name while versions are merged.
pub(crate) type TypeIndex = BTreeMap<String, usize>;

//! Schemas: models, properties and the types of parameters.

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Number, Value};

use super::{Map, SchemaSdk, is_default, model_name};

/// A model, a property or the type of a parameter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Schema {
    /// Another model; beside it only descriptive keys may stand.
    #[serde(rename = "$ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// JSON types.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub types: Option<TypeSet>,
    /// `date-time`, `int64`, `int32` or `float`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// `base64`: the string stands for bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// What the string holds: `application/json` or `application/x-pem-file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_media_type: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A model or null.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Schema>,
    /// Known values.
    #[serde(rename = "enum", default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<Value>,
    /// The only value.
    #[serde(rename = "const", default, skip_serializing_if = "Option::is_none")]
    pub constant: Option<Value>,
    /// Regular expression of a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Least length of a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// Greatest length of a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// Least number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    /// Greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
    /// Value that the service assumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Documented examples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Value>,
    /// Type of an array's elements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Schema>>,
    /// Fields of an object in page order.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub properties: Map<Schema>,
    /// Fields that are always there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// Fields beyond the listed ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_properties: Option<Additional>,
    /// What OpenAPI cannot say about it.
    #[serde(rename = "x-sdk", default, skip_serializing_if = "is_default")]
    pub sdk: SchemaSdk,
    /// What the vendor leaves open, and how it is read here.
    #[serde(rename = "x-assumed", default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
    /// The only realm of the vendor that has it: `public` or `government`.
    #[serde(rename = "x-realm", default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
}

impl Schema {
    /// A schema that only refers to a model.
    #[must_use]
    pub fn reference_to(model: &str) -> Self {
        Self { reference: Some(format!("#/components/schemas/{model}")), ..Self::default() }
    }

    /// The model that the schema refers to, directly or as *model or null*.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        let own = self.reference.as_deref().and_then(model_name);
        own.or_else(|| self.one_of.iter().find_map(Self::model))
    }

    /// Whether the type list or the alternatives hold `null`.
    #[must_use]
    pub fn nullable(&self) -> bool {
        self.has_type("null") || self.one_of.iter().any(Self::nullable)
    }

    /// Whether the type list holds the name.
    #[must_use]
    pub fn has_type(&self, name: &str) -> bool {
        self.type_names().any(|own| own == name)
    }

    /// The names of the type list.
    pub fn type_names(&self) -> impl Iterator<Item = &str> {
        let names = match &self.types {
            None => &[][..],
            Some(TypeSet::One(name)) => std::slice::from_ref(name),
            Some(TypeSet::Many(names)) => names,
        };
        names.iter().map(String::as_str)
    }

    /// Whether the field is in `required`.
    #[must_use]
    pub fn requires(&self, field: &str) -> bool {
        self.required.iter().any(|name| name == field)
    }
}

/// One type name or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeSet {
    /// `"string"`.
    One(String),
    /// `["string", "null"]`.
    Many(Vec<String>),
}

impl TypeSet {
    /// One name stays a name, several become a list.
    #[must_use]
    pub fn of(mut names: Vec<String>) -> Self {
        match names.len() {
            1 => Self::One(names.remove(0)),
            _ => Self::Many(names),
        }
    }
}

impl Serialize for TypeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(name) => name.serialize(serializer),
            Self::Many(names) => names.serialize(serializer),
        }
    }
}

// Hand-written: an untagged enum would lose the pointer of an error inside.
impl<'de> Deserialize<'de> for TypeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = TypeSet;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a type name or a list of type names")
            }
            fn visit_str<E>(self, name: &str) -> Result<TypeSet, E> {
                Ok(TypeSet::One(name.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, names: A) -> Result<TypeSet, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(names)).map(TypeSet::Many)
            }
        }
        deserializer.deserialize_any(Names)
    }
}

/// `additionalProperties`.
#[derive(Debug, Clone, PartialEq)]
pub enum Additional {
    /// Allowed or not.
    Allowed(bool),
    /// Allowed with this shape.
    Schema(Box<Schema>),
}

impl Serialize for Additional {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Allowed(allowed) => allowed.serialize(serializer),
            Self::Schema(schema) => schema.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Additional {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Additional;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a boolean or a schema")
            }
            fn visit_bool<E>(self, allowed: bool) -> Result<Additional, E> {
                Ok(Additional::Allowed(allowed))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Additional, A::Error> {
                let schema = Schema::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Additional::Schema(Box::new(schema)))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

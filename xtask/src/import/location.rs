//! Places of a document that can carry a note: what is assumed there, and which realm alone has it.

use std::fmt;

use crate::openapi::{Document, escape_pointer};

/// A place by the names in the document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Location {
    /// The document as a whole.
    Document,
    /// Path and method in lower case.
    Operation(String, String),
    /// The second format of the operation.
    Split(String, String),
    /// A parameter of the operation by its number.
    Parameter(String, String, usize),
    Model(String),
    /// Model and field.
    Field(String, String),
}

impl Location {
    pub(super) fn operation(path: &str, method: &str) -> Self {
        Self::Operation(path.to_owned(), method.to_owned())
    }

    pub(super) fn split(path: &str, method: &str) -> Self {
        Self::Split(path.to_owned(), method.to_owned())
    }

    pub(super) fn parameter(path: &str, method: &str, index: usize) -> Self {
        Self::Parameter(path.to_owned(), method.to_owned(), index)
    }

    pub(super) fn model(name: &str) -> Self {
        Self::Model(name.to_owned())
    }

    pub(super) fn field(model: &str, name: &str) -> Self {
        Self::Field(model.to_owned(), name.to_owned())
    }

    /// Notes what is assumed there. A document without the place stays as it is.
    pub(super) fn assume(&self, document: &mut Document, reason: &str) {
        let slot = match self {
            Self::Document => Some(&mut document.assumed),
            Self::Operation(path, method) => document.operation_mut(path, method).map(|own| &mut own.assumed),
            Self::Model(name) => document.components.schemas.get_mut(name).map(|own| &mut own.assumed),
            Self::Field(model, name) => document
                .components
                .schemas
                .get_mut(model)
                .and_then(|own| own.properties.get_mut(name))
                .map(|own| &mut own.assumed),
            // An operation carries what is assumed of its parts.
            Self::Split(..) | Self::Parameter(..) => None,
        };
        if let Some(slot) = slot {
            *slot = Some(reason.to_owned());
        }
    }

    /// The only realm that has this place.
    pub(super) fn realm(&self, document: &Document) -> Option<String> {
        let operation = |path: &str, method: &str| document.operation(path, method);
        match self {
            Self::Document | Self::Model(_) => None,
            Self::Operation(path, method) => operation(path, method)?.realm.clone(),
            Self::Split(path, method) => operation(path, method)?.sdk.split.as_ref()?.realm.clone(),
            Self::Parameter(path, method, index) => operation(path, method)?.parameters.get(*index)?.realm.clone(),
            Self::Field(model, name) => document.components.schemas.get(model)?.properties.get(name)?.realm.clone(),
        }
    }

    /// Notes the only realm, or with nothing that both have it.
    pub(super) fn set_realm(&self, document: &mut Document, realm: Option<&str>) {
        let slot = match self {
            Self::Document | Self::Model(_) => None,
            Self::Operation(path, method) => document.operation_mut(path, method).map(|own| &mut own.realm),
            Self::Split(path, method) => {
                let split = document.operation_mut(path, method).and_then(|own| own.sdk.split.as_mut());
                split.map(|own| &mut own.realm)
            }
            Self::Parameter(path, method, index) => {
                let own = document.operation_mut(path, method).and_then(|own| own.parameters.get_mut(*index));
                own.map(|own| &mut own.realm)
            }
            Self::Field(model, name) => {
                let model = document.components.schemas.get_mut(model);
                model.and_then(|own| own.properties.get_mut(name)).map(|own| &mut own.realm)
            }
        };
        if let Some(slot) = slot {
            *slot = realm.map(str::to_owned);
        }
    }
}

/// The JSON pointer.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = escape_pointer;
        match self {
            Self::Document => Ok(()),
            Self::Operation(path, method) => write!(f, "/paths/{}/{method}", escaped(path)),
            Self::Split(path, method) => write!(f, "/paths/{}/{method}/x-sdk/split", escaped(path)),
            Self::Parameter(path, method, index) => {
                write!(f, "/paths/{}/{method}/parameters/{index}", escaped(path))
            }
            Self::Model(name) => write!(f, "/components/schemas/{}", escaped(name)),
            Self::Field(model, name) => {
                write!(f, "/components/schemas/{}/properties/{}", escaped(model), escaped(name))
            }
        }
    }
}

/// What a document assumes: the place, and the reason.
fn assumptions(document: &Document) -> Vec<(Location, &str)> {
    let mut found: Vec<(Location, Option<&String>)> = vec![(Location::Document, document.assumed.as_ref())];
    for (path, method, own) in document.operations() {
        found.push((Location::operation(path, method), own.assumed.as_ref()));
    }
    for (name, model) in &document.components.schemas {
        found.push((Location::model(name), model.assumed.as_ref()));
        let fields = model.properties.iter();
        found.extend(fields.map(|(field, own)| (Location::field(name, field), own.assumed.as_ref())));
    }
    found.into_iter().filter_map(|(place, reason)| Some((place, reason?.as_str()))).collect()
}

/// What is assumed on one side only, one line each.
#[must_use]
pub(super) fn differences(page: &Document, fixture: &Document) -> Vec<String> {
    let scope = format!("{} {}", page.sdk.service, page.info.version);
    let (page, fixture) = (assumptions(page), assumptions(fixture));
    let missing = page.iter().filter(|own| !fixture.contains(own));
    let stale = fixture.iter().filter(|(place, _)| !page.iter().any(|(own, _)| own == place));
    let missing = missing.map(|(place, _)| format!("{scope} {place}: assumed for lack of a page, not so marked"));
    missing.chain(stale.map(|(place, _)| format!("{scope} {place}: marked as assumed, the page states it"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::{Map, Operation, Schema, Split};

    fn document() -> Document {
        let mut document = Document::default();
        let operation =
            Operation { operation_id: "list".to_owned(), parameters: vec![Default::default()], ..Operation::default() };
        *document.paths.entry("/a/b".to_owned()).or_default().slot("get").unwrap() = Some(operation);
        document.operation_mut("/a/b", "get").unwrap().sdk.split = Some(Split::default());
        let fields = Map::from_iter([("f".to_owned(), Schema::default())]);
        document.components.schemas.insert("M".to_owned(), Schema { properties: fields, ..Schema::default() });
        document
    }

    #[test]
    fn notes_stand_where_the_pointer_leads() {
        let places = [
            Location::Document,
            Location::operation("/a/b", "get"),
            Location::split("/a/b", "get"),
            Location::parameter("/a/b", "get", 0),
            Location::model("M"),
            Location::field("M", "f"),
        ];
        for place in places {
            let mut own = document();
            place.assume(&mut own, "Why.");
            place.set_realm(&mut own, Some("public"));
            let json: serde_json::Value = serde_json::to_value(&own).unwrap();
            let at = json.pointer(&place.to_string()).unwrap_or_else(|| panic!("nothing at {place}"));
            let assumed = !matches!(place, Location::Split(..) | Location::Parameter(..));
            assert_eq!(at["x-assumed"] == "Why.", assumed, "{place}");
            let realm = !matches!(place, Location::Document | Location::Model(_));
            assert_eq!(at["x-realm"] == "public", realm, "{place}");
            assert_eq!(place.realm(&own).is_some(), realm, "{place}");
            assert_eq!(assumptions(&own).len(), usize::from(assumed), "{place}");
            place.set_realm(&mut own, None);
            assert_eq!(place.realm(&own), None);
        }
        let mut own = document();
        Location::field("M", "other").assume(&mut own, "Why.");
        assert_eq!(own, document(), "a place that is not there");
    }
}

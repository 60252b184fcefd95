//! What a fixture has and no page states; what only one realm has; and the examples.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::facts::{Page, Realm};
use super::super::location::Location;
use super::Walk;
use crate::openapi::{Example, MediaType, Operation};

impl Walk<'_> {
    pub(super) fn absent(&mut self, pages: &[Page]) {
        let realms: BTreeSet<Realm> = pages.iter().filter(|page| page.whole).map(|page| page.realm).collect();
        if !realms.is_empty() {
            self.unstated_parameters(&realms);
            self.operations(&realms);
            self.unstated_fields(&realms);
        }
        self.shown();
    }

    /// Whether the pages leave out this place, although they would have it.
    fn unstated(&mut self, at: &Location, place: &str, what: &str, realms: &BTreeSet<Realm>) -> bool {
        let marked = at.realm(self.document);
        let Some(stated) = self.stated.get(at).cloned() else {
            let elsewhere = marked.is_some_and(|name| realms.iter().all(|realm| realm.name() != name));
            return !elsewhere && self.differ(place, &format!("{what} absent in the page, in the fixture"));
        };
        let only = match (stated.len(), stated.first(), realms.len()) {
            (1, Some(realm), 2) => Some(realm.name()),
            // The page of one realm does not tell what the other has.
            (_, _, 1) | (0, ..) => return false,
            _ => None,
        };
        if only != marked.as_deref() {
            let show =
                |name: Option<&str>| name.map_or("both realms".to_owned(), |own| format!("only the {own} realm"));
            let text = format!("{what} of {} in the pages, of {} in the fixture", show(only), show(marked.as_deref()));
            if self.differ(place, &text) {
                at.set_realm(self.document, only);
            }
        }
        false
    }

    fn operations(&mut self, realms: &BTreeSet<Realm>) {
        let found: Vec<(String, &'static str, Operation)> =
            self.document.operations().map(|(path, method, own)| (path.to_owned(), method, own.clone())).collect();
        for (path, method, operation) in found {
            let at = Location::operation(&path, method);
            if self.unstated(&at, &format!("{method} {path}"), "operation", realms) {
                if let Some(slot) = self.document.paths.get_mut(&path).and_then(|item| item.slot(method)) {
                    *slot = None;
                }
                self.document.paths.retain(|_, item| item.operations().next().is_some());
                continue;
            }
            if let Some(split) = &operation.sdk.split
                && self.unstated(&Location::split(&path, method), &split.operation_id, "operation", realms)
                && let Some(own) = self.document.operation_mut(&path, method)
            {
                own.sdk.split = None;
            }
        }
    }

    fn unstated_parameters(&mut self, realms: &BTreeSet<Realm>) {
        let found: Vec<(String, &'static str, Operation)> =
            self.document.operations().map(|(path, method, own)| (path.to_owned(), method, own.clone())).collect();
        for (path, method, operation) in found {
            let at = Location::operation(&path, method);
            if !self.stated.contains_key(&at) {
                continue;
            }
            let mut gone = Vec::new();
            for (index, own) in operation.parameters.iter().enumerate().filter(|(_, own)| own.place != "header") {
                // What belongs to the second format goes with it.
                let second = operation
                    .sdk
                    .split
                    .as_ref()
                    .filter(|split| split.parameter == own.name || split.only.contains(&own.name));
                let owner = if second.is_some() { Location::split(&path, method) } else { at.clone() };
                if self.stated.get(&owner) != Some(realms) {
                    continue;
                }
                let place = format!("{} {} {}", operation.operation_id, own.place, own.name);
                if self.unstated(&Location::parameter(&path, method, index), &place, "parameter", realms) {
                    gone.push((own.place.clone(), own.name.clone()));
                }
            }
            if let Some(own) = self.document.operation_mut(&path, method) {
                own.parameters.retain(|own| !gone.contains(&(own.place.clone(), own.name.clone())));
            }
        }
    }

    fn unstated_fields(&mut self, realms: &BTreeSet<Realm>) {
        // A model of one realm alone has no fields of the other.
        for (model, _) in self.models.clone().into_iter().filter(|(_, stated)| stated == realms) {
            let Some(own) = self.document.components.schemas.get(&model) else { continue };
            let envelope = |name: &String| own.sdk.envelope || own.properties[name].sdk.envelope;
            let names: Vec<String> = own.properties.keys().filter(|name| !envelope(name)).cloned().collect();
            for name in names {
                let (at, place) = (Location::field(&model, &name), format!("{model}.{name}"));
                if self.unstated(&at, &place, "field", realms) {
                    self.require(&model, &name, false);
                    if let Some(own) = self.document.components.schemas.get_mut(&model) {
                        own.properties.shift_remove(&name);
                    }
                }
                let required = self.document.components.schemas.get(&model).is_some_and(|own| own.requires(&name));
                if required
                    && at.realm(self.document).is_some()
                    && self.differ(&place, "of one realm only, and required in the fixture")
                {
                    self.require(&model, &name, false);
                }
            }
        }
    }

    /// An example of a fixture is that of one of the pages.
    fn shown(&mut self) {
        let found: Vec<(String, &'static str, Operation)> =
            self.document.operations().map(|(path, method, own)| (path.to_owned(), method, own.clone())).collect();
        for (path, method, operation) in found {
            let split = operation.sdk.split.as_ref();
            let ids = [Some(operation.operation_id.clone()), split.map(|own| own.operation_id.clone())];
            for (second, id) in ids.into_iter().enumerate().filter_map(|(index, id)| Some((index == 1, id?))) {
                for part in ["request", "response"] {
                    let place = format!("{id} {part}");
                    let Some(examples) = self.examples.get(&place).filter(|own| !own.is_empty()).cloned() else {
                        continue;
                    };
                    let own = self.document.operation_mut(&path, method);
                    let Some(own) = own else { continue };
                    let current = media(own, part).map(|media| example(media, split.is_some(), second));
                    let same = |page: &Value| current.as_ref().is_some_and(|own| own.as_ref() == Some(page));
                    if !examples.iter().any(same)
                        && self.differ(&place, "example differs")
                        && let Some(own) = self.document.operation_mut(&path, method)
                        && let Some(media) = media(own, part)
                    {
                        set_example(media, split.is_some(), second, &examples[0]);
                    }
                }
            }
        }
    }
}

fn media<'a>(operation: &'a mut Operation, part: &str) -> Option<&'a mut MediaType> {
    let content = match part {
        "request" => &mut operation.request_body.as_mut()?.content,
        _ => &mut operation.responses.iter_mut().find(|(status, _)| status.starts_with('2'))?.1.content,
    };
    content.get_mut("application/json")
}

/// Name of the example of one of two formats.
fn key(second: bool) -> &'static str {
    if second { "detail" } else { "list" }
}

fn example(media: &MediaType, two: bool, second: bool) -> Option<Value> {
    match two || !media.examples.is_empty() {
        true => media.examples.get(key(second)).map(|own| own.value.clone()),
        false => media.example.clone(),
    }
}

fn set_example(media: &mut MediaType, two: bool, second: bool, value: &Value) {
    if two {
        // The first format was alone until now.
        if let Some(alone) = media.example.take() {
            media.examples.insert(key(false).to_owned(), Example { value: alone, ..Example::default() });
        }
        media.examples.entry(key(second).to_owned()).or_default().value = value.clone();
    } else {
        media.example = Some(value.clone());
    }
}

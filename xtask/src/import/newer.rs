//! Reads the vendor's newer reference, which has one page for each operation instead of one for each version.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::location::Location;
use super::page::{self, Body, Call, Lifecycle, Parameter};
use super::prose::{self, Listed, Prose};
use super::row::Field;
use super::{Fixtures, ImportError, ancestor, build};
use crate::names;
use crate::openapi::{self, Document, Header, Schema};

mod assumed;
mod carried;
mod listed;
mod renamed;
mod source;

pub(super) use assumed::{FITS, Fit};
use carried::{bare, carried, find};
pub(super) use listed::listed;
use source::line_of;

/// Version, place and reason.
type Assumptions = Vec<(String, Location, String)>;

/// The documents that the reference gives, with what had to be assumed, and a line for each assumption that no longer
/// fits. Hosts, headers and titles come from the fixtures, because the reference does not state them.
pub(super) fn read(
    text: &str,
    fixtures: &Fixtures,
    fits: &[Fit<'_>],
) -> Result<(Fixtures, Vec<String>, Prose), ImportError> {
    let file: source::File =
        serde_json::from_str(text).map_err(|error| ImportError::new(error.line(), error.to_string()))?;
    if let Some(name) = file.missing.first() {
        return Err(ImportError::new(line_of(text, &["\"missing\""]), format!("the source lacks the model `{name}`")));
    }
    let (mut found, mut stale, mut prose) = (Fixtures::new(), Vec::new(), Prose::new());
    for (name, service) in &file.services {
        let fixtures = &carried::followed(name, service, fixtures);
        let reader = Reader { text, name, service, fixtures, fits };
        let (documents, listed) = reader.documents(&mut stale)?;
        prose.insert(name.clone(), listed);
        for document in documents {
            found.insert((name.clone(), document.info.version.clone()), document);
        }
    }
    Ok((found, stale, prose))
}

struct Reader<'a> {
    text: &'a str,
    name: &'a str,
    service: &'a source::Service,
    fixtures: &'a Fixtures,
    fits: &'a [Fit<'a>],
}

impl Reader<'_> {
    fn fail(&self, path: &[&str], message: impl Into<String>) -> ImportError {
        let service = format!("\"{}\": {{", self.name);
        let path: Vec<&str> = [service.as_str()].into_iter().chain(path.iter().copied()).collect();
        ImportError::new(line_of(self.text, &path), format!("{}: {}", self.name, message.into()))
    }

    fn documents(&self, stale: &mut Vec<String>) -> Result<(Vec<Document>, Vec<Listed>), ImportError> {
        let listed = || self.service.operations.iter().filter(|own| own.listed_version.is_some());
        let versions = || self.service.versions.iter();
        let offered = |version: &str| listed().any(|own| own.versions.iter().any(|known| known.0 == version));
        let Some(newest) = versions().map(|own| own.version.0.as_str()).max_by_key(|own| names::version_parts(own))
        else {
            return Err(self.fail(&[], "no versions"));
        };
        let base = self.base(newest)?;
        let mut page = page::Service {
            line: line_of(self.text, &[&format!("\"{}\": {{", self.name)]),
            title: self.service.display_name.clone(),
            url: base.servers.first().map(|server| server.url.clone()).unwrap_or_default(),
            regions: base.sdk.regions.clone(),
            versions: Vec::new(),
            calls: Vec::new(),
            models: self.models()?,
        };
        let mut assumptions = Assumptions::new();
        for version in versions().filter(|own| offered(&own.version.0)) {
            let lifecycle = Lifecycle {
                version: version.version.0.clone(),
                status: version.status.clone(),
                not_before: version.date.as_ref().map(|day| day.0.clone()),
            };
            for operation in listed().filter(|own| own.versions.contains(&version.version)) {
                page.calls.push(self.call(operation, &lifecycle, &mut assumptions)?);
            }
            page.versions.push(lifecycle);
        }
        for fit in self.fits.iter().filter(|fit| fit.service == self.name) {
            let read = page.models.iter().map(|model| (model.name.clone(), model.fields.clone()));
            let known: BTreeMap<String, Vec<Field>> = read.collect();
            let fields = |name: &str| -> Option<Vec<Field>> {
                let raw = || self.service.models.get(name)?.fields.iter().map(source::Entry::field).collect();
                known.get(name).cloned().or_else(raw)
            };
            match assumed::apply(fit, &mut page, &fields) {
                Ok(made) => assumptions.extend(made),
                Err(why) => stale.push(fit.stale(&why)),
            }
        }
        let (reached, withdrawn) = (renamed::reached(&page), self.withdrawn());
        let of_this = |name: &str| !self.served_before(name) && !withdrawn.contains(name);
        page.models.retain(|model| reached.contains(&model.name) || of_this(&model.name));
        assumptions.extend(renamed::apply(self.name, &mut page, self.fixtures));
        let documents = build::documents(&page)?;
        for document in &documents {
            let version = document.info.version.clone();
            if let Some(reason) = self.left_out(document) {
                assumptions.push((version, Location::Document, reason));
            }
        }
        let documents = documents.into_iter().map(|document| assumed::mark(document, &assumptions)).collect();
        Ok((documents, prose::of(&page)))
    }

    /// Names the operations that an older version or the reference itself has, and the vendor's list lacks.
    fn left_out(&self, document: &Document) -> Option<String> {
        let version = names::version_parts(&document.info.version);
        let older = self
            .fixtures
            .iter()
            .filter(|((service, other), _)| service == self.name && names::version_parts(other) < version);
        let older = older.flat_map(|(_, document)| document.operations());
        let unlisted = self.service.operations.iter().filter(|own| {
            own.listed_version.is_none() && own.versions.iter().any(|other| other.0 == document.info.version)
        });
        let known = older.map(|(path, method, _)| (path, method));
        let known = known.chain(unlisted.map(|own| (own.path.as_str(), own.method.0.as_str())));
        let absent: BTreeSet<String> = known
            .filter(|(path, method)| find(document, path, method).is_none())
            .map(|(path, method)| format!("`{} {path}`", method.to_uppercase()))
            .collect();
        let names = absent.into_iter().collect::<Vec<_>>().join(", ");
        (!names.is_empty()).then(|| format!("The vendor no longer lists {names}, so this version does not have it."))
    }

    /// Whether an operation of an older version leads to the model, so that it is no model of this one.
    fn served_before(&self, model: &str) -> bool {
        let mut own = self.fixtures.iter().filter(|((service, _), _)| service == self.name);
        own.any(|(_, document)| document.components.schemas.get(model).is_some_and(|model| !model.sdk.unused))
    }

    /// The models of operations that the vendor no longer lists.
    fn withdrawn(&self) -> BTreeSet<&str> {
        let operations = self.service.operations.iter().filter(|own| own.listed_version.is_none());
        let answers = operations.clone().flat_map(|own| &own.responses).filter_map(|own| own.model.as_ref()?.0.model());
        let mut open: Vec<&str> = operations.filter_map(|own| own.request_model.as_deref()).chain(answers).collect();
        let mut found = BTreeSet::new();
        while let Some((name, model)) = open.pop().and_then(|name| self.service.models.get_key_value(name)) {
            if found.insert(name.as_str()) {
                open.extend(model.fields.iter().filter_map(|field| field.kind.as_ref()?.0.model()));
            }
        }
        found
    }

    /// The fixture that states what the reference leaves out.
    fn base(&self, version: &str) -> Result<&Document, ImportError> {
        ancestor(self.fixtures, self.name, version).ok_or_else(|| self.fail(&[], "no fixture to take the hosts from; write its first document as CONTRIBUTING.md describes under `A new service`"))
    }

    fn models(&self) -> Result<Vec<page::Model>, ImportError> {
        // A name in lower case is a model that no operation leads to; only an assumption brings it in.
        let spelled = self.service.models.iter().filter(|(_, model)| model.name_case.is_none());
        let mut models = Vec::new();
        for (name, model) in spelled {
            let mut fields = Vec::new();
            for entry in &model.fields {
                let field = entry.field().or_else(|| {
                    entry.note.as_ref()?;
                    let schema = self.known_field(name, &entry.name)?;
                    Some(Field {
                        name: entry.name.clone(),
                        required: entry.required,
                        schema: bare(schema),
                        listed: entry.listed(),
                    })
                });
                let place = [format!("\"{name}\": {{"), format!("\"name\": \"{}\"", entry.name)];
                let place: Vec<&str> = place.iter().map(String::as_str).collect();
                let fail = |what: String| self.fail(&place, format!("{name}.{} {what}", entry.name));
                let field = field.ok_or_else(|| fail("has no type".to_owned()))?;
                let inner = field.schema.items.as_deref().unwrap_or(&field.schema);
                if let Some(other) = inner.model().filter(|other| !self.service.models.contains_key(*other)) {
                    return Err(fail(format!("is of the model `{other}`, which the source lacks")));
                }
                fields.push(field);
            }
            models.push(page::Model { name: name.clone(), fields });
        }
        Ok(models)
    }

    /// The field in the newest fixture that has it.
    fn known_field(&self, model: &str, field: &str) -> Option<&Schema> {
        let own = self.fixtures.iter().filter(|((service, _), _)| service == self.name);
        let found = own.filter_map(|((_, version), document)| {
            let model = document.components.schemas.get(model)?;
            Some((version, model.properties.get(field)?))
        });
        found.max_by_key(|(version, _)| names::version_parts(version)).map(|(_, schema)| schema)
    }

    fn call(
        &self,
        own: &source::Operation,
        lifecycle: &Lifecycle,
        assumptions: &mut Assumptions,
    ) -> Result<Call, ImportError> {
        let fail = |message: String| self.fail(&[&format!("\"name\": \"{}\"", own.name)], message);
        let version = &lifecycle.version;
        let base = self.base(version)?;
        let stated = names::version_parts(&own.schema_version.0).cmp(&names::version_parts(version));
        let mut call = self.stated(own).map_err(fail)?;
        let mut known = find(base, &own.path, &own.method.0);
        if stated == Ordering::Greater {
            let older = self.older(version, own).ok_or_else(|| {
                fail(format!("{} has no page for {version}, and no older fixture has the operation", own.name))
            })?;
            known = Some(older.1);
            call = carried(older.1);
            if let Some(example) = own.other.get(&format!("request_example_{version}")) {
                call.request = Some(example.clone());
            }
            assumptions.push(assumed::no_page(version, own, older.0));
        } else if stated == Ordering::Less {
            assumptions.push(assumed::no_page(version, own, &own.schema_version.0));
        }
        let renumber = |header: &Header| {
            let ours = header.value == format!("{} {}", self.name, base.info.version);
            let value = if ours { format!("{} {version}", self.name) } else { header.value.clone() };
            Header { name: header.name.clone(), value }
        };
        let special = known.map(|own| &own.sdk.headers).filter(|headers| !headers.is_empty());
        call.headers = special.unwrap_or(&base.sdk.headers).iter().map(renumber).collect();
        call.title = known.and_then(|own| own.sdk.title.clone()).unwrap_or_else(|| own.name.clone());
        call.line = line_of(self.text, &[&format!("\"name\": \"{}\"", own.name)]);
        call.method.clone_from(&own.method.0);
        call.path.clone_from(&own.path);
        call.state.clone_from(&own.state.0);
        call.lifecycle = lifecycle.clone();
        Ok(call)
    }

    /// The operation in the nearest version before.
    fn older(&self, version: &str, own: &source::Operation) -> Option<(&str, &openapi::Operation)> {
        let wanted = names::version_parts(version);
        let before = self
            .fixtures
            .iter()
            .filter(|((service, other), _)| service == self.name && names::version_parts(other) < wanted)
            .max_by_key(|((_, other), _)| names::version_parts(other))?;
        let operation = find(before.1, &own.path, &own.method.0)?;
        Some((before.0.1.as_str(), operation))
    }

    /// What the operation's own page says.
    fn stated(&self, own: &source::Operation) -> Result<Call, String> {
        let example = |key: &&String| key.strip_prefix("request_example_").is_some_and(names::is_version);
        if let Some(key) = own.other.keys().find(|key| !example(key)) {
            return Err(format!("`{key}` is not a known key of an operation"));
        }
        if own.deprecated {
            return Err("is deprecated, which the older page did not have".to_owned());
        }
        let mut call = Call { request: own.request_example.clone(), ..Call::default() };
        for parameter in &own.parameters {
            match parameter.place.0.as_str() {
                "body" => call.body = Some(Body { required: parameter.required, schema: parameter.kind.0.clone() }),
                place => call.parameters.push(Parameter { place: place.to_owned(), field: parameter.field() }),
            }
        }
        let body = call.body.as_ref().and_then(|body| body.schema.model());
        if body != own.request_model.as_deref() {
            return Err("request model and body parameter disagree".to_owned());
        }
        for response in &own.responses {
            call.responses.push((response.code.clone(), response.model.as_ref().map(|kind| kind.0.clone())));
        }
        let success = call.responses.iter().find(|(status, schema)| status.starts_with('2') && schema.is_some());
        call.answers = match (success, &own.response_example) {
            (Some((status, _)), example) => vec![(status.clone(), example.clone())],
            (None, None) => Vec::new(),
            (None, Some(_)) => return Err("example of an answer without a model".to_owned()),
        };
        Ok(call)
    }
}

#[cfg(test)]
mod tests;

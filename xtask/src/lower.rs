//! From fixtures to the intermediate form: versions grouped by service, types merged across versions.

use std::collections::BTreeMap;

use crate::ir::{Kind, Presence, Role, Service, TypeDef, TypeIndex, Version};
use crate::names;
use crate::openapi::{Document, Requirement};
use crate::vendors::{self, Listed, TABLE, Vendor, Vendors};

mod assumed;
mod formats;
mod limits;
mod naming;
mod operations;
mod pattern;
mod roles;
mod types;

pub(crate) use assumed::REALMS;
pub(crate) use formats::PEM;
pub(crate) use naming::{rust_name, versioned};
pub(crate) use roles::take_role;

/// A fixture with its place relative to the root.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) source: String,
    pub(crate) document: Document,
}

/// Why fixtures cannot be turned into Rust.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// Something in one document.
    #[error("{source_file}#{pointer}: {message}")]
    At { source_file: String, pointer: String, message: String },
    /// The vendor table and the documents contradict each other.
    #[error("{TABLE}: {message}")]
    Table { message: String },
    /// One name for two shapes.
    #[error("`{name}` has one shape in {first} and another in {second} ({difference}); make them equal or rename one")]
    Shapes { name: String, first: String, second: String, difference: String },
}

/// A document and the words to say where something in it is wrong.
pub(crate) struct Context<'a> {
    source: &'a str,
    document: &'a Document,
    /// The first security scheme of the service's default version.
    usual_scheme: Option<&'a str>,
}

impl Context<'_> {
    /// Empty for the way of the default version; a scheme of the version's own; `none` where nothing is needed.
    fn auth(&self) -> String {
        match self.document.security.as_deref() {
            Some([]) => "none".to_owned(),
            Some(requirements) => {
                let own = first_scheme(requirements).filter(|scheme| Some(*scheme) != self.usual_scheme);
                own.unwrap_or_default().to_owned()
            }
            None => String::new(),
        }
    }

    fn problem(&self, pointer: &str, message: impl Into<String>) -> Problem {
        Problem::At { source_file: self.source.to_owned(), pointer: pointer.to_owned(), message: message.into() }
    }
}

/// All services in the order of the vendor table.
pub(crate) fn lower(vendors: &Vendors, fixtures: &[Fixture]) -> Result<Vec<Service>, Problem> {
    let mut groups: BTreeMap<(&str, &str), Vec<&Fixture>> = BTreeMap::new();
    for fixture in fixtures {
        let sdk = &fixture.document.sdk;
        let key = (sdk.vendor.as_str(), sdk.service.as_str());
        groups.entry(key).or_default().push(fixture);
    }
    let mut services = Vec::new();
    for vendor in vendors.iter() {
        for entry in &vendor.services {
            let fixtures = groups.remove(&(vendor.name.as_str(), entry.name.as_str()));
            let fixtures = fixtures.ok_or_else(|| {
                table(format!("no document in fixtures/{} is of the service `{}`", vendor.name, entry.name))
            })?;
            services.push(service(vendor, entry, fixtures)?);
        }
    }
    match groups.values().flatten().next() {
        None => Ok(services),
        Some(fixture) => {
            let unknown = format!("`{}` is not in {TABLE}", fixture.document.sdk.service);
            Err(context(fixture).problem("/x-sdk/service", unknown))
        }
    }
}

fn table(message: String) -> Problem {
    Problem::Table { message }
}

fn service(vendor: &Vendor, entry: &vendors::Service, mut fixtures: Vec<&Fixture>) -> Result<Service, Problem> {
    fixtures.sort_by_key(|fixture| names::version_parts(&fixture.document.info.version));
    let mut contexts: Vec<Context<'_>> = fixtures.iter().map(|fixture| context(fixture)).collect();
    let default = fixtures.iter().find(|fixture| fixture.document.info.version == entry.default);
    let usual_scheme = default.and_then(|fixture| first_scheme(fixture.document.security.as_deref()?));
    contexts.iter_mut().for_each(|context| context.usual_scheme = usual_scheme);
    let mut merged = Merged::default();
    let mut versions = Vec::new();
    for context in &contexts {
        for ty in types::definitions(context)? {
            merged.add(context, ty)?;
        }
        let mut version = version(context)?;
        // What everyone gets by default is always there.
        let ended = |listed: &Listed| listed.has_ended(&version.number, version.sunset.as_deref());
        version.ended = version.number != entry.default && entry.listed.as_ref().is_some_and(ended);
        if let Some(listed) = &entry.listed {
            version.sunset = listed.sunset(&version.number, version.sunset.as_deref()).map(str::to_owned);
        }
        versions.push(version);
    }
    let newest = contexts.last().map(|context| context.document);
    let mut service = Service {
        title: newest.map(|document| document.info.title.clone()).unwrap_or_default(),
        vendor: vendor.clone(),
        name: entry.name.clone(),
        module: entry.module.clone(),
        feature: entry.feature(),
        optional: entry.optional,
        default: entry.default.clone(),
        page: entry.page.clone(),
        listed: entry.listed.clone(),
        sources: contexts.iter().map(|context| context.source.to_owned()).collect(),
        versions,
        types: merged.types,
    };
    if service.default_version().is_none() {
        let Service { name, default, .. } = &service;
        return Err(table(format!("the default version {default} of `{name}` has no document")));
    }
    roles::assign(&mut service)?;
    known_members(&mut service);
    naming::assign(&mut service)?;
    Ok(service)
}

/// An answer that requires no member would take any object for an empty result, so its operation knows them.
fn known_members(service: &mut Service) {
    let Service { versions, types, .. } = service;
    for operation in versions.iter_mut().flat_map(|version| &mut version.operations) {
        let answer = operation.answer.named();
        let Some(Kind::Struct(fields)) = types.iter().find(|ty| Some(ty.name.as_str()) == answer).map(|ty| &ty.kind)
        else {
            continue;
        };
        if fields.iter().all(|field| field.presence != Presence::Required) {
            let names = fields.iter().flat_map(|field| std::iter::once(&field.wire).chain(&field.aliases));
            operation.known_members = names.cloned().collect();
        }
    }
}

fn context(fixture: &Fixture) -> Context<'_> {
    Context { source: &fixture.source, document: &fixture.document, usual_scheme: None }
}

fn first_scheme(requirements: &[Requirement]) -> Option<&str> {
    requirements.iter().find_map(|requirement| requirement.keys().next()).map(String::as_str)
}

fn version(context: &Context<'_>) -> Result<Version, Problem> {
    let document = context.document;
    let number = document.info.version.clone();
    if !names::is_version(&number) {
        return Err(context.problem("/info/version", format!("`{number}` is not a version number such as `1.2`")));
    }
    let file = format!("{}-{number}.json", document.sdk.service);
    if !context.source.ends_with(&format!("/{file}")) {
        return Err(context.problem("/info/version", format!("the file must be called `{file}`")));
    }
    let module = names::version_module(&number);
    if let Some(status) = &document.sdk.status
        && !names::STATES.contains(&status.as_str())
    {
        return Err(context.problem("/x-sdk/status", format!("`{status}` is not a lifecycle state")));
    }
    if let Some(day) = document.sdk.sunset.as_ref().filter(|day| !names::is_day(day)) {
        return Err(context.problem("/x-sdk/sunset", format!("`{day}` is not a day such as `2026-08-31`")));
    }
    if !names::is_title(&document.info.title) {
        return Err(context.problem("/info/title", "the title must be one line"));
    }
    Ok(Version {
        constant: names::constant(&module),
        module,
        number,
        status: document.sdk.status.clone(),
        sunset: document.sdk.sunset.clone(),
        ended: false,
        source: context.source.to_owned(),
        auth: context.auth(),
        operations: operations::all(context)?,
        names: chosen_names(document),
        models: Vec::new(),
        assumptions: assumed::all(document),
    })
}

fn chosen_names(document: &Document) -> BTreeMap<String, String> {
    let models = document.components.schemas.iter();
    models.filter_map(|(name, model)| Some((name.clone(), model.sdk.rust.clone()?))).collect()
}

/// The types of a document without what is for readers; none if it is not complete.
pub(crate) fn shapes(document: &Document) -> Vec<TypeDef> {
    let context = Context { source: "", document, usual_scheme: None };
    types::definitions(&context).unwrap_or_default().iter().map(bare).collect()
}

/// The types of a service while its versions are read, oldest first.
#[derive(Default)]
struct Merged {
    types: Vec<TypeDef>,
    index: TypeIndex,
    /// Where each type was first seen.
    sources: Vec<String>,
}

impl Merged {
    fn add(&mut self, context: &Context<'_>, ty: TypeDef) -> Result<(), Problem> {
        let known = self.index.get(&ty.name).copied();
        let Some((slot, first)) = known.and_then(|at| Some((self.types.get_mut(at)?, self.sources.get(at)?))) else {
            self.index.insert(ty.name.clone(), self.types.len());
            self.types.push(ty);
            self.sources.push(context.source.to_owned());
            return Ok(());
        };
        if let Some(difference) = difference(slot, &ty) {
            return Err(Problem::Shapes {
                name: ty.name,
                first: first.clone(),
                second: context.source.to_owned(),
                difference,
            });
        }
        // The newest version has the last word on descriptions.
        *slot = ty;
        Ok(())
    }
}

/// What is different beyond the descriptions.
fn difference(first: &TypeDef, second: &TypeDef) -> Option<String> {
    let (first, second) = (bare(first), bare(second));
    if first == second {
        return None;
    }
    let (Kind::Struct(left), Kind::Struct(right)) = (&first.kind, &second.kind) else {
        return Some("other values".to_owned());
    };
    let missing = |from: &[crate::ir::Field], in_: &[crate::ir::Field]| {
        let absent = from.iter().find(|field| in_.iter().all(|other| other.wire != field.wire));
        absent.map(|field| format!("only one has the field `{}`", field.wire))
    };
    let changed = || {
        let same_name =
            |field: &&crate::ir::Field| right.iter().any(|other| other.wire == field.wire && other != *field);
        left.iter().find(same_name).map(|field| format!("the field `{}` differs", field.wire))
    };
    let order = || Some("other order of fields".to_owned());
    missing(left, right).or_else(|| missing(right, left)).or_else(changed).or_else(order)
}

fn bare(ty: &TypeDef) -> TypeDef {
    let mut ty = TypeDef { docs: String::new(), role: Role::default(), ..ty.clone() };
    if let Kind::Struct(fields) = &mut ty.kind {
        for field in fields {
            field.docs.clear();
        }
    }
    ty
}

#[cfg(test)]
pub(crate) mod tests;

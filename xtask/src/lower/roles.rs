//! How each type is used: sent, part of an update, holding a secret, a page of a list.

use std::collections::BTreeSet;

use super::Problem;
use crate::ir::{Field, Kind, Method, Presence, Role, Service, Type, TypeDef};

/// A response is read whatever number it has: an ID of 0 would fail all of it.
fn keep_numbers(ty: &mut TypeDef) {
    if let Kind::Struct(fields) = &mut ty.kind {
        for field in fields.iter_mut().filter(|field| matches!(field.ty, Type::Id(_))) {
            field.ty = Type::Integer;
        }
    }
}

/// Gives the type its role, and its fields the types that they have in it.
pub(crate) fn take_role(ty: &mut TypeDef, role: Role) {
    ty.role = role;
    if !ty.role.request {
        keep_numbers(ty);
    }
}

/// Sets the role of every type of a service.
pub(super) fn assign(service: &mut Service) -> Result<(), Problem> {
    let bodies = |update: bool| {
        let operations = service.versions.iter().flat_map(|version| &version.operations);
        let chosen = operations.filter(move |operation| !update || operation.method == Method::Put);
        chosen.filter_map(|operation| Some(operation.body.as_ref()?.model.clone())).collect::<Vec<_>>()
    };
    let requests = reachable(service, bodies(false));
    let updates = reachable(service, bodies(true));
    let answers = service.versions.iter().flat_map(|version| &version.operations);
    let answers = answers.filter_map(|operation| operation.answer.named().map(str::to_owned)).collect();
    let responses = reachable(service, answers);
    let secrets = secrets(service);
    let mut pages = Vec::new();
    for version in &service.versions {
        for operation in &version.operations {
            if let Some(page) = &operation.page {
                let Type::Model(name) = &operation.answer else {
                    return Err(at(&version.source, &operation.name, "a page must be a model"));
                };
                pages.push((name.clone(), page.clone(), version.source.clone(), operation.name.clone()));
            }
        }
    }
    for ty in &mut service.types {
        let is = |of: &BTreeSet<String>| of.contains(&ty.name);
        let (request, response, update) = (is(&requests), is(&responses), is(&updates));
        let role = Role { request, response, update, secret: is(&secrets), page: None };
        take_role(ty, role);
    }
    for ty in &service.types {
        let Kind::Struct(fields) = &ty.kind else {
            continue;
        };
        let holds = |inner: &Type| inner.is_secret() || inner.named().is_some_and(|name| secrets.contains(name));
        let cleared = |field: &&Field| field.presence == Presence::OptionalNullable && holds(&field.ty);
        if ty.role.update
            && let Some(field) = fields.iter().find(cleared)
        {
            let source = service.sources.last().map_or("fixtures", String::as_str);
            let message = format!("`{}.{}`: an update cannot clear a secret yet", ty.name, field.wire);
            return Err(at(source, "models", &message));
        }
    }
    for (name, page, source, operation) in pages {
        let Some(ty) = service.types.iter_mut().find(|ty| ty.name == name) else {
            continue;
        };
        match &ty.role.page {
            Some(known)
                if (&known.items, &known.total, known.style, &known.id)
                    != (&page.items, &page.total, page.style, &page.id) =>
            {
                return Err(at(&source, &operation, "another operation pages the same model in another way"));
            }
            _ => ty.role.page = Some(page),
        }
    }
    Ok(())
}

fn at(source: &str, operation: &str, message: &str) -> Problem {
    Problem::At {
        source_file: source.to_owned(),
        pointer: format!("/paths ({operation})"),
        message: message.to_owned(),
    }
}

fn reachable(service: &Service, roots: Vec<String>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = roots;
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if let Some(Kind::Struct(fields)) = service.find(&name).map(|ty| &ty.kind) {
            open.extend(fields.iter().filter_map(|field| field.ty.named().map(str::to_owned)));
        }
    }
    seen
}

fn secrets(service: &Service) -> BTreeSet<String> {
    let mut secret: BTreeSet<String> = BTreeSet::new();
    loop {
        let before = secret.len();
        for ty in &service.types {
            let Kind::Struct(fields) = &ty.kind else {
                continue;
            };
            let holds = |inner: &Type| inner.is_secret() || inner.named().is_some_and(|name| secret.contains(name));
            if fields.iter().any(|field| holds(&field.ty)) {
                secret.insert(ty.name.clone());
            }
        }
        if secret.len() == before {
            return secret;
        }
    }
}

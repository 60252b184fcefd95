//! The Rust names of models: after the operation, plain in every version, each in the module of its version.

use std::collections::{BTreeMap, BTreeSet};

use super::Problem;
use crate::ir::{Argument, Kind, Operation, Service, Type, Version, bare};
use crate::names;

/// Gives each model its Rust name, and leaves out those that no operation reaches.
///
/// A model of the default version is in the service's `types`. Another one is in the `types` of the oldest version that
/// has it, before those that have ended, and its name begins with the module of that version: `v1_0::Key`.
pub(super) fn assign(service: &mut Service) -> Result<(), Problem> {
    let reached: Vec<BTreeSet<String>> = service.versions.iter().map(|version| reached(service, version)).collect();
    let default = service.versions.iter().position(|version| version.number == service.default).unwrap_or_default();
    let nested = nested(service);
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    let others: Vec<usize> = service.by_life().map(|(index, _)| index).filter(|index| *index != default).collect();
    let order = std::iter::once(default).chain(others);
    for index in order {
        let (Some(version), Some(models)) = (service.versions.get(index), reached.get(index)) else { continue };
        for model in models {
            if given.contains_key(model) {
                continue;
            }
            let rust = name(version, model, &nested);
            let full = if index == default { rust } else { format!("{}::{rust}", version.module) };
            if let Some(other) = taken.insert(full.clone(), model.clone()) {
                let message =
                    format!("`{other}` and `{model}` would both be `{full}`; set `x-sdk.rust` on one of them");
                return Err(Problem::At {
                    source_file: version.source.clone(),
                    pointer: "/components/schemas".to_owned(),
                    message,
                });
            }
            given.insert(model.clone(), full);
        }
    }
    for (version, models) in service.versions.iter_mut().zip(&reached) {
        let names = models.iter().filter_map(|model| Some((given.get(model)?.clone(), name(version, model, &nested))));
        version.models = names.collect();
    }
    service.types.retain(|ty| given.contains_key(&ty.name));
    for ty in &mut service.types {
        if let Some(full) = given.get(&ty.name) {
            let bare = bare(full);
            ty.alias = (ty.name != bare).then(|| ty.name.clone());
            ty.name.clone_from(full);
        }
        if let Kind::Struct(fields) = &mut ty.kind {
            fields.iter_mut().for_each(|field| rename(&mut field.ty, &given));
        }
    }
    for version in &mut service.versions {
        version.operations.iter_mut().for_each(|operation| rename_operation(operation, &given));
    }
    Ok(())
}

/// The Rust name of a model in one version.
fn name(version: &Version, model: &str, nested: &BTreeSet<String>) -> String {
    let names = |keep: &dyn Fn(&Operation) -> bool| -> Vec<&str> {
        version.operations.iter().filter(|operation| keep(operation)).map(|own| own.name.as_str()).collect()
    };
    let sends = names(&|operation| operation.body.as_ref().is_some_and(|body| body.model == model));
    let returns = names(&|operation| matches!(&operation.answer, Type::Model(name) if name == model));
    let chosen = version.names.get(model).map(String::as_str);
    rust_name(model, chosen, nested.contains(model), &sends, &returns)
}

/// As the document chooses; after the only operation that sends or returns the model itself, or the one among several
/// that shows it. What is part of another model, and all else, has the vendor's name without its version.
pub(crate) fn rust_name(model: &str, chosen: Option<&str>, nested: bool, sends: &[&str], returns: &[&str]) -> String {
    let show = returns.iter().find(|operation| operation.starts_with("show_"));
    match (chosen, sends, returns) {
        (Some(chosen), ..) => chosen.to_owned(),
        _ if nested => without_version(model).to_owned(),
        (_, [], [_, ..]) if let Some(show) = show => format!("{}Response", names::pascal(show)),
        (_, [one], []) => format!("{}Request", names::pascal(one)),
        (_, [], [one]) => format!("{}Response", names::pascal(one)),
        _ => without_version(model).to_owned(),
    }
}

/// The models that are fields of others.
fn nested(service: &Service) -> BTreeSet<String> {
    let fields = service.types.iter().filter_map(|ty| match &ty.kind {
        Kind::Struct(fields) => Some(fields),
        _ => None,
    });
    fields.flatten().filter_map(|field| field.ty.named().map(str::to_owned)).collect()
}

/// `KeyV1Dot2` is `Key` in its version, and `KeyV1Dot2V1Dot3` as well.
fn without_version(model: &str) -> &str {
    let mut name = model;
    while let Some((before, _)) = suffixed(name) {
        name = before;
    }
    name
}

/// `KeyV1Dot2` becomes `KeyV1Dot3`, and a longer name where another model has that one.
pub(crate) fn versioned(model: &str, version: &str, taken: impl Fn(&str) -> bool) -> String {
    let suffix = version.replace('.', "Dot");
    let mut name = format!("{}V{suffix}", suffixed(model).map_or(model, |(bare, _)| bare));
    while taken(&name) {
        name = format!("{name}V{suffix}");
    }
    name
}

/// The name before the last version, and that version.
fn suffixed(model: &str) -> Option<(&str, &str)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (name, version) = model.rsplit_once('V').filter(|(name, _)| !name.is_empty())?;
    // One page writes `V1dot3`.
    let (major, minor) = version.split_once("Dot").or(version.split_once("dot"))?;
    (digits(major) && digits(minor)).then_some((name, version))
}

/// The models that the operations of a version use, at any depth.
fn reached(service: &Service, version: &Version) -> BTreeSet<String> {
    let mut open: Vec<String> = Vec::new();
    for operation in &version.operations {
        open.extend(operation.body.as_ref().map(|body| body.model.clone()));
        open.extend(operation.answer.named().map(str::to_owned));
        let arguments = operation.arguments.iter().flat_map(|argument| match argument {
            Argument::Path(one) | Argument::Query(one) => vec![one],
            Argument::Period { from, to } => vec![from, to],
        });
        open.extend(arguments.chain(&operation.options).filter_map(|parameter| parameter.ty.named().cloned()));
    }
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        let Some(ty) = service.find(&name) else { continue };
        if let Kind::Struct(fields) = &ty.kind
            && !seen.contains(&name)
        {
            open.extend(fields.iter().filter_map(|field| field.ty.named().map(str::to_owned)));
        }
        seen.insert(name);
    }
    seen
}

fn rename(ty: &mut Type, given: &BTreeMap<String, String>) {
    match ty {
        Type::Model(name) | Type::Enum(name) => {
            if let Some(full) = given.get(name) {
                name.clone_from(full);
            }
        }
        Type::List(inner) | Type::OneOrMany(inner) => rename(inner, given),
        _ => {}
    }
}

fn rename_operation(operation: &mut Operation, given: &BTreeMap<String, String>) {
    rename(&mut operation.answer, given);
    if let Some(body) = &mut operation.body
        && let Some(full) = given.get(&body.model)
    {
        body.model.clone_from(full);
    }
    let arguments = operation.arguments.iter_mut().flat_map(|argument| match argument {
        Argument::Path(one) | Argument::Query(one) => vec![one],
        Argument::Period { from, to } => vec![from, to],
    });
    for parameter in arguments.chain(&mut operation.options) {
        if let Some(name) = parameter.ty.named_mut()
            && let Some(full) = given.get(name)
        {
            name.clone_from(full);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower::tests::{good, lowered};

    #[test]
    fn two_models_of_one_name_are_refused() {
        let mut document = good();
        let models = document["components"]["schemas"].as_object_mut().unwrap();
        models.insert("OwnerV1Dot2".to_owned(), models["Owner"].clone());
        models["Key"]["properties"]["next"] = serde_json::json!({"$ref": "#/components/schemas/OwnerV1Dot2"});
        let error = lowered(&document).unwrap_err().to_string();
        assert!(error.contains("would both be `Owner`; set `x-sdk.rust`"), "{error}");
    }

    #[test]
    fn version_of_a_name_is_replaced() {
        for (model, taken, name) in [
            ("Key", &[][..], "KeyV1Dot3"),
            ("KeyV1Dot2", &[], "KeyV1Dot3"),
            ("KeyV1Dot2", &["KeyV1Dot3"], "KeyV1Dot3V1Dot3"),
            ("KeyV1Dot3", &["KeyV1Dot3"], "KeyV1Dot3V1Dot3"),
        ] {
            assert_eq!(versioned(model, "1.3", |own| taken.contains(&own)), name);
        }
    }

    #[test]
    fn version_is_taken_off_a_name() {
        for (model, bare) in [
            ("KeyV1Dot2", "Key"),
            ("KeyV1dot3", "Key"),
            ("Key", "Key"),
            ("V1Dot2", "V1Dot2"),
            ("KeyV1", "KeyV1"),
            ("VpcV2Dot10", "Vpc"),
            ("KeyV1Dot2V1Dot3", "Key"),
        ] {
            assert_eq!(without_version(model), bare);
        }
    }
}

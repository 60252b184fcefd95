//! Turns what the page says into documents, one for each service and version.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::ImportError;
use super::page::{Call, Lifecycle, Model, Parameter, Service};
use super::usual::usual_idempotency;
use crate::names;
use crate::openapi::{
    self, Document, DocumentSdk, Info, Map, MediaType, Operation, OperationSdk, ParameterSdk, PathItem, RequestBody,
    Requirement, Response, Schema, SecurityScheme, Server, ServerVariable, TypeSet,
};

const JSON: &str = "application/json";

/// One document for each version of the service.
pub(super) fn documents(service: &Service) -> Result<Vec<Document>, ImportError> {
    for call in &service.calls {
        let known = |row: &&Lifecycle| **row == call.lifecycle;
        if service.versions.iter().find(known).is_none() {
            let text =
                format!("{} {}: state or date differs from the version table", call.title, call.lifecycle.version);
            return Err(ImportError::new(call.line, text));
        }
    }
    let models: BTreeMap<&str, &Model> = service.models.iter().map(|model| (model.name.as_str(), model)).collect();
    let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for call in &service.calls {
        let names = reached.entry(&call.lifecycle.version).or_default();
        for schema in call
            .body
            .iter()
            .map(|body| &body.schema)
            .chain(call.responses.iter().filter_map(|(_, schema)| schema.as_ref()))
        {
            reach(schema, &models, names, call.line)?;
        }
    }
    let name = host_name(&service.url);
    if !names::is_label(name) {
        return Err(ImportError::new(
            service.line,
            format!("`{name}` of the OpenAPI URL is not the name of a service"),
        ));
    }
    for Lifecycle { version, .. } in &service.versions {
        if !names::is_version(version) {
            return Err(ImportError::new(service.line, format!("`{version}` is not a version number such as `1.2`")));
        }
    }
    service.versions.iter().map(|lifecycle| document(service, lifecycle, &reached)).collect()
}

/// Adds the models that the schema leads to.
fn reach<'a>(
    schema: &'a Schema,
    models: &BTreeMap<&str, &'a Model>,
    names: &mut BTreeSet<&'a str>,
    line: usize,
) -> Result<(), ImportError> {
    for inner in schema.one_of.iter().chain(schema.items.as_deref()) {
        reach(inner, models, names, line)?;
    }
    let Some(name) = schema.reference.as_deref().and_then(openapi::model_name) else {
        return Ok(());
    };
    let model = models.get(name).ok_or_else(|| ImportError::new(line, format!("model `{name}` is not on the page")))?;
    if names.insert(name) {
        for field in &model.fields {
            reach(&field.schema, models, names, line)?;
        }
    }
    Ok(())
}

fn document(
    service: &Service,
    lifecycle: &Lifecycle,
    reached: &BTreeMap<&str, BTreeSet<&str>>,
) -> Result<Document, ImportError> {
    let own_calls = || {
        let version = &lifecycle.version;
        service.calls.iter().filter(move |call| call.lifecycle.version == *version)
    };
    let mut document = Document {
        openapi: "3.1.0".to_owned(),
        info: Info { title: service.title.clone(), version: lifecycle.version.clone(), description: None },
        servers: vec![server(service)],
        sdk: DocumentSdk {
            vendor: "scp".to_owned(),
            service: host_name(&service.url).to_owned(),
            status: Some(lifecycle.status.clone()),
            sunset: lifecycle.not_before.clone(),
            regions: service.regions.clone(),
            headers: own_calls().next().map(|call| call.headers.clone()).unwrap_or_default(),
            ..DocumentSdk::default()
        },
        ..Document::default()
    };
    let mut requirement = Requirement::new();
    for header in document.sdk.headers.clone() {
        if header.name.starts_with("Scp-") && header.name != "Scp-Api-Version" {
            let name = add_scheme(&mut document, &header.name);
            requirement.insert(name, Vec::new());
        }
    }
    document.security = Some(vec![requirement]);
    for call in own_calls() {
        let operation = operation(call, &mut document)?;
        let item: &mut PathItem = document.paths.entry(call.path.clone()).or_default();
        let Some(slot) = item.slot(&call.method) else {
            return Err(ImportError::new(call.line, format!("unknown method `{}`", call.method)));
        };
        if slot.replace(operation).is_some() {
            return Err(ImportError::new(call.line, format!("{} {} twice", call.method, call.path)));
        }
    }
    let here = reached.get(lifecycle.version.as_str());
    for model in &service.models {
        let used_here = here.is_some_and(|names| names.contains(model.name.as_str()));
        let unused = !reached.values().any(|names| names.contains(model.name.as_str()));
        if used_here || unused {
            let mut schema = object(model);
            schema.sdk.unused = unused;
            document.components.schemas.insert(model.name.clone(), schema);
        }
    }
    Ok(document)
}

fn server(service: &Service) -> Server {
    let variable = |values: Vec<&String>| {
        let mut allowed: Vec<String> = Vec::new();
        for value in values {
            if !allowed.contains(value) {
                allowed.push(value.clone());
            }
        }
        ServerVariable { default: allowed.first().cloned().unwrap_or_default(), allowed, description: None }
    };
    let regions = service.regions.iter();
    Server {
        url: service.url.clone(),
        description: None,
        variables: Map::from_iter([
            ("region".to_owned(), variable(regions.clone().map(|place| &place.region).collect())),
            ("environment".to_owned(), variable(regions.map(|place| &place.environment).collect())),
        ]),
    }
}

/// `kms` in `https://kms.{region}.{environment}.samsungsdscloud.com`.
fn host_name(url: &str) -> &str {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    host.split('.').next().unwrap_or(host)
}

/// Adds an `apiKey` scheme for the header: `ScpAccesskey` for `Scp-Accesskey`, `SvAccesskey` for `Svaccesskey`.
fn add_scheme(document: &mut Document, header: &str) -> String {
    // The second kind of header loses the inner capitals that the first kind shows.
    let twin = |rest: &str| {
        let mut headers = document.sdk.headers.iter();
        headers.find_map(|own| own.name.strip_prefix("Scp-").filter(|tail| tail.eq_ignore_ascii_case(rest)))
    };
    let name = match header.strip_prefix("Sv").map(|rest| twin(rest).unwrap_or(rest)) {
        Some(rest) => format!("Sv{rest}"),
        None => header.replace('-', ""),
    };
    let scheme = SecurityScheme {
        kind: "apiKey".to_owned(),
        name: Some(header.to_owned()),
        place: Some("header".to_owned()),
        ..SecurityScheme::default()
    };
    document.components.security_schemes.insert(name.clone(), scheme);
    name
}

fn object(model: &Model) -> Schema {
    Schema {
        types: Some(TypeSet::One("object".to_owned())),
        properties: model.fields.iter().map(|field| (field.name.clone(), field.schema.clone())).collect(),
        required: model.fields.iter().filter(|field| field.required).map(|field| field.name.clone()).collect(),
        ..Schema::default()
    }
}

fn operation(call: &Call, document: &mut Document) -> Result<Operation, ImportError> {
    let fail = |text: String| Err(ImportError::new(call.line, format!("{}: {text}", call.title)));
    let mut operation = Operation {
        operation_id: snake_case(&call.title),
        parameters: call.parameters.iter().map(parameter).collect(),
        sdk: OperationSdk {
            title: Some(call.title.clone()),
            state: Some(call.state.clone()),
            idempotency: usual_idempotency(&call.method),
            ..OperationSdk::default()
        },
        ..Operation::default()
    };
    if call.headers != document.sdk.headers {
        operation.sdk.headers.clone_from(&call.headers);
    }
    let mut requirement = Requirement::new();
    for own in call.parameters.iter().filter(|own| own.place == "header") {
        let name = add_scheme(document, &own.field.name);
        requirement.insert(name, Vec::new());
    }
    if !requirement.is_empty() {
        operation.security = Some(vec![requirement]);
    }
    if let Some(body) = &call.body {
        operation.request_body = Some(RequestBody {
            description: None,
            required: body.required,
            content: content(&body.schema, call.request.as_ref()),
        });
    }
    for (status, schema) in &call.responses {
        let shown = call.answers.iter().find(|(own, _)| own == status);
        let example = shown.and_then(|(_, example)| example.as_ref());
        let content = match (schema, example) {
            (Some(schema), example) => content(schema, example),
            (None, None) => Map::new(),
            (None, Some(_)) => return fail(format!("{status} shows a body but has no schema")),
        };
        let response = Response { description: String::new(), content };
        operation.responses.insert(status.clone(), response);
    }
    for (status, _) in &call.answers {
        if !operation.responses.contains_key(status) {
            return fail(format!("example for the undocumented status {status}"));
        }
    }
    Ok(operation)
}

fn parameter(own: &Parameter) -> openapi::Parameter {
    let mut schema = own.field.schema.clone();
    let mut example = schema.examples.pop();
    // The page shows one element of a repeated key; as JSON that is a list of one.
    if schema.has_type("array") && !schema.has_type("string") {
        example = example.map(|value| match value {
            Value::Array(_) => value,
            one => Value::Array(vec![one]),
        });
    }
    openapi::Parameter {
        name: own.field.name.clone(),
        place: own.place.clone(),
        required: own.field.required,
        description: None,
        schema,
        example,
        sdk: ParameterSdk { source: (own.place == "header").then(|| "signer".to_owned()), ..ParameterSdk::default() },
        ..openapi::Parameter::default()
    }
}

fn content(schema: &Schema, example: Option<&Value>) -> Map<MediaType> {
    let media = MediaType { schema: schema.clone(), example: example.cloned(), examples: Map::new() };
    Map::from_iter([(JSON.to_owned(), media)])
}

fn snake_case(title: &str) -> String {
    title.to_lowercase().replace([' ', '-'], "_")
}

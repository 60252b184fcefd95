//! Makes what a page has and a fixture lacks: facts now, names and words by hand later.

use serde_json::Value;

use super::super::facts::{Page, Stated, type_of};
use super::super::usual::usual_idempotency;
use super::parameters::typed;
use crate::names;
use crate::openapi::{
    Document, DocumentSdk, Info, Map, MediaType, Operation, OperationSdk, Parameter, RequestBody, Response, Schema,
    SchemaSdk, Split,
};

const JSON: &str = "application/json";

/// A document without operations, for a service without an older version.
pub(super) fn document(key: &(String, String), pages: &[Page]) -> Option<Document> {
    let page = pages.first()?;
    let first = page.operations.first()?;
    let headers = first.headers.clone();
    let mut document = Document {
        openapi: "3.1.0".to_owned(),
        info: Info { title: key.0.clone(), version: key.1.clone(), description: None },
        sdk: DocumentSdk {
            vendor: page.vendor.to_owned(),
            service: key.0.clone(),
            envelope: Some(page.envelope.to_owned()),
            headers,
            ..DocumentSdk::default()
        },
        ..Document::default()
    };
    let example = first.answer.as_ref().and_then(|own| own.example.as_ref());
    if let Some(Value::Object(members)) = example.and_then(|own| own.get("header")) {
        let field = |(name, value): (&String, &Value)| (name.clone(), typed(type_of(value).unwrap_or("string")));
        let header = Schema {
            properties: members.iter().map(field).collect(),
            required: members.keys().cloned().collect(),
            sdk: SchemaSdk { envelope: true, ..SchemaSdk::default() },
            ..typed("object")
        };
        document.components.schemas.insert("ResponseHeader".to_owned(), header);
    }
    Some(document)
}

/// Adds an operation with an empty request and response.
pub(super) fn operation(document: &mut Document, stated: &Stated) {
    let id = id(stated);
    let answer = format!("{}Response", pascal(&id));
    // Settings of the client, such as an app key, are the same in all operations.
    let configured = |own: &&Parameter| own.sdk.source.as_deref() == Some("config");
    let mut parameters: Vec<Parameter> = document
        .operations()
        .next()
        .map(|(.., other)| other.parameters.iter().filter(configured).cloned().collect())
        .unwrap_or_default();
    parameters.retain(|own| own.place != "path" || stated.path.contains(&format!("{{{}}}", own.name)));
    envelope(document, &answer);
    let media = MediaType { schema: Schema::reference_to(&answer), ..MediaType::default() };
    let response = Response { description: String::new(), content: Map::from_iter([(JSON.to_owned(), media)]) };
    let operation = Operation {
        operation_id: id.clone(),
        parameters,
        responses: Map::from_iter([("200".to_owned(), response)]),
        sdk: OperationSdk {
            title: Some(stated.title.clone().unwrap_or_else(|| id.clone())),
            idempotency: usual_idempotency(&stated.method),
            ..OperationSdk::default()
        },
        ..Operation::default()
    };
    if let Some(slot) = document.paths.entry(stated.path.clone()).or_default().slot(&stated.method) {
        *slot = Some(operation);
    }
    if stated.request.is_some() {
        request(document, stated);
    }
}

/// Adds an empty request body.
pub(super) fn request(document: &mut Document, stated: &Stated) {
    let operation = document.operation_mut(&stated.path, &stated.method);
    let Some(operation) = operation else { return };
    let name = format!("{}Request", pascal(&operation.operation_id));
    let media = MediaType { schema: Schema::reference_to(&name), ..MediaType::default() };
    let content = Map::from_iter([(JSON.to_owned(), media)]);
    operation.request_body = Some(RequestBody { description: None, required: true, content });
    document.components.schemas.entry(name).or_insert_with(|| typed("object"));
}

/// Adds the second format of a path.
pub(super) fn split(document: &mut Document, stated: &Stated) {
    let Some(parameter) = &stated.select else { return };
    let kind = stated.parameters.iter().find(|own| own.name == *parameter).and_then(|own| own.kind);
    let id = format!("{}_{parameter}", id(stated));
    let answer = format!("{}Response", pascal(&id));
    envelope(document, &answer);
    let operation = document.operation_mut(&stated.path, &stated.method);
    if let Some(operation) = operation {
        operation.sdk.split = Some(Split {
            parameter: parameter.clone(),
            value: (kind == Some("boolean")).then(|| "true".to_owned()),
            operation_id: id,
            schema: format!("#/components/schemas/{answer}"),
            example: Some("detail".to_owned()),
            ..Split::default()
        });
    }
}

/// Adds a model with the header of the service's responses and an empty payload.
fn envelope(document: &mut Document, name: &str) {
    let Some(field) = document.sdk.envelope.clone().filter(|own| own != "*") else {
        document.components.schemas.entry(name.to_owned()).or_insert_with(|| typed("object"));
        return;
    };
    let schemas = &mut document.components.schemas;
    let header = schemas.contains_key("ResponseHeader");
    let mut model = Schema { sdk: SchemaSdk { envelope: true, ..SchemaSdk::default() }, ..typed("object") };
    if header {
        model.properties.insert("header".to_owned(), Schema::reference_to("ResponseHeader"));
        model.required.push("header".to_owned());
    }
    model.properties.insert(field.clone(), typed("object"));
    model.required.push(field);
    schemas.entry(name.to_owned()).or_insert(model);
}

/// Gives the envelope a payload of its own.
pub(super) fn payload(document: &mut Document, model: &str, field: &str, name: &str) {
    let schemas = &mut document.components.schemas;
    if let Some(own) = schemas.get_mut(model).and_then(|own| own.properties.get_mut(field)) {
        *own = Schema::reference_to(name);
    }
    schemas.entry(name.to_owned()).or_insert_with(|| typed("object"));
}

/// A name until somebody gives a better one: the page's, or method and path.
fn id(stated: &Stated) -> String {
    if let (Some(title), false) = (&stated.title, stated.headers.is_empty()) {
        return names::snake(title);
    }
    let words = stated.path.split('/').skip_while(|part| !part.contains("ppkey}") && !part.contains("ppKey}")).skip(1);
    let words: Vec<String> = words.map(|part| names::snake(part.trim_matches(['{', '}']))).collect();
    format!("{}_{}", stated.method, words.join("_"))
}

/// `keyList` and `list_keys` as names of models.
pub(super) fn pascal(name: &str) -> String {
    let snake = names::snake(name);
    let words = snake.split('_').filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

//! Carries an operation over from an older fixture, without what was written by hand.

use super::super::page::{Body, Call, Parameter};
use super::super::row::Field;
use super::super::{Fixtures, hand};
use super::source;
use crate::moved;
use crate::openapi::{self, Map, Schema};

/// The fixtures of the service, with the paths as the reference writes them.
pub(super) fn followed(name: &str, service: &source::Service, fixtures: &Fixtures) -> Fixtures {
    let stated = service.operations.iter();
    let calls: Vec<_> = stated.map(|own| moved::Call::new(&own.method.0, &own.path, Some(&own.name))).collect();
    let own = fixtures.iter().filter(|((service, _), _)| service == name);
    own.map(|(key, document)| (key.clone(), moved::followed(document, &calls).0)).collect()
}

/// An operation of a fixture as a page would state it.
pub(super) fn carried(own: &openapi::Operation) -> Call {
    let json = |content: &Map<openapi::MediaType>| content.get("application/json").cloned();
    let parameter = |own: &openapi::Parameter| {
        let mut schema = bare(&own.schema);
        schema.examples = own.example.clone().into_iter().collect();
        let field = Field { name: own.name.clone(), required: own.required, schema, listed: Vec::new() };
        Parameter { place: own.place.clone(), field }
    };
    let body = own.request_body.as_ref().and_then(|body| Some((body.required, json(&body.content)?)));
    let answers = own.responses.iter().filter_map(|(status, own)| Some((status, json(&own.content)?)));
    Call {
        parameters: own.parameters.iter().map(parameter).collect(),
        request: body.as_ref().and_then(|(_, media)| media.example.clone()),
        body: body.map(|(required, media)| Body { required, schema: bare(&media.schema) }),
        responses: own.responses.iter().map(|(status, own)| (status.clone(), json(&own.content))).map(schema).collect(),
        answers: answers.map(|(status, media)| (status.clone(), media.example)).collect(),
        ..Call::default()
    }
}

fn schema((status, media): (String, Option<openapi::MediaType>)) -> (String, Option<Schema>) {
    (status, media.map(|media| bare(&media.schema)))
}

/// A schema without what was written by hand.
pub(super) fn bare(own: &Schema) -> Schema {
    let mut schema = own.clone();
    (schema.description, schema.sdk) = (None, openapi::SchemaSdk::default());
    hand::remove(&mut schema);
    schema.items = schema.items.map(|items| Box::new(bare(&items)));
    schema.one_of = schema.one_of.iter().map(bare).collect();
    schema
}

/// The operation of a document.
pub(super) fn find<'a>(document: &'a openapi::Document, path: &str, method: &str) -> Option<&'a openapi::Operation> {
    document.operations().find(|(own, verb, _)| *own == path && *verb == method).map(|(.., operation)| operation)
}

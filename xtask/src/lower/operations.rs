//! Operations: paths, arguments, answers and pages.

use super::assumed;
use super::types::resolve;
use super::{Context, Problem, first_scheme};
use crate::ir::{BodyArgument, Effect, Idempotency, Method, Operation, Page, PageStyle, Parameter, Type};
use crate::names;
use crate::openapi::{self, OperationSdk, PageRule, Schema, Split, escape_pointer};

mod parameters;

/// Every operation of one document, split ones as two.
pub(super) fn all(context: &Context<'_>) -> Result<Vec<Operation>, Problem> {
    let mut operations: Vec<Operation> = Vec::new();
    for (path, method, operation) in context.document.operations() {
        let pointer = format!("/paths/{}/{method}", escape_pointer(path));
        let reader = Reader { context, path, operation, pointer };
        let method = match method {
            "get" => Method::Get,
            "post" => Method::Post,
            "put" => Method::Put,
            _ => Method::Delete,
        };
        operations.push(reader.read(method, None)?);
        if let Some(split) = &operation.sdk.split {
            operations.push(reader.read(method, Some(split))?);
        }
    }
    for (index, operation) in operations.iter().enumerate() {
        if operations.iter().skip(index + 1).any(|other| other.name == operation.name) {
            return Err(context.problem("/paths", format!("two operations are called `{}`", operation.name)));
        }
    }
    Ok(operations)
}

struct Reader<'a> {
    context: &'a Context<'a>,
    path: &'a str,
    operation: &'a openapi::Operation,
    pointer: String,
}

impl Reader<'_> {
    fn problem(&self, below: &str, message: impl Into<String>) -> Problem {
        self.context.problem(&format!("{}{below}", self.pointer), message)
    }

    fn read(&self, method: Method, split: Option<&Split>) -> Result<Operation, Problem> {
        let operation = self.operation;
        let sdk = &operation.sdk;
        let name = split.map_or(&operation.operation_id, |split| &split.operation_id);
        if !names::is_identifier(name) || names::snake(name) != *name {
            return Err(self.problem("/operationId", format!("`{name}` is not in snake case")));
        }
        let text = |of_split: Option<&String>, own: Option<&String>| {
            let chosen = if split.is_some() { of_split } else { own };
            chosen.cloned().unwrap_or_default()
        };
        let title = text(split.and_then(|split| split.title.as_ref()), sdk.title.as_ref());
        if !title.is_empty() && !names::is_title(&title) {
            return Err(self.problem("/x-sdk/title", "the title must be one line"));
        }
        let mut required = Vec::new();
        let mut options = Vec::new();
        for (index, parameter) in operation.parameters.iter().enumerate() {
            let pointer = format!("{}/parameters/{index}", self.pointer);
            let split_by = sdk.split.as_ref().is_some_and(|split| split.parameter == parameter.name);
            let only = |split: &Split| split.only.contains(&parameter.name);
            let of_split = split_by || sdk.split.as_ref().is_some_and(only);
            let has_value = split_by && split.is_some_and(|split| split.value.is_some());
            if parameter.place != "query" || (of_split && split.is_none()) || has_value {
                self.check_placed(parameter, &pointer)?;
                continue;
            }
            let lowered = self.parameter(parameter, &pointer)?;
            if parameter.required || parameter.sdk.required_by_server || split_by {
                required.push(lowered);
            } else {
                options.push(lowered);
            }
        }
        let realm = split.map_or(&operation.realm, |split| &split.realm);
        let realm = assumed::realm(self.context, realm.as_deref(), &self.pointer)?;
        let described = text(split.and_then(|split| split.description.as_ref()), operation.description.as_ref());
        let (path, ids) = self.segments()?;
        let answer = self.answer(split)?;
        let body = self.body()?;
        Ok(Operation {
            name: name.clone(),
            title,
            summary: text(split.and_then(|split| split.summary.as_ref()), operation.summary.as_ref()),
            description: format!("{described}{realm}").trim_start().to_owned(),
            deprecated: operation.deprecated,
            method,
            template: self.path.to_owned(),
            path,
            success: self.success()?,
            idempotency: self.idempotency(sdk)?,
            effect: self.effect(split)?,
            reveals_secrets: split.map_or(sdk.reveals_secrets, |split| split.reveals_secrets).unwrap_or_default(),
            auth: self.auth(),
            envelope: self.context.document.sdk.envelope.clone().unwrap_or_default(),
            arguments: self.arguments(ids, required)?,
            fixed: split.and_then(|own| Some((own.parameter.clone(), own.value.clone()?))).into_iter().collect(),
            body,
            page: self.page(split.map_or(&sdk.page, |split| &split.page).as_ref(), &options)?,
            options,
            answer,
            known_members: Vec::new(),
            already_deleted: sdk.already_deleted.as_ref().map(serde_json::Value::to_string),
            lost_response: sdk.lost_response.clone(),
        })
    }

    fn body(&self) -> Result<Option<BodyArgument>, Problem> {
        let Some(body) = &self.operation.request_body else {
            return Ok(None);
        };
        let Some(media) = body.content.get("application/json") else {
            return Err(self.problem("/requestBody/content", "only application/json can be sent"));
        };
        let place = "/requestBody/content/application~1json/schema";
        match resolve(self.context, &media.schema, &format!("{}{place}", self.pointer))? {
            Type::Model(model) => Ok(Some(BodyArgument {
                model,
                docs: body.description.clone().unwrap_or_default(),
                example: media.example.clone(),
            })),
            _ => Err(self.problem(place, "a body needs a model with fields")),
        }
    }

    fn success(&self) -> Result<Vec<u16>, Problem> {
        let mut statuses = Vec::new();
        for status in self.operation.responses.keys() {
            let number: u16 =
                status.parse().map_err(|_| self.problem("/responses", format!("`{status}` is not a status")))?;
            if (200..300).contains(&number) {
                statuses.push(number);
            }
        }
        if statuses.is_empty() {
            return Err(self.problem("/responses", "no status means success"));
        }
        Ok(statuses)
    }

    /// The payload of a good answer, taken out of its envelope.
    fn answer(&self, split: Option<&Split>) -> Result<Type, Problem> {
        let (schema, pointer) = match (split, self.operation.answer()) {
            (Some(split), _) => {
                let name = openapi::model_name(&split.schema);
                let name = name.ok_or_else(|| self.problem("/x-sdk/split/schema", "no reference to a model"))?;
                (Schema::reference_to(name), format!("{}/x-sdk/split/schema", self.pointer))
            }
            (None, Some((status, media))) => {
                let place = format!("{}/responses/{status}/content/application~1json/schema", self.pointer);
                (media.schema.clone(), place)
            }
            (None, None) => return Ok(Type::Unit),
        };
        let envelope = self.context.document.sdk.envelope.as_deref();
        let payload = match envelope {
            None | Some("*") => schema,
            Some(key) => {
                let model = schema.reference.as_deref().and_then(|name| self.context.document.resolve(name));
                let payload = model.and_then(|model| model.properties.get(key));
                match (model, payload) {
                    (_, Some(payload)) => payload.clone(),
                    // An answer that is only a header has nothing to hand over.
                    (Some(_), None) => return Ok(Type::Unit),
                    (None, None) => return Err(self.context.problem(&pointer, "the envelope needs a model")),
                }
            }
        };
        let ty = resolve(self.context, &payload, &pointer)?;
        Ok(if ty == Type::Json { Type::Unit } else { ty })
    }

    fn idempotency(&self, sdk: &OperationSdk) -> Result<Idempotency, Problem> {
        match sdk.idempotency.as_deref() {
            Some("safe") => Ok(Idempotency::Safe),
            Some("idempotent") => Ok(Idempotency::Idempotent),
            Some("unsafe") => Ok(Idempotency::Unsafe),
            _ => Err(self.problem("/x-sdk/idempotency", "say `safe`, `idempotent` or `unsafe`")),
        }
    }

    fn effect(&self, split: Option<&Split>) -> Result<Effect, Problem> {
        let (named, place) = match split {
            Some(split) => (&split.effect, "/x-sdk/split/effect"),
            None => (&self.operation.sdk.effect, "/x-sdk/effect"),
        };
        Effect::named(named.as_deref()).ok_or_else(|| self.problem(place, "say `read`, `mutate` or `destroy`"))
    }

    /// The version's way, unless the operation names a scheme of its own or needs none.
    fn auth(&self) -> String {
        match self.operation.security.as_deref() {
            Some(requirements) => first_scheme(requirements).unwrap_or("none").to_owned(),
            None => self.context.auth(),
        }
    }

    fn page(&self, rule: Option<&PageRule>, options: &[Parameter]) -> Result<Option<Page>, Problem> {
        let Some(rule) = rule else {
            return Ok(None);
        };
        let PageRule { style, index, size, first, items, total, id } = rule;
        let style = match style.as_str() {
            "page" => PageStyle::Numbered { first: first.unwrap_or_default() },
            "marker" => PageStyle::Marked,
            "offset" => PageStyle::Offset,
            other => return Err(self.problem("/x-sdk/page/style", format!("`{other}` is not a style"))),
        };
        for (key, name) in [("index", index), ("size", size)] {
            if options.iter().all(|option| option.wire != *name) {
                let message = format!("there is no optional query parameter `{name}`");
                return Err(self.problem(&format!("/x-sdk/page/{key}"), message));
            }
        }
        let fields = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
        Ok(Some(Page {
            style,
            index: index.clone(),
            size: size.clone(),
            items: fields(items),
            total: total.as_deref().map(fields).unwrap_or_default(),
            id: id.clone(),
        }))
    }
}

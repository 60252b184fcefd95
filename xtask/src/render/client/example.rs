//! The example of an operation's documentation: the call with the values of the vendor's page.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use self::value::Values;
use crate::ir::{Argument, Operation, Parameter, ParameterType, Service, Type, Version, bare, home};
use crate::names::ident;

mod value;

/// The section `# Example` as doc attributes. It compiles as a documentation test and calls nothing.
pub(in crate::render) fn example(service: &Service, version: &Version, operation: &Operation) -> TokenStream {
    let code = code(service, version, operation);
    let (krate, handle, name) = (service.vendor.path(), &service.vendor.handle, &service.vendor.name);
    let opening = [
        String::new(),
        "# Example".to_owned(),
        "```no_run".to_owned(),
        format!("# async fn example({name}: &{krate}::{handle}) -> {krate}::Result<()> {{"),
    ];
    let closing = ["# Ok(())", "# }", "```"].map(str::to_owned);
    let lines = opening.into_iter().chain(code).chain(closing);
    let lines = lines.map(|line| if line.is_empty() { line } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}

/// The lines that a reader sees.
fn code(service: &Service, version: &Version, operation: &Operation) -> Vec<String> {
    let krate = ident(&service.vendor.path());
    let mut values = Values::new(service, quote!(#krate));
    let mut arguments: Vec<TokenStream> =
        operation.arguments.iter().map(|given| argument(given, &mut values)).collect();
    let period = operation.arguments.iter().find_map(period);
    let body = operation.body.as_ref().map(|body| {
        let body = values.model(&body.model, body.example.as_ref());
        arguments.push(quote!(&body));
        quote!(let body = #body;)
    });
    let handle = ident(&service.vendor.name);
    let accessor = match version.number == service.default {
        true => format_ident!("{}", service.module),
        false => format_ident!("{}_{}", service.module, version.module),
    };
    let ask = service.vendor.fallible.then(|| quote!(?));
    let method = ident(&operation.name);
    let call = quote!(#handle.#accessor()#ask.#method(#(#arguments),*));
    let send = if operation.page.is_some() {
        quote! {
            let mut items = #call.items();
            while let Some(item) = items.next().await {
                let item = item?;
                println!("{item:?}");
            }
        }
    } else if operation.answer == Type::Unit {
        quote!(#call.await?;)
    } else {
        quote! {
            let response = #call.await?;
            println!("{response:?}");
        }
    };
    let mut lines = uses(service, &values.types);
    lines.extend(period.is_some().then(|| format!("use {krate}::{{Period, Timestamp}};")));
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(formatted(&quote!(#period #body #send)));
    lines
}

fn uses(service: &Service, types: &BTreeSet<String>) -> Vec<String> {
    let mut modules: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for name in types {
        modules.entry(home(name)).or_default().push(bare(name));
    }
    let path = format!("{}::{}", service.vendor.path(), service.module);
    let uses = modules.into_iter().map(|(module, names)| {
        let path = module.map_or_else(|| format!("{path}::types"), |module| format!("{path}::{module}::types"));
        match names.as_slice() {
            [one] => format!("use {path}::{one};"),
            _ => format!("use {path}::{{{}}};", names.join(", ")),
        }
    });
    uses.collect()
}

/// Statements as lines of source.
fn formatted(statements: &TokenStream) -> Vec<String> {
    // Tokens that are no function would not compile in the documentation test either.
    let Ok(file) = syn::parse2(quote!(fn example() { #statements })) else { return Vec::new() };
    let source = prettyplease::unparse(&file);
    let lines = source.lines().skip(1).filter(|line| *line != "}");
    lines.map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned()).collect()
}

fn argument(argument: &Argument, values: &mut Values<'_>) -> TokenStream {
    let (Argument::Path(parameter) | Argument::Query(parameter)) = argument else {
        return quote!(period);
    };
    let example = parameter.example.as_ref();
    match &parameter.ty {
        ParameterType::Text => {
            let text = text(parameter);
            quote!(#text)
        }
        ParameterType::List { of: None, .. } => {
            let text = text(parameter);
            quote!([#text])
        }
        ParameterType::List { of: Some(name), .. } => {
            let one = example.and_then(|value| value.get(0)).or(example);
            let value = values.value(&Type::Enum(name.clone()), one, &parameter.rust);
            quote!([#value])
        }
        ParameterType::Id(name) => values.value(&Type::Id(name.clone()), example, &parameter.rust),
        ParameterType::Vendor(name) => values.value(&Type::Vendor(name.clone()), example, &parameter.rust),
        ParameterType::Formatted(format) => values.value(&Type::Formatted(*format), example, &parameter.rust),
        ParameterType::Integer => values.value(&Type::Integer, example, &parameter.rust),
        ParameterType::Number => values.value(&Type::Number, example, &parameter.rust),
        ParameterType::Boolean => values.value(&Type::Boolean, example, &parameter.rust),
        ParameterType::DateTime => {
            let (krate, text) = (&values.krate, text(parameter));
            quote!(#krate::Timestamp::from(#text).to_offset_date_time()?)
        }
        ParameterType::Enum(name) => values.value(&Type::Enum(name.clone()), example, &parameter.rust),
    }
}

/// The statements before a call whose argument is a period.
fn period(argument: &Argument) -> Option<TokenStream> {
    let Argument::Period { from, to } = argument else { return None };
    let (from, to) = (text(from), text(to));
    Some(quote! {
        let from = Timestamp::from(#from).to_offset_date_time()?;
        let to = Timestamp::from(#to).to_offset_date_time()?;
        let period = Period::new(from, to)?;
    })
}

/// The page's value, or a name that stands for it.
fn text(parameter: &Parameter) -> String {
    let given = parameter.example.as_ref().map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    given.filter(|text| !text.is_empty()).unwrap_or_else(|| parameter.rust.replace('_', "-"))
}

//! The client of one version: a method for each operation, a type for the options of those that have some.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use self::arguments::{argument_type, argument_value, lower_argument};
pub(super) use self::example::example;
use self::options::option_types;
pub(super) use self::options::options;
use super::types::{rules, rust_type};
use super::{docs, imports, markdown, plain};
use crate::ir::{Argument, Idempotency, Method, Operation, Service, Type, Version, bare, home};
use crate::names::{constant, ident, pascal};

mod arguments;
mod example;
mod options;

pub(super) const CORE: &[&str] = &["ApiVersion", "Call", "Constraint", "Items", "Operation", "Pages", "Request"];

/// The module of a version that shares no method: its own client type and its option types.
pub(super) fn render(service: &Service, version: &Version) -> TokenStream {
    let doc = client_docs(service, version);
    let constant = ident(&version.constant);
    let module = ident(&version.module);
    let methods = version.operations.iter().map(|operation| {
        let options = ident(&pascal(&operation.name));
        let more = [assumptions(service, operation), example(service, version, operation)];
        method(&module, &quote!(#options), operation, &more.into_iter().collect())
    });
    let (reused, options) = option_types(service, version);
    let body = quote! {
        #doc
        #[derive(Clone, Debug)]
        pub struct Client {
            core: ::cloud_core::Client,
        }
        impl Client {
            #[doc = " The API version of this client."]
            pub const VERSION: &'static ApiVersion = &operations::#constant;
            #[doc = " All operations of the version."]
            pub const OPERATIONS: &'static [&'static Operation] = operations::#module::ALL;
            pub(crate) fn new(core: ::cloud_core::Client) -> Self {
                Self { core: core.with_version(Self::VERSION) }
            }
            #[doc = " Returns the base URL of the service."]
            #[must_use]
            pub fn endpoint(&self) -> &::cloud_core::Endpoint {
                self.core.endpoint()
            }
            #(#methods)*
        }
        #options
    };
    let core = imports(&quote!(cloud_core), CORE, &body);
    let siblings = imports(&quote!(super), &["operations"], &body);
    let types = types_module(service, version);
    quote!(#core #siblings #reused #types #body)
}

/// The module of a version whose client is an instance of the shared type.
pub(super) fn instance(service: &Service, version: &Version) -> TokenStream {
    let doc = client_docs(service, version);
    let marker = ident(&version.constant);
    let (reused, options) = option_types(service, version);
    let body = quote! {
        #doc
        pub type Client = super::client::Client<super::client::#marker>;
        #options
    };
    let core = imports(&quote!(cloud_core), CORE, &body);
    let types = types_module(service, version);
    quote!(#core #reused #types #body)
}

/// The models of the version: the service's own, or a module beside the client.
fn types_module(service: &Service, version: &Version) -> TokenStream {
    if version.number == service.default {
        return quote!(
            #[doc(no_inline)]
            pub use super::types;
        );
    }
    let doc = docs(&format!("Models of version {}.", version.number));
    quote!(#doc pub mod types;)
}

fn client_docs(service: &Service, version: &Version) -> TokenStream {
    let number = &version.number;
    markdown(&format!(
        "A client for {} {number}. Clones are cheap and share connections and credentials.\n\n\
         Made by [`{handle}::{accessor}`](crate::{handle}::{accessor}). See the [vendor's documentation]({}).",
        plain(&service.title),
        service.page,
        handle = service.vendor.handle,
        accessor = format_args!("{}_{}", service.module, version.module),
    ))
}

/// Types of answers and arguments, named by their module.
fn outer_type(ty: &Type) -> TokenStream {
    match ty {
        Type::Model(name) | Type::Enum(name) => model(name),
        Type::List(inner) => {
            let inner = outer_type(inner);
            quote!(Vec<#inner>)
        }
        Type::Unit => quote!(()),
        Type::Text | Type::TextOrNumber => quote!(String),
        Type::KeyMaterial | Type::Vendor(_) | Type::Id(_) => rust_type(ty),
        other => {
            let rust = rust_type(other);
            quote!(::cloud_core::#rust)
        }
    }
}

/// The method of an operation whose static is in the module `table`, and whose options are the type `options`. `more` is
/// the end of its documentation.
pub(super) fn method(table: &Ident, options: &TokenStream, operation: &Operation, more: &TokenStream) -> TokenStream {
    let name = ident(&operation.name);
    let text = method_docs(operation);
    let doc = quote!(#text #more);
    let deprecated = operation.deprecated.then(|| quote!(#[deprecated = "the vendor withdraws this operation"]));
    let entry = ident(&constant(&operation.name));
    let mut arguments = Vec::new();
    let mut calls = Vec::new();
    for argument in &operation.arguments {
        let (declared, call) = lower_argument(argument);
        arguments.push(declared);
        calls.push(call);
    }
    calls.extend(operation.fixed.iter().map(|(wire, value)| quote!(.query(#wire, #value))));
    if let Some(body) = &operation.body {
        let model = model(&body.model);
        arguments.push(quote!(body: &#model));
        calls.push(quote!(.body(body)));
    }
    let request = quote!(Request::new(&operations::#table::#entry)#(#calls)*);
    let call = quote!(Call::new(&self.core, #request));
    // Readers of other SDKs search for `get_…`.
    let alias = operation.name.strip_prefix("show_").map(|rest| format!("get_{rest}"));
    let doc = alias.map_or_else(|| quote!(#doc), |alias| quote!(#doc #[doc(alias = #alias)]));
    if operation.options.is_empty() {
        return quote! {
            #doc
            #deprecated
            pub fn #name(&self, #(#arguments),*) -> #options {
                #call
            }
        };
    }
    quote! {
        #doc
        #deprecated
        pub fn #name(&self, #(#arguments),*) -> #options {
            #options(#call)
        }
    }
}

/// The path of a model from the modules beside its `types`.
fn model(name: &str) -> TokenStream {
    let rust = ident(bare(name));
    match home(name).map(ident) {
        None => quote!(super::types::#rust),
        Some(module) => quote!(super::#module::types::#rust),
    }
}

fn method_docs(operation: &Operation) -> TokenStream {
    let mut text = sentence(&operation.summary);
    if !operation.description.is_empty() {
        text.push_str("\n\n");
        text.push_str(&operation.description);
    }
    let mut arguments = Vec::new();
    for argument in &operation.arguments {
        match argument {
            Argument::Path(parameter) | Argument::Query(parameter) => {
                arguments.push(format!("- `{}`: {}", parameter.rust, parameter.docs.replace("\n\n", " ")));
            }
            Argument::Period { from, to } => {
                arguments.push(format!("- `period`: sent as `{}` and `{}`.", from.wire, to.wire));
            }
        }
    }
    if let Some(body) = operation.body.as_ref().filter(|body| !body.docs.is_empty()) {
        arguments.push(format!("- `body`: {}", body.docs));
    }
    let (method, template) = (operation.method.wire(), &operation.template);
    let again = operation.idempotency.sentence();
    text.push_str(&format!("\n\n`{method} {template}`. {again}"));
    if operation.method == Method::Delete && (operation.already_deleted.is_some() || operation.answer == Type::Unit) {
        text.push_str(" If the client repeats it after a lost response, \"not found\" is success.");
    } else if operation.idempotency == Idempotency::Idempotent {
        text.push_str(
            " If the client repeats it after a lost response, a refusal can mean that it was executed before.",
        );
    }
    if let Some(lost) = &operation.lost_response {
        text.push_str(&format!("\n\nIf the response does not arrive, {lost}."));
    }
    let text = docs(&text);
    let list = (!arguments.is_empty()).then(|| {
        let lines = arguments.iter().map(|line| docs_item(line));
        quote!(#[doc = ""] #[doc = " # Arguments"] #(#lines)*)
    });
    quote! {
        #text
        #list
    }
}

/// What the vendor leaves open about an operation, for each version; nothing for most.
pub(super) fn assumptions(service: &Service, operation: &Operation) -> TokenStream {
    let assumed = service.assumed(&operation.name);
    if assumed.is_empty() {
        return TokenStream::new();
    }
    let lines = assumed.iter().map(|(number, text)| docs_item(&format!("- {number}: {text}")));
    quote!(#[doc = ""] #[doc = " # Assumptions"] #(#lines)*)
}

/// A list item is one line, so that its rest is not taken for a new paragraph.
fn docs_item(line: &str) -> TokenStream {
    let text = format!(" {}", super::escape(&line.split_whitespace().collect::<Vec<_>>().join(" ")));
    quote!(#[doc = #text])
}

fn sentence(summary: &str) -> String {
    let summary = summary.trim();
    if summary.is_empty() || summary.ends_with('.') { summary.to_owned() } else { format!("{summary}.") }
}

//! The client type of a service whose versions have methods alike: one generic type, each method generated once.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::client::{CORE, assumptions, example, method, options};
use super::operations::operation_static;
use super::share::shared;
use super::{gated_imports, lifecycle, markdown};
use crate::ir::{Operation, Service, Version};
use crate::names::{ident, pascal};

/// A method with the versions that have it, as indexes.
struct Method<'a> {
    tokens: TokenStream,
    versions: Vec<usize>,
    /// What it is rendered from.
    place: Place<'a>,
}

/// An operation, and the modules where its static and its options are generated.
struct Place<'a> {
    operation: &'a Operation,
    table: Ident,
    options: TokenStream,
}

impl Place<'_> {
    fn method(&self, more: &TokenStream) -> TokenStream {
        method(&self.table, &self.options, self.operation, more)
    }
}

/// The module of the generic client; `None` where no two versions have a method alike.
pub(super) fn render(service: &Service) -> Option<TokenStream> {
    let methods = methods(service);
    if methods.iter().all(|method| method.versions.len() < 2) {
        return None;
    }
    let every = service.versions.len();
    let common = methods.iter().filter(|method| method.versions.len() == every).map(|method| &method.tokens);
    let doc = docs(service);
    let own = |ended: bool| -> TokenStream {
        let versions = service.versions.iter().enumerate().filter(|(_, version)| version.ended == ended);
        versions.map(|(index, version)| own_methods(version, index, every, &methods)).collect()
    };
    let markers = |ended: bool| -> TokenStream {
        service.versions.iter().filter(|version| version.ended == ended).map(marker).collect()
    };
    let (own, ended) = (own(false), own(true));
    let (markers, ended_markers) = (markers(false), markers(true));
    let body = quote! {
        #doc
        #[derive(Clone, Debug)]
        pub struct Client<V> {
            core: ::cloud_core::Client,
            version: PhantomData<V>,
        }
        impl<V: Version> Client<V> {
            #[doc = " The API version of this client."]
            pub const VERSION: &'static ApiVersion = V::VERSION;
            #[doc = " All operations of the version."]
            pub const OPERATIONS: &'static [&'static Operation] = V::OPERATIONS;
            pub(crate) fn new(core: ::cloud_core::Client) -> Self {
                Self { core: core.with_version(Self::VERSION), version: PhantomData }
            }
            #[doc = " Returns the base URL of the service."]
            #[must_use]
            pub fn endpoint(&self) -> &::cloud_core::Endpoint {
                self.core.endpoint()
            }
            #(#common)*
        }
        #own
        #[doc = " A version of the service. Only the types of this module implement it."]
        pub trait Version: sealed::Sealed {
            #[doc = " The API version."]
            const VERSION: &'static ApiVersion;
            #[doc = " All operations of the version."]
            const OPERATIONS: &'static [&'static Operation];
        }
        mod sealed {
            pub trait Sealed {}
        }
        #markers
    };
    let ended = quote!(#ended #ended_markers);
    let core = gated_imports(&quote!(cloud_core), CORE, &body, &ended);
    let modules: Vec<&str> = service.versions.iter().map(|version| version.module.as_str()).collect();
    let siblings = gated_imports(&quote!(super), &[&["operations"][..], &modules].concat(), &body, &ended);
    Some(quote!(use std::marker::PhantomData; #core #siblings #body #ended))
}

/// The methods that not every version has. They are repeated for each: two bounds on `V` would overlap where a name has
/// two shapes.
fn own_methods(version: &Version, index: usize, every: usize, methods: &[Method<'_>]) -> TokenStream {
    let own = methods.iter().filter(|method| method.versions.len() < every && method.versions.contains(&index));
    let own: Vec<&TokenStream> = own.map(|method| &method.tokens).collect();
    let (gate, marker) = (lifecycle::gate(version), ident(&version.constant));
    if own.is_empty() { TokenStream::new() } else { quote!(#gate impl Client<#marker> { #(#own)* }) }
}

/// Every method of every version once, those of versions that have ended last.
fn methods(service: &Service) -> Vec<Method<'_>> {
    // Examples and assumptions name a version, so methods are compared without them.
    let mut methods: Vec<(String, Method<'_>)> = Vec::new();
    for (index, version) in service.by_life() {
        let before = service.before(version);
        let tables = shared(&before, &version.operations, operation_static);
        let types = shared(&before, &version.operations, options);
        for ((operation, table), types) in version.operations.iter().zip(&tables).zip(&types) {
            let place = place(version, operation, table.as_deref(), types.as_deref());
            let tokens = place.method(&quote!());
            let key = tokens.to_string();
            match methods.iter_mut().find(|(known, _)| *known == key) {
                Some((_, method)) => method.versions.push(index),
                None => methods.push((key, Method { tokens, versions: vec![index], place })),
            }
        }
    }
    for (_, method) in &mut methods {
        let having = || method.versions.iter().filter_map(|index| service.versions.get(*index));
        let default = having().find(|version| version.number == service.default);
        let newest = having().rfind(|version| !version.ended).or_else(|| having().next_back());
        let Some(version) = default.or(newest) else { continue };
        let shown = version.operations.iter().find(|operation| operation.name == method.place.operation.name);
        let shown = shown.unwrap_or(method.place.operation);
        let more = [assumptions(service, shown), example(service, version, shown)];
        method.tokens = method.place.method(&more.into_iter().collect());
    }
    methods.into_iter().map(|(_, method)| method).collect()
}

/// Where an operation is generated: in this version, or in the older one that has the same.
fn place<'a>(version: &Version, operation: &'a Operation, table: Option<&str>, types: Option<&str>) -> Place<'a> {
    let table = ident(table.unwrap_or(&version.module));
    let (module, name) = (ident(types.unwrap_or(&version.module)), ident(&pascal(&operation.name)));
    Place { operation, table, options: quote!(#module::#name) }
}

fn marker(version: &Version) -> TokenStream {
    let (marker, module) = (ident(&version.constant), ident(&version.module));
    let doc = markdown(&format!("Version {}.", version.number));
    let gate = lifecycle::gate(version);
    quote! {
        #doc
        #gate
        #[derive(Clone, Copy, Debug)]
        pub enum #marker {}
        #gate
        impl sealed::Sealed for #marker {}
        #gate
        impl Version for #marker {
            const VERSION: &'static ApiVersion = &operations::#marker;
            const OPERATIONS: &'static [&'static Operation] = operations::#module::ALL;
        }
    }
}

fn docs(service: &Service) -> TokenStream {
    let links = service.versions.iter().map(|version| {
        let Version { module, number, .. } = version;
        // A link would be broken without the feature.
        match version.ended {
            true => {
                format!("- `{module}::Client` is the client for {number}, with the feature `{}`.", lifecycle::ENDED)
            }
            false => format!("- [`{module}::Client`](super::{module}::Client) is the client for {number}."),
        }
    });
    let (title, links) = (super::plain(&service.title), links.collect::<Vec<_>>().join("\n"));
    markdown(&format!(
        "A client for {title} in version `V`. Each version has the methods of its own operations alone.\n\n{links}"
    ))
}

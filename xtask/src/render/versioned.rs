//! The client type of a service whose versions have methods alike: one generic type, each method generated once.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::client::{CORE, assumptions, example, method, options};
use super::operations::operation_static;
use super::share::shared;
use super::{imports, markdown};
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
    // Methods of some versions are repeated for each: two bounds on `V` would overlap where a name has two shapes.
    let own = service.versions.iter().enumerate().filter_map(|(index, version)| {
        let own = methods.iter().filter(|method| method.versions.len() < every && method.versions.contains(&index));
        let own: Vec<&TokenStream> = own.map(|method| &method.tokens).collect();
        let marker = ident(&version.constant);
        (!own.is_empty()).then(|| quote!(impl Client<#marker> { #(#own)* }))
    });
    let markers = service.versions.iter().map(marker);
    let doc = docs(service);
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
        #(#own)*
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
        #(#markers)*
    };
    let core = imports(&quote!(cloud_core), CORE, &body);
    let modules: Vec<&str> = service.versions.iter().map(|version| version.module.as_str()).collect();
    let siblings = imports(&quote!(super), &[&["operations"][..], &modules].concat(), &body);
    Some(quote!(use std::marker::PhantomData; #core #siblings #body))
}

/// Every method of every version once, in the order of first appearance.
fn methods(service: &Service) -> Vec<Method<'_>> {
    // Examples and assumptions name a version, so methods are compared without them.
    let mut methods: Vec<(String, Method<'_>)> = Vec::new();
    for (index, version) in service.versions.iter().enumerate() {
        let earlier = service.earlier(version);
        let tables = shared(earlier, &version.operations, operation_static);
        let types = shared(earlier, &version.operations, options);
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
        let mut having = method.versions.iter().filter_map(|index| service.versions.get(*index));
        let default = having.clone().find(|version| version.number == service.default);
        let Some(version) = default.or_else(|| having.next_back()) else { continue };
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
    quote! {
        #doc
        #[derive(Clone, Copy, Debug)]
        pub enum #marker {}
        impl sealed::Sealed for #marker {}
        impl Version for #marker {
            const VERSION: &'static ApiVersion = &operations::#marker;
            const OPERATIONS: &'static [&'static Operation] = operations::#module::ALL;
        }
    }
}

fn docs(service: &Service) -> TokenStream {
    let links = service.versions.iter().map(|version| {
        let Version { module, number, .. } = version;
        format!("- [`{module}::Client`](super::{module}::Client) is the client for {number}.")
    });
    let (title, links) = (super::plain(&service.title), links.collect::<Vec<_>>().join("\n"));
    markdown(&format!(
        "A client for {title} in version `V`. Each version has the methods of its own operations alone.\n\n{links}"
    ))
}

//! How a request is built where a builder is not needed: `new` with the required fields, a setter for each other one.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{converts, has_constructor, is_patch, rust_type};
use crate::ir::{Field, Presence, Type, TypeDef};
use crate::names::ident;
use crate::render::docs;

/// The arguments of `new` in their order: what proves another one comes last.
pub(in crate::render) fn required(fields: &[Field]) -> Vec<&Field> {
    let mut required: Vec<&Field> = fields.iter().filter(|field| field.presence.is_required()).collect();
    required.sort_by_key(|field| field.proof);
    required
}

/// The inherent methods; none if the type has a builder.
pub(super) fn render(name: &Ident, ty: &TypeDef, fields: &[Field]) -> TokenStream {
    if !has_constructor(fields) {
        return quote!();
    }
    let required = required(fields);
    let new = (!required.is_empty()).then(|| new(ty, fields, &required));
    let setters = fields.iter().filter(|field| !field.presence.is_required()).map(|field| setter(ty, field));
    quote!(impl #name { #new #(#setters)* })
}

fn new(ty: &TypeDef, fields: &[Field], required: &[&Field]) -> TokenStream {
    let arguments = required.iter().map(|field| {
        let (name, ty) = (ident(&field.rust), argument(&field.ty));
        quote!(#name: #ty)
    });
    let values = fields.iter().map(|field| {
        let name = ident(&field.rust);
        let value = converted(field, &name);
        match field.presence {
            Presence::Required if !converts(&field.ty) => quote!(#name),
            Presence::Required => quote!(#name: #value),
            // Null has a meaning of its own, so it is no argument: see the methods written by hand.
            Presence::Nullable => quote!(#name: Some(#value)),
            _ if is_patch(ty, field) => quote!(#name: Patch::Absent),
            _ => quote!(#name: None),
        }
    });
    quote! {
        #[doc = " Creates the request with its required fields."]
        #[must_use]
        pub fn new(#(#arguments),*) -> Self {
            Self { #(#values),* }
        }
    }
}

fn setter(ty: &TypeDef, field: &Field) -> TokenStream {
    let name = ident(&field.rust);
    let method = format_ident!("with_{}", field.rust.trim_start_matches("r#"));
    let doc = docs(&format!("Sets `{}`: {}", field.rust, lowercase(&field.docs)));
    let (argument, value) = if is_patch(ty, field) {
        let inner = rust_type(&field.ty);
        (quote!(impl Into<Patch<#inner>>), quote!(value.into()))
    } else {
        let value = converted(field, &ident("value"));
        (argument(&field.ty), quote!(Some(#value)))
    };
    quote! {
        #doc
        #[must_use]
        pub fn #method(mut self, value: #argument) -> Self {
            self.#name = #value;
            self
        }
    }
}

/// The description as the rest of a sentence, unless it begins with a name.
fn lowercase(docs: &str) -> String {
    let mut characters = docs.chars();
    match (characters.next(), docs.chars().nth(1)) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => docs.to_owned(),
    }
}

pub(super) fn converted(field: &Field, name: &Ident) -> TokenStream {
    if converts(&field.ty) { quote!(#name.into()) } else { quote!(#name) }
}

pub(super) fn argument(ty: &Type) -> TokenStream {
    let inner = rust_type(ty);
    if converts(ty) { quote!(impl Into<#inner>) } else { inner }
}

//! The builder of a request with more than two required fields: `build` exists when each of them is set.
//!
//! A parameter of the type for each required field holds its value, or a type of the module `missing` that the
//! compiler's message names. Written out, since a derive macro for this costs every user a tenth of the build.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::setters::{argument, converted};
use super::{is_patch, rust_type};
use crate::ir::{Field, Presence, TypeDef};
use crate::names::{ident, pascal};
use crate::render::docs;

/// The builder, and the method that starts it.
pub(super) fn render(name: &Ident, ty: &TypeDef, fields: &[Field]) -> TokenStream {
    let builder = format_ident!("{name}Builder");
    let (required, optional): (Vec<&Field>, Vec<&Field>) =
        fields.iter().partition(|field| field.presence.is_required());
    let states = letters(required.len());
    let missing: Vec<TokenStream> = required.iter().map(|field| missing(field)).collect();
    let complete = required.iter().map(|field| value(field));
    let kept = optional.iter().map(|field| stored(ty, field));
    let kept = (!optional.is_empty()).then(|| quote!((#(#kept,)*)));
    let none = optional.iter().map(|field| if is_patch(ty, field) { quote!(Patch::Absent) } else { quote!(None) });
    let none = (!optional.is_empty()).then(|| quote!((#(#none,)*)));
    let rest = (!optional.is_empty()).then(|| quote!(self.1));
    let all: Vec<Ident> = fields.iter().map(|field| ident(&field.rust)).collect();
    let (required_names, optional_names) = (names(&required), names(&optional));
    let taken = rest.as_ref().map(|rest| quote!(let (#(#optional_names,)*) = #rest;));
    let list = required.iter().map(|field| format!("`{}`", field.rust)).collect::<Vec<_>>().join(", ");
    let start_docs = docs(&format!("Creates a builder. Required: {list}."));
    let about = format!(" Builds a [`{name}`]. Required: {list}.");
    let required_setters = required
        .iter()
        .enumerate()
        .map(|(index, field)| required_setter(&builder, &states, rest.as_ref(), index, field));
    let optional_setters = optional.iter().enumerate().map(|(index, field)| optional_setter(ty, index, field));
    quote! {
        impl #name {
            #start_docs
            pub fn builder() -> #builder {
                #builder((#(#missing),*), #none)
            }
        }

        #[doc = #about]
        #[derive(Debug)]
        #[must_use = "`build` returns the value"]
        #[allow(clippy::type_complexity, reason = "private, and only as long as the request has optional fields")]
        pub struct #builder<#(#states = #missing),*>((#(#states),*), #kept);

        impl<#(#states),*> #builder<#(#states),*> {
            #(#required_setters)*
            #(#optional_setters)*
        }

        impl #builder<#(#complete),*> {
            #[doc = " Builds the value."]
            pub fn build(self) -> #name {
                let (#(#required_names),*) = self.0;
                #taken
                #name { #(#all),* }
            }
        }
    }
}

/// The types that say which field is not set, for all builders of a module.
pub(super) fn markers<'a>(fields: impl Iterator<Item = &'a Field>) -> TokenStream {
    let names: BTreeSet<Ident> = fields
        .filter(|field| field.presence.is_required())
        .map(|field| format_ident!("{}", pascal(&field.rust)))
        .collect();
    if names.is_empty() {
        return quote!();
    }
    quote! {
        #[doc = " What a builder holds for a field that is not set yet."]
        #[doc(hidden)]
        pub mod missing {
            #(#[derive(Debug)] pub struct #names;)*
        }
    }
}

/// What the field is; its limits stand at the field.
fn summary(field: &Field) -> TokenStream {
    docs(field.docs.split("\n\n").next().unwrap_or_default())
}

fn missing(field: &Field) -> TokenStream {
    let name = format_ident!("{}", pascal(&field.rust));
    quote!(missing::#name)
}

fn letters(count: usize) -> Vec<Ident> {
    ('A'..='Z').take(count).map(|letter| format_ident!("{letter}")).collect()
}

fn names(fields: &[&Field]) -> Vec<Ident> {
    fields.iter().map(|field| ident(&field.rust)).collect()
}

/// The type of a required field that is set.
fn value(field: &Field) -> TokenStream {
    let inner = rust_type(&field.ty);
    if field.presence == Presence::Nullable { quote!(Option<#inner>) } else { inner }
}

/// What the builder holds for an optional field.
fn stored(ty: &TypeDef, field: &Field) -> TokenStream {
    let inner = rust_type(&field.ty);
    if is_patch(ty, field) { quote!(Patch<#inner>) } else { quote!(Option<#inner>) }
}

fn required_setter(
    builder: &Ident,
    states: &[Ident],
    rest: Option<&TokenStream>,
    index: usize,
    field: &Field,
) -> TokenStream {
    let method = ident(&field.rust);
    let doc = summary(field);
    let (argument, set) = if field.presence == Presence::Nullable {
        (value(field), quote!(value))
    } else {
        (argument(&field.ty), converted(field, &ident("value")))
    };
    let at = |other: usize, here: &TokenStream, state: TokenStream| if other == index { here.clone() } else { state };
    let lower: Vec<Ident> = states.iter().map(|state| format_ident!("{}", state.to_string().to_lowercase())).collect();
    let ty = value(field);
    let types = states.iter().enumerate().map(|(other, state)| at(other, &ty, quote!(#state)));
    let taken = lower.iter().enumerate().map(|(other, name)| at(other, &quote!(_), quote!(#name)));
    let given = lower.iter().enumerate().map(|(other, name)| at(other, &set, quote!(#name)));
    quote! {
        #doc
        pub fn #method(self, value: #argument) -> #builder<#(#types),*> {
            let (#(#taken),*) = self.0;
            #builder((#(#given),*), #rest)
        }
    }
}

fn optional_setter(ty: &TypeDef, index: usize, field: &Field) -> TokenStream {
    let method = ident(&field.rust);
    let doc = summary(field);
    let index = proc_macro2::Literal::usize_unsuffixed(index);
    let (argument, set) = if is_patch(ty, field) {
        let inner = rust_type(&field.ty);
        (quote!(impl Into<Patch<#inner>>), quote!(value.into()))
    } else {
        let set = converted(field, &ident("value"));
        (argument(&field.ty), quote!(Some(#set)))
    };
    quote! {
        #doc
        pub fn #method(mut self, value: #argument) -> Self {
            self.1.#index = #set;
            self
        }
    }
}

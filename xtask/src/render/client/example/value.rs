//! Values of an example: the JSON of the vendor's page as Rust expressions.

use std::collections::BTreeSet;

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use crate::ir::{Field, Format, Kind, Presence, Service, Type, TypeDef, bare};
use crate::names::{ident, pascal};
use crate::render::types::{has_constructor, is_patch, required, rust_type};

/// Writes expressions, and keeps the types that they name.
pub(super) struct Values<'a> {
    service: &'a Service,
    pub(super) krate: TokenStream,
    pub(super) types: BTreeSet<String>,
}

impl<'a> Values<'a> {
    pub(super) fn new(service: &'a Service, krate: TokenStream) -> Self {
        Self { service, krate, types: BTreeSet::new() }
    }

    /// A model of a request, with the members that the page shows and those that are required.
    pub(super) fn model(&mut self, name: &str, example: Option<&Value>) -> TokenStream {
        self.types.insert(name.to_owned());
        let rust = ident(bare(name));
        let service = self.service;
        let Some((ty, Kind::Struct(fields))) = service.find(name).map(|ty| (ty, &ty.kind)) else {
            return quote!(#rust);
        };
        let shown: Vec<&Field> = fields.iter().filter(|field| is_shown(field, member(example, field))).collect();
        if has_constructor(fields) {
            let required = required(fields);
            let values = required.iter().map(|field| self.value(&field.ty, member(example, field), &field.rust));
            let values: Vec<TokenStream> = values.collect();
            let new = if values.is_empty() { quote!(#rust::default()) } else { quote!(#rust::new(#(#values),*)) };
            let optional = shown.iter().filter(|field| !field.presence.is_required()).map(|field| {
                let method = format_ident!("with_{}", field.rust.trim_start_matches("r#"));
                let value = self.field(ty, field, member(example, field));
                quote!(.#method(#value))
            });
            let optional: Vec<TokenStream> = optional.collect();
            return quote!(#new #(#optional)*);
        }
        let setters = shown.iter().map(|field| {
            let (name, value) = (ident(&field.rust), self.field(ty, field, member(example, field)));
            quote!(.#name(#value))
        });
        let setters: Vec<TokenStream> = setters.collect();
        quote!(#rust::builder()#(#setters)*.build())
    }

    fn field(&mut self, ty: &TypeDef, field: &Field, example: Option<&Value>) -> TokenStream {
        let krate = &self.krate;
        if is_patch(ty, field) && example.is_some_and(Value::is_null) {
            return quote!(#krate::Patch::Null);
        }
        if field.presence == Presence::Nullable {
            return match example.filter(|value| !value.is_null()) {
                Some(_) => {
                    let value = self.owned(&field.ty, example, &field.rust);
                    quote!(Some(#value))
                }
                None => quote!(None),
            };
        }
        if is_patch(ty, field) && !matches!(field.ty, Type::Text | Type::TextOrNumber) {
            return self.owned(&field.ty, example, &field.rust);
        }
        self.value(&field.ty, example, &field.rust)
    }

    /// A value for a setter that converts text.
    pub(super) fn value(&mut self, ty: &Type, example: Option<&Value>, name: &str) -> TokenStream {
        match ty {
            Type::Text
            | Type::TextOrNumber
            | Type::Secret
            | Type::KeyMaterial
            | Type::Timestamp
            | Type::Hmac
            | Type::JsonText => {
                let text = text(example, name);
                quote!(#text)
            }
            // The page's Base64 stands for bytes that nobody reads.
            Type::Formatted(Format::Base64) => quote!(b"the message"),
            // The pages show placeholders, which are not PEM.
            Type::Pem => quote!("-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"),
            _ => self.owned(ty, example, name),
        }
    }

    /// A value of exactly this type.
    fn owned(&mut self, ty: &Type, example: Option<&Value>, name: &str) -> TokenStream {
        let krate = self.krate.clone();
        match ty {
            Type::Unit => quote!(()),
            Type::Text | Type::TextOrNumber | Type::Secret | Type::KeyMaterial | Type::Timestamp | Type::JsonText => {
                let text = text(example, name);
                quote!(#text.into())
            }
            Type::Hmac | Type::Pem | Type::Formatted(Format::Base64) => {
                let value = self.value(ty, example, name);
                quote!(#value.into())
            }
            Type::Formatted(Format::Json) => {
                let text = text(example, name);
                quote!(#text.parse()?)
            }
            Type::Formatted(format @ (Format::DateOrTime | Format::Networks | Format::Sort)) => {
                let (rust, text) = (rust_type(&Type::Formatted(*format)), text(example, name));
                quote!(#text.parse::<#krate::#rust>()?)
            }
            Type::Formatted(Format::Flag | Format::YesNo | Format::LowerYesNo) => {
                let set = text(example, name).eq_ignore_ascii_case("y");
                quote!(#set)
            }
            Type::Formatted(Format::BasicDate) => {
                let text = text(example, name);
                quote!(#krate::Timestamp::from(#text).to_date_time()?.date())
            }
            Type::Days => {
                let number = Literal::i64_unsuffixed(integer(example));
                quote!(#krate::Days(#number))
            }
            Type::Hours => {
                let number = Literal::i64_unsuffixed(integer(example));
                quote!(#krate::Hours(#number))
            }
            Type::UnixSeconds => {
                let seconds = Literal::i64_unsuffixed(integer(example));
                quote!(#krate::cloud_core::UnixSeconds(#seconds))
            }
            Type::Integer => {
                let number = Literal::i64_unsuffixed(integer(example));
                quote!(#number)
            }
            Type::Boolean | Type::BlankBoolean => {
                let set = text(example, name).eq_ignore_ascii_case("true");
                quote!(#set)
            }
            Type::Number => {
                let number = Literal::f64_unsuffixed(example.and_then(Value::as_f64).unwrap_or_default());
                quote!(#number)
            }
            Type::Json => {
                let text = example.map_or_else(|| "null".to_owned(), Value::to_string);
                quote!(#krate::cloud_core::Json::parse(#text)?)
            }
            Type::Model(name) => self.model(name, example),
            Type::Enum(name) => self.variant(name, example),
            Type::Id(own) => {
                let (rust, number) = (ident(own), Literal::i64_unsuffixed(integer(example)));
                quote!(#krate::#rust::new(#number)?)
            }
            // Its variants are named by the rule of all enumerations.
            Type::Vendor(own) => {
                let (rust, variant) = (ident(own), ident(&pascal(&text(example, name))));
                quote!(#krate::#rust::#variant)
            }
            Type::List(inner) => {
                let items = example.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                let items = items.iter().map(|item| self.owned(inner, Some(item), name));
                let items: Vec<TokenStream> = items.collect();
                quote!(vec![#(#items),*])
            }
            Type::OneOrMany(inner) => {
                let one = example.and_then(|value| value.get(0)).or(example);
                let value = self.owned(inner, one, name);
                quote!(#krate::OneOrMany::One(#value))
            }
        }
    }

    fn variant(&mut self, name: &str, example: Option<&Value>) -> TokenStream {
        self.types.insert(name.to_owned());
        let rust = ident(bare(name));
        let found = match self.service.find(name).map(|ty| &ty.kind) {
            Some(Kind::TextEnum(variants)) => {
                let known = variants.iter().find(|(_, value)| Some(value.as_str()) == example.and_then(Value::as_str));
                known.or(variants.first()).map(|(variant, _)| variant)
            }
            Some(Kind::IntegerEnum(variants)) => {
                let known = variants.iter().find(|(_, value)| *value == integer(example));
                known.or(variants.first()).map(|(variant, _)| variant)
            }
            _ => None,
        };
        let variant = ident(found.map_or("Other", String::as_str));
        quote!(#rust::#variant)
    }
}

fn member<'v>(example: Option<&'v Value>, field: &Field) -> Option<&'v Value> {
    example.and_then(|value| value.get(&field.wire))
}

/// Whether the example sets the field: it has to, or the page does.
fn is_shown(field: &Field, example: Option<&Value>) -> bool {
    let null = example.is_none_or(Value::is_null);
    field.presence.is_required() || !null
}

/// The page's text, or a name that stands for it.
fn text(example: Option<&Value>, name: &str) -> String {
    match example {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => name.replace('_', "-"),
        Some(other) => other.to_string(),
    }
}

fn integer(example: Option<&Value>) -> i64 {
    let number = example.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
    number.unwrap_or(1)
}

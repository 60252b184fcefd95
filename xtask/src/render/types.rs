//! Models and open enumerations.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::paths::{CODEGEN, key_material};
use super::{docs, imports};
use crate::ir::{Field, Kind, Presence, Service, Type, TypeDef};
use crate::names::ident;

mod body;
mod enums;
mod page;

pub(super) use body::rules;

const CORE: &[&str] = &[
    "Body",
    "Constraint",
    "Json",
    "OneOrMany",
    "Page",
    "Patch",
    "SecretString",
    "Timestamp",
    "UnixSeconds",
    "Validator",
];

/// All types of a service.
pub(super) fn render(service: &Service) -> TokenStream {
    let items: TokenStream = service
        .types
        .iter()
        .map(|ty| match &ty.kind {
            Kind::Struct(fields) => structure(service, ty, fields),
            Kind::TextEnum(variants) => enums::text(ty, variants),
            Kind::IntegerEnum(variants) => enums::integer(ty, variants),
        })
        .collect();
    let unknown_text = service.types.iter().any(|ty| matches!(ty.kind, Kind::TextEnum(_)));
    let unknown_integer = service.types.iter().any(|ty| matches!(ty.kind, Kind::IntegerEnum(_)));
    let unknown = enums::unknown(unknown_text, unknown_integer);
    let body = quote!(#items #unknown);
    let core = imports(&quote!(cloud_core), CORE, &body);
    let serde = imports(&quote!(serde), &["Deserialize", "Serialize"], &body);
    quote!(#core #serde #body)
}

fn structure(service: &Service, ty: &TypeDef, fields: &[Field]) -> TokenStream {
    let name = ident(&ty.name);
    let doc = docs(&ty.docs);
    let plain = if ty.role.secret { quote!() } else { quote!(PartialEq, Serialize,) };
    let none_required = fields.iter().all(|field| !field.presence.is_required());
    let default = if none_required { quote!(Default,) } else { quote!() };
    let builder = if ty.role.request && !clears(fields) { quote!(bon::Builder,) } else { quote!() };
    let members = fields.iter().map(|field| member(ty, field, builder.is_empty()));
    let new = ty.role.request.then(|| constructor(&name, ty, fields));
    let body = ty.role.request.then(|| body::render(service, ty, fields));
    let page = ty.role.page.as_ref().map(|page| page::render(service, ty, fields, page));
    quote! {
        #doc
        #[derive(Clone, Debug, #default #plain Deserialize, #builder)]
        #[non_exhaustive]
        pub struct #name { #(#members)* }
        #new
        #body
        #page
    }
}

/// Whether absent, null and a value mean three things.
pub(super) fn is_patch(ty: &TypeDef, field: &Field) -> bool {
    ty.role.update && field.presence == Presence::OptionalNullable
}

/// Whether the only field of a body may be null, which clears what the service holds: `new` takes a value, so that an
/// unset variable cannot clear it. The vendor's crate has a constructor for null.
pub(super) fn clears(fields: &[Field]) -> bool {
    matches!(fields, [field] if field.presence == Presence::Nullable)
}

fn member(ty: &TypeDef, field: &Field, plain_struct: bool) -> TokenStream {
    let name = ident(&field.rust);
    let doc = docs(&field.docs);
    let inner = rust_type(&field.ty);
    let patch = is_patch(ty, field);
    let optional = field.presence != Presence::Required;
    let mut serde = Vec::new();
    let bare = name.to_string();
    if bare.strip_prefix("r#").unwrap_or(&bare) != field.wire {
        let wire = &field.wire;
        serde.push(quote!(rename = #wire));
    }
    for alias in &field.aliases {
        serde.push(quote!(alias = #alias));
    }
    let plain = !ty.role.secret;
    if patch {
        serde.push(quote!(default));
        if plain {
            serde.push(quote!(skip_serializing_if = "Patch::is_absent"));
        }
    } else if optional {
        serde.push(quote!(default));
        if plain && field.presence != Presence::Nullable {
            serde.push(quote!(skip_serializing_if = "Option::is_none"));
        }
    }
    if let Some(codec) = codec(&field.ty).filter(|_| !patch) {
        let codec = match (optional, &field.ty) {
            (_, Type::BlankBoolean) => codec,
            (true, _) => format!("Option<{codec}>"),
            (false, _) => codec,
        };
        let with = format!("{CODEGEN}::As::<{codec}>");
        serde.push(quote!(with = #with));
    }
    let serde = if serde.is_empty() { quote!() } else { quote!(#[serde(#(#serde),*)]) };
    // Setters take what converts, so that callers can pass `&str`.
    let into = if converts(&field.ty) { quote!(#[builder(into)]) } else { quote!() };
    let (rust, builder) = match (patch, field.presence) {
        (true, _) => (quote!(Patch<#inner>), quote!(#[builder(default, into)])),
        (false, Presence::Required) => (inner, into),
        (false, Presence::Nullable) => (quote!(Option<#inner>), quote!(#[builder(required)])),
        (false, _) => (quote!(Option<#inner>), into),
    };
    let builder = if plain_struct { quote!() } else { builder };
    quote!(#doc #serde #builder pub #name: #rust,)
}

/// Whether callers hold something that becomes the type, such as a `&str`.
fn converts(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::TextOrNumber | Type::Secret | Type::KeyMaterial | Type::Timestamp)
}

/// The Rust type of a value that is there.
pub(super) fn rust_type(ty: &Type) -> TokenStream {
    match ty {
        Type::Unit => quote!(()),
        Type::Text | Type::TextOrNumber => quote!(String),
        Type::Secret => quote!(SecretString),
        Type::KeyMaterial => key_material(),
        Type::Timestamp => quote!(Timestamp),
        Type::UnixSeconds => quote!(UnixSeconds),
        Type::Integer => quote!(i64),
        Type::Boolean | Type::BlankBoolean => quote!(bool),
        Type::Number => quote!(f64),
        Type::Json => quote!(Json),
        Type::Model(name) | Type::Enum(name) => {
            let name = ident(name);
            quote!(#name)
        }
        Type::List(inner) => {
            let inner = rust_type(inner);
            quote!(Vec<#inner>)
        }
        Type::OneOrMany(inner) => {
            let inner = rust_type(inner);
            quote!(OneOrMany<#inner>)
        }
    }
}

/// The codec of a type that services write in more ways than one.
fn codec(ty: &Type) -> Option<String> {
    match ty {
        Type::Integer => Some(format!("{CODEGEN}::LenientInt")),
        Type::Boolean => Some(format!("{CODEGEN}::LenientBool")),
        Type::BlankBoolean => Some(format!("{CODEGEN}::LenientOptionalBool")),
        Type::TextOrNumber => Some(format!("{CODEGEN}::LenientText")),
        Type::List(inner) => codec(inner).map(|inner| format!("Vec<{inner}>")),
        _ => None,
    }
}

/// Whether a body has `new`: with one to three required fields.
pub(super) fn has_constructor(fields: &[Field]) -> bool {
    (1..=3).contains(&fields.iter().filter(|field| field.presence.is_required()).count())
}

fn constructor(name: &Ident, ty: &TypeDef, fields: &[Field]) -> TokenStream {
    let required: Vec<&Field> = fields.iter().filter(|field| field.presence.is_required()).collect();
    if !has_constructor(fields) {
        return quote!();
    }
    let clears = clears(fields);
    let arguments = required.iter().map(|field| {
        let name = ident(&field.rust);
        let ty = argument_type(field, clears);
        quote!(#name: #ty)
    });
    let values = fields.iter().map(|field| {
        let name = ident(&field.rust);
        match (field.presence, &field.ty) {
            (_, ty) if clears && converts(ty) => quote!(#name: Some(#name.into())),
            _ if clears => quote!(#name: Some(#name)),
            (Presence::Required, ty) if converts(ty) => quote!(#name: #name.into()),
            (Presence::Required | Presence::Nullable, _) => quote!(#name),
            _ if is_patch(ty, field) => quote!(#name: Patch::Absent),
            _ => quote!(#name: None),
        }
    });
    let doc = match clears {
        true => " Creates the body with a value. Null, which removes the value, has a constructor of its own.",
        false => " Creates the body with its required fields. Optional fields are public.",
    };
    quote! {
        impl #name {
            #[doc = #doc]
            #[must_use]
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#values),* }
            }
        }
    }
}

fn argument_type(field: &Field, clears: bool) -> TokenStream {
    let inner = rust_type(&field.ty);
    match (field.presence, &field.ty) {
        (Presence::Nullable, _) if !clears => quote!(Option<#inner>),
        (_, ty) if converts(ty) => quote!(impl Into<#inner>),
        _ => inner,
    }
}

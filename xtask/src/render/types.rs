//! Models and open enumerations.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;

use super::paths::{CODEGEN, codegen, key_material, vendor_type};
use super::{docs, imports};
use crate::ir::{Field, Format, Kind, Presence, Service, Type, TypeDef, Version, Wrapper, bare, home};
use crate::names::ident;

mod body;
mod builder;
mod constraints;
mod enums;
mod page;
mod setters;
mod views;

pub(super) use constraints::rules;
pub(super) use setters::required;

const CORE: &[&str] = &[
    "Body",
    "Constraint",
    "DateOrTime",
    "Days",
    "Hmac",
    "Hours",
    "Json",
    "JsonText",
    "Lenient",
    "Networks",
    "OneOrMany",
    "Page",
    "Patch",
    "Pem",
    "SecretBytes",
    "SecretJson",
    "SecretString",
    "Sort",
    "Timestamp",
    "UnixSeconds",
    "UnknownInteger",
    "UnknownText",
    "Validator",
];

/// The types of the default version, or those that begin with another one.
pub(super) fn render(service: &Service, module: Option<&str>) -> TokenStream {
    let items: TokenStream = service
        .types
        .iter()
        .filter(|ty| home(&ty.name) == module)
        .map(|ty| match &ty.kind {
            Kind::Struct(fields) => structure(service, ty, fields),
            Kind::TextEnum(variants) => enums::text(ty, variants),
            Kind::IntegerEnum(variants) => enums::integer(ty, variants),
        })
        .collect();
    let built = service.types.iter().filter(|ty| home(&ty.name) == module).filter_map(|ty| match &ty.kind {
        Kind::Struct(fields) if has_builder(ty, fields) => Some(fields),
        _ => None,
    });
    let markers = builder::markers(built.flatten());
    let body = quote!(#items #markers);
    let core = imports(&quote!(cloud_core), CORE, &body);
    let serde = imports(&quote!(serde), &["Deserialize", "Serialize"], &body);
    quote!(#core #serde #body)
}

fn structure(service: &Service, ty: &TypeDef, fields: &[Field]) -> TokenStream {
    let name = ident(ty.bare());
    let doc = with_alias(ty, &docs(&ty.docs));
    let equal = if is_comparable(service, ty) { quote!(PartialEq,) } else { quote!() };
    let plain = if ty.role.secret { quote!() } else { quote!(#equal Serialize,) };
    let none_required = fields.iter().all(|field| !field.presence.is_required());
    let default = if none_required { quote!(Default,) } else { quote!() };
    let builds = has_builder(ty, fields);
    let builder = builds.then(|| builder::render(&name, ty, fields));
    let members = fields.iter().map(|field| member(ty, field));
    let deserialize = quote!(Deserialize);
    // Only tests read requests: a format that applications could store would have to be kept.
    let (always, in_tests) = if ty.is_only_sent() {
        (quote!(), quote!(#[cfg_attr(feature = "_deserialize", derive(::serde::Deserialize))]))
    } else {
        (deserialize, quote!())
    };
    let must_use = ty.must_use.as_ref().map(|why| quote!(#[must_use = #why]));
    let inherent = if ty.role.request { setters::render(&name, ty, fields) } else { views::render(&name, fields) };
    let body = ty.role.request.then(|| body::render(service, ty, fields));
    let page = ty.role.page.as_ref().map(|page| page::render(service, ty, fields, page));
    quote! {
        #doc
        #[derive(Clone, Debug, #default #plain #always)]
        #in_tests
        #must_use
        #[non_exhaustive]
        pub struct #name { #(#members)* }
        #inherent
        #builder
        #body
        #page
    }
}

/// The documentation of a type, which is found under the vendor's name as well.
fn with_alias(ty: &TypeDef, doc: &TokenStream) -> TokenStream {
    let alias = ty.alias.as_ref().map(|alias| quote!(#[doc(alias = #alias)]));
    quote!(#doc #alias)
}

/// The module `types` of a version that is not the default: its own types, and those that it has from other versions.
pub(super) fn version(service: &Service, version: &Version) -> TokenStream {
    let mut from: BTreeMap<Option<&str>, Vec<TokenStream>> = BTreeMap::new();
    let mut renamed = Vec::new();
    for (model, local) in version.models.iter().filter(|(model, _)| home(model) != Some(&version.module)) {
        let (name, here) = (ident(bare(model)), ident(local));
        let uses = from.entry(home(model)).or_default();
        if name == here {
            uses.push(quote!(#name));
        } else {
            uses.push(quote!(#name as #here));
            renamed.push((home(model).map(ident), name));
        }
    }
    let uses = from.into_iter().map(|(module, names)| {
        let path = match module.map(ident) {
            None => quote!(super::super::types),
            Some(module) => quote!(super::super::#module::types),
        };
        quote!(pub use #path::{#(#names),*};)
    });
    let own = render(service, Some(&version.module));
    // Models of this version refer to the others by the names of the default version.
    let used = referred(service, &version.module);
    let renamed = renamed.into_iter().filter(|(_, name)| used.contains(name.to_string().as_str()));
    let renamed = renamed.map(|(module, name)| match module {
        None => quote!(use super::super::types::#name;),
        Some(module) => quote!(use super::super::#module::types::#name;),
    });
    quote!(#(#uses)* #(#renamed)* #own)
}

/// The names of other modules' models that fields of this module's models have.
fn referred<'a>(service: &'a Service, module: &str) -> BTreeSet<&'a str> {
    let own = service.types.iter().filter(|ty| home(&ty.name) == Some(module));
    let fields = own.filter_map(|ty| match &ty.kind {
        Kind::Struct(fields) => Some(fields),
        _ => None,
    });
    let names = fields.flatten().filter_map(|field| field.ty.named());
    names.filter(|name| home(name) != Some(module)).map(bare).collect()
}

/// Whether two values can be compared: message authentication codes cannot.
fn is_comparable(service: &Service, ty: &TypeDef) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![ty]);
    while let Some(ty) = open.pop() {
        let Kind::Struct(fields) = &ty.kind else { continue };
        if !seen.insert(&ty.name) {
            continue;
        }
        if fields.iter().any(|field| field.ty == Type::Hmac) {
            return false;
        }
        open.extend(fields.iter().filter_map(|field| service.find(field.ty.named()?)));
    }
    true
}

/// Whether absent, null and a value mean three things.
pub(super) fn is_patch(ty: &TypeDef, field: &Field) -> bool {
    field.presence.wrapper(ty.role.update) == Wrapper::Patch
}

fn member(ty: &TypeDef, field: &Field) -> TokenStream {
    let name = ident(&field.rust);
    let doc = docs(&field.docs);
    let (lenient, patch) = (is_lenient(ty, field), is_patch(ty, field));
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
        let codec = if lenient { format!("{CODEGEN}::LenientAs<{codec}>") } else { codec };
        let codec = match (optional, &field.ty) {
            (_, Type::BlankBoolean) => codec,
            (true, _) => format!("Option<{codec}>"),
            (false, _) => codec,
        };
        let with = format!("{CODEGEN}::As::<{codec}>");
        serde.push(quote!(with = #with));
    }
    let serde = match (serde.is_empty(), ty.is_only_sent() && ty.role.secret) {
        (true, _) => quote!(),
        (false, false) => quote!(#[serde(#(#serde),*)]),
        // Written by hand, so that serde's attributes exist only where tests read it.
        (false, true) => quote!(#[cfg_attr(feature = "_deserialize", serde(#(#serde),*))]),
    };
    let rust = public_type(ty, field);
    quote!(#doc #serde pub #name: #rust,)
}

/// Whether a value of another format is kept as it was read.
fn is_lenient(ty: &TypeDef, field: &Field) -> bool {
    !ty.role.request && matches!(field.ty, Type::Formatted(_))
}

/// The type of a field as users see it, which depends on how its model is used.
pub(crate) fn public_type(ty: &TypeDef, field: &Field) -> TokenStream {
    let inner = rust_type(&field.ty);
    let inner = if is_lenient(ty, field) { quote!(Lenient<#inner>) } else { inner };
    match field.presence.wrapper(ty.role.update) {
        Wrapper::None => inner,
        Wrapper::Option => quote!(Option<#inner>),
        Wrapper::Patch => quote!(Patch<#inner>),
    }
}

/// Whether callers hold something that becomes the type, such as a `&str`.
fn converts(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Text
            | Type::TextOrNumber
            | Type::Secret
            | Type::KeyMaterial
            | Type::Timestamp
            | Type::Pem
            | Type::JsonText
            | Type::Hmac
            | Type::Formatted(Format::Base64 | Format::DateOrTime | Format::Networks)
    )
}

/// The Rust type of a value that is there.
pub(super) fn rust_type(ty: &Type) -> TokenStream {
    match ty {
        Type::Unit => quote!(()),
        Type::Text | Type::TextOrNumber => quote!(String),
        Type::Secret => quote!(SecretString),
        Type::KeyMaterial => key_material(),
        Type::Formatted(Format::Base64) => quote!(SecretBytes),
        Type::Formatted(Format::Json) => quote!(SecretJson),
        Type::Formatted(Format::Flag | Format::YesNo | Format::LowerYesNo) => quote!(bool),
        Type::Formatted(Format::BasicDate) => quote!(::cloud_core::time::Date),
        Type::Formatted(Format::DateOrTime) => quote!(DateOrTime),
        Type::Formatted(Format::Networks) => quote!(Networks),
        Type::Formatted(Format::Sort) => quote!(Sort),
        Type::Pem => quote!(Pem),
        Type::JsonText => quote!(JsonText),
        Type::Hmac => quote!(Hmac),
        Type::Days => quote!(Days),
        Type::Hours => quote!(Hours),
        Type::Timestamp => quote!(Timestamp),
        Type::UnixSeconds => quote!(UnixSeconds),
        Type::Integer => quote!(i64),
        Type::Boolean | Type::BlankBoolean => quote!(bool),
        Type::Number => quote!(f64),
        Type::Json => quote!(Json),
        Type::Model(name) | Type::Enum(name) => {
            let name = ident(bare(name));
            quote!(#name)
        }
        Type::Vendor(name) | Type::Id(name) => vendor_type(name),
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
pub(super) fn codec(ty: &Type) -> Option<String> {
    match ty {
        Type::Formatted(format) => Some(format!("{CODEGEN}::{}", format_codec(*format))),
        Type::Integer => Some(format!("{CODEGEN}::LenientInt")),
        Type::Boolean => Some(format!("{CODEGEN}::LenientBool")),
        Type::BlankBoolean => Some(format!("{CODEGEN}::LenientOptionalBool")),
        Type::TextOrNumber => Some(format!("{CODEGEN}::LenientText")),
        Type::List(inner) => codec(inner).map(|inner| format!("Vec<{inner}>")),
        _ => None,
    }
}

fn format_codec(format: Format) -> &'static str {
    match format {
        Format::Base64 => "Base64",
        Format::Json => "SecretJsonText",
        Format::Flag => "Flag",
        Format::YesNo => "YesNo",
        Format::LowerYesNo => "LowerYesNo",
        Format::BasicDate => "BasicDate",
        Format::DateOrTime => "DateOrTimeText",
        Format::Networks => "NetworkList",
        Format::Sort => "SortText",
    }
}

/// The codec of a format in expressions.
pub(super) fn codec_path(format: Format) -> TokenStream {
    let (codegen, codec) = (codegen(), ident(format_codec(format)));
    quote!(#codegen::#codec)
}

/// Whether a body has `new` and setters: with at most two required fields. More have a builder, which names each.
pub(super) fn has_constructor(fields: &[Field]) -> bool {
    fields.iter().filter(|field| field.presence.is_required()).count() <= 2
}

fn has_builder(ty: &TypeDef, fields: &[Field]) -> bool {
    ty.role.request && !has_constructor(fields)
}

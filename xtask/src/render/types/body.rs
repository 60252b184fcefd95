//! `Body` for what is sent: encoding and limits.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{codec, is_patch, rules, rust_type};
use crate::ir::{Constraint, Field, Format, Kind, Presence, Service, Type, TypeDef, bare};
use crate::names::ident;
use crate::render::paths::{CODEGEN, codegen};

/// The implementation, with a private mirror where a secret must be written out.
pub(super) fn render(service: &Service, ty: &TypeDef, fields: &[Field]) -> TokenStream {
    let codegen = codegen();
    let name = ident(ty.bare());
    let (encode, mirror) = if ty.role.secret {
        let wire = format_ident!("{}Wire", ty.bare());
        (quote!(#codegen::json(&#wire::from(self))), mirror(service, ty, fields))
    } else {
        (quote!(#codegen::json(self)), quote!())
    };
    let checks: Vec<TokenStream> = fields.iter().filter_map(|field| check(service, ty, field)).collect();
    let check = (!checks.is_empty()).then(|| {
        quote! {
            fn validate(&self, validator: &mut Validator) {
                #(#checks)*
            }
        }
    });
    let secrets = secret_fields(service, ty);
    let secrets = (!secrets.is_empty()).then(|| {
        quote! {
            fn secret_fields(&self) -> &'static [&'static str] {
                &[#(#secrets),*]
            }
        }
    });
    quote! {
        impl Body for #name {
            fn encode(&self) -> ::cloud_core::Result<::bytes::Bytes> {
                #encode
            }
            #secrets
            #check
        }
        #mirror
    }
}

/// The members that hold a secret, at any depth.
fn secret_fields(service: &Service, ty: &TypeDef) -> BTreeSet<String> {
    let (mut names, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![ty]);
    while let Some(ty) = open.pop() {
        let Kind::Struct(fields) = &ty.kind else { continue };
        if !seen.insert(&ty.name) {
            continue;
        }
        names.extend(fields.iter().filter(|field| field.ty.is_secret()).map(|field| field.wire.clone()));
        open.extend(fields.iter().filter_map(|field| service.find(field.ty.named()?)));
    }
    names
}

/// The only way in which a body with a secret becomes JSON.
fn mirror(service: &Service, ty: &TypeDef, fields: &[Field]) -> TokenStream {
    let name = ident(ty.bare());
    let wire = format_ident!("{}Wire", ty.bare());
    let doc = " The body as sent. Private, so that a secret cannot be serialized by accident.";
    let members = fields.iter().map(|field| {
        let name = ident(&field.rust);
        let patch = is_patch(ty, field);
        let ty = mirror_type(service, field, patch);
        let mut serde = Vec::new();
        let bare = name.to_string();
        if bare.strip_prefix("r#").unwrap_or(&bare) != field.wire {
            let wire = &field.wire;
            serde.push(quote!(rename = #wire));
        }
        match field.presence {
            _ if patch => serde.push(quote!(skip_serializing_if = "Patch::is_absent")),
            Presence::Optional | Presence::OptionalNullable => {
                serde.push(quote!(skip_serializing_if = "Option::is_none"));
            }
            Presence::Required | Presence::Nullable => {}
        }
        if let Type::Formatted(_) = &field.ty
            && let Some(codec) = codec(&field.ty)
        {
            let required = field.presence == Presence::Required;
            let codec = if required { format!("&{codec}") } else { format!("Option<&{codec}>") };
            let with = format!("{CODEGEN}::As::<{codec}>");
            serde.push(quote!(with = #with));
        }
        let serde = if serde.is_empty() { quote!() } else { quote!(#[serde(#(#serde),*)]) };
        quote!(#serde #name: #ty,)
    });
    let values = fields.iter().map(|field| {
        let value = mirror_value(service, field, is_patch(ty, field));
        let name = ident(&field.rust);
        quote!(#name: #value)
    });
    quote! {
        #[doc = #doc]
        #[derive(Serialize)]
        struct #wire<'a> { #(#members)* }
        impl<'a> From<&'a #name> for #wire<'a> {
            fn from(body: &'a #name) -> Self {
                Self { #(#values),* }
            }
        }
    }
}

fn is_secret_model(service: &Service, ty: &Type) -> bool {
    matches!(ty, Type::Model(name) if service.find(name).is_some_and(|ty| ty.role.secret))
}

fn mirror_type(service: &Service, field: &Field, patch: bool) -> TokenStream {
    if patch {
        let inner = rust_type(&field.ty);
        return quote!(&'a Patch<#inner>);
    }
    let inner = mirror_inner(service, &field.ty);
    if field.presence == Presence::Required { inner } else { quote!(Option<#inner>) }
}

fn mirror_inner(service: &Service, ty: &Type) -> TokenStream {
    let codegen = codegen();
    match ty {
        Type::Secret => quote!(#codegen::Exposed<'a>),
        Type::Model(name) if is_secret_model(service, ty) => {
            let wire = format_ident!("{}Wire", bare(name));
            quote!(#wire<'a>)
        }
        Type::List(inner) if inner.is_secret() || is_secret_model(service, inner) => {
            let inner = mirror_inner(service, inner);
            quote!(Vec<#inner>)
        }
        other => {
            let rust = rust_type(other);
            quote!(&'a #rust)
        }
    }
}

fn mirror_value(service: &Service, field: &Field, patch: bool) -> TokenStream {
    let codegen = codegen();
    let name = ident(&field.rust);
    if patch {
        return quote!(&body.#name);
    }
    let required = field.presence == Presence::Required;
    match &field.ty {
        Type::Secret if required => quote!(#codegen::Exposed(&body.#name)),
        Type::Secret => quote!(body.#name.as_ref().map(#codegen::Exposed)),
        Type::List(inner) if **inner == Type::Secret && required => {
            quote!(body.#name.iter().map(#codegen::Exposed).collect())
        }
        Type::List(inner) if **inner == Type::Secret => {
            quote!(body.#name.as_ref().map(|list| list.iter().map(#codegen::Exposed).collect()))
        }
        Type::Model(_) if is_secret_model(service, &field.ty) && required => quote!((&body.#name).into()),
        Type::Model(_) if is_secret_model(service, &field.ty) => quote!(body.#name.as_ref().map(Into::into)),
        Type::List(inner) if is_secret_model(service, inner) && required => {
            quote!(body.#name.iter().map(Into::into).collect())
        }
        Type::List(inner) if is_secret_model(service, inner) => {
            quote!(body.#name.as_ref().map(|list| list.iter().map(Into::into).collect()))
        }
        _ if required => quote!(&body.#name),
        _ => quote!(body.#name.as_ref()),
    }
}

fn check(service: &Service, ty: &TypeDef, field: &Field) -> Option<TokenStream> {
    let name = ident(&field.rust);
    let wire = &field.wire;
    let required = field.presence == Presence::Required;
    let patch = is_patch(ty, field);
    let limits = rules(&field.rules);
    if let Type::Model(_) = &field.ty {
        return Some(match (patch, required) {
            (true, _) => {
                quote!(self.#name.value().into_iter().for_each(|value| validator.nested(#wire, None, |v| value.validate(v)));)
            }
            (_, true) => quote!(validator.nested(#wire, None, |v| self.#name.validate(v));),
            _ => {
                quote!(self.#name.iter().for_each(|value| validator.nested(#wire, None, |v| value.validate(v)));)
            }
        });
    }
    if let Type::List(inner) = &field.ty
        && let Type::Model(name_of_inner) = &**inner
    {
        service.find(name_of_inner)?;
        let each =
            quote!(.enumerate().for_each(|(index, value)| validator.nested(#wire, Some(index), |v| value.validate(v))));
        return Some(match (patch, required) {
            (true, _) => quote!(self.#name.value().into_iter().flatten()#each;),
            (_, true) => quote!(self.#name.iter()#each;),
            _ => quote!(self.#name.iter().flatten()#each;),
        });
    }
    if field.ty == Type::Number {
        let check = |value: TokenStream| {
            let other = field.rules.iter().filter_map(|rule| match rule {
                Constraint::AtMostField(other) => ty.field(other),
                _ => None,
            });
            let compared = other.map(|other| {
                let (most, wire_of) = (ident(&other.rust), &other.wire);
                let most = match other.presence {
                    Presence::Required => quote!(Some(self.#most)),
                    _ => quote!(self.#most),
                };
                quote!(validator.at_most(#wire, #value, #wire_of, #most);)
            });
            quote!(validator.float(#wire, #value, #limits); #(#compared)*)
        };
        let (own, inner) = (check(quote!(self.#name)), check(quote!(*value)));
        return Some(match (patch, required) {
            (true, _) => quote!(self.#name.value().into_iter().for_each(|value| { #inner });),
            (_, true) => own,
            _ => quote!(self.#name.iter().for_each(|value| { #inner });),
        });
    }
    if field.rules.is_empty() {
        return None;
    }
    let statement = match &field.ty {
        Type::Text | Type::TextOrNumber | Type::Timestamp => text_check(field, patch, &limits),
        Type::Secret if required => quote!(validator.text(#wire, self.#name.expose_secret(), #limits);),
        Type::Secret => {
            quote!(validator.opt_text(#wire, self.#name.as_ref().map(SecretString::expose_secret), #limits);)
        }
        Type::Pem if required => quote!(validator.text(#wire, self.#name.as_str(), #limits);),
        Type::Pem => quote!(validator.opt_text(#wire, self.#name.as_ref().map(Pem::as_str), #limits);),
        Type::JsonText if patch => {
            quote!(validator.opt_text(#wire, self.#name.value().map(JsonText::as_str), #limits);)
        }
        Type::JsonText if required => quote!(validator.text(#wire, self.#name.as_str(), #limits);),
        Type::JsonText => quote!(validator.opt_text(#wire, self.#name.as_ref().map(JsonText::as_str), #limits);),
        Type::Formatted(Format::Base64) if required => quote!(validator.bytes(#wire, &self.#name, #limits);),
        Type::Formatted(Format::Base64) if !patch => {
            quote!(self.#name.iter().for_each(|value| validator.bytes(#wire, value, #limits));)
        }
        Type::Formatted(Format::Json) if required => {
            quote!(validator.text(#wire, self.#name.expose_secret(), #limits);)
        }
        Type::Formatted(Format::Json) => {
            quote!(validator.opt_text(#wire, self.#name.as_ref().map(SecretJson::expose_secret), #limits);)
        }
        Type::Integer => match (patch, required) {
            (true, _) => quote!(validator.opt_number(#wire, self.#name.value().copied(), #limits);),
            (_, true) => quote!(validator.number(#wire, self.#name, #limits);),
            _ => quote!(validator.opt_number(#wire, self.#name, #limits);),
        },
        Type::UnixSeconds | Type::Days | Type::Hours => match (patch, required) {
            (true, _) => quote!(validator.opt_number(#wire, self.#name.value().map(|value| value.0), #limits);),
            (_, true) => quote!(validator.number(#wire, self.#name.0, #limits);),
            _ => quote!(validator.opt_number(#wire, self.#name.map(|value| value.0), #limits);),
        },
        Type::List(inner) if matches!(**inner, Type::Text) => {
            let each = quote!(.for_each(|value| validator.text(#wire, value, #limits)));
            match (patch, required) {
                (true, _) => quote!(self.#name.value().into_iter().flatten()#each;),
                (_, true) => quote!(self.#name.iter()#each;),
                _ => quote!(self.#name.iter().flatten()#each;),
            }
        }
        _ => return None,
    };
    Some(statement)
}

fn text_check(field: &Field, patch: bool, limits: &TokenStream) -> TokenStream {
    let name = ident(&field.rust);
    let wire = &field.wire;
    let timestamp = field.ty == Type::Timestamp;
    match (patch, field.presence == Presence::Required, timestamp) {
        (true, _, false) => quote!(validator.opt_text(#wire, self.#name.value().map(String::as_str), #limits);),
        (true, _, true) => quote!(validator.opt_text(#wire, self.#name.value().map(Timestamp::as_str), #limits);),
        (_, true, false) => quote!(validator.text(#wire, &self.#name, #limits);),
        (_, true, true) => quote!(validator.text(#wire, self.#name.as_str(), #limits);),
        (_, _, false) => quote!(validator.opt_text(#wire, self.#name.as_deref(), #limits);),
        (_, _, true) => quote!(validator.opt_text(#wire, self.#name.as_ref().map(Timestamp::as_str), #limits);),
    }
}

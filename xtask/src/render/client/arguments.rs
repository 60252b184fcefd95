//! Arguments of methods: their types, and the calls that put them into a request.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::super::paths;
use super::super::types::{codec_path, rules, rust_type};
use super::model;
use crate::ir::{Argument, Constraint, Format, Parameter, ParameterType, Type};
use crate::names::ident;

/// The declared argument, and the call on the request.
pub(super) fn lower_argument(argument: &Argument) -> (TokenStream, TokenStream) {
    match argument {
        Argument::Path(parameter) => {
            let (name, wire, ty) = (ident(&parameter.rust), &parameter.wire, argument_type(&parameter.ty));
            let (check, value) = (checked(parameter), argument_value(&parameter.ty, &name));
            (quote!(#name: #ty), quote!(.path(#wire, #value)#check))
        }
        Argument::Query(parameter) if let ParameterType::List { joined, .. } = parameter.ty => {
            let (name, wire, ty) = (ident(&parameter.rust), &parameter.wire, argument_type(&parameter.ty));
            let (set, rules) =
                (if joined { quote!(query_joined) } else { quote!(query_list) }, rules(&parameter.rules));
            (quote!(#name: #ty), quote!(.#set(#wire, #name, #rules)))
        }
        Argument::Query(parameter) => {
            let (name, wire, ty) = (ident(&parameter.rust), &parameter.wire, argument_type(&parameter.ty));
            let (check, value) = (checked(parameter), argument_value(&parameter.ty, &name));
            (quote!(#name: #ty), quote!(.query(#wire, #value)#check))
        }
        Argument::Period { from, to } => {
            let (first, last) = (&from.wire, &to.wire);
            let call = quote!(.query(#first, period.start()).query(#last, period.end()));
            let period = paths::period();
            (quote!(period: #period), call)
        }
    }
}

fn checked(parameter: &Parameter) -> TokenStream {
    match check(parameter, &ident(&parameter.rust)) {
        Some(check) => quote!(.validate(|validator| #check)),
        None => quote!(),
    }
}

/// The limits of a parameter as a statement about `check`.
fn check(parameter: &Parameter, value: &Ident) -> Option<TokenStream> {
    if parameter.rules.is_empty() {
        return None;
    }
    let wire = &parameter.wire;
    let limits: &[Constraint] = &parameter.rules;
    let limits = rules(limits);
    match parameter.ty {
        ParameterType::Text => Some(quote!(validator.text(#wire, #value, #limits))),
        ParameterType::Integer => Some(quote!(validator.number(#wire, #value, #limits))),
        _ => None,
    }
}

pub(super) fn argument_type(ty: &ParameterType) -> TokenStream {
    match ty {
        ParameterType::Text => quote!(&str),
        ParameterType::Integer => quote!(i64),
        ParameterType::Number => quote!(f64),
        ParameterType::Boolean => quote!(bool),
        ParameterType::DateTime => quote!(time::OffsetDateTime),
        ParameterType::Enum(name) => model(name),
        ParameterType::Vendor(name) | ParameterType::Id(name) => paths::vendor_type(name),
        ParameterType::Formatted(format) => {
            let inner = rust_type(&Type::Formatted(*format));
            match format {
                Format::YesNo | Format::LowerYesNo | Format::Flag | Format::BasicDate => inner,
                _ => quote!(impl Into<::cloud_core::#inner>),
            }
        }
        ParameterType::List { of: None, .. } => quote!(impl IntoIterator<Item = impl AsRef<str>>),
        ParameterType::List { of: Some(name), .. } => {
            let item = model(name);
            quote!(impl IntoIterator<Item = #item>)
        }
    }
}

/// The argument as a path or query takes it.
pub(super) fn argument_value(ty: &ParameterType, name: &Ident) -> TokenStream {
    let ParameterType::Formatted(format) = ty else { return quote!(#name) };
    let (codegen, codec) = (paths::codegen(), codec_path(*format));
    match format {
        Format::YesNo | Format::LowerYesNo | Format::Flag | Format::BasicDate => {
            quote!(#codegen::written::<#codec, _>(&#name))
        }
        _ => quote!(#codegen::written::<#codec, _>(&#name.into())),
    }
}

//! `Page` for answers that are a page of a list.

use proc_macro2::TokenStream;
use quote::quote;

use super::rust_type;
use crate::ir::{Field, Kind, Page, PageStyle, Presence, Service, Type, TypeDef};
use crate::names::ident;
use crate::render::paths;

/// The id of items that are ids themselves.
const ITSELF: &str = "*";

/// The implementation.
pub(super) fn render(service: &Service, ty: &TypeDef, fields: &[Field], page: &Page) -> TokenStream {
    let name = ident(ty.bare());
    let Some(items) = page.items.first().and_then(|wire| fields.iter().find(|field| field.wire == *wire)) else {
        let message = format!("`{}` has no field for its items", ty.name);
        return quote!(compile_error!(#message););
    };
    let item = match &items.ty {
        Type::List(inner) => rust_type(inner),
        other => rust_type(other),
    };
    let field = ident(&items.rust);
    let (into, len) = if items.presence == Presence::Required {
        (quote!(self.#field), quote!(self.#field.len()))
    } else {
        (quote!(self.#field.unwrap_or_default()), quote!(self.#field.as_ref().map_or(0, Vec::len)))
    };
    let total = total(service, fields, &page.total);
    let ids = page.id.as_deref().map(|id| ids(service, items, id));
    let next = (page.style == PageStyle::Marked).then(|| next_marker(fields, &page.index));
    quote! {
        impl ::cloud_core::Page for #name {
            type Item = #item;
            fn into_items(self) -> Vec<Self::Item> {
                #into
            }
            fn len(&self) -> usize {
                #len
            }
            fn total(&self) -> Option<u64> {
                #total
            }
            #ids
            #next
        }
    }
}

/// The ids of the items, so that one that comes twice is noticed.
fn ids(service: &Service, items: &Field, id: &str) -> TokenStream {
    if id == ITSELF {
        return themselves(items);
    }
    let item = match &items.ty {
        Type::List(inner) => inner.named(),
        _ => None,
    };
    let found = match item.and_then(|item| service.find(item)).map(|ty| &ty.kind) {
        Some(Kind::Struct(fields)) => fields.iter().find(|field| field.wire == id),
        _ => None,
    };
    let Some(field) = found else {
        let message = format!("the items have no field `{id}`");
        return quote!(compile_error!(#message););
    };
    let list = ident(&items.rust);
    let name = ident(&field.rust);
    let list = if items.presence == Presence::Required {
        quote!(self.#list.iter())
    } else {
        quote!(self.#list.iter().flatten())
    };
    if field.ty == Type::Integer {
        let ids = match field.presence {
            Presence::Required => quote!(#list.map(|item| item.#name)),
            _ => quote!(#list.filter_map(|item| item.#name)),
        };
        return number_ids(&ids);
    }
    let ids = if field.presence == Presence::Required {
        quote!(#list.map(|item| item.#name.as_str()).collect())
    } else {
        quote!(#list.filter_map(|item| item.#name.as_deref()).collect())
    };
    quote! {
        fn ids(&self) -> Vec<&str> {
            #ids
        }
    }
}

/// The ids of items that are numbers and nothing else.
fn themselves(items: &Field) -> TokenStream {
    let list = ident(&items.rust);
    match (&items.ty, items.presence) {
        (Type::List(inner), Presence::Required) if **inner == Type::Integer => {
            number_ids(&quote!(self.#list.iter().copied()))
        }
        (Type::List(inner), _) if **inner == Type::Integer => number_ids(&quote!(self.#list.iter().flatten().copied())),
        _ => {
            let message = "only numbers can be ids themselves";
            quote!(compile_error!(#message);)
        }
    }
}

fn number_ids(ids: &TokenStream) -> TokenStream {
    quote! {
        fn number_ids(&self) -> Vec<i64> {
            #ids.collect()
        }
    }
}

/// Follows the fields to the total; every one of them may be absent.
fn total(service: &Service, fields: &[Field], path: &[String]) -> TokenStream {
    let Some((first, rest)) = path.split_first() else {
        return quote!(None);
    };
    let Some(field) = fields.iter().find(|field| field.wire == *first) else {
        let message = format!("there is no field `{first}` for the total");
        return quote!(compile_error!(#message));
    };
    let name = ident(&field.rust);
    let required = field.presence == Presence::Required;
    let Some(second) = rest.first() else {
        return if required {
            quote!(u64::try_from(self.#name).ok())
        } else {
            quote!(self.#name.and_then(|total| u64::try_from(total).ok()))
        };
    };
    let inner = field.ty.named().and_then(|inner| service.find(inner)).map(|ty| &ty.kind);
    let found = match inner {
        Some(Kind::Struct(inner)) => inner.iter().find(|field| field.wire == *second),
        _ => None,
    };
    let Some(inner) = found else {
        let message = format!("there is no field `{second}` for the total");
        return quote!(compile_error!(#message));
    };
    let inner_name = ident(&inner.rust);
    match (required, inner.presence == Presence::Required) {
        (true, true) => quote!(u64::try_from(self.#name.#inner_name).ok()),
        (true, false) => quote!(self.#name.#inner_name.and_then(|total| u64::try_from(total).ok())),
        (false, true) => quote!(self.#name.as_ref().and_then(|inner| u64::try_from(inner.#inner_name).ok())),
        (false, false) => {
            let found = quote!(self.#name.as_ref().and_then(|inner| inner.#inner_name));
            quote!(#found.and_then(|total| u64::try_from(total).ok()))
        }
    }
}

/// The marker of the next page is in the response's links.
fn next_marker(fields: &[Field], parameter: &str) -> TokenStream {
    let links = fields.iter().find(|field| field.wire == "links");
    let value = match links {
        Some(field) if field.presence == Presence::Required => quote!(Some(&self.links)),
        Some(_) => quote!(self.links.as_deref()),
        None => quote!(None),
    };
    let (function, codegen) = (paths::next_marker(), paths::codegen());
    quote! {
        fn next_marker(&self) -> #codegen::NextMarker {
            #function(#value, #parameter)
        }
    }
}

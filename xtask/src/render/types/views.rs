//! How a response is read: methods for what the service may have written in another format.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::rust_type;
use crate::ir::{Field, Presence, Type};
use crate::names::ident;
use crate::render::paths::codegen;

/// The methods of a response that read what the service may have written in another format.
pub(super) fn render(name: &Ident, fields: &[Field]) -> TokenStream {
    let codegen = codegen();
    let views: Vec<TokenStream> = fields
        .iter()
        .filter(|field| matches!(field.ty, Type::Formatted(_)))
        .map(|field| {
            let method = ident(&field.rust);
            let wire = &field.wire;
            let inner = rust_type(&field.ty);
            let about = format!(" Returns `{}`, read from the documented format.", field.rust);
            let errors = " [`ErrorKind::Decode`](::cloud_core::ErrorKind::Decode) if the service sent another format, \
                          which the field keeps.";
            let doc = quote!(#[doc = #about] #[doc = ""] #[doc = " # Errors"] #[doc = #errors]);
            let copy = matches!(inner.to_string().as_str(), "bool" | ":: cloud_core :: time :: Date");
            let (value, copied) = if copy { (quote!(#inner), quote!(.copied())) } else { (quote!(&#inner), quote!()) };
            if field.presence == Presence::Required {
                quote! {
                    #doc
                    pub fn #method(&self) -> ::cloud_core::Result<#value> {
                        #codegen::field(#wire, &self.#method)#copied
                    }
                }
            } else {
                let copied = copy.then(|| quote!(.map(Option::<&#inner>::copied)));
                quote! {
                    #doc
                    pub fn #method(&self) -> ::cloud_core::Result<Option<#value>> {
                        #codegen::optional_field(#wire, &self.#method)#copied
                    }
                }
            }
        })
        .collect();
    if views.is_empty() { quote!() } else { quote!(impl #name { #(#views)* }) }
}

//! The types of calls with optional parameters.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::docs;
use super::super::share::{reuse, shared};
use super::{argument_type, check, outer_type};
use crate::ir::{Operation, PageStyle, Parameter, ParameterType, Service, Version};
use crate::names::{ident, pascal};

/// The re-exports of option types that an older version has alike, and the types of this version alone.
pub(super) fn option_types(service: &Service, version: &Version) -> (TokenStream, TokenStream) {
    let optional: Vec<Operation> =
        version.operations.iter().filter(|operation| !operation.options.is_empty()).cloned().collect();
    let shared = shared(service.earlier(version), &optional, options);
    let reused = reuse(&quote!(pub), &optional, &shared, |operation| pascal(&operation.name));
    let own = optional.iter().zip(&shared).filter(|(_, module)| module.is_none());
    let options = own.map(|(operation, _)| options(operation));
    (reused, quote!(#(#options)*))
}

/// The type of a call with optional parameters, and its methods.
pub(in crate::render) fn options(operation: &Operation) -> TokenStream {
    let name = ident(&pascal(&operation.name));
    let answer = outer_type(&operation.answer);
    let doc = docs(&format!("The call `{}`: set optional parameters, then `.await` it.", operation.name));
    let setters = operation.options.iter().map(setter);
    let pages = operation.page.as_ref().map(|page| {
        let (index, size) = (&page.index, &page.size);
        let start = match page.style {
            PageStyle::Numbered { first } => {
                let first = proc_macro2::Literal::u8_unsuffixed(first);
                quote!(Pages::numbered(self.0, #index, #size, #first))
            }
            PageStyle::Marked => quote!(Pages::marked(self.0, #index)),
        };
        quote! {
            #[doc = " Returns the pages of the list. Each page is fetched when it is needed."]
            pub fn pages(self) -> Pages<#answer> {
                #start
            }
            #[doc = " Returns the items of the list. Pages are fetched when they are needed."]
            pub fn items(self) -> Items<#answer> {
                self.pages().items()
            }
        }
    });
    let invocation = format_ident!("call_options");
    quote! {
        #doc
        #[must_use = "a call is only sent when awaited"]
        pub struct #name(pub(super) Call<#answer>);
        impl #name {
            #(#setters)*
            #pages
        }
        ::cloud_core::#invocation!(#name => #answer);
    }
}

fn setter(parameter: &Parameter) -> TokenStream {
    let name = ident(&setter_name(&parameter.rust));
    let wire = &parameter.wire;
    let ty = argument_type(&parameter.ty);
    let mut text = parameter.docs.clone();
    if parameter.ty == ParameterType::TextList {
        text.push_str("\n\nMay be called several times; every value is sent.");
    }
    let doc = docs(&text);
    let check = check(parameter, &format_ident!("value")).map(|check| quote!(self.0.validate(|validator| #check);));
    quote! {
        #doc
        pub fn #name(mut self, value: #ty) -> Self {
            #check
            self.0.push_query(#wire, value);
            self
        }
    }
}

/// The methods that a call has besides the setters of its parameters.
const CALL_METHODS: &[&str] = &["timeout", "retry", "body_limit", "skip_validation", "send", "pages", "items", "poll"];

/// The name of a parameter's setter, which is none of the call's own methods.
fn setter_name(name: &str) -> String {
    if CALL_METHODS.contains(&name) { format!("{name}_parameter") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setter_name_avoids_every_method_of_a_call() {
        let core = include_str!("../../../../crates/cloud-core/src/call.rs");
        let options = core.split_once("macro_rules! call_options").unwrap().1;
        let generated = include_str!("options.rs").split_once("fn options(").unwrap().1;
        let generated = generated.split_once("fn setter(").unwrap().0;
        let names = |text: &str| -> Vec<String> {
            let after = text.split(" fn ").skip(1);
            after.filter_map(|rest| rest.split_once('(')).map(|(name, _)| name.to_owned()).collect()
        };
        // `fmt` and `from` are functions of traits, and no method of a call.
        let own: Vec<_> =
            names(options).into_iter().chain(names(generated)).filter(|name| name != "fmt" && name != "from").collect();
        assert!(own.len() >= 8 && own.iter().all(|name| setter_name(name) == format!("{name}_parameter")), "{own:?}");
        assert_eq!(setter_name("size"), "size");
    }
}

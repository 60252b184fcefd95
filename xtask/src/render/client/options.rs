//! The types of calls, with their optional parameters.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::share::{reuse, shared};
use super::super::{docs, markdown};
use super::{argument_type, argument_value, outer_type, rules};
use crate::ir::{Constraint, Operation, Page, PageStyle, Parameter, ParameterType, Service, Version};
use crate::names::{ident, pascal};

/// The re-exports of what another version's operations return alike, and the types of this version alone.
pub(super) fn option_types(service: &Service, version: &Version) -> (TokenStream, TokenStream) {
    let operations = &version.operations;
    let shared = shared(&service.before(version), operations, options);
    let reused = reuse(&quote!(pub), operations, &shared, |operation| pascal(&operation.name));
    let own = operations.iter().zip(&shared).filter(|(_, module)| module.is_none());
    let options = own.map(|(operation, _)| options(operation));
    (reused, quote!(#(#options)*))
}

/// What an operation returns: a type with the setters of its optional parameters, or a name for the plain call.
pub(in crate::render) fn options(operation: &Operation) -> TokenStream {
    let name = ident(&pascal(&operation.name));
    let answer = outer_type(&operation.answer);
    if operation.options.is_empty() {
        // A name of its own, so that an option that is added later changes nothing for those who named it.
        let doc = docs(&format!("The call `{}`: `.await` it.", operation.name));
        return quote!(#doc pub type #name = Call<#answer>;);
    }
    let setters = operation.options.iter().map(|parameter| setter(operation.page.as_ref(), parameter));
    let Some(page) = &operation.page else {
        let doc = docs(&format!("The call `{}`: set optional parameters, then `.await` it.", operation.name));
        return quote! {
            #doc
            #[must_use = "a call is only sent when awaited"]
            pub struct #name(pub(super) Call<#answer>);
            impl #name {
                #(#setters)*
            }
            ::cloud_core::call_options!(#name => #answer);
        };
    };
    let doc = markdown(&format!(
        "The list `{}`: set optional parameters, then take [`items`](Self::items) or [`pages`](Self::pages). It cannot \
         be awaited, since one page is not the list. [`first_page`](Self::first_page) is the call of one page.",
        operation.name
    ));
    let (index, size) = (&page.index, &page.size);
    let start = match page.style {
        PageStyle::Numbered { first } => {
            let first = proc_macro2::Literal::u8_unsuffixed(first);
            quote!(Pages::numbered(self.0, #index, #size, #first))
        }
        PageStyle::Marked => quote!(Pages::marked(self.0, #index)),
        PageStyle::Offset => quote!(Pages::offset(self.0, #index)),
    };
    quote! {
        #doc
        #[must_use = "a list is only fetched when its items are taken"]
        pub struct #name(pub(super) Call<#answer>);
        impl #name {
            #(#setters)*
            #[doc = " Returns the pages of the list. Each page is fetched when it is needed."]
            pub fn pages(self) -> Pages<#answer> {
                #start
            }
        }
        ::cloud_core::list_options!(#name => #answer);
    }
}

/// What a list begun in the middle is called; its name is the same for all vendors.
const LATER: &str = "A list that is started later is never complete. `Listing::into_rest` takes the rest.";

fn setter(page: Option<&Page>, parameter: &Parameter) -> TokenStream {
    let wire = &parameter.wire;
    let mut limits = parameter.rules.clone();
    let mut text = parameter.docs.clone();
    let (is_index, is_size) = page.map_or((false, false), |page| (page.index == *wire, page.size == *wire));
    let name = match page.map(|page| page.style) {
        Some(PageStyle::Numbered { first }) if is_index => {
            if first > 0 && !limits.iter().any(|rule| matches!(rule, Constraint::Min(_))) {
                limits.insert(0, Constraint::Min(first.into()));
            }
            "start_at_page".to_owned()
        }
        Some(PageStyle::Marked) if is_index => "start_at_marker".to_owned(),
        Some(PageStyle::Offset) if is_index => "start_at_offset".to_owned(),
        _ => setter_name(&parameter.rust),
    };
    if is_index {
        text = format!("{text}\n\n{LATER}");
    }
    let name = ident(&name);
    let rules = rules(&limits);
    if let ParameterType::List { joined, .. } = parameter.ty {
        let set = if joined { quote!(set_query_joined) } else { quote!(set_query_list) };
        let (doc, values) = (docs(&format!("{text}\n\nSets all values at once.")), argument_type(&parameter.ty));
        return quote! {
            #doc
            pub fn #name(mut self, values: #values) -> Self {
                self.0.#set(#wire, values, #rules);
                self
            }
        };
    }
    let doc = docs(&text);
    let (ty, value) = match parameter.ty {
        ParameterType::Integer if is_index || is_size => (quote!(u32), quote!(i64::from(value))),
        _ => (argument_type(&parameter.ty), argument_value(&parameter.ty, &ident("value"))),
    };
    quote! {
        #doc
        pub fn #name(mut self, value: #ty) -> Self {
            self.0.set_query(#wire, #value, #rules);
            self
        }
    }
}

/// The methods that a call or a list has besides the setters of its parameters.
const CALL_METHODS: &[&str] = &[
    "call_timeout",
    "attempt_timeout",
    "retry",
    "body_limit",
    "skip_validation",
    "plan",
    "send",
    "wait",
    "first_page",
    "pages",
    "items",
    "poll",
];

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
        let options = core.split_once("macro_rules! call_settings").unwrap().1;
        let generated = include_str!("options.rs").split_once("fn options(").unwrap().1;
        let generated = generated.split_once("fn setter(").unwrap().0;
        let names = |text: &str| -> Vec<String> {
            let after = text.split(" fn ").skip(1);
            after.filter_map(|rest| rest.split_once('(')).map(|(name, _)| name.to_owned()).collect()
        };
        // `fmt` and `from` are functions of traits, and no method of a call.
        let own: Vec<_> =
            names(options).into_iter().chain(names(generated)).filter(|name| name != "fmt" && name != "from").collect();
        assert!(own.len() >= 10 && own.iter().all(|name| setter_name(name) == format!("{name}_parameter")), "{own:?}");
        assert_eq!(setter_name("size"), "size");
    }
}

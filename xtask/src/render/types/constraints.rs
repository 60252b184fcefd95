//! Limits as values of the core.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::Constraint;

/// Rules as a slice that lives as long as the program.
pub(in crate::render) fn rules(rules: &[Constraint]) -> TokenStream {
    // A comparison of two fields is a statement of its own.
    let rules = rules.iter().filter(|rule| !matches!(rule, Constraint::AtMostField(_))).map(|rule| {
        let whole = |n: &u64| proc_macro2::Literal::u64_unsuffixed(*n);
        match rule {
            Constraint::MinChars(n) => {
                let n = whole(n);
                quote!(Constraint::MinChars(#n))
            }
            Constraint::MaxChars(n) => {
                let n = whole(n);
                quote!(Constraint::MaxChars(#n))
            }
            Constraint::MinBytes(n) => {
                let n = whole(n);
                quote!(Constraint::MinBytes(#n))
            }
            Constraint::MaxBytes(n) => {
                let n = whole(n);
                quote!(Constraint::MaxBytes(#n))
            }
            Constraint::Min(n) => {
                let n = proc_macro2::Literal::i64_unsuffixed(*n);
                quote!(Constraint::Min(#n))
            }
            Constraint::Max(n) => {
                let n = proc_macro2::Literal::i64_unsuffixed(*n);
                quote!(Constraint::Max(#n))
            }
            Constraint::Above(n) => {
                let n = proc_macro2::Literal::i64_unsuffixed(*n);
                quote!(Constraint::Above(#n))
            }
            Constraint::MaxDecimal(n) => quote!(Constraint::MaxDecimal(#n)),
            Constraint::AtMostField(_) => quote!(),
            Constraint::Pem(label) => quote!(Constraint::Pem(#label)),
            Constraint::MaxMembers(n) => {
                let n = whole(n);
                quote!(Constraint::MaxMembers(#n))
            }
            Constraint::Json => quote!(Constraint::Json),
            Constraint::OneOf(choices) => quote!(Constraint::OneOf(&[#(#choices),*])),
            Constraint::Class { ranges, min, max } => {
                let ranges = ranges.iter().map(|(low, high)| quote!((#low, #high)));
                let min = whole(min);
                let max = match max {
                    Some(max) => {
                        let max = whole(max);
                        quote!(Some(#max))
                    }
                    None => quote!(None),
                };
                quote!(Constraint::Class { ranges: &[#(#ranges),*], min: #min, max: #max })
            }
        }
    });
    quote!(&[#(#rules),*])
}

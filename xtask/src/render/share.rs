//! Items that two versions have alike are generated once, in one of them, and re-exported by the other.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::{Operation, Version};
use crate::names::ident;

/// For each operation the module of the first of the versions `before` that renders the same item for it.
pub(super) fn shared(
    before: &[&Version],
    operations: &[Operation],
    render: impl Fn(&Operation) -> TokenStream,
) -> Vec<Option<String>> {
    let same = |operation: &Operation| {
        let item = render(operation).to_string();
        let found = before.iter().find(|version| {
            let mut others = version.operations.iter().filter(|other| other.name == operation.name);
            others.any(|other| render(other).to_string() == item)
        });
        found.map(|version| version.module.clone())
    };
    operations.iter().map(same).collect()
}

/// The re-exports of the shared items, one `use` for each other version.
pub(super) fn reuse(
    visibility: &TokenStream,
    operations: &[Operation],
    shared: &[Option<String>],
    name: impl Fn(&Operation) -> String,
) -> TokenStream {
    let mut modules: BTreeMap<&str, Vec<proc_macro2::Ident>> = BTreeMap::new();
    for (operation, module) in operations.iter().zip(shared) {
        if let Some(module) = module {
            modules.entry(module).or_default().push(ident(&name(operation)));
        }
    }
    let uses = modules.into_iter().map(|(module, names)| {
        let module = ident(module);
        match names.as_slice() {
            [one] => quote!(#visibility use super::#module::#one;),
            _ => quote!(#visibility use super::#module::{#(#names),*};),
        }
    });
    quote!(#(#uses)*)
}

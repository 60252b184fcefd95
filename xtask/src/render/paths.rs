//! The paths that generated code uses beside the public API of the core: the only place that names them.

use proc_macro2::TokenStream;
use quote::quote;

use crate::names::ident;

/// The module of the core that only generated code uses.
pub(super) const CODEGEN: &str = "::cloud_core::codegen";

/// [`CODEGEN`] as tokens.
pub(super) fn codegen() -> TokenStream {
    quote!(::cloud_core::codegen)
}

/// The vendor crate's type of key material.
pub(super) fn key_material() -> TokenStream {
    quote!(crate::KeyMaterial)
}

/// A type of the vendor crate that its services share.
pub(super) fn vendor_type(name: &str) -> TokenStream {
    let name = ident(name);
    quote!(crate::#name)
}

/// The vendor crate's type of two instants that belong together.
pub(super) fn period() -> TokenStream {
    quote!(crate::Period)
}

/// The vendor crate's function that finds the marker of the next page in the links of a response.
pub(super) fn next_marker() -> TokenStream {
    quote!(crate::links::next_marker)
}

//! Operations and versions as statics.

use proc_macro2::TokenStream;
use quote::quote;

use super::docs;
use crate::ir::{Operation, Segment, Service, Type, Version};
use crate::names::{constant, ident};

/// The operation tables of every version.
pub(super) fn render(service: &Service) -> TokenStream {
    let statics = service.versions.iter().map(|version| version_static(service, version));
    let modules = service.versions.iter().map(module);
    quote! {
        use cloud_core::{ApiVersion, Lifecycle};
        #(#statics)*
        #(#modules)*
    }
}

fn version_static(service: &Service, version: &Version) -> TokenStream {
    let name = ident(&version.constant);
    let doc = docs(&format!("Version {}.", version.number));
    let (vendor, service, number) = (&service.vendor.name, &service.name, &version.number);
    let status = ident(match version.status.as_deref() {
        Some("CURRENT") => "Current",
        Some("SUPPORTED") => "Supported",
        Some("DEPRECATED") => "Deprecated",
        _ => "Unversioned",
    });
    let sunset = match &version.sunset {
        Some(day) => quote!(Some(#day)),
        None => quote!(None),
    };
    quote! {
        #doc
        pub(crate) static #name: ApiVersion = ApiVersion {
            vendor: #vendor,
            service: #service,
            number: #number,
            status: Lifecycle::#status,
            sunset: #sunset,
        };
    }
}

fn module(version: &Version) -> TokenStream {
    let name = ident(&version.module);
    let doc = docs(&format!("Operations of version {}.", version.number));
    let statics = version.operations.iter().map(|operation| operation_static(version, operation));
    let all = version.operations.iter().map(|operation| ident(&constant(&operation.name)));
    quote! {
        #doc
        pub(crate) mod #name {
            use cloud_core::{Idempotency, Method, Operation, Segment};
            #(#statics)*
            #[doc = " All operations of the version."]
            pub(crate) static ALL: &[&Operation] = &[#(&#all),*];
        }
    }
}

fn operation_static(version: &Version, operation: &Operation) -> TokenStream {
    let name = ident(&constant(&operation.name));
    let version = ident(&version.constant);
    let Operation { name: method_name, title, success, auth, envelope, .. } = operation;
    let doc = docs(&format!("`{} {}`", operation.method.wire(), operation.template));
    let method = ident(operation.method.variant());
    let idempotency = ident(operation.idempotency.variant());
    let returns = operation.answer != Type::Unit;
    let path = operation.path.iter().map(|segment| match segment {
        Segment::Literal(text) => quote!(Segment::Literal(#text)),
        Segment::Param(text) => quote!(Segment::Param(#text)),
        Segment::Config(text) => quote!(Segment::Config(#text)),
    });
    let success = success.iter().map(|status| proc_macro2::Literal::u16_unsuffixed(*status));
    quote! {
        #doc
        pub(crate) static #name: Operation = Operation {
            version: &super::#version,
            name: #method_name,
            title: #title,
            method: Method::#method,
            path: &[#(#path),*],
            success: &[#(#success),*],
            idempotency: Idempotency::#idempotency,
            auth: #auth,
            envelope: #envelope,
            returns: #returns,
        };
    }
}

//! Operations and versions as statics.

use proc_macro2::TokenStream;
use quote::quote;

use super::lifecycle::{self, State};
use super::share::{reuse, shared};
use super::{docs, gated_imports, imports};
use crate::ir::{Operation, Segment, Service, Type, Version};
use crate::names::{constant, ident};

const CORE: &[&str] = &["Authentication", "Effect", "Envelope", "Idempotency", "Method", "Operation", "Segment"];

/// The operation tables of every version.
pub(super) fn render(service: &Service) -> TokenStream {
    let statics = |ended: bool| -> TokenStream {
        let versions = service.versions.iter().filter(|version| version.ended == ended);
        versions.map(|version| version_static(service, version)).collect()
    };
    let (always, ended) = (statics(false), statics(true));
    let core = gated_imports(&quote!(cloud_core), &["ApiVersion", "Lifecycle"], &always, &ended);
    let statics = service.versions.iter().map(|version| version_static(service, version));
    let modules = service.versions.iter().map(|version| module(&service.before(version), version));
    quote! {
        #core
        #(#statics)*
        #(#modules)*
    }
}

fn version_static(own: &Service, version: &Version) -> TokenStream {
    let name = ident(&version.constant);
    let doc = docs(&format!("Version {}.", version.number));
    let (vendor, service, number) = (&own.vendor.name, &own.name, &version.number);
    let status = match lifecycle::state(own, version) {
        Some(State::Current) => quote!(.status(Lifecycle::Current)),
        Some(State::Supported) => quote!(.status(Lifecycle::Supported)),
        Some(State::Deprecated) => quote!(.status(Lifecycle::Deprecated)),
        Some(State::Unlisted) => quote!(.status(Lifecycle::Unlisted)),
        None => quote!(),
    };
    let sunset = version.sunset.as_ref().map(|day| quote!(.sunset(#day)));
    let page = &own.page;
    let gate = lifecycle::gate(version);
    quote! {
        #doc
        #gate
        pub(crate) static #name: ApiVersion = ApiVersion::new(#vendor, #service, #number)#status #sunset.documentation(#page);
    }
}

/// The operations of one version; those that one of the versions `before` has alike are taken from there.
fn module(before: &[&Version], version: &Version) -> TokenStream {
    let name = ident(&version.module);
    let doc = docs(&format!("Operations of version {}.", version.number));
    let shared = shared(before, &version.operations, operation_static);
    let own = version.operations.iter().zip(&shared).filter(|(_, module)| module.is_none());
    let statics: Vec<_> = own.map(|(operation, _)| operation_static(operation)).collect();
    let reused = reuse(&quote!(pub(crate)), &version.operations, &shared, |operation| constant(&operation.name));
    let uses = quote!(#(#statics)* &Operation);
    let core = imports(&quote!(cloud_core), CORE, &uses);
    let all = version.operations.iter().map(|operation| ident(&constant(&operation.name)));
    let gate = lifecycle::gate(version);
    quote! {
        #doc
        #gate
        pub(crate) mod #name {
            #core
            #reused
            #(#statics)*
            #[doc = " All operations of the version."]
            pub(crate) static ALL: &[&Operation] = &[#(&#all),*];
        }
    }
}

/// A way to authenticate as the core's type.
pub(super) fn authentication(auth: &str) -> TokenStream {
    match auth {
        "" => quote!(Authentication::Default),
        "none" => quote!(Authentication::None),
        scheme => quote!(Authentication::Scheme(#scheme)),
    }
}

pub(super) fn operation_static(operation: &Operation) -> TokenStream {
    let name = ident(&constant(&operation.name));
    let Operation { name: method_name, title, success, auth, envelope, .. } = operation;
    let doc = docs(&format!("`{} {}`", operation.method.wire(), operation.template));
    let method = ident(operation.method.variant());
    let idempotency = ident(operation.idempotency.variant());
    let effect = ident(operation.effect.variant());
    let reveals = operation.reveals_secrets.then(|| quote!(.revealing_secrets()));
    let authentication = (!auth.is_empty()).then(|| {
        let authentication = authentication(auth);
        quote!(.authentication(#authentication))
    });
    let envelope = match &**envelope {
        "" => quote!(),
        "*" => quote!(.envelope(Envelope::Flattened)),
        field => quote!(.envelope(Envelope::Field(#field))),
    };
    let returns = (operation.answer == Type::Unit).then(|| quote!(.returns(false)));
    let known = &operation.known_members;
    let known = (!known.is_empty()).then(|| quote!(.known_members(&[#(#known),*])));
    let deleted = operation.already_deleted.as_ref().map(|payload| quote!(.already_deleted(#payload)));
    let lost = operation.lost_response.as_ref().map(|lost| quote!(.lost_response(#lost)));
    let path = operation.path.iter().map(|segment| match segment {
        Segment::Literal(text) => quote!(Segment::Literal(#text)),
        Segment::Param(text) => quote!(Segment::Param(#text)),
        Segment::Config(text) => quote!(Segment::Config(#text)),
    });
    let success = (success[..] != [200]).then(|| {
        let statuses = success.iter().map(|status| proc_macro2::Literal::u16_unsuffixed(*status));
        quote!(.success(&[#(#statuses),*]))
    });
    quote! {
        #doc
        pub(crate) static #name: Operation = Operation::new(#method_name, Method::#method, &[#(#path),*])
            .title(#title)
            .idempotency(Idempotency::#idempotency)
            .effect(Effect::#effect)
            #reveals #success #authentication #envelope #returns #known #deleted #lost;
    }
}

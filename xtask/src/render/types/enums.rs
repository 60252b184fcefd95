//! Open enumerations: known values are variants, an unknown one is kept as it came.

use proc_macro2::TokenStream;
use quote::quote;

use super::docs;
use crate::ir::{Kind, TypeDef};
use crate::names::ident;
use crate::render::paths::codegen;

/// What the type is, and which of its texts is the one on the wire.
fn enumeration_docs(ty: &TypeDef) -> TokenStream {
    let example = match &ty.kind {
        Kind::TextEnum(variants) => variants.first().map(|(name, value)| (name, value.clone())),
        Kind::IntegerEnum(variants) => variants.first().map(|(name, value)| (name, value.to_string())),
        Kind::Struct(_) => None,
    };
    let texts = example.map(|(name, value)| {
        format!(
            "\n\n`Display` writes the value as sent to the service, such as `{value}`; `Debug` writes the name of the \
             variant, such as `{name}`."
        )
    });
    docs(&format!("{}{}", ty.docs, texts.unwrap_or_default()))
}

/// An enumeration over text.
pub(super) fn text(ty: &TypeDef, variants: &[(String, String)]) -> TokenStream {
    let codegen = codegen();
    let name = ident(&ty.name);
    let doc = enumeration_docs(ty);
    let names: Vec<_> = variants.iter().map(|(name, _)| ident(name)).collect();
    let values: Vec<_> = variants.iter().map(|(_, value)| value).collect();
    let docs_of = values.iter().map(|value| docs(&format!("`{value}`.")));
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#docs_of #names,)*
            #[doc = " A value unknown to this version of the crate."]
            Other(UnknownText),
        }
        impl #name {
            #[doc = " Returns the value as sent to the service."]
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#names => #values,)*
                    Self::Other(text) => &text.0,
                }
            }
        }
        impl From<&str> for #name {
            fn from(text: &str) -> Self {
                match text {
                    #(#values => Self::#names,)*
                    _ => Self::Other(UnknownText(text.to_owned())),
                }
            }
        }
        impl AsRef<str> for #name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }
        impl std::fmt::Display for #name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl #codegen::QueryValue for #name {
            fn write(&self, out: &mut String) {
                #codegen::QueryValue::write(self.as_str(), out);
            }
        }
        impl Serialize for #name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> Deserialize<'de> for #name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text: std::borrow::Cow<'de, str> = Deserialize::deserialize(deserializer)?;
                Ok(Self::from(&*text))
            }
        }
    }
}

/// An enumeration over integers.
pub(super) fn integer(ty: &TypeDef, variants: &[(String, i64)]) -> TokenStream {
    let codegen = codegen();
    let name = ident(&ty.name);
    let doc = enumeration_docs(ty);
    let names: Vec<_> = variants.iter().map(|(name, _)| ident(name)).collect();
    let values: Vec<_> = variants.iter().map(|(_, value)| proc_macro2::Literal::i64_unsuffixed(*value)).collect();
    let docs_of = variants.iter().map(|(_, value)| docs(&format!("`{value}`.")));
    quote! {
        #doc
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#docs_of #names,)*
            #[doc = " A value unknown to this version of the crate."]
            Other(UnknownInteger),
        }
        impl #name {
            #[doc = " Returns the value as sent to the service."]
            #[must_use]
            pub fn as_i64(&self) -> i64 {
                match self {
                    #(Self::#names => #values,)*
                    Self::Other(number) => number.0,
                }
            }
        }
        impl From<i64> for #name {
            fn from(number: i64) -> Self {
                match number {
                    #(#values => Self::#names,)*
                    _ => Self::Other(UnknownInteger(number)),
                }
            }
        }
        impl std::fmt::Display for #name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.as_i64())
            }
        }
        impl #codegen::QueryValue for #name {
            fn write(&self, out: &mut String) {
                #codegen::QueryValue::write(&self.as_i64(), out);
            }
        }
        impl Serialize for #name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.as_i64())
            }
        }
        impl<'de> Deserialize<'de> for #name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #codegen::As::<#codegen::LenientInt>::deserialize(deserializer).map(|number: i64| Self::from(number))
            }
        }
    }
}

/// Payloads that nobody outside can build, so that `Other` never holds a known value.
pub(super) fn unknown(text: bool, integer: bool) -> TokenStream {
    let text = text.then(|| {
        quote! {
            #[doc = " The string of an unknown value. Only decoding creates one."]
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            pub struct UnknownText(pub(crate) String);
        }
    });
    let integer = integer.then(|| {
        quote! {
            #[doc = " The number of an unknown value. Only decoding creates one."]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub struct UnknownInteger(pub(crate) i64);
        }
    });
    quote!(#text #integer)
}

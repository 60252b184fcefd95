//! Open enumerations: known values are variants, an unknown one is kept as it came.

use proc_macro2::TokenStream;
use quote::quote;

use super::{docs, with_alias};
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
    let name = ident(ty.bare());
    let title = ty.bare();
    let doc = with_alias(ty, &enumeration_docs(ty));
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
            #[doc = " Every value that this version of the crate knows, in the vendor's order."]
            pub const ALL: &'static [Self] = &[#(Self::#names),*];

            #[doc = " Returns the value as sent to the service."]
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#names => #values,)*
                    Self::Other(text) => text.as_str(),
                }
            }
        }
        impl std::str::FromStr for #name {
            type Err = ::cloud_core::Error;

            /// Returns the variant of a known value; any other text is an error.
            fn from_str(text: &str) -> ::cloud_core::Result<Self> {
                match text {
                    #(#values => Ok(Self::#names),)*
                    _ => Err(#codegen::unknown_value(#title, &[#(#values),*])),
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
                Ok(match &*text {
                    #(#values => Self::#names,)*
                    _ => Self::Other(#codegen::unknown_text(&text)),
                })
            }
        }
    }
}

/// An enumeration over integers.
pub(super) fn integer(ty: &TypeDef, variants: &[(String, i64)]) -> TokenStream {
    let codegen = codegen();
    let name = ident(ty.bare());
    let doc = with_alias(ty, &enumeration_docs(ty));
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
            #[doc = " Every value that this version of the crate knows, in the vendor's order."]
            pub const ALL: &'static [Self] = &[#(Self::#names),*];

            #[doc = " Returns the value as sent to the service."]
            #[must_use]
            pub fn as_i64(&self) -> i64 {
                match self {
                    #(Self::#names => #values,)*
                    Self::Other(number) => number.as_i64(),
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
                #codegen::As::<#codegen::LenientInt>::deserialize(deserializer).map(|number: i64| match number {
                    #(#values => Self::#names,)*
                    _ => Self::Other(#codegen::unknown_integer(number)),
                })
            }
        }
    }
}

//! Values that a vendor names and may add to: regions, languages.

/// Defines an enumeration of a vendor crate that all its services share: known values, and a way to a value that the
/// crate does not know yet. `form` tells whether a string has the form of these values, of which `like` is one.
#[doc(hidden)]
#[macro_export]
macro_rules! named_values {
    (
        $(#[$doc:meta])*
        $name:ident { noun: $noun:literal, like: $like:literal, form: $form:path }
        $($variant:ident = $value:literal),+ $(,)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $value, "`.")]
                $variant,
            )+
            /// A value unknown to this version of the crate.
            Other($crate::UnknownText),
        }

        impl $name {
            /// Every value that this version of the crate knows, in the vendor's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            #[doc = concat!("Returns a ", $noun, " that this version of the crate does not know.")]
            ///
            /// # Errors
            #[doc = concat!("If the text does not have the form of a ", $noun, ", such as `", $like, "`.")]
            pub fn other(text: &str) -> $crate::Result<Self> {
                if let Ok(known) = text.parse() {
                    return Ok(known);
                }
                if $form(text) {
                    return Ok(Self::Other($crate::codegen::unknown_text(text)));
                }
                Err($crate::Error::config(concat!("a ", $noun, " must have the form `", $like, "`")))
            }

            /// Returns the value as sent to the service.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)+
                    Self::Other(text) => text.as_str(),
                }
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::Error;

            /// Returns the variant of a known value; any other text is an error. See [`other`](Self::other).
            fn from_str(text: &str) -> $crate::Result<Self> {
                match text {
                    $($value => Ok(Self::$variant),)+
                    _ => Err($crate::Error::config(concat!(
                        "not a known ", $noun, ": use one of" $(, " `", $value, "`")+,
                        ", or in code ", stringify!($name), "::other()"
                    ))),
                }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::codegen::QueryValue for $name {
            fn write(&self, out: &mut String) {
                $crate::codegen::QueryValue::write(self.as_str(), out);
            }
        }

        impl $crate::codegen::PathValue for $name {
            fn write(&self, out: &mut String) -> ::std::result::Result<(), &'static str> {
                $crate::codegen::PathValue::write(self.as_str(), out)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            /// Accepts any string, because the service may add values.
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let text: ::std::borrow::Cow<'de, str> = ::serde::Deserialize::deserialize(deserializer)?;
                Ok(text.parse().unwrap_or_else(|_| Self::Other($crate::codegen::unknown_text(&text))))
            }
        }
    };
}

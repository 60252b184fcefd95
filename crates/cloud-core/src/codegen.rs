//! What generated code uses. Not part of the public API: it changes with the generator, without notice.

pub use crate::json::from_json;
pub use crate::lookup::{only, only_usable};
pub use crate::page::NextMarker;
pub use crate::request::body::{Exposed, ExposedOption, json};
pub use crate::request::percent::decode as percent_decode;
pub use crate::request::{PathValue, QueryValue, written};
pub use crate::types::adapter::As;
pub use crate::types::format::{
    Base64, BasicDate, DateOrTimeText, Flag, LenientAs, LowerYesNo, NetworkList, SecretJsonText, SortText, TextFormat,
    YesNo,
};
pub use crate::types::lenient::{LenientBool, LenientInt, LenientOptionalBool, LenientText};
pub use crate::types::lenient_value::{field, optional_field};
pub use crate::types::unknown::{unknown_integer, unknown_text, unknown_value};

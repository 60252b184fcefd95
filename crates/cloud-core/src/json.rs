//! Reads JSON: errors name the field and never quote a value.

use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};

mod strict;

use strict::Strict;

/// A value from JSON. An error names the place (`keys[3].state`) and never quotes a value.
///
/// # Errors
/// [`ErrorKind::Decode`] if the text is not JSON or not of this shape.
pub fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    // Tracking the path costs time, so it is done only once it is known that there is something to say.
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = T::deserialize(Strict(&mut deserializer));
    value.and_then(|value| deserializer.end().map(|()| value)).map_err(|_| explain::<T>(text))
}

#[cold]
fn explain<T: DeserializeOwned>(text: &[u8]) -> Error {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    let outcome = T::deserialize(Strict(serde_path_to_error::Deserializer::new(&mut deserializer, &mut track)));
    let problem = match outcome {
        Ok(_) => "text follows the json value; a proxy may stand in between".to_owned(),
        Err(inner) => {
            let path = track.path().to_string();
            let (line, column) = (inner.line(), inner.column());
            if inner.is_data() {
                let problem = shape_problem(&path, &inner.to_string());
                format!("{problem}; the service may have changed, so look for a newer release")
            } else if inner.is_eof() {
                format!("the json ends early, at line {line} column {column}; it may have been cut short on its way")
            } else {
                format!("not json, at line {line} column {column}; a proxy may stand in between")
            }
        }
    };
    Error::new(ErrorKind::Decode, format!("the answer cannot be read: {problem}"))
}

/// Serde's own text may quote the value it met; only its words about names and types are used.
fn shape_problem(path: &str, text: &str) -> String {
    if let Some(name) = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return match path {
            "." | "" => format!("`{name}` is missing"),
            _ => format!("`{path}.{name}` is missing"),
        };
    }
    let wanted = text.rsplit_once(", expected ").map_or("another type", |(_, rest)| rest);
    let wanted = wanted.split(" at line ").next().unwrap_or(wanted);
    let place = if matches!(path, "." | "") { "the whole value" } else { path };
    format!("`{place}` is not {wanted}")
}

#[cfg(test)]
mod tests;

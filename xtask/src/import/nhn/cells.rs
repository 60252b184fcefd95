//! What single cells of a table say.

use super::super::ImportError;

pub(super) fn flag(text: &str, line: usize) -> Result<Option<bool>, ImportError> {
    match text {
        "O" => Ok(Some(true)),
        "X" => Ok(Some(false)),
        _ => Err(ImportError::new(line, format!("`{text}` is neither O nor X"))),
    }
}

pub(super) fn type_name(text: &str, line: usize) -> Result<&'static str, ImportError> {
    Ok(match text {
        "String" | "String(hh:mm)" | "DateTime" | "ENUM" => "string",
        "Number" | "Integer" | "int" => "integer",
        "Boolean" => "boolean",
        "List" | "Array" => "array",
        "Object" => "object",
        _ => return Err(ImportError::new(line, format!("`{text}` is not a known type"))),
    })
}

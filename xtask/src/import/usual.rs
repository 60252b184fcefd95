//! Fills in idempotency and effect of operations that only read; of all others, `lint` asks a person.

use crate::openapi::Document;

/// Whether an operation can be repeated if nobody has written it.
pub(super) fn usual_idempotency(method: &str) -> Option<String> {
    (method == "get").then(|| "safe".to_owned())
}

/// Says what each operation does where nobody has written it.
pub(super) fn add_effects(document: &mut Document) {
    for (method, own) in document.paths.values_mut().flat_map(|item| item.operations_mut()) {
        if own.sdk.effect.is_none() {
            own.sdk.effect = usual_effect(method, own.sdk.idempotency.as_deref()).map(str::to_owned);
        }
        if let Some(split) = own.sdk.split.as_mut().filter(|split| split.effect.is_none()) {
            split.effect = Some("read".to_owned());
        }
    }
}

/// What an operation does if nobody has written it.
fn usual_effect(method: &str, idempotency: Option<&str>) -> Option<&'static str> {
    matches!((method, idempotency), ("get", _) | ("post", Some("safe"))).then_some("read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reading_needs_no_words() {
        for (method, idempotency, effect) in [
            ("get", None, Some("read")),
            ("post", Some("safe"), Some("read")),
            ("post", None, None),
            ("put", Some("idempotent"), None),
            ("delete", Some("idempotent"), None),
        ] {
            assert_eq!(usual_effect(method, idempotency), effect, "{method} {idempotency:?}");
        }
    }
}

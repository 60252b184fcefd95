//! Lookups by name among the items of a list.

use crate::error::{Error, ErrorCategory, ErrorKind, Result};

/// Returns the only item. `what` names its kind in errors.
///
/// # Errors
/// [`ErrorKind::Lookup`] if there is none (with the category not found) or more than one.
pub fn only<T>(what: &str, found: impl IntoIterator<Item = T>) -> Result<T> {
    let mut found: Vec<_> = found.into_iter().collect();
    match (found.pop(), found.len()) {
        (Some(item), 0) => Ok(item),
        (None, _) => {
            let error = Error::builder(ErrorKind::Lookup, format!("no {what} has this name"));
            Err(error.category(ErrorCategory::NotFound).build())
        }
        (Some(_), more) => {
            let text = format!("{} {what}s have this name: list them and choose one by its ID", more + 1);
            Err(Error::new(ErrorKind::Lookup, text))
        }
    }
}

/// Returns the only item that may be used. The others do not count, so that a secret can be created again under the name
/// of one that is about to be deleted.
///
/// # Errors
/// As [`only`], and the refusal of an item if there are no others.
pub fn only_usable<T>(
    what: &str,
    found: impl IntoIterator<Item = T>,
    refusal: impl Fn(&T) -> Option<Error>,
) -> Result<T> {
    let (mut usable, mut refused) = (Vec::new(), None);
    for item in found {
        match refusal(&item) {
            Some(error) => refused = Some(error),
            None => usable.push(item),
        }
    }
    match refused {
        Some(error) if usable.is_empty() => Err(error),
        _ => only(what, usable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_that_may_not_be_used_do_not_count() {
        let refused = || Error::builder(ErrorKind::FailureState, "stopped").category(ErrorCategory::Conflict).build();
        // Negative ones may not be used.
        type Outcome = Result<i32, (ErrorKind, Option<ErrorCategory>)>;
        let cases: [(&[i32], Outcome); 7] = [
            (&[], Err((ErrorKind::Lookup, Some(ErrorCategory::NotFound)))),
            (&[1], Ok(1)),
            (&[1, 2], Err((ErrorKind::Lookup, None))),
            (&[-1, 2], Ok(2)),
            (&[1, -2, -3], Ok(1)),
            (&[-1], Err((ErrorKind::FailureState, Some(ErrorCategory::Conflict)))),
            (&[-1, 2, 3], Err((ErrorKind::Lookup, None))),
        ];
        for (items, wanted) in cases {
            let found = only_usable("secret", items.iter().copied(), |item| (*item < 0).then(refused));
            assert_eq!(found.map_err(|error| (error.kind(), error.category())), wanted, "{items:?}");
        }
        assert!(only("secret", [-1, 2]).unwrap_err().to_string().contains("2 secrets have this name"));
    }
}

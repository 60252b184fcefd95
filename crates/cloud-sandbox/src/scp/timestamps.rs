//! Points in time in the two forms in which Secrets Manager and Secret Vault print them.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

const PLAIN: StaticFormatDescription = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const SPACED: StaticFormatDescription =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3]");

/// `2024-05-17T00:23:17Z`
pub(super) fn plain(at: OffsetDateTime) -> Value {
    text(at, PLAIN)
}

/// `2025-02-25 03:07:17.000`, or null.
pub(super) fn spaced(at: Option<OffsetDateTime>) -> Value {
    at.map_or(Value::Null, |at| text(at, SPACED))
}

fn text(at: OffsetDateTime, form: StaticFormatDescription) -> Value {
    // Every part of these forms is known to a date with a time; null would show a mistake here.
    at.to_offset(time::UtcOffset::UTC).format(&form).map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn timestamps_print_both_forms_in_utc() {
        let at = datetime!(2025-02-25 12:07:17.0459 +9);
        assert_eq!(plain(at), "2025-02-25T03:07:17Z");
        assert_eq!(spaced(Some(at)), "2025-02-25 03:07:17.045");
        assert_eq!(spaced(None), Value::Null);
    }
}

//! Times as arguments, such as `60d`.

use cloud_core::time::Duration;

/// Reads a time such as `60d`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let usage = || "a time is a number with w, d or h, such as 60d".to_owned();
    let unit = text.chars().last().ok_or_else(usage)?;
    let number: u32 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(usage)?;
    match unit {
        'w' => Ok(Duration::weeks(number.into())),
        'd' => Ok(Duration::days(number.into())),
        'h' => Ok(Duration::hours(number.into())),
        _ => Err(usage()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(parse("60d"), Ok(Duration::days(60)));
        assert_eq!(parse("2w"), Ok(Duration::days(14)));
        assert_eq!(parse("12h"), Ok(Duration::hours(12)));
        for odd in ["", "60", "d", "-1d", "1.5d", "1m", "1é"] {
            assert!(parse(odd).is_err(), "{odd}");
        }
    }
}

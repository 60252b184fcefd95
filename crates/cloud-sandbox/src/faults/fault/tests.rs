//! Tests of reading and writing faults.

use super::*;

#[track_caller]
fn reads(text: &str, expected: &Fault) {
    let fault: Fault = serde_json::from_str(text).unwrap();
    assert_eq!(fault, *expected);
    let again: Fault = serde_json::from_value(serde_json::to_value(&fault).unwrap()).unwrap();
    assert_eq!(again, *expected);
}

#[test]
fn fault_round_trips_through_json() {
    reads(r#"{"effect":"reset_after"}"#, &Fault::reset_after());
    reads(
        r#"{"on":"scp/kms","effect":{"status":{"code":503,"retry_after":2}},"times":3,"after":1}"#,
        &Fault::status(503).retry_after(Duration::from_secs(2)).times(3).after(1).on("scp/kms").unwrap(),
    );
    reads(r#"{"effect":"late","delay_ms":50}"#, &Fault::late(Duration::from_millis(50)));
    reads(r#"{"effect":"delay","delay_ms":50,"times":null}"#, &Fault::delay(Duration::from_millis(50)).always());
    reads(r#"{"effect":{"skewed_date":{"seconds":-60}}}"#, &Fault::date_behind(Duration::from_secs(60)));
}

#[test]
fn fault_with_unknown_json_is_refused() {
    for text in [
        r#"{"effect":"none"}"#,
        r#"{"effect":"delay","delay":1}"#,
        r#"{"effect":{"status":{"code":503,"after":2}}}"#,
        r#"{"on":"a/b/c/d/e","effect":"delay"}"#,
        "{}",
    ] {
        assert!(serde_json::from_str::<Fault>(text).is_err(), "{text}");
    }
    assert!(Fault::status(503).on("").is_err());
}

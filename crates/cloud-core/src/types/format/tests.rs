//! Documented formats: strict in requests, lenient and lossless in responses.

use std::fmt;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use time::Date;

use super::*;
use crate::codegen::{As, field as field_of, from_json, json};
use crate::{Days, Hours, Json, Pem};

#[derive(Serialize, Deserialize)]
struct Sent {
    #[serde(with = "As::<YesNo>")]
    flag: bool,
    #[serde(with = "As::<LowerYesNo>")]
    small: bool,
    #[serde(with = "As::<BasicDate>")]
    day: Date,
    #[serde(with = "As::<Base64>")]
    bytes: SecretBytes,
    #[serde(with = "As::<Option<NetworkList>>")]
    networks: Option<Networks>,
    #[serde(with = "As::<SecretJsonText>")]
    object: SecretJson,
    days: Days,
}

#[derive(Debug, Serialize, Deserialize)]
struct Received {
    #[serde(with = "As::<LenientAs<YesNo>>")]
    flag: Lenient<bool>,
    #[serde(with = "As::<LenientAs<BasicDate>>")]
    day: Lenient<Date>,
    #[serde(with = "As::<LenientAs<Base64>>")]
    bytes: Lenient<SecretBytes>,
    #[serde(with = "As::<LenientAs<NetworkList>>")]
    networks: Lenient<Networks>,
    #[serde(with = "As::<LenientAs<SecretJsonText>>")]
    object: Lenient<SecretJson>,
}

fn text(value: &impl Serialize) -> String {
    String::from_utf8(json(value).unwrap().to_vec()).unwrap()
}

#[test]
fn requests_are_written_in_the_documented_format() {
    let sent = Sent {
        flag: true,
        small: false,
        day: Date::from_calendar_date(2026, Month::February, 3).unwrap(),
        bytes: "a message".into(),
        networks: Some("10.0.0.0/25,::1".parse().unwrap()),
        object: SecretJson::from_pairs([("b", "\"\\"), ("a", "")]).unwrap(),
        days: Days(7),
    };
    let wanted = r#"{"flag":"Y","small":"n","day":"20260203","bytes":"YSBtZXNzYWdl","networks":"10.0.0.0/25,::1","object":"{\"b\":\"\\\"\\\\\",\"a\":\"\"}","days":7}"#;
    assert_eq!(text(&sent), wanted);
    assert_eq!(text(&from_json::<Sent>(wanted.as_bytes()).unwrap()), wanted);
    for odd in [r#""flag":true"#, r#""day":"2026-02-03""#, r#""bytes":"YSBtZXNzYWdl=""#, r#""networks":"10.0.0.0/33""#]
    {
        let name = odd.split(':').next().unwrap();
        let at = wanted.find(name).unwrap();
        let end = at + wanted[at..].find(",\"").unwrap();
        let wrong = format!("{}{odd}{}", &wanted[..at], &wanted[end..]);
        let error = from_json::<Sent>(wrong.as_bytes()).map(drop).unwrap_err().to_string();
        assert!(!error.contains("2026") && !error.contains("YSB"), "{error}");
    }
}

#[test]
fn odd_values_of_a_response_fail_alone_and_name_their_field() {
    let odd = r#"{"flag":"maybe","day":20260230,"bytes":["AAEC"],"networks":{"a":"10.0.0.0/25"},"object":"[1]"}"#;
    let received: Received = from_json(odd.as_bytes()).unwrap();
    assert_eq!(text(&received), odd, "nothing is lost");
    let field = |error: crate::Error| error.to_string();
    let errors = [
        field_of("flag", &received.flag).map(drop).map_err(field),
        field_of("day", &received.day).map(drop).map_err(field),
        field_of("bytes", &received.bytes).map(drop).map_err(field),
        field_of("networks", &received.networks).map(drop).map_err(field),
        field_of("object", &received.object).map(drop).map_err(field),
    ];
    let wanted = [
        "`flag` is not `Y` or `N`",
        "`day` is not a date as `YYYYMMDD`",
        "`bytes` is not Base64",
        "`networks` is not a list of IP networks",
        "`object` is not a JSON object",
    ];
    assert_eq!(errors.map(Result::unwrap_err), wanted);
    assert_eq!(received.bytes.raw(), Some(r#"["AAEC"]"#));
    let shown = format!("{received:?}");
    assert!(!shown.contains("AAEC") && !shown.contains("maybe") && !shown.contains("10.0"), "{shown}");
}

#[test]
fn dates_and_flags_have_one_spelling() {
    for (text, day) in [("20240229", true), ("20230229", false), ("2024022", false), ("+2024022", false), ("", false)] {
        assert_eq!(BasicDate::read(text).is_some(), day, "{text}");
    }
    for (text, flag) in [("Y", Some(true)), ("y", Some(true)), (" N ", Some(false)), ("true", None), ("", None)] {
        assert_eq!(YesNo::read(text), flag, "{text}");
    }
}

#[test]
fn secret_objects_are_built_and_read() {
    let twice = SecretJson::from_pairs([("a", "x"), ("a", "y")]).unwrap_err();
    assert_eq!(twice.to_string(), "a secret has two values for one name");
    assert!(SecretJson::from_serialize(&[1]).is_err() && "no object".parse::<SecretJson>().is_err());
    let object: SecretJson = r#"{"user":"app","port":5432,"nested":{"a":1}}"#.parse().unwrap();
    assert_eq!(object.names(), ["nested", "port", "user"]);
    assert_eq!(object.get("user").unwrap().expose_secret(), "app");
    assert!(object.get("port").is_none(), "a number is not a string");
    assert_eq!(object.decode::<std::collections::BTreeMap<String, Json>>().unwrap().len(), 3);
    assert_eq!(format!("{object:?}"), "SecretJson(SecretString([redacted]))");
}

#[test]
fn pem_is_checked_and_never_shown() {
    let block = |label: &str| format!("-----BEGIN {label}-----\nAAEC\n-----END {label}-----\n");
    let check = |text: &str, wanted: &'static str| {
        let mut validator = crate::Validator::default();
        let rules: &'static [crate::Constraint] = match wanted {
            "CERTIFICATE" => &[crate::Constraint::Pem("CERTIFICATE")],
            _ => &[crate::Constraint::Pem("PRIVATE KEY")],
        };
        validator.text("cert", text, rules);
        validator.check().err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(check(&format!("{}# the issuer\n{}", block("CERTIFICATE"), block("CERTIFICATE")), "CERTIFICATE"), "");
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        assert_eq!(check(&block(label), "PRIVATE KEY"), "", "{label}");
    }
    let both = block("CERTIFICATE") + &block("PRIVATE KEY");
    assert_eq!(check(&both, "CERTIFICATE"), "`cert` must hold CERTIFICATE blocks alone, and holds a PRIVATE KEY");
    assert_eq!(
        check(&block("CERTIFICATE"), "PRIVATE KEY"),
        "`cert` must hold PRIVATE KEY blocks alone, and holds a CERTIFICATE"
    );
    for (text, problem) in [
        ("", "`cert` must be PEM: `-----BEGIN …-----`, Base64, `-----END …-----`"),
        ("-----BEGIN CERTIFICATE-----\nAAEC\n", "`cert` must end each PEM block that begins"),
        ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----", "`cert` must hold Base64 in each PEM block"),
        ("-----END CERTIFICATE-----", "`cert` must not end a PEM block that did not begin"),
    ] {
        assert_eq!(check(text, "CERTIFICATE"), problem, "{text}");
    }
    assert_eq!(format!("{:?}", Pem::from(&both)), r#"Pem(["CERTIFICATE", "PRIVATE KEY"])"#);
    assert_eq!(format!("{:?}", Pem::from("AAEC")), "Pem([redacted: not PEM])");
}

#[test]
fn units_are_read_as_leniently_as_numbers() {
    assert_eq!(from_json::<Days>(br#"["36"]"#).unwrap(), Days(36));
    assert_eq!(from_json::<Hours>(br#""3""#).unwrap().to_string(), "3 hours");
}

/// What is read is written as it came, or in the documented spelling if it is a value.
fn survives<T, F>(json: &str) -> Result<(), TestCaseError>
where
    F: TextFormat<T>,
    T: fmt::Debug,
{
    let read: Lenient<T> = Lenient::read::<F, _>(&mut serde_json::Deserializer::from_str(json)).unwrap();
    let mut out = Vec::new();
    read.write::<F, _>(&mut serde_json::Serializer::new(&mut out)).unwrap();
    if read.get().is_none() {
        prop_assert_eq!(std::str::from_utf8(&out).unwrap(), json);
    }
    let again: Lenient<T> = Lenient::read::<F, _>(&mut serde_json::Deserializer::from_slice(&out)).unwrap();
    prop_assert_eq!(read.get().is_some(), again.get().is_some());
    Ok(())
}

proptest! {
    #![proptest_config(crate::proptests::settings())]

    #[test]
    fn bytes_survive_base64(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let written = Base64::write(&SecretBytes::from(&bytes));
        let read = Base64::read(&written).unwrap();
        prop_assert_eq!(read.expose_secret(), &*bytes);
    }

    #[test]
    fn pairs_survive_as_json(pairs in prop::collection::btree_map(any::<String>(), any::<String>(), 0..6)) {
        let object = SecretJson::from_pairs(pairs.iter().map(|(name, value)| (name.clone(), value))).unwrap();
        for (name, value) in &pairs {
            let read = object.get(name).unwrap();
            prop_assert_eq!(read.expose_secret(), value);
        }
        let again = SecretJsonText::read(&SecretJsonText::write(&object)).unwrap();
        prop_assert_eq!(again.expose_secret(), object.expose_secret());
    }

    #[test]
    fn dates_survive(days in 0..3_600_000_i32) {
        let day = Date::from_julian_day(1_721_426 + days).unwrap();
        prop_assert_eq!(BasicDate::read(&BasicDate::write(&day)), Some(day));
    }

    #[test]
    fn days_and_times_survive(days in 0..3_600_000_i32, second in 0..86_400_u32, offset in -12..=14_i8) {
        let day = Date::from_julian_day(1_721_426 + days).unwrap();
        let time = day.midnight() + time::Duration::seconds(second.into());
        for value in [DateOrTime::from(day), DateOrTime::from(time)] {
            prop_assert_eq!(DateOrTimeText::read(&DateOrTimeText::write(&value)), Some(value));
            prop_assert_eq!(DateOrTimeText::problem(&value), None);
        }
        // An instant is the same in each offset.
        let offset = time::UtcOffset::from_hms(offset, 0, 0).unwrap();
        if let Some(instant) = time.assume_utc().checked_to_offset(offset) {
            prop_assert_eq!(DateOrTime::from(instant), DateOrTime::from(time));
        }
    }

    #[test]
    fn orders_survive_or_cannot_be_sent(field in "\\PC{0,6}|[a-z_]{1,9}", descending in any::<bool>()) {
        let sort = if descending { Sort::descending(&*field) } else { Sort::ascending(&*field) };
        let read = SortText::read(&SortText::write(&sort));
        prop_assert_eq!(read.is_some(), SortText::problem(&sort).is_none());
        prop_assert!(read.is_none_or(|read| read == sort));
    }

    #[test]
    fn any_text_is_read_as_a_day_or_an_order_only_if_it_is_written_so(
        text in "\\PC{0,20}|[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?|[a-z:]{0,4}:(asc|desc)",
    ) {
        prop_assert!(DateOrTimeText::read(&text).is_none_or(|read| read.to_string() == text));
        prop_assert!(SortText::read(&text).is_none_or(|read| read.to_string() == text));
    }

    #[test]
    fn lists_of_networks_survive(nets in prop::collection::vec((any::<[u8; 4]>(), 0..=32_u8), 1..5)) {
        let nets: Vec<_> = nets.into_iter().map(|(address, prefix)| {
            ipnet::IpNet::new(std::net::IpAddr::from(address), prefix).unwrap()
        }).collect();
        let networks = Networks::try_from(nets.clone()).unwrap();
        let read = NetworkList::read(&NetworkList::write(&networks)).unwrap();
        prop_assert_eq!(read.as_slice(), &*nets);
    }

    #[test]
    fn any_value_of_a_response_is_kept(
        text in any::<String>(), number in any::<i64>(), float in -1e9..1e9_f64, flag in "[YNyn ]{0,2}", encoded in "[A-Za-z0-9+/=]{0,8}",
    ) {
        let strings = [&text, &flag, &encoded].map(|text| serde_json::to_string(text).unwrap());
        let half = r#""\ud800""#.to_owned();
        let others = [number.to_string(), serde_json::to_string(&float).unwrap(), "null".into(), "true".into(), half];
        for json in strings.iter().chain(&others).cloned().chain([format!("[{}]", strings[0]), format!("{{\"a\":{}}}", strings[1])]) {
            survives::<bool, YesNo>(&json)?;
            survives::<Date, BasicDate>(&json)?;
            survives::<SecretBytes, Base64>(&json)?;
            survives::<Networks, NetworkList>(&json)?;
            survives::<SecretJson, SecretJsonText>(&json)?;
        }
    }
}

#[test]
fn flag_reads_booleans_and_keeps_words() {
    for (sent, value, again) in [
        ("true", Some(true), "true"),
        ("false", Some(false), "false"),
        ("\"True\"", Some(true), "true"),
        ("\"is in use\"", None, "\"is in use\""),
        ("7", None, "7"),
    ] {
        let json = format!("{{\"flag\":{sent}}}");
        #[derive(serde::Deserialize, serde::Serialize)]
        struct Holder {
            #[serde(with = "As::<LenientAs<Flag>>")]
            flag: Lenient<bool>,
        }
        let holder: Holder = serde_json::from_str(&json).unwrap();
        assert_eq!(holder.flag.get().copied(), value, "{sent}");
        assert_eq!(serde_json::to_string(&holder).unwrap(), format!("{{\"flag\":{again}}}"));
    }
}

//! Properties of the lenient codecs: what is accepted survives being written and read again, and nothing panics.

use std::fmt;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::codegen::{As, LenientBool, LenientInt, LenientOptionalBool, LenientText, from_json, json};
use crate::{ErrorKind, Json, OneOrMany, Patch, Timestamp, UnixSeconds};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Whole(#[serde(with = "As::<LenientInt>")] i64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Truth(#[serde(with = "As::<LenientBool>")] bool);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Perhaps(#[serde(with = "As::<LenientOptionalBool>")] Option<bool>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Words(#[serde(with = "As::<LenientText>")] String);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Update {
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    field: Patch<String>,
}

/// Any JSON, with more of what comes close to the types than chance would give.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number))),
        any::<String>().prop_map(Value::from),
        any::<i64>().prop_map(|number| number.to_string().into()),
        "[ ]?(true|FALSE|True|0|1|-|null)?[ ]?".prop_map(Value::from),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]?([0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?)?(Z|[+]09:00)?"
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,6}|field", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What is read can be written, and is then read as the same; a refusal is an error of one line.
fn survives<T: DeserializeOwned + Serialize + PartialEq + fmt::Debug>(text: &[u8]) -> Result<Option<T>, TestCaseError> {
    match from_json::<T>(text) {
        Ok(read) => {
            let written = json(&read).unwrap();
            prop_assert_eq!(&from_json::<T>(&written).unwrap(), &read);
            // Once written, a value has found its form.
            prop_assert_eq!(json(&from_json::<T>(&written).unwrap()).unwrap(), written);
            Ok(Some(read))
        }
        Err(error) => {
            prop_assert_eq!(error.kind(), ErrorKind::Decode);
            prop_assert!(!error.to_string().contains('\n'), "{}", error);
            Ok(None)
        }
    }
}

proptest! {
    #![proptest_config(crate::proptests::settings())]

    #[test]
    fn accepted_values_survive_a_round_trip(value in value()) {
        let text = value.to_string();
        let text = text.as_bytes();
        survives::<Whole>(text)?;
        survives::<Truth>(text)?;
        survives::<Perhaps>(text)?;
        survives::<Words>(text)?;
        survives::<OneOrMany<String>>(text)?;
        survives::<Update>(text)?;
        survives::<Timestamp>(text)?;
        survives::<UnixSeconds>(text)?;
        survives::<Json>(text)?;
    }

    #[test]
    fn arbitrary_bytes_return_an_error(text in prop::collection::vec(any::<u8>(), 0..60)) {
        survives::<Whole>(&text)?;
        survives::<Truth>(&text)?;
        survives::<Words>(&text)?;
        survives::<OneOrMany<String>>(&text)?;
        survives::<Timestamp>(&text)?;
        survives::<Json>(&text)?;
    }

    #[test]
    fn integers_read_the_same_in_every_form(number in any::<i64>()) {
        for text in [number.to_string(), format!("\"{number}\""), format!("[\"{number}\"]"), format!("\" {number} \"")] {
            prop_assert_eq!(survives::<Whole>(text.as_bytes())?, Some(Whole(number)), "{}", text);
        }
    }

    #[test]
    fn strings_are_kept_to_the_character(text in any::<String>(), more in prop::collection::vec(any::<String>(), 0..3)) {
        let json = serde_json::to_vec(&text).unwrap();
        prop_assert_eq!(survives::<Words>(&json)?, Some(Words(text.clone())));
        prop_assert_eq!(survives::<OneOrMany<String>>(&json)?, Some(OneOrMany::One(text.clone())));
        let stamp = survives::<Timestamp>(&json)?.unwrap();
        prop_assert_eq!(stamp.as_str(), text.as_str());
        let several = serde_json::to_vec(&more).unwrap();
        prop_assert_eq!(survives::<OneOrMany<String>>(&several)?, Some(OneOrMany::Many(more)));
        let update = serde_json::json!({ "field": text }).to_string();
        prop_assert_eq!(survives::<Update>(update.as_bytes())?, Some(Update { field: Patch::Value(text) }));
    }

    #[test]
    fn numbers_read_as_text_keep_every_digit(whole in any::<i64>(), positive in any::<u64>(), fraction in -1e15..1e15_f64) {
        for text in [whole.to_string(), positive.to_string()] {
            prop_assert_eq!(survives::<Words>(text.as_bytes())?, Some(Words(text.clone())));
            prop_assert_eq!(survives::<Timestamp>(text.as_bytes())?, Some(Timestamp::from(text)));
        }
        let Some(Words(read)) = survives::<Words>(serde_json::to_string(&fraction).unwrap().as_bytes())? else {
            return Err(TestCaseError::fail("a number was refused"));
        };
        prop_assert_eq!(read.parse::<f64>().unwrap(), fraction);
    }

    #[test]
    fn timestamps_convert_or_fail_in_one_line(text in any::<String>()) {
        let stamp = Timestamp::from(text.as_str());
        prop_assert_eq!(stamp.to_string(), text);
        for error in [stamp.to_date_time().err(), stamp.to_offset_date_time().err()].into_iter().flatten() {
            prop_assert!(!error.to_string().chars().any(char::is_control), "{:?}", error.to_string());
            prop_assert!(error.to_string().chars().count() < 200, "{}", error);
        }
    }
}

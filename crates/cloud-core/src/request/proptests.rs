//! Properties of targets: every value arrives as given or is refused, and never spills into its surroundings.

use proptest::prelude::*;

use super::tests::{SHOW, url};
use super::*;
use crate::request::percent::decode;

/// Ordinary, odd and hostile texts alike.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,40}",
        "[./%?#&=+ a-c{}\u{0}-\u{1f}\u{7f}-\u{9f}]{0,12}",
        Just(".".to_owned()),
        Just("..".to_owned()),
        Just("%2e%2e".to_owned()),
    ]
}

fn is_refused(id: &str) -> bool {
    matches!(id, "" | "." | "..") || id.chars().any(char::is_control)
}

proptest! {
    #![proptest_config(crate::proptests::settings())]

    #[test]
    fn path_values_arrive_or_are_refused(key in text(), user in text()) {
        let outcome = url(Request::new(&SHOW).path("key", key.as_str()).path("user", user.as_str()));
        if is_refused(&key) || is_refused(&user) {
            let error = outcome.unwrap_err();
            prop_assert!(error.is_unsent());
            prop_assert!(error.to_string().contains("must not"), "{}", error);
            return Ok(());
        }
        let url = outcome.unwrap();
        let path = url.strip_prefix("https://host/v1/app/k%2F1/keys/").unwrap();
        let segments: Vec<_> = path.split('/').collect();
        prop_assert_eq!(segments.len(), 3, "{}", url);
        prop_assert_eq!(segments[1], "users");
        prop_assert_eq!(decode(segments[0]), key);
        prop_assert_eq!(decode(segments[2]), user);
        // The client's own idea of a URL leaves every byte where it is.
        prop_assert_eq!(url.parse::<http::Uri>().unwrap().to_string(), url);
    }

    #[test]
    fn query_values_arrive(values in prop::collection::vec(text(), 1..5), number in any::<i64>()) {
        let mut request = Request::new(&SHOW).path("key", "k").path("user", 7).query("number", number);
        request.set_query_list("name", &values, &[]);
        let url = match url(request) {
            Ok(url) => url,
            Err(error) => {
                prop_assert!(values.iter().any(String::is_empty), "{}", error);
                return Ok(());
            }
        };
        prop_assert!(!values.iter().any(String::is_empty));
        let query = url.split_once('?').unwrap().1;
        prop_assert!(query.bytes().all(|byte| byte.is_ascii_graphic()), "{}", query);
        let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
        let (name, value) = pairs.next().unwrap();
        prop_assert_eq!((name, value.parse().ok()), ("number", Some(number)));
        let arrived: Vec<_> = pairs.map(|(name, value)| (name, decode(value))).collect();
        prop_assert_eq!(arrived, values.into_iter().map(|value| ("name", value)).collect::<Vec<_>>());
        prop_assert_eq!(url.parse::<http::Uri>().unwrap().to_string(), url);
    }

    #[test]
    fn taking_a_parameter_out_leaves_the_others(before in text(), taken in text(), after in text()) {
        let mut request =
            Request::new(&SHOW).query("a", before.as_str()).query("marker", taken.as_str()).query("b", after.as_str());
        prop_assert_eq!(request.peek_query("marker").map(decode), Some(taken.clone()));
        prop_assert_eq!(request.take_query("marker").map(|value| decode(&value)), Some(taken));
        prop_assert_eq!(request.take_query("marker"), None);
        prop_assert_eq!(request.take_query("a").map(|value| decode(&value)), Some(before));
        prop_assert_eq!(request.take_query("b").map(|value| decode(&value)), Some(after));
        prop_assert_eq!(request.query_text(), "");
    }
}

//! Tests of path and query encoding.
use time::macros::datetime;

use super::*;
use crate::operation::{ApiVersion, Method};
use crate::validate::Constraint;

pub(super) static VERSION: ApiVersion = ApiVersion::new("test", "keys", "1");
pub(super) static SHOW: Operation = Operation::new(
    "show",
    Method::Get,
    &[
        Segment::Literal("/v1/app/"),
        Segment::Config("account"),
        Segment::Literal("/keys/"),
        Segment::Param("key"),
        Segment::Literal("/users/"),
        Segment::Param("user"),
    ],
);

pub(super) fn url(request: Request) -> Result<String> {
    match request.check(true).err() {
        Some(error) => Err(error),
        None => request.url("https://host", &VERSION, |name| (name == "account").then_some("k/1")),
    }
}

#[test]
fn path_values_are_one_segment_or_refused() {
    let cases = [
        ("abc", Ok("abc")),
        ("a/b", Ok("a%2Fb")),
        ("%2e%2e", Ok("%252e%252e")),
        ("...", Ok("...")),
        ("a b", Ok("a%20b")),
        ("한", Ok("%ED%95%9C")),
        ("{user}", Ok("%7Buser%7D")),
        ("a?b#c", Ok("a%3Fb%23c")),
        ("", Err("`key` must not be empty")),
        (".", Err("`key` must not be `.` or `..`")),
        ("..", Err("`key` must not be `.` or `..`")),
        ("a\nb", Err("`key` must not hold control characters")),
        ("\u{7f}", Err("`key` must not hold control characters")),
    ];
    for (value, wanted) in cases {
        let seen = url(Request::new(&SHOW).path("key", value).path("user", 7));
        let wanted = wanted.map(|text| format!("https://host/v1/app/k%2F1/keys/{text}/users/7"));
        assert_eq!(seen.map_err(|e| e.to_string()), wanted.map_err(str::to_owned), "{value:?}");
    }
}

#[test]
fn missing_or_misplaced_path_value_returns_error() {
    let error = url(Request::new(&SHOW).path("key", "a")).unwrap_err();
    assert_eq!(error.to_string(), "`user` of the path is not set");
    let error = url(Request::new(&SHOW).path("user", "a").path("key", "a")).unwrap_err();
    assert_eq!(error.to_string(), "`user` is not the next value of the path");
}

#[test]
fn query_values_arrive_as_given() {
    let mut request = Request::new(&SHOW)
        .path("key", "a")
        .path("user", "b")
        .query("name", "한글 a+b&c=d/e?f:g")
        .query("page", 0)
        .query("mine", true)
        .query("from", datetime!(2025-06-17 00:00:00.5 +9));
    request.set_query_list("state", ["A", "a;b", "B'\"<>`{|}[]^\\%#"], &[]);
    let url = url(request).unwrap();
    let query = url.split_once('?').unwrap().1;
    assert_eq!(
        query,
        "name=%ED%95%9C%EA%B8%80%20a%2Bb%26c%3Dd/e?f:g&page=0&mine=true&from=2025-06-17T00:00:00%2B09:00\
         &state=A&state=a%3Bb&state=B%27%22%3C%3E%60%7B%7C%7D%5B%5D%5E%5C%25%23"
    );
}

#[test]
fn last_value_of_a_query_parameter_counts_with_its_own_problems_only() {
    const SIZE: &[Constraint] = &[Constraint::Max(100)];
    let checked = |sizes: &[i64], names: &[&str], states: &[&[&str]]| {
        let mut request = Request::new(&SHOW).path("key", "a").path("user", "b");
        sizes.iter().for_each(|size| request.set_query("size", *size, SIZE));
        names.iter().for_each(|name| request.set_query("name", *name, &[]));
        states.iter().for_each(|states| request.set_query_list("state", *states, &[]));
        url(request).map(|url| url.split_once('?').map_or(String::new(), |(_, query)| query.to_owned()))
    };
    let empty = |name: &str| Err(format!("`{name}` must not be empty; leave a filter out to list everything"));
    type Case<'a> = (&'a [i64], &'a [&'a str], &'a [&'a [&'a str]], std::result::Result<&'a str, String>);
    let cases: &[Case<'_>] = &[
        (&[5, 10], &["a", "b"], &[&["A"], &["B", "C"]], Ok("size=10&name=b&state=B&state=C")),
        (&[500, 10], &["", "b"], &[&[], &["B"]], Ok("size=10&name=b&state=B")),
        (&[0], &["0"], &[], Ok("size=0&name=0")),
        (&[10, 500], &[], &[], Err("`size` must be at most 100".to_owned())),
        (&[], &["b", ""], &[], empty("name")),
        (&[], &[], &[&["A"], &[]], empty("state")),
        (&[], &[], &[&["A", ""]], empty("state")),
    ];
    for (sizes, names, states, wanted) in cases {
        let seen = checked(sizes, names, states).map_err(|error| error.to_string());
        assert_eq!(seen.as_deref(), wanted.as_deref(), "{sizes:?} {names:?} {states:?}");
    }
    // A limit may be wrong; an empty filter never is what the caller meant.
    let mut request = Request::new(&SHOW).path("key", "a").path("user", "b");
    request.set_query("size", 500, SIZE);
    assert!(request.check(false).is_ok());
    request.set_query("name", "", &[]);
    assert!(request.check(false).unwrap_err().is_unsent());
}

#[test]
fn list_with_commas_is_one_value() {
    let sent = |values: &[&str]| {
        let mut request = Request::new(&SHOW).path("key", "a").path("user", "b");
        request.set_query_joined("source", ["old"], &[]);
        request.set_query_joined("source", values, &[]);
        url(request).map(|url| url.split_once('?').map_or(String::new(), |(_, query)| query.to_owned()))
    };
    for (values, wanted) in [
        (&["aws:a"][..], Ok("source=aws:a")),
        (&["aws:a", "b c", "&"], Ok("source=aws:a,b%20c,%26")),
        (&["a", "b,c"], Err("`source` must not hold a comma in one of its values")),
        (&["a", ""], Err("`source` must not be empty; leave a filter out to list everything")),
        (&[], Err("`source` must not be empty; leave a filter out to list everything")),
    ] {
        assert_eq!(sent(values).map_err(|error| error.to_string()).as_deref().map_err(|error| &**error), wanted);
    }
}

#[test]
fn decimal_query_value_is_written_in_full_or_refused() {
    let sent = |value: f64| url(Request::new(&SHOW).path("key", "a").path("user", "b").query("score", value));
    for (value, wanted) in [(0.5, "0.5"), (1.0, "1"), (0.0, "0"), (-2.25, "-2.25"), (1e21, "1000000000000000000000")] {
        assert!(sent(value).unwrap().ends_with(&format!("?score={wanted}")), "{value}");
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(sent(value).unwrap_err().to_string(), "`score` must be a finite number");
    }
}

#[test]
fn query_parameters_can_be_taken_out_for_paging() {
    let mut request = Request::new(&SHOW).query("page", 3).query("size", 20).query("name", "page");
    assert_eq!(request.peek_query("size"), Some("20"));
    assert_eq!(request.take_query("page").as_deref(), Some("3"));
    assert_eq!(request.query, "size=20&name=page");
    assert_eq!(request.take_query("page"), None);
}

#[test]
fn debug_shows_names_only() {
    let request = Request::new(&SHOW).path("key", "S3CRET").query("name", "S3CRET");
    let shown = format!("{request:?}");
    assert!(shown.contains("name") && !shown.contains("S3CRET"), "{shown}");
}

#[test]
fn date_time_outside_the_format_returns_error() {
    for (time, problem) in [
        (datetime!(-0001-01-01 00:00 UTC), "`from` has a year"),
        (datetime!(2026-01-01 00:00 +09:00:01), "`from` has an offset with seconds"),
    ] {
        let error =
            Request::new(&SHOW).path("key", "a").path("user", "b").query("from", time).check(false).unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
    }
}

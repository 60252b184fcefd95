//! Tests of the resolver: the order of sources, the rule for values, what errors and look-ups show.

use super::*;
use crate::error::Result;
use crate::secret::SecretString;

const FILE: &str = ".example/config.json";
static REGION: Setting = Setting::new("region", "Builder::region")
    .variables(&["A_REGION", "B_REGION"])
    .files(&[FileEntry { path: FILE, key: "region" }]);
static ENDPOINT: Setting = Setting::new("endpoint", "Builder::endpoint")
    .endpoint()
    .variables(&["A_ENDPOINT", "B_ENDPOINT"])
    .files(&[FileEntry { path: FILE, key: "endpoint" }]);
static KEY: Setting = Setting::new("key", "Builder::keys")
    .secret()
    .variables(&["A_KEY", "B_KEY"])
    .files(&[FileEntry { path: FILE, key: "key" }]);
static SECRET: Setting = Setting::new("secret", "Builder::keys")
    .secret()
    .variables(&["A_SECRET", "B_SECRET"])
    .files(&[FileEntry { path: FILE, key: "secret" }]);

#[derive(Debug)]
struct Fake {
    variables: Vec<(&'static str, &'static str)>,
    file: Option<&'static str>,
}

impl ConfigSource for Fake {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    fn home_file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        assert_eq!(path, FILE);
        match self.file {
            Some("unreadable") => Err(io::ErrorKind::PermissionDenied.into()),
            content => Ok(content.map(|text| text.as_bytes().to_vec())),
        }
    }
}

fn fake(variables: &[(&'static str, &'static str)], file: Option<&'static str>) -> Fake {
    Fake { variables: variables.to_vec(), file }
}

/// The value of a setting and the record of its look-up, as text.
fn find(setting: &'static Setting, given: Option<&str>, source: &Fake) -> Result<(Option<String>, String)> {
    let mut resolver = Resolver::new(Some(source));
    let value = resolver.find(setting, given.map(SecretString::from))?;
    let value = value.map(|value| value.as_str().to_owned());
    Ok((value, resolver.into_lookups().remove(0).to_string()))
}

fn error(setting: &'static Setting, given: Option<&str>, source: &Fake) -> String {
    find(setting, given, source).unwrap_err().to_string()
}

#[test]
fn first_source_with_a_value_wins_and_the_lookup_says_what_it_hides() {
    let file = Some(r#"{"region":"kr-file","other":1}"#);
    let both = [("A_REGION", "kr-a"), ("B_REGION", "kr-b")];
    let unread = "not read: region in ~/.example/config.json";
    for (given, source, value, lookup) in [
        (
            Some("kr-code"),
            fake(&both, file),
            Some("kr-code"),
            format!("`kr-code` from Builder::region; hides A_REGION, B_REGION; {unread}"),
        ),
        (None, fake(&both, file), Some("kr-a"), format!("`kr-a` from A_REGION; hides B_REGION; {unread}")),
        (None, fake(&both[1..], file), Some("kr-b"), format!("`kr-b` from B_REGION; {unread}")),
        (None, fake(&[("A_REGION", " \n"), both[1]], file), Some("kr-b"), format!("`kr-b` from B_REGION; {unread}")),
        (None, fake(&[], file), Some("kr-file"), "`kr-file` from region in ~/.example/config.json".to_owned()),
        (None, fake(&[], Some(r#"{"region":""}"#)), None, "not set".to_owned()),
        (None, fake(&[], Some(r#"{"region":null}"#)), None, "not set".to_owned()),
        (None, fake(&[], Some("\u{feff}{}")), None, "not set".to_owned()),
        (None, fake(&[], None), None, "not set".to_owned()),
    ] {
        let found = find(&REGION, given, &source);
        let null = source.file == Some(r#"{"region":null}"#);
        let Ok((seen, record)) = found else { panic!("{source:?}: {found:?}") };
        assert_eq!((seen.as_deref(), record), (value, format!("region: {lookup}")), "{null} {source:?}");
    }
}

#[test]
fn file_that_a_later_setting_reads_is_told_for_earlier_ones() {
    for (file, told) in [
        (r#"{"region":"kr-file","endpoint":"https://a.example"}"#, "; hides region in ~/.example/config.json"),
        (r#"{"endpoint":"https://a.example"}"#, ""),
        (r#"{"region":" ","endpoint":"https://a.example"}"#, ""),
    ] {
        let source = fake(&[("A_REGION", "kr-a")], Some(file));
        let mut resolver = Resolver::new(Some(&source));
        resolver.find(&REGION, None).unwrap();
        resolver.find(&ENDPOINT, None).unwrap();
        let lookups = resolver.into_lookups();
        assert_eq!(lookups[0].to_string(), format!("region: `kr-a` from A_REGION{told}"));
    }
}

#[test]
fn resolver_without_source_reads_code_only() {
    let mut resolver = Resolver::new(None);
    assert!(resolver.find(&REGION, None).unwrap().is_none());
    assert_eq!(
        resolver.missing(&[&REGION]).message(),
        "region is not set: use Builder::region, or `.env()` to read A_REGION, B_REGION or region in ~/.example/config.json"
    );
    assert_eq!(resolver.find(&REGION, Some("x".into())).unwrap().unwrap().as_str(), "x");
}

#[test]
fn missing_pair_names_every_source() {
    let source = fake(&[], None);
    let mut resolver = Resolver::new(Some(&source));
    assert!(resolver.find_pair((&KEY, &SECRET), None, true).unwrap().is_none());
    assert_eq!(
        resolver.missing(&[&KEY, &SECRET]).message(),
        "key and secret are not set: use Builder::keys, or set A_KEY with A_SECRET, B_KEY with B_SECRET or \
         key in ~/.example/config.json with secret in ~/.example/config.json"
    );
}

#[test]
fn half_a_pair_is_an_error_and_never_falls_through() {
    let file = Some(r#"{"key":"file-key","secret":"file-secret"}"#);
    let find = |source: Fake, with_files| {
        let mut resolver = Resolver::new(Some(&source));
        let found = resolver.find_pair((&KEY, &SECRET), None, with_files);
        found.map(|found| found.map(|(one, two)| format!("{} {}", one.as_str(), two.as_str())))
    };
    let whole = [("B_KEY", "b"), ("B_SECRET", "s")];
    assert_eq!(find(fake(&whole, file), true).unwrap().as_deref(), Some("b s"));
    assert_eq!(find(fake(&[], file), true).unwrap().as_deref(), Some("file-key file-secret"));
    assert_eq!(find(fake(&[], file), false).unwrap(), None);
    for (variables, file, wanted) in [
        (&[("A_KEY", "a")][..], file, "setting key (A_KEY): A_SECRET is not set; set both or neither"),
        (&[("A_SECRET", "a"), whole[0], whole[1]], None, "setting secret (A_SECRET): A_KEY is not set"),
        (&[("A_KEY", "a"), ("A_SECRET", " ")], file, "setting key (A_KEY): A_SECRET is not set"),
        (&[], Some(r#"{"key":"a"}"#), "setting key (key in ~/.example/config.json): secret in"),
    ] {
        let error = find(fake(variables, file), true).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
    }
}

#[test]
fn values_are_trimmed_from_sources_and_refused_in_code() {
    for raw in ["kr-a", "kr-a\n", "kr-a\r\n", " kr-a ", "\u{feff}kr-a", "\tkr-a"] {
        let variables = [("A_REGION", raw)];
        assert_eq!(find(&REGION, None, &fake(&variables, None)).unwrap().0.as_deref(), Some("kr-a"), "{raw:?}");
        if raw != "kr-a" {
            let text = error(&REGION, Some(raw), &fake(&[], None));
            assert_eq!(text, "setting region (Builder::region): the value begins or ends with white space; trim it");
        }
    }
    let none = fake(&[], None);
    assert_eq!(error(&REGION, Some(""), &none), "setting region (Builder::region): the value is empty");
    for given in [true, false] {
        for (raw, wanted) in [("a\nb", "contains control characters"), ("a\u{fffd}", "is not valid Unicode")] {
            let variables = [("A_REGION", raw)];
            let text = match given {
                true => error(&REGION, Some(raw), &none),
                false => error(&REGION, None, &fake(&variables, None)),
            };
            assert!(text.ends_with(wanted) && !text.contains('\n'), "{text}");
        }
    }
}

#[test]
fn empty_endpoint_variable_is_an_error_that_says_unset_it() {
    for raw in ["", " ", "\n"] {
        for name in ["A_ENDPOINT", "B_ENDPOINT"] {
            let text = error(&ENDPOINT, None, &fake(&[(name, raw)], None));
            assert_eq!(text, format!("setting endpoint ({name}): the variable is empty; unset it"));
        }
    }
    let empty = [("A_ENDPOINT", "")];
    assert!(find(&ENDPOINT, Some("https://a.example"), &fake(&empty, None)).is_ok(), "code comes first");
    let file = fake(&[], Some(r#"{"endpoint":""}"#));
    assert_eq!(find(&ENDPOINT, None, &file).unwrap().0, None, "the vendor's tools write empty entries");
}

#[test]
fn errors_quote_what_is_harmless_and_nothing_else() {
    let none = fake(&[], None);
    let shown = |setting: &'static Setting, text: &str| {
        let mut resolver = Resolver::new(Some(&none));
        resolver.find(setting, Some(text.into())).unwrap().unwrap().error("why").to_string()
    };
    for (setting, text, wanted) in [
        (&REGION, "kr-mars1", "setting region = `kr-mars1` (Builder::region): why"),
        (&REGION, "CANARY-secret", "setting region (Builder::region): why"),
        (&REGION, "kr-west1-canary-5e1c", "setting region (Builder::region): why"),
        (&KEY, "canary", "setting key (Builder::keys): why"),
        (&KEY, "\"canary\"", "setting key (Builder::keys): why; the value has quotes around it"),
        (&ENDPOINT, "http://a.example:1/x", "setting endpoint = `http://a.example:1` (Builder::endpoint): why"),
        (&ENDPOINT, "https://u:canary@a.example", "setting endpoint (Builder::endpoint): why"),
        (&ENDPOINT, "https://a.example?canary", "setting endpoint (Builder::endpoint): why"),
        (&ENDPOINT, "canary", "setting endpoint (Builder::endpoint): why"),
    ] {
        assert_eq!(shown(setting, text), wanted);
    }
}

#[test]
fn secret_values_are_recorded_by_length() {
    let (_, record) = find(&KEY, None, &fake(&[("A_KEY", "canary")], None)).unwrap();
    assert!(record.starts_with("key: 6 bytes from A_KEY"), "{record}");
    let mut resolver = Resolver::new(None);
    let value = resolver.find(&KEY, Some("canary".into())).unwrap().unwrap();
    assert!(!format!("{value:?} {resolver:?}").contains("canary"));
}

#[test]
fn bad_file_is_named_and_only_read_if_needed() {
    for (file, wanted) in [
        ("unreadable", "~/.example/config.json cannot be read: permission denied"),
        ("{\n\"region\": canary}", "~/.example/config.json is not a valid JSON object, at line 2"),
        ("[]", "~/.example/config.json is not a valid JSON object, at line 1"),
        (r#"{"region":7}"#, "region in ~/.example/config.json is not a JSON string"),
    ] {
        assert_eq!(error(&REGION, None, &fake(&[], Some(file))), wanted);
        assert!(find(&REGION, None, &fake(&[("A_REGION", "x")], Some(file))).is_ok());
    }
}

#[test]
fn home_is_the_first_absolute_path() {
    let home = |one: Option<&str>, two: Option<&str>| home([one.map(Into::into), two.map(Into::into)]);
    let absolute = if cfg!(windows) { "C:\\home" } else { "/home" };
    for place in [None, Some(""), Some("."), Some("home")] {
        assert_eq!(home(place, None), None);
        assert_eq!(home(None, place), None);
        assert_eq!(home(place, Some(absolute)), Some(absolute.into()));
    }
    assert_eq!(home(Some(absolute), Some("/other")), Some(absolute.into()));
}

#[cfg(feature = "testing")]
#[test]
fn blanks_and_quotes_are_warned_about_without_the_value() {
    for (raw, wanted) in [
        ("canary", None),
        ("canary\n", None),
        (" canary", Some("blanks around it")),
        ("canary \n", Some("blanks around it")),
        ("\u{feff}canary", Some("blanks around it")),
        ("\"canary\"", Some("quotes around it")),
        ("'canary'", Some("quotes around it")),
    ] {
        let variables = [("A_KEY", raw)];
        let (found, lines) = crate::testing::capture(|| find(&KEY, None, &fake(&variables, None)));
        assert!(found.is_ok());
        let lines = lines.join("\n");
        assert_eq!(lines.contains("around it"), wanted.is_some(), "{raw:?}: {lines}");
        assert!(lines.contains(wanted.unwrap_or_default()) && !lines.contains("canary"), "{raw:?}: {lines}");
        assert!(wanted.is_none() || lines.contains("A_KEY"), "{lines}");
        // Explanations show what is logged, and log nothing.
        let source = fake(&variables, None);
        let mut resolver = Resolver::new(Some(&source)).without_logging();
        let (_, lines) = crate::testing::capture(|| resolver.find(&KEY, None).map(drop));
        assert!(lines.is_empty(), "{lines:?}");
        let warnings = resolver.explain(None).warnings().join("\n");
        assert_eq!(warnings.contains(wanted.unwrap_or("around it")), wanted.is_some(), "{warnings}");
    }
}

//! Explanations: each row of the guides' tables of settings, with each set of sources that have a value.

#![cfg(test)]

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use cloud_core::config::{Explanation, Origin, Shown};
use cloud_core::runtime::TokioRuntime;
use cloud_core::testing::{assert_no_leak, capture};
use cloud_core::transport::TransportError;
use cloud_core::{BoxFuture, ConfigSource, RetryPolicy, Settings, Transport};
use nhn_security::{Nhn, NhnBuilder, Realm};
use risken_aws::{Risken, RiskenBuilder};
use scp_security::{Environment, Language, Region, Scp, ScpBuilder};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::macros::datetime;

const GUIDES: [(&str, &str); 3] = [
    ("scp", include_str!("../../../docs/scp.md")),
    ("nhn", include_str!("../../../docs/nhn.md")),
    ("risken", include_str!("../../../docs/risken.md")),
];

/// In every secret of this file.
const MARK: &str = "canary/4Kp";

/// Variables, and entries of files by path.
#[derive(Debug, Default)]
struct Source {
    variables: HashMap<String, String>,
    files: HashMap<String, Map<String, Value>>,
}

impl ConfigSource for Source {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn home_file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.files.get(path).map(|entries| serde_json::to_vec(entries).unwrap()))
    }

    fn home_file_changed(&self, path: &str) -> Option<OffsetDateTime> {
        self.files.contains_key(path).then_some(datetime!(2026-03-04 05:06 UTC))
    }
}

/// One source of a row: a name for each setting of it.
#[derive(Clone, Debug)]
enum Place {
    Code,
    Variables(Vec<String>),
    File(String, Vec<String>),
}

/// A row of a table: the vendor, the builder's method, and the sources in their order.
#[derive(Debug)]
struct Row {
    vendor: &'static str,
    method: String,
    sources: Vec<Place>,
}

/// The words of a cell that are code.
fn code(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (vendor, guide) in GUIDES {
        let mut lines = guide.lines().skip_while(|line| !line.starts_with("| setting |"));
        let head: Vec<_> = lines.next().unwrap().split('|').map(str::trim).collect();
        for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
            let mut sources = vec![Place::Code];
            let mut methods = Vec::new();
            for (column, cell) in head.iter().zip(line.split('|')) {
                let mut words = code(cell);
                match *column {
                    "builder" => methods = words,
                    "variable" | "else" if !words.is_empty() => sources.push(Place::Variables(words)),
                    "file" if !words.is_empty() => {
                        let path = words.pop().unwrap().strip_prefix("~/").unwrap().to_owned();
                        sources.push(Place::File(path, words));
                    }
                    _ => {}
                }
            }
            rows.extend(methods.into_iter().map(|method| Row { vendor, method, sources: sources.clone() }));
        }
    }
    rows
}

impl Row {
    fn settings(&self) -> Vec<&str> {
        match self.method.as_str() {
            "credentials" => vec!["access_key", "secret_key"],
            "vault_token" => vec!["vault_token_id", "vault_token_secret"],
            "user_access_key" => vec!["user_access_key_id", "user_access_key_secret"],
            "client_certificate_pem" | "client_certificate_pkcs12" => vec!["client_certificate"],
            other => vec![other],
        }
    }

    /// Explains the builder of the row's vendor.
    fn explain(&self, code: bool, source: Option<Source>) -> Explanation {
        match self.vendor {
            "scp" => {
                let builder = if code { scp(&self.method, Scp::builder()) } else { Scp::builder() };
                source.into_iter().fold(builder, ScpBuilder::config_source).explain()
            }
            "nhn" => {
                let builder = if code { nhn(&self.method, Nhn::builder()) } else { Nhn::builder() };
                source.into_iter().fold(builder, NhnBuilder::config_source).explain()
            }
            _ => {
                let builder = if code { risken(&self.method, Risken::builder()) } else { Risken::builder() };
                source.into_iter().fold(builder, RiskenBuilder::config_source).explain()
            }
        }
    }
}

/// The value of a setting in the source of this number. Code is number 0.
fn value(setting: &str, number: usize) -> String {
    let choose = |values: [&str; 4]| values[number].to_owned();
    match setting {
        "region" => choose(["kr-west1", "kr-east1", "kr-south1", "kr-south2"]),
        "environment" => {
            choose(["e", "s", "https://iam.g.samsungsdscloud.com/v1", "https://iam.s.samsungsdscloud.com/v1"])
        }
        "endpoint" => format!("https://host-{number}.example"),
        "realm" => choose(["gov", "public", "", ""]),
        "language" => "ko-KR".to_owned(),
        "mac_address" => format!("00:00:00:00:00:0{number}"),
        _ => format!("{MARK}{}", "x".repeat(number)),
    }
}

fn scp(method: &str, builder: ScpBuilder) -> ScpBuilder {
    let of = |setting: &str| value(setting, 0);
    match method {
        "credentials" => builder.credentials(of("access_key"), of("secret_key")),
        "vault_token" => builder.vault_token(of("vault_token_id"), of("vault_token_secret")),
        "secret_vault_id" => builder.secret_vault_id(of("secret_vault_id")),
        "region" => builder.region(Region::KrWest1),
        "environment" => builder.environment(Environment::Enterprise),
        "endpoint" => builder.endpoint(of("endpoint")),
        "language" => builder.language(Language::KoKr),
        other => panic!("no value for {other}"),
    }
}

fn nhn(method: &str, builder: NhnBuilder) -> NhnBuilder {
    let of = |setting: &str| value(setting, 0);
    match method {
        "user_access_key" => builder.user_access_key(of("id"), of("secret")),
        "realm" => builder.realm(Realm::Gov),
        "security_advisor_app_key" => builder.security_advisor_app_key(of("key")),
        "server_security_check_app_key" => builder.server_security_check_app_key(of("key")),
        "secure_key_manager_app_key" => builder.secure_key_manager_app_key(of("key")),
        "mac_address" => builder.mac_address(of("mac_address")),
        "client_certificate_pem" => builder.client_certificate_pem(of("pem")),
        "client_certificate_pkcs12" => builder.client_certificate_pkcs12(of("der"), of("password")),
        "endpoint" => builder.endpoint(of("endpoint")),
        other => panic!("no value for {other}"),
    }
}

fn risken(method: &str, builder: RiskenBuilder) -> RiskenBuilder {
    match method {
        "endpoint" => builder.endpoint(value("endpoint", 0)),
        "access_token" => builder.access_token(value("access_token", 0)),
        other => panic!("no value for {other}"),
    }
}

/// The source in which these of the row's sources have a value.
fn source(row: &Row, present: impl Fn(usize) -> bool) -> Source {
    let mut source = Source::default();
    for (number, from) in row.sources.iter().enumerate().filter(|(number, _)| present(*number)) {
        for (index, setting) in row.settings().into_iter().enumerate() {
            let text = value(setting, number);
            match from {
                Place::Code => {}
                Place::Variables(names) => drop(source.variables.insert(names[index].clone(), text)),
                Place::File(path, keys) => {
                    let file = source.files.entry(path.clone()).or_default();
                    file.insert(keys[index].clone(), text.into());
                }
            }
        }
    }
    source
}

/// Whether the origin is this source of the setting of this index.
fn is_from(origin: &Origin, from: &Place, index: usize) -> bool {
    match (origin, from) {
        (Origin::Code(_), Place::Code) => true,
        (Origin::Variable(name), Place::Variables(names)) => names[index] == *name,
        (Origin::File(entry), Place::File(path, keys)) => entry.path == path && entry.key == keys[index],
        _ => false,
    }
}

/// Compares a row's look-ups with the sources that have a value.
fn check(row: &Row, present: &dyn Fn(usize) -> bool) -> String {
    let explanation = row.explain(present(0), Some(source(row, present)));
    let mut having: Vec<_> = row.sources.iter().enumerate().filter(|(number, _)| present(*number)).collect();
    let winner = (!having.is_empty()).then(|| having.remove(0));
    for (index, setting) in row.settings().into_iter().enumerate() {
        let case = format!("{} {setting}, winner {winner:?}, others {having:?}:\n{explanation}", row.vendor);
        let lookup = explanation.lookup(setting).unwrap_or_else(|| panic!("{case}"));
        match (&lookup.found, &winner) {
            (None, None) => assert!(lookup.hidden.is_empty(), "{case}"),
            (Some((origin, shown)), Some((number, from))) => {
                assert!(is_from(origin, from, index), "{case}");
                let text = value(setting, *number);
                let length = *shown == Shown::Length(text.len());
                assert!(*shown == Shown::Text(text.clone()) || length, "{case}");
                assert_eq!(
                    text.starts_with(MARK),
                    length && !text.starts_with("https") && !text.contains(':'),
                    "{case}"
                );
                assert_eq!(lookup.changed.is_some(), matches!(from, Place::File(..)), "{case}");
            }
            _ => panic!("{case}"),
        }
        for (_, from) in &having {
            // A file that nothing needs is not read, and said to be so.
            let told = lookup.hidden.iter().chain(&lookup.unread).filter(|origin| is_from(origin, from, index)).count();
            assert_eq!(told, 1, "{case}");
        }
        for hidden in &lookup.hidden {
            assert!(having.iter().any(|(_, from)| is_from(hidden, from, index)), "{case}");
            assert!(explanation.to_string().contains(&hidden.to_string()), "{case}");
        }
    }
    format!("{explanation} {explanation:?}")
}

#[test]
fn each_row_of_the_guides_is_explained_for_each_set_of_sources() {
    let rows = rows();
    let of = |vendor| rows.iter().filter(|row| row.vendor == vendor).count();
    assert_eq!((of("scp"), of("nhn"), of("risken")), (7, 9, 2), "rows of the tables");
    assert_no_leak(MARK, || {
        let every = rows.iter().flat_map(|row| {
            (0..1_usize << row.sources.len()).map(move |set| check(row, &|number| set >> number & 1 == 1))
        });
        every.collect::<Vec<_>>()
    });
}

#[test]
fn without_env_nothing_outside_is_read() {
    for row in rows() {
        for code in [true, false] {
            let explanation = row.explain(code, None);
            assert!(!explanation.reads_environment());
            for setting in row.settings() {
                let lookup = explanation.lookup(setting).unwrap();
                let found = lookup.found.as_ref().map(|(origin, _)| *origin);
                assert_eq!(matches!(found, Some(Origin::Code(_))), code, "{explanation}");
                assert!(lookup.hidden.is_empty() && lookup.unread.is_empty(), "{explanation}");
            }
            let told = "\nnothing outside the program was read, since `.env()` was not called\n";
            assert!(explanation.to_string().contains(told), "{explanation}");
        }
    }
}

/// The table of an SCP builder with these variables and this file of keys.
fn table(variables: &[(&str, &str)], keys: Option<&str>) -> String {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let files = keys.map(|keys| (".scpconf/credentials.json".to_owned(), serde_json::from_str(keys).unwrap()));
    let source = Source { variables, files: files.into_iter().collect() };
    Scp::builder().region(Region::KrEast1).config_source(source).explain().to_string()
}

#[test]
fn explanation_is_a_table_with_what_signs() {
    let keys = r#"{"access-key":"0123456789abcdef","secret-key":"0123456789"}"#;
    assert_eq!(
        table(&[("SCP_REGION", "kr-west1"), ("SCP_ENVIRONMENT", "s"), ("SCP_ENDPOINT", "https://a.example")], Some(keys)),
        "\
setting               value                                                  from                                       hides       not read
language              en-US                                                  default
vault_token_id        not set
vault_token_secret    not set
secret_vault_id       not set
access_key            *** (16 bytes, file changed 2026-03-04 05:06 UTC)      access-key in ~/.scpconf/credentials.json
secret_key            *** (10 bytes, file changed 2026-03-04 05:06 UTC)      secret-key in ~/.scpconf/credentials.json
endpoint              https://a.example                                      SCP_ENDPOINT                                           endpoint-override in ~/.scpconf/config.json
region                kr-east1                                               ScpBuilder::region                         SCP_REGION  default-region in ~/.scpconf/config.json
environment           s                                                      SCP_ENVIRONMENT                                        auth-url in ~/.scpconf/config.json
call_timeout          30s                                                    default
attempt_timeout       15s                                                    default
retry                 3 attempts, backoff 50ms to 20s, from 1s if throttled  default
deny_sunset_versions  false                                                  default
allow_insecure_http   false                                                  default
app_name              not set
transport             reqwest                                                default
runtime               tokio                                                  default
sends to: https://a.example, which takes the place of region and environment
signs with: the access key
build() succeeds"
    );
}

#[test]
fn explanation_of_a_builder_that_fails_shows_every_setting_and_the_error() {
    let place = [("SCP_ENVIRONMENT", "s")];
    for (variables, keys, row, error) in [
        (&[][..], None, "access_key not set", "no credentials: access_key and secret_key are not set"),
        (&[("SCP_ACCESS_KEY", "a-key")], None, "access_key *** (5 bytes) SCP_ACCESS_KEY", "SCP_SECRET_KEY is not set"),
        (&[("SCP_SECRET_KEY", "a\nb")], None, "secret_key invalid SCP_SECRET_KEY", "control characters"),
        (&[("SCP_VAULT_TOKEN_ID", "t")], None, "vault_token_id *** (1 bytes)", "SCP_VAULT_TOKEN_SECRET is not set"),
        (&[("SCP_SECRET_VAULT_ID", "v")], None, "secret_vault_id *** (1 bytes)", "secret_vault_id is set, but"),
        (&[], Some(r#"{"access-key":1}"#), "access_key invalid access-key in", "is not a JSON string"),
        (&[("SCP_ENDPOINT", "")], None, "endpoint invalid SCP_ENDPOINT", "the variable is empty"),
    ] {
        let table = table(&[variables, &place].concat(), keys);
        let plain: Vec<_> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert!(plain.iter().any(|line| line.starts_with(row)), "{row}\n{table}");
        assert!(plain.last().unwrap().starts_with("build() fails: ") && table.contains(error), "{error}\n{table}");
        // Settings after the one that fails are looked up all the same.
        for setting in ["secret_vault_id", "secret_key", "endpoint", "region kr-east1", "environment s"] {
            assert!(plain.iter().any(|line| line.starts_with(setting)), "{setting}\n{table}");
        }
    }
}

#[test]
fn explanation_names_where_requests_go() {
    let scp = || Scp::builder().credentials("key", "secret");
    let nhn = || Nhn::builder().user_access_key("id", "secret");
    for (explanation, wanted) in [
        (
            scp().region(Region::KrWest1).environment(Environment::Enterprise).explain(),
            Some("https://SERVICE.kr-west1.e.samsungsdscloud.com"),
        ),
        (
            scp().region(Region::KrWest1).endpoint("https://a.example").explain(),
            Some("https://a.example, which takes the place of region and environment"),
        ),
        (scp().explain(), None),
        (
            Scp::builder().endpoint("https://a.example").explain(),
            Some("https://a.example, which takes the place of region and environment"),
        ),
        (
            nhn().endpoint("https://a.example/appkey/a-key").explain(),
            Some("https://a.example/…, which takes the place of the realm's hosts"),
        ),
        (nhn().explain(), Some("the hosts of the realm `public`")),
        (nhn().realm(Realm::Gov).explain(), Some("the hosts of the realm `gov`")),
        (
            nhn().endpoint("https://a.example").explain(),
            Some("https://a.example, which takes the place of the realm's hosts"),
        ),
        (Risken::builder().endpoint("https://a.example").access_token("token").explain(), Some("https://a.example")),
    ] {
        assert_eq!(explanation.sends_to(), wanted, "{explanation}");
    }
}

/// A transport that sends nothing.
#[derive(Debug)]
struct Own;

impl Transport for Own {
    fn send(
        &self,
        _: http::Request<bytes::Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<bytes::Bytes>, TransportError>> {
        Box::pin(std::future::pending())
    }
}

/// A row of a table: value and source, or the default.
fn shown(explanation: &Explanation, setting: &str) -> (String, String) {
    let lookup = explanation.lookup(setting).unwrap_or_else(|| panic!("no {setting}:\n{explanation}"));
    match (&lookup.found, lookup.invalid, lookup.default) {
        (Some((origin, Shown::Text(text))), None, _) => (text.clone(), origin.to_string()),
        (None, Some(origin), _) => ("invalid".to_owned(), origin.to_string()),
        (None, None, default) => (default.unwrap_or("not set").to_owned(), "default".to_owned()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn limits_and_rules_are_settings_with_their_source() {
    let seconds = Duration::from_secs;
    let policy = || RetryPolicy::default().with_max_attempts(5).with_resend_throttled(true);
    let retry = "5 attempts, also of unsafe operations after 429, backoff 50ms to 20s, from 1s if throttled";
    let usual = "3 attempts, backoff 50ms to 20s, from 1s if throttled";
    let settings = || Settings::default().with_attempt_timeout(seconds(7));
    macro_rules! check {
        ($name:literal, $builder:expr) => {{
            let from = |method: &str| format!("{}::{method}", $name);
            let cases = [
                ($builder, "call_timeout", "30s", "default".to_owned()),
                ($builder, "attempt_timeout", "15s", "default".to_owned()),
                ($builder, "retry", usual, "default".to_owned()),
                ($builder, "deny_sunset_versions", "false", "default".to_owned()),
                ($builder, "allow_insecure_http", "false", "default".to_owned()),
                ($builder, "app_name", "not set", "default".to_owned()),
                ($builder, "transport", "reqwest", "default".to_owned()),
                ($builder, "runtime", "tokio", "default".to_owned()),
                ($builder.call_timeout(seconds(40)), "call_timeout", "40s", from("call_timeout")),
                // Given, although it is the default.
                ($builder.call_timeout(seconds(30)), "call_timeout", "30s", from("call_timeout")),
                ($builder.attempt_timeout(seconds(1)), "attempt_timeout", "1s", from("attempt_timeout")),
                ($builder.retry(policy()), "retry", retry, from("retry")),
                ($builder.retry(RetryPolicy::never()), "retry", "1 attempt", from("retry")),
                ($builder.deny_sunset_versions(), "deny_sunset_versions", "true", from("deny_sunset_versions")),
                ($builder.allow_insecure_http(), "allow_insecure_http", "true", from("allow_insecure_http")),
                ($builder.app_name("my-app/1.2"), "app_name", "my-app/1.2", from("app_name")),
                ($builder.app_name("two words"), "app_name", "invalid", from("app_name")),
                ($builder.transport(Own), "transport", "explain::Own", from("transport")),
                ($builder.transport(Arc::new(Own)), "transport", "explain::Own", from("transport")),
                ($builder.runtime(TokioRuntime::default()), "runtime", "custom", from("runtime")),
                ($builder.settings(settings()), "attempt_timeout", "7s", from("settings")),
                ($builder.settings(settings()), "retry", usual, from("settings")),
                ($builder.settings(settings()).retry(policy()), "retry", retry, from("retry")),
                ($builder.retry(policy()).settings(settings()), "retry", usual, from("settings")),
            ];
            for (builder, setting, value, source) in cases {
                let explanation = builder.explain();
                assert_eq!(shown(&explanation, setting), (value.to_owned(), source), "{explanation}");
                // Whether the builder is complete makes no difference.
                let error = explanation.error().map(ToString::to_string);
                assert_eq!(error, builder.build().err().map(|error| error.to_string()));
            }
        }};
    }
    check!("ScpBuilder", Scp::builder());
    check!("NhnBuilder", Nhn::builder());
    check!("RiskenBuilder", Risken::builder().endpoint("https://a.example").access_token("token"));
}

#[test]
fn warnings_are_shown_by_explain_and_logged_once_by_build() {
    let source = || Source {
        variables: [("RISKEN_URL", "http://a.example "), ("RISKEN_ACCESS_TOKEN", "'canary'")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        files: HashMap::new(),
    };
    let builder = || Risken::builder().allow_insecure_http().config_source(source());
    let wanted = [
        "setting endpoint (RISKEN_URL): the setting's value had blanks around it, which were removed",
        "setting access_token (RISKEN_ACCESS_TOKEN): the setting's value has quotes around it, which were kept",
        "a.example: keys and secrets will travel to this host in the clear",
    ];
    let (explanation, lines) = capture(|| builder().explain());
    assert_eq!((explanation.warnings(), lines.len()), (&wanted.map(str::to_owned)[..], 0), "{lines:?}");
    for warning in wanted {
        assert!(explanation.to_string().contains(&format!("\nwarning: {warning}\n")), "{explanation}");
    }
    let (built, lines) = capture(|| builder().build());
    assert!(built.is_ok());
    for text in ["blanks around it", "quotes around it", "in the clear"] {
        assert_eq!(lines.iter().filter(|line| line.contains(text)).count(), 1, "{text}: {lines:?}");
    }
    assert!(!format!("{explanation} {lines:?}").contains("canary"));
}

#[test]
fn explanation_names_what_signs() {
    let pair = || Scp::builder().endpoint("https://a.example").credentials("key", "secret");
    let vault = |builder: ScpBuilder| builder.vault_token("id", "secret").secret_vault_id("vault");
    for (builder, wanted) in [
        (pair(), "the access key"),
        (vault(pair()), "the access key"),
        (vault(pair()).vault_credentials(), "temporary keys from the secret vault"),
        (vault(Scp::builder().endpoint("https://a.example")), "temporary keys from the secret vault"),
    ] {
        assert_eq!(builder.explain().signs_with(), Some(wanted));
        assert_eq!(builder.explain().error().map(ToString::to_string), builder.build().err().map(|e| e.to_string()));
    }
}

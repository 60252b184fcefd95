//! Tests of which error texts are shown: none that repeats part of a secret in any encoding.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;

use super::*;
use crate::operation::{Method, Operation};
use crate::testing::find_leak;

static CREATE: Operation = Operation::new("create", Method::Post, &[]);

/// A body with a secret member and others.
struct Note(serde_json::Value);

impl crate::Body for Note {
    fn encode(&self) -> crate::Result<Bytes> {
        let body = serde_json::json!({ "name": "orders-database", "list": [{ "secret": self.0 }] });
        Ok(body.to_string().into())
    }

    fn secret_fields(&self) -> &'static [&'static str] {
        &["secret"]
    }
}

fn shown(secret: impl Into<serde_json::Value>, text: &str) -> Option<String> {
    redact(text, &Request::new(&CREATE).body(&Note(secret.into())), &[])
}

const SECRETS: [&str; 6] = [
    "correct-horse/battery+staple",
    "line one of it\nline two of it\tand \"more\" of it",
    "비밀번호는 여기에 있습니다 그리고 더",
    "p<a>s&w'o=r\"d;48291377",
    "hunter",
    "48291377",
];

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn percent(text: &str, upper: bool) -> String {
    text.bytes().map(|byte| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") }).collect()
}

fn units(text: &str, upper: bool) -> String {
    let unit = |unit: u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
    text.encode_utf16().map(unit).collect()
}

fn entities(text: &str, hex: bool) -> String {
    text.chars().map(|c| if hex { format!("&#x{:X};", u32::from(c)) } else { format!("&#{};", u32::from(c)) }).collect()
}

fn named_entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;")
}

/// A text in an encoding.
type Form = fn(&str) -> String;

const FORMS: [(&str, Form); 25] = [
    ("as it is", |text| text.to_owned()),
    ("upper case", |text| text.to_uppercase()),
    ("json", |text| serde_json::to_string(text).unwrap()),
    ("json for html", |text| {
        let json = serde_json::to_string(text).unwrap();
        json.replace('&', "\\u0026").replace('=', "\\u003d").replace('<', "\\u003c").replace('\'', "\\u0027")
    }),
    ("units", |text| units(text, false)),
    ("units, upper case", |text| units(text, true)),
    ("percent", |text| percent(text, true)),
    ("percent, lower case", |text| percent(text, false)),
    ("form", |text| percent(text, true).replace("%20", "+")),
    ("percent twice", |text| percent(&percent(text, true), false)),
    ("entities", named_entities),
    ("decimal entities", |text| entities(text, false)),
    ("hexadecimal entities", |text| entities(text, true)),
    ("base64", |text| STANDARD.encode(text)),
    ("base64 for URLs", |text| URL_SAFE_NO_PAD.encode(text)),
    ("base64 inside a body", |text| STANDARD.encode(format!("{{\"a\":1,\"secret\":\"{text}\"}}"))),
    ("base64 of base64", |text| URL_SAFE.encode(STANDARD.encode(text))),
    ("hexadecimal", hex),
    ("hexadecimal, upper case", |text| hex(text).to_uppercase()),
    ("hexadecimal with colons", |text| text.bytes().map(|byte| format!("{byte:02x}:")).collect()),
    ("hexadecimal numbers", |text| text.bytes().map(|byte| format!("0x{byte:02x}, ")).collect()),
    ("list of bytes", |text| format!("{:?}", text.as_bytes())),
    ("bytes of Python", |text| text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()),
    ("characters of Rust", |text| text.chars().map(|c| format!("\\u{{{:x}}}", u32::from(c))).collect()),
    ("percent five times", |text| (0..4).fold(percent(text, false), |text, _| text.replace('%', "%25"))),
];

const FRAMES: [(&str, &str); 3] = [("", ""), ("refused: ", ", and why"), ("{\"value\":\"", "\",\"pin\":1}")];

#[test]
fn text_with_a_secret_is_hidden_in_every_encoding() {
    let mut spellings = 0;
    for secret in SECRETS {
        for (name, form) in FORMS {
            for (before, after) in FRAMES {
                let text = format!("{before}{}{after}", form(secret));
                assert_eq!(shown(secret, &text), None, "{secret} {name}: {text}");
                spellings += 1;
            }
        }
    }
    assert!(spellings >= 225, "{spellings}");
}

#[test]
fn number_and_nested_values_are_secrets() {
    assert_eq!(shown(48_291_377, "the value 48291377 is bad"), None);
    assert_eq!(shown(4829, "the value 4829 is bad"), None);
    assert!(shown(4829, "the value 148290 is bad").is_some(), "a short secret counts as a whole word");
    let pairs = r#"{"user":"admin","password":"hunter2-is-secret"}"#;
    assert_eq!(shown(pairs, "cannot use hunter2-is-secret here"), None);
    assert!(shown(pairs, "a password is missing").is_some(), "the names of pairs are no secret");
    assert_eq!(shown("aHVudGVyMi1pcy1zZWNyZXQ=", "cannot use hunter2-is-secret here"), None);
}

#[test]
fn labels_of_pem_are_no_secret_and_the_rest_is() {
    let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n";
    for pem in [pem.to_owned(), pem.replace('\n', " "), pem.replace('\n', "\\n")] {
        assert_eq!(shown(pem.as_str(), "cannot parse MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"), None, "{pem}");
        assert!(shown(pem.as_str(), "This private key is not a PEM format").is_some(), "{pem}");
    }
    assert_eq!(shown("-----hunter2-is-secret", "cannot use hunter2-is-secret here"), None);
}

#[test]
fn binary_key_hides_the_text() {
    let key: Vec<u8> = (0..32).map(|i| 0x80 + i * 3).collect();
    let secret = STANDARD.encode(&key);
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let texts = [hex.clone(), hex[..24].to_owned(), format!("{key:?}"), URL_SAFE_NO_PAD.encode(&key)];
    for text in texts {
        assert_eq!(shown(secret.as_str(), &format!("key {text}")), None, "{text}");
        assert_eq!(shown(hex.as_str(), &format!("key {text}")), None, "{text}");
    }
}

#[test]
fn short_secret_hides_the_text_as_a_word() {
    for (secret, text) in [
        ("4829", "pin 4829"),
        ("4829", "pin NDgyOQ=="),
        ("ab\tcd", "bad ab\tcd"),
        ("1-1", "value 11-1-1 or 1-1"),
        ("@#!$%^&*()", "bad @#!$%^&*("),
    ] {
        assert_eq!(shown(secret, text), None, "{secret}: {text}");
    }
}

#[test]
fn part_of_a_secret_hides_the_text() {
    for secret in SECRETS {
        let characters: Vec<char> = line(secret).chars().collect();
        for start in 0..characters.len() {
            for end in start..=characters.len() {
                let piece: String = characters[start..end].iter().collect();
                let hidden = shown(secret, &format!("not good: {piece}...")).is_none();
                assert!(hidden || plain(&piece).count() < RUN, "{piece:?}");
            }
        }
    }
}

#[test]
fn useful_text_is_shown() {
    let text = "the name orders-database is in use already: choose another one, or delete it first";
    assert_eq!(shown("correct-horse", text).as_deref(), Some(text), "a name is no secret");
    let text = "key_type must be plaintext or wrapped";
    assert_eq!(shown("correct-horse", text).as_deref(), Some(text));
    let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n";
    let text = "This private key is not a PEM format";
    assert_eq!(shown(pem, text).as_deref(), Some(text));
    assert_eq!(shown(pem, "cannot read MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"), None);
    let request = Request::new(&CREATE);
    assert_eq!(redact("no Bearer token like hunter2-token", &request, &["hunter2-token".into()]), None);
    let text = "no Bearer token like that";
    assert_eq!(redact(text, &request, &["hunter2-token".into()]).as_deref(), Some(text));
}

#[test]
fn query_values_are_cut_as_whole_words() {
    let request = Request::new(&CREATE).query("name", "my key").query("sort", "name").query("q", "abc");
    let redacted = redact("no key is named my key, my%20key or my keys; sort by name, abc", &request, &[]);
    assert_eq!(redacted.as_deref(), Some("no key is named […], […] or my keys; sort by […], abc"));
}

#[test]
fn query_values_are_cut_at_the_end_and_within_each_other() {
    let name = "confidential project name of mine";
    let request = Request::new(&CREATE).query("q", "mine").query("name", name);
    for text in [format!("no key {name}"), format!("{}{name} not found", "x ".repeat(140))] {
        assert!(!redact(&text, &request, &[]).unwrap().contains("confi"), "{text}");
    }
    let request = Request::new(&CREATE).query("name", "주문목록").query("q", "say \"orders\"");
    let redacted = redact("주문목록은 없습니다; say \\\"orders\\\", \\uc8fc\\ubb38\\ubaa9\\ub85d", &request, &[]);
    assert_eq!(redacted.as_deref(), Some("[…]은 없습니다; […], […]"));
}

#[test]
fn long_text_is_shortened() {
    let secret = "S3CRET".repeat(20);
    for before in 0..700 {
        let text = format!("{}{secret}{}", "x".repeat(before), "y".repeat(2000));
        let shown = shown(secret.as_str(), &text);
        let visible = shown.as_deref().unwrap_or_default();
        assert_eq!(find_leak(&secret[..RUN], visible), None, "{before}: {visible}");
        assert_eq!(shown.is_some(), before > LONGEST - RUN, "{before}");
        assert!(visible.chars().count() <= LONGEST + 1);
    }
}

#[test]
fn text_stays_on_one_line_in_reading_order() {
    let odd = "a\nb\r\u{0}c\u{85}d\u{2028}e\u{2029}f\u{202e}g\u{2066}h\u{1b}[31m";
    assert_eq!(shown("correct-horse", odd).as_deref(), Some("a b  c d e f g h [31m"));
}

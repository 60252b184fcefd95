//! Tests of what is cut out of error texts: whole values, pieces of them, and what services make of them.

use bytes::Bytes;

use super::*;
use crate::operation::{Method, Operation};
use crate::testing::find_leak;

static CREATE: Operation = Operation::new("create", Method::Post, &[]);

struct Note<'a>(&'a str);

impl crate::Body for Note<'_> {
    fn encode(&self) -> crate::Result<Bytes> {
        Ok(serde_json::json!({ "note": self.0, "list": [{"deep": self.0}] }).to_string().into())
    }
}

fn clean(secret: &str, echo: &str) -> String {
    redact(echo, &Request::new(&CREATE).body(&Note(secret)), &[], &[])
}

const SECRETS: [&str; 4] = [
    "correct-horse/battery+staple",
    "line one of it\nline two of it\tand \"more\" of it",
    "비밀번호는 여기에 있습니다 그리고 더",
    "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==",
];

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn value_is_redacted_in_every_encoding() {
    let forms: [fn(&str) -> String; 7] = [
        |secret| secret.to_owned(),
        |secret| STANDARD_NO_PAD.encode(secret),
        |secret| format!("{}==", URL_SAFE_NO_PAD.encode(secret)),
        hex,
        |secret| hex(secret).to_ascii_uppercase(),
        |secret| format!("{secret:?}"),
        |secret| {
            let mut encoded = String::new();
            QueryValue::write(secret, &mut encoded);
            encoded
        },
    ];
    for secret in SECRETS {
        for form in forms {
            let echo = form(secret);
            let shown = clean(secret, &format!("refused: {echo}, and why"));
            assert!(shown.starts_with("refused: ") && shown.ends_with(", and why"), "{shown}");
            assert_eq!(find_leak(secret, &shown), None, "{shown}");
            assert!(shown.chars().count() < 60, "{secret} as {echo}: {shown}");
        }
    }
    let opened = clean("aHVudGVyMi1pcy1zZWNyZXQ=", "cannot use hunter2-is-secret here");
    assert_eq!(opened, "cannot use […] here");
}

#[test]
fn parts_of_a_value_are_redacted_at_any_length() {
    for secret in SECRETS {
        let characters: Vec<char> = line(secret).chars().collect();
        for start in 0..characters.len() {
            for end in (start..=characters.len()).filter(|end| end % 5 < 2) {
                let piece: String = characters[start..end].iter().collect();
                let shown = clean(secret, &format!("not good: {piece}..."));
                assert!(piece.len() < RUN || !shown.contains(&piece), "{piece:?}: {shown}");
                assert!(shown.starts_with("not good:") && shown.ends_with("..."), "{shown}");
            }
        }
    }
}

#[test]
fn ordinary_words_are_kept() {
    let text = "the name is in use already: choose another one, or delete it first";
    assert_eq!(clean("correct-horse", text), text);
    assert_eq!(clean("one", text), text, "too short to be a secret");
    let mut token = HeaderValue::from_static("Bearer hunter2-token");
    token.set_sensitive(true);
    let echo = redact("no Bearer token like hunter2-token", &Request::new(&CREATE), &[], &[Some(token)]);
    assert_eq!(echo, "no Bearer token like […]");
}

#[test]
fn long_text_is_truncated_without_part_of_a_value() {
    let secret = "S3CRET".repeat(20);
    for before in (250..700).step_by(3) {
        let text = format!("{}{secret}{}", "x".repeat(before), "y".repeat(2000));
        let shown = clean(&secret, &text);
        assert!(!shown.contains("S3C"), "{before}: {shown}");
        let piece = format!("{}{}", "x".repeat(before), &secret[3..100]);
        assert!(!clean(&secret, &piece).contains("S3CRET"), "{before}");
        let count = shown.chars().count();
        assert!((1..=LONGEST + 1).contains(&count), "{before}: {count}");
    }
}

#[test]
fn very_long_text_is_truncated_without_part_of_a_value() {
    let secret = "S3CRET7Qz9";
    // So much of it is cut out that the place where looking ends comes into view.
    for shift in 0..secret.len() {
        let text = format!("{}{}", "x".repeat(shift), secret.repeat(MOST));
        let shown = clean(secret, &text);
        assert!(!shown.contains("S3C") && !shown.contains("Qz9"), "{shift}: {shown}");
    }
    let shown = clean(&"S3CRET7Qz9 ".repeat(1000), &"S3CRET7Qz9 ".repeat(MOST));
    assert!(!shown.contains("S3C"), "{shown}");
}

#[test]
fn text_stays_on_one_line_in_reading_order() {
    let odd = "a\nb\r\u{0}c\u{85}d\u{2028}e\u{2029}f\u{202e}g\u{2066}h\u{1b}[31m";
    let shown = clean("correct-horse", odd);
    assert_eq!(shown, "a b  c d e f g h [31m");
}

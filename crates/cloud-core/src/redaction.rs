//! Decides whether a service's error text may be shown: not if it repeats part of a secret of the request.
//!
//! The text is shortened, decoded in every common way, and compared with the request's secrets without regard to case,
//! blanks and punctuation. It is shown whole or not at all; only query values are cut out of it. The work is linear in
//! the size of the secrets.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::request::Request;
use crate::request::percent;

mod decode;

/// Long enough for every useful text seen, short enough for one line.
const LONGEST: usize = 300;
/// So many letters or digits in a row that are equal are a part of a secret.
const RUN: usize = 6;
const CUT: &str = "[…]";

/// Returns the text on one line and shortened; `None` if it repeats part of a secret.
pub(crate) fn redact(text: &str, request: &Request, secrets: &[&str]) -> Option<String> {
    let text = line(text);
    let shown = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    let quoted = Quoted::new(&shown);
    let secret = secrets.iter().any(|secret| quoted.repeats(secret)) || body_repeats(&quoted, request);
    (!secret).then(|| cut_query(&shown, request))
}

/// What a text says in all its readings.
struct Quoted {
    /// Every [`RUN`] letters and digits in a row.
    runs: HashSet<[char; RUN]>,
    readings: Vec<String>,
}

impl Quoted {
    fn new(text: &str) -> Self {
        let readings = decode::readings(text);
        let plain: Vec<Vec<char>> = readings.iter().map(|reading| plain(reading).collect()).collect();
        let runs = plain.iter().flat_map(|text| text.windows(RUN)).filter_map(|run| run.try_into().ok()).collect();
        Self { runs, readings }
    }

    /// Returns whether the text holds part of this secret, or the whole of a shorter one. A secret may itself be encoded.
    fn repeats(&self, secret: &str) -> bool {
        let base64 = secret.trim().trim_end_matches('=');
        let decoded = STANDARD_NO_PAD.decode(base64).or_else(|_| URL_SAFE_NO_PAD.decode(base64)).ok();
        let decoded = decoded.as_ref().map(|bytes| String::from_utf8_lossy(bytes));
        self.holds(secret) || decoded.is_some_and(|decoded| !decoded.is_empty() && self.holds(&decoded))
    }

    fn holds(&self, secret: &str) -> bool {
        let mut run = ['\0'; RUN];
        let mut length = 0;
        for c in plain(secret) {
            run.rotate_left(1);
            run[RUN - 1] = c;
            length += 1;
            if length >= RUN && self.runs.contains(&run) {
                return true;
            }
        }
        length < RUN && self.holds_whole(secret.trim())
    }

    /// Returns whether the secret stands in the text between other characters than letters and digits.
    fn holds_whole(&self, secret: &str) -> bool {
        let secret = secret.to_lowercase();
        !secret.is_empty() && self.readings.iter().any(|text| !matches(&text.to_lowercase(), &secret).is_empty())
    }
}

/// The places where the text has these words, not as parts of longer ones.
fn matches(text: &str, words: &str) -> Vec<usize> {
    let inner = |c: Option<char>, edge: Option<char>| {
        c.zip(edge).is_some_and(|(c, e)| c.is_alphanumeric() && e.is_alphanumeric())
    };
    let whole = |start: &usize| {
        let (before, after) = (text[..*start].chars().next_back(), text[start + words.len()..].chars().next());
        !inner(before, words.chars().next()) && !inner(after, words.chars().next_back())
    };
    text.match_indices(words).map(|(start, _)| start).filter(whole).collect()
}

/// The letters and digits of a text, in lower case.
fn plain(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// Returns whether a secret member of the body is repeated. Of a body that cannot be read, all of it is secret.
fn body_repeats(quoted: &Quoted, request: &Request) -> bool {
    let (Some(body), names) = (request.body_bytes(), request.secret_fields()) else { return false };
    if names.is_empty() {
        return false;
    }
    match serde_json::from_slice(body) {
        Ok(body) => member_repeats(quoted, &body, names, false),
        Err(_) => quoted.repeats(&String::from_utf8_lossy(body)),
    }
}

fn member_repeats(quoted: &Quoted, value: &serde_json::Value, names: &[&str], secret: bool) -> bool {
    use serde_json::Value;
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| member_repeats(quoted, value, names, secret || names.contains(&name.as_str()))),
        Value::Array(items) => items.iter().any(|item| member_repeats(quoted, item, names, secret)),
        Value::String(text) if secret => {
            // A secret may be JSON as text; its names are no secret, its values are.
            match serde_json::from_str(text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => member_repeats(quoted, &inner, names, true),
                // The lines of PEM that name what it holds are no secret either.
                _ if text.starts_with("-----") => {
                    quoted.repeats(&text.lines().filter(|line| !line.starts_with("-----")).collect::<String>())
                }
                _ => quoted.repeats(text),
            }
        }
        Value::Number(number) if secret => quoted.repeats(&number.to_string()),
        _ => false,
    }
}

/// Cuts query values out, which are names and filters, not secrets.
fn cut_query(text: &str, request: &Request) -> String {
    let mut text = text.to_owned();
    for (_, value) in request.query_text().split('&').filter_map(|pair| pair.split_once('=')) {
        for form in [value.to_owned(), line(&percent::decode(value))] {
            if form.chars().count() < 4 {
                continue;
            }
            for start in matches(&text, &form).into_iter().rev() {
                text.replace_range(start..start + form.len(), CUT);
            }
        }
    }
    text
}

/// Replaces characters that break a line or change its direction with spaces.
pub(crate) fn line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text: String = text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests;

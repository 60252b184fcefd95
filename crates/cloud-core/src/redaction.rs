//! Decides whether a service's error text may be shown: not if it repeats part of a secret of the request.
//!
//! Query values are cut out of the text and it is shortened. The rest is shown whole or not at all: it is decoded in the
//! common ways and compared with the request's secrets, without regard to case, blanks and punctuation. The work is
//! linear in the size of the secrets.

use std::collections::HashSet;

use crate::request::Request;
use crate::request::percent;
use crate::secret::SecretString;

mod decode;

/// Long enough for every useful text seen, short enough for one line.
const LONGEST: usize = 300;
/// So many letters or digits in a row that are equal are a part of a secret.
const RUN: usize = 6;
const CUT: &str = "[…]";

/// Returns the text on one line and shortened; `None` if it repeats part of a secret.
pub(crate) fn redact(text: &str, request: &Request, secrets: &[SecretString]) -> Option<String> {
    let text = cut_query(&line(text), request);
    let shown = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    let quoted = Quoted::new(&shown)?;
    let secret = secrets.iter().any(|secret| quoted.repeats(secret.expose_secret())) || body_repeats(&quoted, request);
    (!secret).then_some(shown)
}

/// What a text says in all its readings.
struct Quoted {
    /// Every [`RUN`] letters and digits in a row.
    runs: HashSet<[char; RUN]>,
    /// Every [`RUN`] bytes in a row.
    bytes: HashSet<[u8; RUN]>,
    readings: Vec<String>,
}

impl Quoted {
    /// Reads the text; `None` if it is encoded too deeply to be read.
    fn new(text: &str) -> Option<Self> {
        let readings = decode::readings(text)?;
        let plain: Vec<Vec<char>> = readings.iter().map(|reading| plain(&reading.text()).collect()).collect();
        let runs = plain.iter().flat_map(|text| text.windows(RUN)).filter_map(|run| run.try_into().ok()).collect();
        let bytes = readings.iter().flat_map(|reading| reading.bytes().windows(RUN));
        let bytes = bytes.filter_map(|run| run.try_into().ok()).collect();
        Some(Self { runs, bytes, readings: readings.iter().map(|reading| reading.text().to_lowercase()).collect() })
    }

    /// Returns whether the text holds part of this secret, or the whole of a shorter one. A secret may itself be encoded.
    fn repeats(&self, secret: &str) -> bool {
        self.holds(secret) || decode::secret(secret).iter().any(|decoded| self.holds_bytes(decoded))
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
        length < RUN && (self.holds_whole(&line(secret)) || self.holds_run(secret.as_bytes()))
    }

    fn holds_bytes(&self, secret: &[u8]) -> bool {
        self.holds_run(secret) || std::str::from_utf8(secret).is_ok_and(|text| !text.is_empty() && self.holds(text))
    }

    fn holds_run(&self, secret: &[u8]) -> bool {
        secret.windows(RUN).any(|run| run.try_into().is_ok_and(|run: [u8; RUN]| self.bytes.contains(&run)))
    }

    /// Returns whether the text contains the secret as a whole word.
    fn holds_whole(&self, secret: &str) -> bool {
        let secret = secret.to_lowercase();
        !secret.is_empty() && self.readings.iter().any(|text| !matches(text, &secret).is_empty())
    }
}

/// The places where the text has these words, not as parts of longer words in Latin letters. Other languages join words.
fn matches(text: &str, words: &str) -> Vec<usize> {
    let joined = |c: Option<char>, edge: Option<char>| {
        c.zip(edge).is_some_and(|(c, edge)| c.is_ascii_alphanumeric() && edge.is_ascii_alphanumeric())
    };
    let (first, last) = (words.chars().next(), words.chars().next_back());
    let starts = text.char_indices().map(|(start, _)| start);
    starts
        .filter(|start| {
            let (before, rest) = text.split_at(*start);
            rest.strip_prefix(words)
                .is_some_and(|after| !joined(before.chars().next_back(), first) && !joined(after.chars().next(), last))
        })
        .collect()
}

/// The letters and digits of a text, without regard to case.
fn plain(text: &str) -> impl Iterator<Item = char> {
    let fold = |c: char| c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(fold)
}

/// Returns whether a secret member of the body is repeated. Of a body that cannot be read, all of it is secret.
fn body_repeats(quoted: &Quoted, request: &Request) -> bool {
    let names = request.secret_fields();
    let Some(body) = request.body_bytes().filter(|_| !names.is_empty()) else { return false };
    match crate::json::guess(body) {
        Some(body) => member_repeats(quoted, &body, names, false),
        None => quoted.repeats(&String::from_utf8_lossy(body)),
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
                _ => quoted.repeats(&without_labels(text)),
            }
        }
        Value::Number(number) if secret => quoted.repeats(&number.to_string()),
        _ => false,
    }
}

/// The labels of PEM, which name what it holds, are no secret.
fn without_labels(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("-----") {
        let label = &rest[start + 5..];
        let end = label.find("-----").filter(|end| {
            let label = &label[..*end];
            (label.starts_with("BEGIN ") || label.starts_with("END "))
                && label.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ')
        });
        let length = end.map_or(5, |end| 5 + end + 5);
        out.push_str(&rest[..start]);
        if end.is_none() {
            out.push_str("-----");
        }
        rest = &rest[start + length..];
    }
    out.push_str(rest);
    out
}

/// Cuts query values out, which are names and filters, not secrets.
fn cut_query(text: &str, request: &Request) -> String {
    let mut text = text.to_owned();
    let values = request.query_text().split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
    let mut forms: Vec<String> = values.flat_map(query_forms).filter(|form| form.chars().count() >= 4).collect();
    // The longest first, so that cutting one value does not leave part of another.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    for form in forms {
        for start in matches(&text, &form).into_iter().rev() {
            // Overlapping places were cut together.
            if text.get(start..).is_some_and(|rest| rest.starts_with(&form)) {
                text.replace_range(start..start + form.len(), CUT);
            }
        }
    }
    text
}

/// An encoded value as services write it: as sent, decoded, and escaped for JSON or HTML.
fn query_forms(encoded: &str) -> Vec<String> {
    let value = line(&percent::decode(encoded));
    let json = serde_json::to_string(&value).unwrap_or_default();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let ascii = |c: char| match c.is_ascii() {
        true => c.to_string(),
        false => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    let html = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    vec![
        encoded.to_owned(),
        encoded.to_ascii_lowercase(),
        encoded.replace("%20", "+"),
        value.to_lowercase(),
        value.to_uppercase(),
        json.chars().map(ascii).collect(),
        json,
        html,
        value,
    ]
}

/// Replaces characters that break a line or change its direction with spaces.
pub(crate) fn line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text: String = text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests;

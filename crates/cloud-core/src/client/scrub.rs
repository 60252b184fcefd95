//! Cuts out of a service's error text what the request had sent, so that an echo leaks nothing.

use http::HeaderValue;

use crate::request::Request;

/// Long enough for every useful text seen, short enough for one line.
const LONGEST: usize = 300;

/// The text on one line, without any credential, any configured value of the path and any value of the request's query
/// or body in it.
pub(super) fn scrub(text: &str, request: &Request, config: &[String], secrets: &[Option<HeaderValue>]) -> String {
    let mut text = line(text);
    for value in sent(request, config, secrets) {
        // Shorter values cannot be told from ordinary words, and are no secrets.
        if value.chars().count() >= 4 && text.contains(&value) {
            text = text.replace(&value, "[…]");
        }
    }
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The text with blanks in place of what would break a line.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn sent(request: &Request, config: &[String], secrets: &[Option<HeaderValue>]) -> Vec<String> {
    let mut values = config.to_vec();
    for secret in secrets.iter().flatten().filter_map(|value| value.to_str().ok()) {
        // A scheme such as `Bearer` may stand before the credential itself.
        values.extend(secret.rsplit(' ').map(str::to_owned));
    }
    for pair in request.query_text().split('&').filter_map(|pair| pair.split_once('=')) {
        values.push(pair.1.to_owned());
        values.push(line(&decode(pair.1)));
    }
    if let Some(body) = request.body_bytes().and_then(|body| serde_json::from_slice(body).ok()) {
        collect(&body, &mut values);
    }
    // The longest first, so that no part of one value hides the rest of another.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values
}

fn collect(value: &serde_json::Value, values: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => {
            values.push(line(text));
            // A service that quotes the body quotes its escapes too.
            values.extend(escapes(text));
            values.extend(text.lines().filter(|line| *line != text).map(str::to_owned));
            // Some fields hold JSON as text; its inner values are what would be echoed.
            if let Ok(inner @ serde_json::Value::Object(_)) = serde_json::from_str(text) {
                collect(&inner, values);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, values)),
        serde_json::Value::Object(members) => members.values().for_each(|item| collect(item, values)),
        _ => {}
    }
}

/// The value as it stands between the quotes of a JSON text, where that differs, with and without other scripts spelled out.
fn escapes(text: &str) -> Vec<String> {
    let Ok(quoted) = serde_json::to_string(text) else { return Vec::new() };
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned();
    let mut ascii = String::with_capacity(inner.len());
    for c in inner.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
        }
    }
    [inner, ascii].into_iter().filter(|escaped| escaped != text).collect()
}

pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

//! Redacts the values of a request in a service's error text, so that an echo leaks nothing.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::HeaderValue;

use crate::request::percent::decode;
use crate::request::{PathValue, QueryValue, Request};

/// Long enough for every useful text seen, short enough for one line.
const LONGEST: usize = 300;
/// The maximum number of characters to search; longer texts would take too long.
const MOST: usize = 1 << 16;
/// Shorter values cannot be told from ordinary words and are not secrets.
const SHORTEST: usize = 4;
/// A match of this many bytes is not a coincidence, so it counts as part of a value.
const RUN: usize = 12;
const CUT: &str = "[…]";

/// Returns the text on one line, without credentials, configured path values, values of the request's query or body,
/// or longer parts of them.
pub(crate) fn redact(text: &str, request: &Request, config: &[String], secrets: &[Option<HeaderValue>]) -> String {
    let end = text.char_indices().nth(MOST).map_or(text.len(), |(end, _)| end);
    let is_whole = end == text.len();
    let mut text = line(&text[..end]);
    let values = sent(request, config, secrets);
    for value in &values {
        if value.chars().count() >= SHORTEST && text.contains(value) {
            text = text.replace(value, CUT);
        }
    }
    if !is_whole {
        // The last characters may be the beginning of a value whose rest was not looked at.
        let end = text.char_indices().rev().nth(RUN).map_or(0, |(end, _)| end);
        text.truncate(end);
    }
    let text = cut_pieces(text.trim(), &values);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Returns the beginning of the text without values that the service quoted in part.
fn cut_pieces(text: &str, values: &[String]) -> String {
    // Text beyond the visible end is searched too, to find a part that crosses it.
    let end = text.char_indices().nth(2 * LONGEST).map_or(text.len(), |(end, _)| end);
    let bytes = &text.as_bytes()[..end];
    let mut cut = vec![false; end];
    let windows: HashSet<_> = values.iter().flat_map(|value| value.as_bytes().windows(RUN)).collect();
    for (start, window) in bytes.windows(RUN).enumerate() {
        if windows.contains(window) {
            cut[start..start + RUN].fill(true);
        }
    }
    // The last bytes may be the beginning of a piece whose rest was not looked at.
    let shown = if end < text.len() { end - RUN } else { end };
    let mut result = String::new();
    let mut inside = false;
    for (start, c) in text[..end].char_indices().take_while(|(start, _)| *start < shown) {
        let was = std::mem::replace(&mut inside, cut[start..start + c.len_utf8()].contains(&true));
        match (was, inside) {
            (_, false) => result.push(c),
            (false, true) => result.push_str(CUT),
            (true, true) => {}
        }
    }
    if end < text.len() && result.chars().count() <= LONGEST {
        result.push('…');
    }
    result
}

/// Replaces characters that break a line or change its direction with spaces.
fn line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect()
}

fn sent(request: &Request, config: &[String], secrets: &[Option<HeaderValue>]) -> Vec<String> {
    let mut values = config.to_vec();
    for secret in secrets.iter().flatten().filter_map(|value| value.to_str().ok()) {
        // A scheme such as `Bearer` may stand before the credential itself.
        values.extend([secret, secret.rsplit(' ').next().unwrap_or_default()].map(str::to_owned));
    }
    for pair in request.query_text().split('&').filter_map(|pair| pair.split_once('=')) {
        values.push(pair.1.to_owned());
        values.push(line(&decode(pair.1)));
    }
    if let Some(body) = request.body_bytes().and_then(|body| serde_json::from_slice(body).ok()) {
        collect(&body, &mut values);
    }
    let encoded: Vec<_> =
        values.iter().filter(|value| value.len() >= SHORTEST).flat_map(|value| forms(value)).collect();
    values.extend(encoded);
    // The longest first, so that replacing one value does not leave part of another.
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

/// Returns the value as a service may return it: decoded from or encoded in Base64, percent-encoded and hexadecimal.
fn forms(value: &str) -> Vec<String> {
    let mut forms = Vec::new();
    let base64 = value.trim_end_matches('=');
    let decoded = STANDARD_NO_PAD.decode(base64).or_else(|_| URL_SAFE_NO_PAD.decode(base64)).ok();
    forms.extend(decoded.and_then(|bytes| String::from_utf8(bytes).ok()).map(|text| line(&text)));
    forms.extend([STANDARD_NO_PAD.encode(value), URL_SAFE_NO_PAD.encode(value)]);
    let mut query = String::new();
    QueryValue::write(value, &mut query);
    let mut segment = String::new();
    let _ = PathValue::write(value, &mut segment);
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    forms.extend([query, segment, hex.to_ascii_uppercase(), hex]);
    forms.retain(|form| form != value);
    forms
}

/// Returns the value as escaped in a JSON string, if that differs, with and without `\u` escapes for non-ASCII.
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

#[cfg(test)]
mod tests;

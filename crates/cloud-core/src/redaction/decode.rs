//! What a short text may say once its encodings are undone.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::request::percent;

/// Encodings within encodings are undone so many times.
const DEPTH: usize = 4;
/// Escapes alone are undone so many times; a text with more is not read.
const ESCAPES: usize = 16;
/// Shorter runs of an alphabet are words.
const SHORTEST: usize = 4;

/// One way to read a text.
pub(super) struct Reading(Vec<u8>);

impl Reading {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

/// The text, the text without its escapes, and what its Base64 and hexadecimal parts say; `None` if it has too many
/// layers of escapes.
pub(super) fn readings(text: &str) -> Option<Vec<Reading>> {
    let mut plain = text.to_owned();
    let mut open = Vec::new();
    for layer in 0.. {
        let next = unescape(&plain);
        open.push(std::mem::replace(&mut plain, next).into_bytes());
        if open.last().is_some_and(|last| *last == plain.as_bytes()) {
            break;
        }
        if layer == ESCAPES {
            return None;
        }
    }
    let mut all = Vec::new();
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for bytes in open {
            let text = String::from_utf8_lossy(&bytes);
            next.extend(encoded(&text));
            let plain = unescape(&text);
            if plain.as_bytes() != bytes {
                next.push(plain.into_bytes());
            }
            all.push(Reading(bytes));
        }
        open = next;
    }
    all.extend(open.into_iter().map(Reading));
    Some(all)
}

/// The bytes that a secret stands for, if it is encoded itself. A short one is rather a word.
pub(super) fn secret(text: &str) -> Vec<Vec<u8>> {
    let text = text.trim();
    if text.len() < 8 {
        return Vec::new();
    }
    let standard = text.replace('-', "+").replace('_', "/");
    let hex = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let percent = text.contains('%').then(|| percent::decode(text).into_bytes());
    [LENIENT.decode(standard).ok(), hex.then(|| unhex(text.as_bytes())), percent].into_iter().flatten().collect()
}

/// Undoes one layer of percent coding, HTML entities and JSON escapes.
fn unescape(text: &str) -> String {
    let text = percent::decode(&text.replace("%u", "\\u"));
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let (plain, length) = match c {
            '&' => entity(rest),
            '\\' => escape(rest),
            _ => None,
        }
        .unwrap_or((c, c.len_utf8()));
        out.push(plain);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// The character of `&lt;`, `&#60;` or `&#x3c;` at the beginning of the text, and how long it is written.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = text.get(1..end)?.to_ascii_lowercase();
    let c = match name.as_str() {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    };
    Some((c, end + 1))
}

/// The character of a JSON escape at the beginning of the text, and how long it is written.
fn escape(text: &str) -> Option<(char, usize)> {
    if let Some(rest) = text.strip_prefix("\\u{") {
        let (digits, _) = rest.split_once('}')?;
        let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
        return Some((c, 3 + digits.len() + 1));
    }
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u").or_else(|| text.get(at..at + 6)?.strip_prefix("\\U"))?;
        u16::from_str_radix(digits, 16).ok()
    };
    if let Some(first) = unit(0) {
        let pair = char::decode_utf16([first, unit(6).unwrap_or(0)]).next()?.ok();
        let length = if (0xd800..0xdc00).contains(&first) { 12 } else { 6 };
        return pair.map(|c| (c, length));
    }
    let c = match text.chars().nth(1)? {
        'n' | 'r' | 't' | 'b' | 'f' => ' ',
        c => c,
    };
    Some((c, 1 + text.chars().nth(1)?.len_utf8()))
}

/// What the Base64 and hexadecimal parts and the lists of bytes of the text say, from each place where a group may begin.
fn encoded(text: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for part in text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_'))) {
        let standard = part.replace('-', "+").replace('_', "/");
        for start in 0..4 {
            let group = standard.get(start..).unwrap_or_default();
            // A last group of one character says nothing.
            let group = group.get(..group.len() - usize::from(group.len() % 4 == 1)).unwrap_or_default();
            if group.len() >= SHORTEST {
                found.extend(LENIENT.decode(group).ok());
            }
        }
    }
    // Bytes may be written apart: `c3:a9`, `0xc3, 0xa9`, `\\xc3\\xa9`, `=C3=A9`.
    let joined: String = text.replace("0x", "").replace("\\x", "").chars().filter(|c| !" :,-=".contains(*c)).collect();
    for text in [text, joined.as_str()] {
        for part in text.split(|c: char| !c.is_ascii_hexdigit()).filter(|part| part.len() >= SHORTEST) {
            found.extend((0..2).map(|start| unhex(part.get(start..).unwrap_or_default().as_bytes())));
        }
    }
    let numbers: Vec<u8> = text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    found.push(numbers);
    // Less than two bytes say nothing.
    found.retain(|bytes| bytes.len() >= 2);
    found
}

fn unhex(digits: &[u8]) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks_exact(2).filter_map(pair).collect()
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

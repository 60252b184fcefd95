//! What a short text may say once its encodings are undone.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::request::percent;

/// Escapes within escapes are undone so many times.
const DEPTH: usize = 4;
/// Shorter runs of an alphabet are words.
const SHORTEST: usize = 8;

/// The text, the text without its escapes, and what its Base64 and hexadecimal parts say.
pub(super) fn readings(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut open = vec![text.to_owned()];
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for text in open {
            next.extend(encoded(&text));
            let plain = unescape(&text);
            if plain != text {
                next.push(plain);
            }
            all.push(text);
        }
        open = next;
    }
    all.extend(open);
    all
}

/// Undoes one layer of percent coding, HTML entities and JSON escapes.
fn unescape(text: &str) -> String {
    let text = percent::decode(text);
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

/// What the Base64 and hexadecimal parts of the text say, from each place where an encoded group may begin.
fn encoded(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_'))) {
        let standard = part.replace('-', "+").replace('_', "/");
        for start in 0..4 {
            let group = standard.get(start..).unwrap_or_default();
            // A last group of one character says nothing.
            let group = group.get(..group.len() - usize::from(group.len() % 4 == 1)).unwrap_or_default();
            if group.len() >= SHORTEST {
                found.extend(LENIENT.decode(group).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    for part in text.split(|c: char| !c.is_ascii_hexdigit()).filter(|part| part.len() >= SHORTEST) {
        for start in 0..2 {
            let digits = part.get(start..).unwrap_or_default().as_bytes();
            let bytes: Vec<u8> = digits
                .chunks_exact(2)
                .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                .collect();
            found.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    // What decodes to no text at all is not an encoded text.
    found.retain(|text| text.chars().filter(|c| c.is_alphanumeric() && *c != '\u{fffd}').count() >= 2);
    found
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

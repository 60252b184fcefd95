//! Texts for calls: the fuzzer's own, ones that are known to be awkward, and ones that earlier answers held.

use arbitrary::{Result, Unstructured};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Texts at which something that reads texts may stumble.
const ODD: [&str; 71] = [
    "",
    " ",
    "0",
    "1",
    "-1",
    "+1",
    "00",
    "1.5",
    "1e400",
    "NaN",
    "255",
    "256",
    "65535",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "true",
    "null",
    "{}",
    "[]",
    "\"",
    "\\",
    "%",
    "%00",
    "%2F",
    "%FF",
    "..",
    "/",
    "?",
    "&",
    "=",
    "\u{0}",
    "\u{7f}",
    "\n",
    "\u{feff}",
    "한글",
    "𝕏𝕏",
    "e\u{301}",
    "19700101",
    "20240229",
    "20250229",
    "20991231",
    "99991231",
    "00000000",
    "2025-06-17T00:00:00+09:00",
    "9999-12-31T23:59:59-23:59",
    "0000-01-01T00:00:00+23:59",
    "2016-12-31T23:59:60Z",
    "0.0.0.0/0",
    "127.0.0.1/32",
    "127.0.0.1/33",
    "255.255.255.255/25",
    "::1/128",
    "aa:aa:aa:aa:aa:aa",
    "vault:v1:",
    "vault:v0:AAAA",
    "vault:v99999999999999999999:AAAA",
    "AAAA",
    "====",
    "YQ==",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "created_at:desc",
    "name:asc",
    "Y",
    "N",
    "rsa-2048",
    "ecdsa-p256",
];

/// A certificate with its key and its chain, which belong together.
pub(super) const CERTIFICATE: &str =
    include_str!("../../../crates/cloud-sandbox/src/scp/certificate_manager/seed/chained.pem");
pub(super) const PRIVATE_KEY: &str =
    include_str!("../../../crates/cloud-sandbox/src/scp/certificate_manager/seed/chained.key.pem");
pub(super) const CHAIN: &str =
    include_str!("../../../crates/cloud-sandbox/src/scp/certificate_manager/seed/chained.chain.pem");

/// Texts that only a seed file or a console hands out.
const FILES: [&str; 9] = [
    CERTIFICATE,
    PRIVATE_KEY,
    CHAIN,
    include_str!("../../../crates/cloud-sandbox/src/scp/certificate_manager/seed/test.pem"),
    include_str!("../../../crates/cloud-sandbox/src/scp/certificate_manager/seed/test.key.pem"),
    include_str!("../../../crates/cloud-sandbox/src/scp/certificate_manager/seed/expired.pem"),
    include_str!("../../../crates/cloud-sandbox/src/scp/certificate_manager/seed/expired.key.pem"),
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
];

/// Lengths around limits that are documented somewhere.
const LENGTHS: [usize; 16] = [1, 2, 25, 26, 50, 63, 64, 65, 190, 245, 256, 1024, 1025, 32_768, 32_769, 65_537];

/// The texts of earlier answers with their names, the newest last.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<(String, String)>);

impl Memory {
    const MOST: usize = 256;

    /// Keeps the texts and numbers of an answer.
    pub(super) fn learn(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(map) => map.iter().for_each(|(name, value)| self.learn(name, value)),
            Value::Array(list) => list.iter().take(4).for_each(|value| self.learn(name, value)),
            Value::String(text) => self.keep(name, text.clone()),
            Value::Number(number) => self.keep(name, number.to_string()),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn keep(&mut self, name: &str, text: String) {
        let kept = (name.to_owned(), text);
        if kept.1.len() <= 100_000 && !self.0.contains(&kept) {
            if self.0.len() == Self::MOST {
                self.0.remove(0);
            }
            self.0.push(kept);
        }
    }

    /// A text counted back from the newest.
    fn get(&self, back: u8) -> Option<&str> {
        let count = self.0.len().max(1);
        self.0.iter().rev().nth(usize::from(back) % count).map(|(_, text)| text.as_str())
    }

    /// The newest text of this name; an `id` fits whatever names one.
    pub(super) fn named(&self, name: &str) -> Option<&str> {
        let newest = |name: &str| self.0.iter().rev().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
        newest(name).or_else(|| newest("id").filter(|_| name.ends_with("_id")))
    }
}

/// The next text of the input; `now` is what stands in its place.
pub(super) fn next(input: &mut Unstructured<'_>, memory: &Memory, now: &str) -> Result<String> {
    let kind = input.arbitrary::<u8>()?;
    let text = match kind % 8 {
        0 => own(input)?,
        1 => memory.get(input.arbitrary()?).unwrap_or(now).to_owned(),
        2 => ODD[usize::from(input.arbitrary::<u8>()?) % ODD.len()].to_owned(),
        3 => FILES[usize::from(input.arbitrary::<u8>()?) % FILES.len()].to_owned(),
        4 => "a".repeat(LENGTHS[usize::from(input.arbitrary::<u8>()?) % LENGTHS.len()]),
        5 => STANDARD.encode(own(input)?),
        6 => STANDARD.encode("a".repeat(LENGTHS[usize::from(input.arbitrary::<u8>()?) % LENGTHS.len()])),
        _ => now.to_owned(),
    };
    match kind / 8 % 4 {
        1 => spoiled(input, &text),
        2 => Ok(text.clone() + &text),
        3 => Ok(format!("{text}{}", own(input)?)),
        _ => Ok(text),
    }
}

/// Up to 63 of the fuzzer's bytes.
fn own(input: &mut Unstructured<'_>) -> Result<String> {
    let length = usize::from(input.arbitrary::<u8>()? % 64).min(input.len());
    Ok(String::from_utf8_lossy(input.bytes(length)?).into_owned())
}

/// The text with one character exchanged, left out or cut off from there.
fn spoiled(input: &mut Unstructured<'_>, text: &str) -> Result<String> {
    let (place, how) = (usize::from(input.arbitrary::<u16>()?), input.arbitrary::<u8>()?);
    let mut signs: Vec<char> = text.chars().collect();
    if signs.is_empty() {
        return Ok(String::new());
    }
    let place = place % signs.len();
    match how {
        0 => drop(signs.remove(place)),
        1 => signs.truncate(place),
        byte => signs[place] = char::from(byte),
    }
    Ok(signs.into_iter().collect())
}

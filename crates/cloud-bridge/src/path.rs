//! The path of a request, decoded once and checked before anything is decided on it.

/// Where all of Vault's routes are.
const PREFIX: &str = "/v1/";

/// The longest path in bytes, as it is sent.
const LONGEST: usize = 2_048;

/// The most segments of a path.
const MOST: usize = 32;

/// The segments of a path below `/v1/`, each decoded once. None is empty, and none has a character that another
/// reader of the path could take for more than a part of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    segments: Vec<String>,
    /// Whether it ended with a slash, as the path of a list may.
    slash: bool,
}

impl Path {
    /// Reads the path of a request target; the error is a text for the client, without the path.
    pub(crate) fn read(raw: &str) -> Result<Self, &'static str> {
        let rest = raw.strip_prefix(PREFIX).ok_or("the path must begin with /v1/")?;
        if raw.len() > LONGEST {
            return Err("the path is too long");
        }
        let (rest, slash) = match rest.strip_suffix('/') {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let segments = rest.split('/').map(segment).collect::<Result<Vec<_>, _>>()?;
        if segments.len() > MOST { Err("the path has too many parts") } else { Ok(Self { segments, slash }) }
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// Whether it ended with a slash.
    pub(crate) fn has_slash(&self) -> bool {
        self.slash
    }

    /// The path as policies and the audit log write it: without `/v1/` and without a slash at the end. No segment
    /// contains a slash, so two paths never have the same text.
    pub(crate) fn text(&self) -> String {
        self.segments.join("/")
    }
}

/// Decodes a segment once, and rejects what a second decoding or another reader would take apart.
fn segment(raw: &str) -> Result<String, &'static str> {
    let text = decode(raw)?;
    if text.is_empty() || text == "." || text == ".." {
        return Err("a part of the path is empty or made of dots");
    }
    let misleading = |c: char| c.is_control() || matches!(c, '/' | '\\' | '%' | '?' | '#' | ';') || is_invisible(c);
    if text.contains(misleading) { Err("a part of the path has a character that is not allowed") } else { Ok(text) }
}

/// Characters without a width or that change the direction of a text, so that two paths would look alike.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn decode(raw: &str) -> Result<String, &'static str> {
    const MALFORMED: &str = "a part of the path is not percent-encoded UTF-8";
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).ok_or(MALFORMED);
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.as_bytes().iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let value = digit(bytes.next())? * 16 + digit(bytes.next())?;
                u8::try_from(value).map_err(|_| MALFORMED)?
            }
            byte if byte.is_ascii() => *byte,
            _ => return Err(MALFORMED),
        });
    }
    String::from_utf8(decoded).map_err(|_| MALFORMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_once() {
        for (raw, text, slash) in [
            ("/v1/secret/data/db", "secret/data/db", false),
            ("/v1/secret/metadata/", "secret/metadata", true),
            ("/v1/secret/d%61ta/db", "secret/data/db", false),
            ("/v1/secret/data/%ED%82%A4%20%EC%9D%B4%EB%A6%84", "secret/data/키 이름", false),
            ("/v1/secret/data/a.b..c", "secret/data/a.b..c", false),
        ] {
            let path = Path::read(raw).unwrap();
            assert_eq!((path.text().as_str(), path.has_slash()), (text, slash), "{raw}");
        }
    }

    #[test]
    fn misleading_paths_are_rejected() {
        for raw in [
            "",
            "/",
            "/v1",
            "/v1/",
            "/v1//",
            "/V1/secret",
            "//v1/secret",
            "/v1/../v1/secret",
            "/v1/secret//data",
            "/v1/secret/data//",
            "/v1/secret/./data",
            "/v1/secret/%2e%2E/data",
            "/v1/secret/.%2e",
            "/v1/secret%2Fdata",
            "/v1/secret%2fdata",
            "/v1/secret%5Cdata",
            "/v1/secret\\data",
            "/v1/secret/%252e%252e",
            "/v1/secret/data%00",
            "/v1/secret/data%0A",
            "/v1/secret/data%7F",
            "/v1/secret/%",
            "/v1/secret/%4",
            "/v1/secret/%zz",
            "/v1/secret/%+1",
            "/v1/secret/%C0%AE",
            "/v1/secret/%FF",
            "/v1/secret/a%3Fb",
            "/v1/secret/a%23b",
            "/v1/secret/a;b",
            "/v1/secret/a%E2%80%8Bb",
            "/v1/secret/a%E2%80%AEb",
            "/v1/secret/\u{e9}",
        ] {
            assert!(Path::read(raw).is_err(), "{raw}");
        }
        assert!(Path::read(&format!("/v1/{}", "a/".repeat(MOST + 1))).is_err());
        assert!(Path::read(&format!("/v1/{}", "a".repeat(LONGEST))).is_err());
    }
}

//! A ciphertext of the plugin: that of each key, any of which is enough to decrypt.

use std::collections::HashSet;

/// The first line, which names the format.
const FORMAT: &str = "cloud-bridge/1";

/// The most bytes that the API server stores.
pub(super) const LONGEST: usize = 1_000;

/// Joins the ciphertexts of all keys. None contains a line feed or a space, and neither does a label.
pub(super) fn join(parts: &[(String, String)]) -> Option<Vec<u8>> {
    let mut text = String::from(FORMAT);
    for (key, ciphertext) in parts {
        text.push_str(&format!("\n{key} {ciphertext}"));
    }
    (text.len() <= LONGEST).then(|| text.into_bytes())
}

/// The keys and their ciphertexts.
pub(super) fn split(ciphertext: &[u8]) -> Option<Vec<(&str, &str)>> {
    if ciphertext.len() > LONGEST {
        return None;
    }
    let mut lines = std::str::from_utf8(ciphertext).ok()?.split('\n');
    if lines.next() != Some(FORMAT) {
        return None;
    }
    let parts: Vec<_> = lines.map(|line| line.split_once(' ')).collect::<Option<_>>()?;
    // Each part can lead to a request, so a key has one.
    let labels: HashSet<&str> = parts.iter().map(|(label, _)| *label).collect();
    (!parts.is_empty() && labels.len() == parts.len()).then_some(parts)
}

/// Whether ciphertexts of a seed can fit for keys with these labels. The formats of the clouds have at least as many bytes
/// for a seed of 32 bytes: `vault:v1:`, and a nonce, the seed and a tag in Base64.
pub(super) fn can_fit(labels: &[String]) -> bool {
    const SHORTEST: usize = 89;
    let bytes = labels.iter().map(|label| label.len() + 2 + SHORTEST).sum::<usize>();
    FORMAT.len() + bytes <= LONGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_parts_are_split_again() {
        let parts = [("scp:a".to_owned(), "vault:v1:AA".to_owned()), ("nhn:b:c".to_owned(), "vault:v1:BB".to_owned())];
        let joined = join(&parts).unwrap();
        assert_eq!(split(&joined).unwrap(), [("scp:a", "vault:v1:AA"), ("nhn:b:c", "vault:v1:BB")]);
        assert!(join(&[("k".to_owned(), "a".repeat(LONGEST))]).is_none());
        for other in [
            &b""[..],
            b"cloud-bridge/1",
            b"cloud-bridge/2\na b",
            b"cloud-bridge/1\nab",
            b"cloud-bridge/1\na b\nc d\na e",
            b"\xff",
            &[b'a'; 2_000],
        ] {
            assert!(split(other).is_none(), "{other:?}");
        }
    }
}

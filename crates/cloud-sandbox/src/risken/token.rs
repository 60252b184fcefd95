//! Access tokens: how they are written, and who may hold which.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};

/// What tokens of an organization begin with.
const ORGANIZATION_PREFIX: &str = "risken_org_";

/// The gateway's reader does not mind bits that are left over in the last letter.
const READER: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));

/// Whom a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Owner {
    Project(u32),
    Organization(u32),
}

/// A token that was taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) owner: Owner,
    pub(super) id: u32,
    secret: String,
}

impl Parts {
    /// What the store keeps in place of the secret.
    pub(super) fn hash(&self) -> String {
        hash(&self.secret)
    }
}

/// The hash under which a secret is stored.
pub(super) fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha512::digest(secret.as_bytes()))
}

/// Writes a token as it is handed out.
pub(crate) fn write(owner: Owner, id: u32, secret: &str) -> String {
    let (prefix, number) = match owner {
        Owner::Project(number) => ("", number),
        Owner::Organization(number) => (ORGANIZATION_PREFIX, number),
    };
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(format!("{number}@{id}@{secret}")))
}

/// Takes the token of an `Authorization` header apart; nothing when there is none that can be read.
pub(super) fn from_header(header: &str) -> Option<Parts> {
    let (scheme, token) = header.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case("Bearer ").then(|| read(token.trim()))?
}

fn read(token: &str) -> Option<Parts> {
    let (organization, encoded) = match token.strip_prefix(ORGANIZATION_PREFIX) {
        Some(rest) => (true, rest),
        None => (false, token),
    };
    let text = String::from_utf8(READER.decode(encoded).ok()?).ok()?;
    // The secret may hold further separators.
    let mut parts = text.splitn(3, '@');
    let number = decimal(parts.next()?)?;
    let id = decimal(parts.next()?)?;
    let owner = if organization { Owner::Organization(number) } else { Owner::Project(number) };
    Some(Parts { owner, id, secret: parts.next()?.to_owned() })
}

fn decimal(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_round_trips() {
        for owner in [Owner::Project(1001), Owner::Organization(5)] {
            let token = write(owner, 7, "a@b@c");
            let parts = from_header(&format!("bEaReR  {token} \t")).unwrap();
            assert_eq!(parts, Parts { owner, id: 7, secret: "a@b@c".to_owned() });
        }
        // The text `1001@7@secret`, encoded elsewhere.
        assert_eq!(write(Owner::Project(1001), 7, "secret"), "MTAwMUA3QHNlY3JldA");
        assert_eq!(write(Owner::Organization(1001), 7, "secret"), "risken_org_MTAwMUA3QHNlY3JldA");
    }

    #[test]
    fn malformed_token_is_refused() {
        let encoded = |text: &str| format!("Bearer {}", URL_SAFE_NO_PAD.encode(text));
        let whole = encoded("1001@7@secret");
        for header in [
            format!("{whole}="),
            whole.replace("Bearer", "Basic"),
            "Bearer".to_owned(),
            String::new(),
            encoded("1001@7"),
            encoded("+1001@7@secret"),
            encoded("4294967296@7@secret"),
            "Bearer 한글".to_owned(),
        ] {
            assert_eq!(from_header(&header), None, "{header}");
        }
        assert!(from_header(&whole).is_some());
        // The last letter holds two bits that belong to no byte.
        assert_eq!(from_header("Bearer MTAwMUA3QHNlY3JldA"), from_header("Bearer MTAwMUA3QHNlY3JldB"));
    }

    #[test]
    fn hashes_of_different_secrets_differ() {
        assert_ne!(hash("one"), hash("two"));
        assert_eq!(hash("one").len(), 86);
    }
}

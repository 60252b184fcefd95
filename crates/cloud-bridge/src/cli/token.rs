//! Making a token, and the lines of the policy file that know it.

use std::io::{self, Write};

use cloud_core::SecretString;
use sha2::{Digest, Sha256};

/// Begins each token, so that programs that search for leaked secrets can recognize it.
const PREFIX: &str = "cb.";

/// A new token of 256 random bits.
pub(crate) fn create() -> Result<SecretString, String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| "the system has no random numbers".to_owned())?;
    Ok(SecretString::from(format!("{PREFIX}{}", hex(&bytes))))
}

/// The lines of the policy file for a token.
pub(crate) fn policy(name: &str, token: &SecretString) -> String {
    let hash = Sha256::digest(token.expose_secret());
    format!("[[token]]\nname = \"{name}\"\nsha256 = \"{}\"\n", hex(&hash))
}

/// Prints a new token on the standard error, and its lines on the standard output: they can be appended to the policy
/// file, where the token has no place. The token is shown this once.
pub(crate) fn print(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(plain) {
        return Err("a name of a token has letters, digits, `-`, `_` and `.`".to_owned());
    }
    let token = create()?;
    let rule = "[[token.policy]]\npath = \"secret/data/*\"\ncapabilities = [\"read\"]\n";
    let lines = format!("{}\n{rule}\n", policy(name, &token));
    io::stdout().write_all(lines.as_bytes()).map_err(|error| format!("the standard output: {error}"))?;
    eprintln!("{}", token.expose_secret());
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

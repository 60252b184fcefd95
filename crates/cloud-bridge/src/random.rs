//! Random bytes from the operating system.

use cloud_core::SecretBytes;
use http::StatusCode;

use crate::failure::{Failure, Result};

/// Random bytes for a key or for a client.
pub(crate) fn bytes(length: usize) -> Result<SecretBytes> {
    let mut bytes = vec![0; length];
    fill(&mut bytes)?;
    Ok(bytes.into())
}

/// A random ID in the form of a version 4 UUID, as Vault's IDs of requests are.
pub(crate) fn uuid() -> Result<String> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    let failed = |_| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the system has no random numbers");
    getrandom::fill(bytes).map_err(failed)
}

#[cfg(test)]
mod tests {
    #[test]
    fn uuid_has_its_version_and_variant() {
        for _ in 0..100 {
            let uuid = super::uuid().unwrap();
            let bytes = uuid.as_bytes();
            assert_eq!((uuid.len(), bytes[14]), (36, b'4'), "{uuid}");
            assert!(b"89ab".contains(&bytes[19]) && [8, 13, 18, 23].iter().all(|at| bytes[*at] == b'-'), "{uuid}");
        }
    }
}

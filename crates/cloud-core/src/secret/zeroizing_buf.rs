//! A byte buffer that is zeroized before its memory is freed, also when it grows.

use std::io;

use bytes::Bytes;
use secrecy::zeroize::Zeroize;

/// A buffer for data that may contain secrets: request bodies, chunked responses, header values.
#[derive(Default)]
pub(crate) struct ZeroizingBuf(Vec<u8>);

/// Most request bodies fit, so that they never grow.
const SMALLEST: usize = 512;

impl ZeroizingBuf {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    #[cfg(any(feature = "reqwest-no-provider", feature = "hyper-no-provider"))]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        let wanted = self.0.len() + bytes.len();
        if wanted > self.0.capacity() {
            // A vector that grows by itself may move and leave what it held behind.
            let mut grown = Vec::with_capacity(wanted.max(self.0.capacity() * 2).max(SMALLEST));
            grown.extend_from_slice(&self.0);
            std::mem::replace(&mut self.0, grown).as_mut_slice().zeroize();
        }
        self.0.extend_from_slice(bytes);
    }

    /// The bytes for the transport, overwritten when the last holder lets go of them.
    pub(crate) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl From<&[u8]> for ZeroizingBuf {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl AsRef<[u8]> for ZeroizingBuf {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl io::Write for ZeroizingBuf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for ZeroizingBuf {
    fn drop(&mut self) {
        // The slice is filled at once, a `Vec` byte by byte. What was never part of it holds nothing: it never shrinks.
        self.0.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffer_keeps_its_bytes_when_it_grows() {
        let mut buffer = ZeroizingBuf::default();
        let mut wanted = Vec::new();
        for length in [0, 1, 511, 1, 2000, 3, 100_000] {
            let part: Vec<u8> = (0..length).map(|i: usize| i.to_le_bytes()[0]).collect();
            buffer.extend(&part);
            wanted.extend(part);
            assert_eq!(buffer.as_ref(), wanted);
        }
        assert_eq!(buffer.freeze(), wanted);
    }
}

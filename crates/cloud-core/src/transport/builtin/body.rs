//! A response's body, joined from its chunks in a buffer that is wiped.

use bytes::Bytes;

use crate::secret::ZeroizingBuf;
use crate::transport::TransportError;

/// The most that is reserved for a body before any of it has arrived: 1 MiB.
const MOST_AT_ONCE: usize = 1 << 20;

/// Takes a body's chunks, up to a limit.
pub(in crate::transport) struct Collector {
    announced: u64,
    limit: usize,
    body: ZeroizingBuf,
}

impl Collector {
    /// Starts a body of which the server announced this length, if any.
    pub(in crate::transport) fn new(announced: Option<u64>, limit: usize) -> Result<Self, TransportError> {
        let announced = announced.unwrap_or(0);
        if announced > limit as u64 {
            return Err(TransportError::too_large(limit));
        }
        Ok(Self { announced, limit, body: ZeroizingBuf::default() })
    }

    /// Takes a chunk. Returns it if it is the whole body.
    pub(in crate::transport) fn push(&mut self, chunk: Bytes) -> Result<Option<Bytes>, TransportError> {
        if chunk.is_empty() {
            return Ok(None);
        }
        if chunk.len() > self.limit - self.body.len() {
            return Err(TransportError::too_large(self.limit));
        }
        if self.body.len() == 0 {
            if chunk.len() as u64 == self.announced {
                return Ok(Some(chunk));
            }
            // What a server announces is not believed beyond this; the buffer grows with what arrives.
            let reserved = usize::try_from(self.announced).unwrap_or(0).min(MOST_AT_ONCE);
            self.body = ZeroizingBuf::with_capacity(reserved);
        }
        self.body.extend(&chunk);
        Ok(None)
    }

    /// Returns the body, once no chunk is left.
    pub(in crate::transport) fn finish(self) -> Bytes {
        self.body.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(announced: Option<u64>, limit: usize, chunks: &[&'static str]) -> Result<Bytes, TransportError> {
        let mut body = Collector::new(announced, limit)?;
        for chunk in chunks {
            if let Some(whole) = body.push(Bytes::from_static(chunk.as_bytes()))? {
                return Ok(whole);
            }
        }
        Ok(body.finish())
    }

    #[test]
    fn chunks_are_joined_up_to_the_limit() {
        type Case = (Option<u64>, usize, &'static [&'static str], Option<&'static str>);
        let cases: &[Case] = &[
            (None, 4, &[], Some("")),
            (Some(0), 0, &[], Some("")),
            (Some(4), 4, &["abcd"], Some("abcd")),
            (Some(4), 4, &["ab", "cd"], Some("abcd")),
            (None, 4, &["ab", "", "cd"], Some("abcd")),
            (None, 4, &["", "ab"], Some("ab")),
            (Some(0), 4, &[""], Some("")),
            (None, 4, &["ab", "cde"], None),
            (None, 4, &["abcde"], None),
            (Some(5), 4, &[], None),
            (Some(u64::MAX), usize::MAX - 1, &[], None),
            (Some(1 << 62), usize::MAX, &["ab"], Some("ab")),
        ];
        for (announced, limit, chunks, wanted) in cases {
            match (collect(*announced, *limit, chunks), wanted) {
                (Ok(body), Some(wanted)) => assert_eq!(body, wanted.as_bytes(), "{chunks:?}"),
                (Err(error), None) => assert!(error.to_string().contains(&format!("limit of {limit} bytes"))),
                (outcome, _) => panic!("{announced:?} {limit} {chunks:?}: {outcome:?}"),
            }
        }
    }

    #[test]
    fn whole_body_in_one_chunk_is_not_copied() {
        let chunk = Bytes::from(vec![7; 100]);
        let address = chunk.as_ptr();
        let whole = Collector::new(Some(100), 100).unwrap().push(chunk).unwrap().unwrap();
        assert_eq!(whole.as_ptr(), address);
    }
}

//! Frames: the parts of a message's body, each encrypted and authenticated.
//!
//! Specification: `data-format/message-body.md` and `data-format/message-body-aad.md`.

use crate::error::{Error, ErrorKind, Result};
use crate::suite::{IV_LENGTH, Iv, MessageId, MessageKey, TAG_LENGTH, TagBytes};

/// What precedes the content of a frame that is not the last: sequence number and IV.
pub(crate) const REGULAR_PREFIX: usize = 4 + IV_LENGTH;
/// What precedes the content of the last frame: a mark, sequence number, IV and length.
pub(crate) const FINAL_PREFIX: usize = 4 + 4 + IV_LENGTH + 4;
/// What the last frame has in place of a sequence number; no other frame can have this number.
pub(crate) const FINAL_MARK: [u8; 4] = [0xFF; 4];

const REGULAR_CONTENT: &[u8] = b"AWSKMSEncryptionClient Frame";
const FINAL_CONTENT: &[u8] = b"AWSKMSEncryptionClient Final Frame";
const AAD_LENGTH: usize = 32 + FINAL_CONTENT.len() + 4 + 8;

/// Encrypts or decrypts the frames of one message, in their order.
pub(crate) struct Frames {
    key: MessageKey,
    id: MessageId,
    pub(crate) frame_length: u32,
    sequence: u32,
}

/// What precedes the content of a frame.
pub(crate) enum Prefix {
    Regular([u8; REGULAR_PREFIX]),
    Final([u8; FINAL_PREFIX]),
}

impl AsRef<[u8]> for Prefix {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Regular(bytes) => bytes,
            Self::Final(bytes) => bytes,
        }
    }
}

impl Frames {
    pub(crate) fn new(key: MessageKey, id: MessageId, frame_length: u32) -> Self {
        Self { key, id, frame_length, sequence: 0 }
    }

    pub(crate) fn frame_length(&self) -> usize {
        usize::try_from(self.frame_length).unwrap_or(usize::MAX)
    }

    /// Begins the next frame. Returns what precedes its content.
    pub(crate) fn next_prefix(&mut self, last: bool, length: usize) -> Result<Prefix> {
        let sequence = self.advance(last, Error::new(ErrorKind::Input, TOO_MANY))?;
        let length = u32::try_from(length).map_err(|_| Error::new(ErrorKind::Input, "the frame is too long"))?;
        let iv = iv(sequence);
        Ok(if last { final_prefix(sequence, iv, length) } else { regular_prefix(sequence, iv) })
    }

    /// Encrypts in place the frame that was begun. Returns the tag that follows it.
    pub(crate) fn seal(&self, last: bool, content: &mut [u8]) -> Result<TagBytes> {
        let aad = Aad::new(&self.id, last, self.sequence, content.len());
        self.key.seal(iv(self.sequence), aad.as_ref(), content)
    }

    /// Checks that a frame is the next one, by what precedes its content. Returns the length of the content.
    pub(crate) fn expect_regular(&mut self, prefix: &[u8; REGULAR_PREFIX]) -> Result<usize> {
        self.expect(false, prefix)?;
        Ok(self.frame_length())
    }

    /// Does so for the last frame.
    pub(crate) fn expect_last(&mut self, prefix: &[u8; FINAL_PREFIX]) -> Result<usize> {
        let (rest, length) = prefix.split_last_chunk().ok_or_else(Error::truncated)?;
        self.expect(true, rest.strip_prefix(&FINAL_MARK).ok_or_else(out_of_order)?)?;
        final_length(*length, self.frame_length())
    }

    /// Checks sequence number and IV.
    fn expect(&mut self, last: bool, prefix: &[u8]) -> Result<()> {
        let next = self.advance(last, out_of_order())?;
        let (sequence, iv) = prefix.split_first_chunk().ok_or_else(out_of_order)?;
        if next.to_be_bytes() == *sequence && self::iv(next) == iv { Ok(()) } else { Err(out_of_order()) }
    }

    /// Decrypts in place the frame whose prefix was checked last.
    pub(crate) fn open(&self, last: bool, tag: TagBytes, content: &mut [u8]) -> Result<()> {
        let aad = Aad::new(&self.id, last, self.sequence, content.len());
        let forged = |_| Error::new(ErrorKind::Frame, "a frame of the message was changed");
        self.key.open(iv(self.sequence), aad.as_ref(), tag, content).map_err(forged)
    }

    fn advance(&mut self, last: bool, exhausted: Error) -> Result<u32> {
        // The greatest number marks the last frame, so no other can have it.
        let next = self.sequence.checked_add(1).filter(|next| last || *next != u32::MAX);
        self.sequence = next.ok_or(exhausted)?;
        Ok(self.sequence)
    }
}

const TOO_MANY: &str = "the data needs more frames than the format allows: set a longer frame length";

/// Checks that data of this length fits into one message.
pub(crate) fn check_length(length: usize, frame_length: usize) -> Result<()> {
    let fits = u32::try_from(length.div_ceil(frame_length)).is_ok();
    if fits { Ok(()) } else { Err(Error::new(ErrorKind::Input, TOO_MANY)) }
}

fn out_of_order() -> Error {
    Error::new(ErrorKind::Frame, "the frames of the message are not in order")
}

/// The frame's number, filled with zeros in front.
fn iv(sequence: u32) -> Iv {
    let mut iv = [0; IV_LENGTH];
    iv[IV_LENGTH - 4..].copy_from_slice(&sequence.to_be_bytes());
    iv
}

fn regular_prefix(sequence: u32, iv: Iv) -> Prefix {
    let mut bytes = [0; REGULAR_PREFIX];
    bytes[..4].copy_from_slice(&sequence.to_be_bytes());
    bytes[4..].copy_from_slice(&iv);
    Prefix::Regular(bytes)
}

fn final_prefix(sequence: u32, iv: Iv, length: u32) -> Prefix {
    let mut bytes = [0; FINAL_PREFIX];
    bytes[..4].copy_from_slice(&FINAL_MARK);
    bytes[4..8].copy_from_slice(&sequence.to_be_bytes());
    bytes[8..8 + IV_LENGTH].copy_from_slice(&iv);
    bytes[8 + IV_LENGTH..].copy_from_slice(&length.to_be_bytes());
    Prefix::Final(bytes)
}

/// What a frame's tag covers besides its content.
struct Aad {
    bytes: [u8; AAD_LENGTH],
    length: usize,
}

impl Aad {
    fn new(id: &MessageId, last: bool, sequence: u32, length: usize) -> Self {
        let content = if last { FINAL_CONTENT } else { REGULAR_CONTENT };
        // A `usize` has at most 64 bits.
        let length = (length as u64).to_be_bytes();
        let mut aad = Self { bytes: [0; AAD_LENGTH], length: 0 };
        for part in [id.as_slice(), content, &sequence.to_be_bytes(), &length] {
            aad.bytes[aad.length..aad.length + part.len()].copy_from_slice(part);
            aad.length += part.len();
        }
        aad
    }
}

impl AsRef<[u8]> for Aad {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A frame in a message that is in memory.
pub(crate) struct Frame<'a> {
    prefix: Prefix,
    pub(crate) content: &'a [u8],
    pub(crate) tag: TagBytes,
}

impl<'a> Frame<'a> {
    /// Splits a frame off a body.
    pub(crate) fn split(rest: &mut &'a [u8], frame_length: usize) -> Result<Self> {
        let (prefix, length) = if rest.starts_with(&FINAL_MARK) {
            let prefix: [u8; FINAL_PREFIX] = take(rest)?;
            let length = *prefix.last_chunk().ok_or_else(Error::truncated)?;
            (Prefix::Final(prefix), final_length(length, frame_length)?)
        } else {
            (Prefix::Regular(take(rest)?), frame_length)
        };
        let (content, after) = rest.split_at_checked(length).ok_or_else(Error::truncated)?;
        *rest = after;
        Ok(Self { prefix, content, tag: take(rest)? })
    }

    pub(crate) fn is_last(&self) -> bool {
        matches!(self.prefix, Prefix::Final(_))
    }

    /// Checks that this is the next frame.
    pub(crate) fn check(&self, frames: &mut Frames) -> Result<()> {
        match &self.prefix {
            Prefix::Regular(prefix) => frames.expect_regular(prefix),
            Prefix::Final(prefix) => frames.expect_last(prefix),
        }
        .map(drop)
    }
}

/// The length of the last frame, which is at most that of the others.
fn final_length(length: [u8; 4], frame_length: usize) -> Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length <= frame_length {
        return Ok(length);
    }
    Err(Error::new(ErrorKind::Frame, "the last frame of the message is longer than the others"))
}

/// Splits an array off a body.
fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk().ok_or_else(Error::truncated)?;
    *rest = after;
    Ok(*bytes)
}

/// The length of a body that holds `length` bytes of data.
pub(crate) fn body_length(length: usize, frame_length: usize) -> Result<usize> {
    let regular = length.saturating_sub(1) / frame_length;
    let added =
        regular.checked_mul(REGULAR_PREFIX + TAG_LENGTH).and_then(|added| added.checked_add(FINAL_PREFIX + TAG_LENGTH));
    let total = added.and_then(|added| added.checked_add(length));
    total.ok_or_else(|| Error::new(ErrorKind::Input, "the message does not fit into memory: use a stream"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::derive;

    /// Frames of a message whose next frame has this number.
    fn next_is(number: u32) -> Frames {
        let (key, _) = derive(&cloud_core::SecretBytes::from([7; 32]), &[1; 32]).unwrap();
        Frames { sequence: number - 1, ..Frames::new(key, [1; 32], 16) }
    }

    #[test]
    fn greatest_number_is_that_of_a_last_frame() {
        for (number, last, fits) in [
            (1, false, true),
            (u32::MAX - 1, false, true),
            (u32::MAX - 1, true, true),
            (u32::MAX, false, false),
            (u32::MAX, true, true),
        ] {
            let mut writer = next_is(number);
            let prefix = writer.next_prefix(last, 16);
            assert_eq!(prefix.is_ok(), fits, "{number} {last}");
            let Ok(prefix) = prefix else { continue };
            let read = match &prefix {
                Prefix::Regular(prefix) => next_is(number).expect_regular(prefix),
                Prefix::Final(prefix) => next_is(number).expect_last(prefix),
            };
            assert_eq!(read.unwrap(), 16);
        }
        let mut full = next_is(u32::MAX);
        full.next_prefix(true, 0).unwrap();
        assert!(full.next_prefix(true, 0).is_err(), "nothing follows it");
    }

    #[test]
    fn data_fits_into_as_many_frames_as_there_are_numbers() {
        let most = usize::try_from(u32::MAX).unwrap();
        assert!(check_length(most, 1).is_ok() && check_length(most * 16, 16).is_ok() && check_length(0, 1).is_ok());
        assert!(check_length(most + 1, 1).is_err() && check_length(most * 16 + 1, 16).is_err());
        assert!(body_length(usize::MAX - 10, 1).is_err());
    }
}

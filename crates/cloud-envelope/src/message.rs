//! Messages in memory.

use cloud_core::SecretBytes;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, Frames, body_length};
use crate::header::{self, Header};
use crate::keys::SealingKey;
use crate::suite::{self, MessageKey};

/// Begins a message: its header, with room for what follows, and what encrypts its frames.
pub(crate) fn begin(key: &SealingKey, context: &[u8], frame_length: u32, room: usize) -> Result<(Vec<u8>, Frames)> {
    let id = suite::random()?;
    let (message_key, commitment) = suite::derive(key.plaintext(), &id)?;
    let header = header::write(&message_key, &commitment, &id, (context, key.wrapped()), frame_length, room)?;
    Ok((header, Frames::new(message_key, id, frame_length)))
}

/// Seals data as one message.
pub(crate) fn seal(key: &SealingKey, context: &[u8], frame_length: u32, data: &[u8]) -> Result<Vec<u8>> {
    let step = usize::try_from(frame_length).unwrap_or(usize::MAX);
    let room = body_length(data.len(), step)?;
    let (mut message, mut frames) = begin(key, context, frame_length, room)?;
    let mut rest = data;
    loop {
        let last = rest.len() <= step;
        let (content, after) = rest.split_at(rest.len().min(step));
        rest = after;
        append(&mut message, &mut frames, last, content)?;
        if last {
            return Ok(message);
        }
    }
}

/// Encrypts a frame where it is written.
fn append(message: &mut Vec<u8>, frames: &mut Frames, last: bool, content: &[u8]) -> Result<()> {
    let prefix = frames.next_prefix(last, content.len())?;
    message.extend_from_slice(prefix.as_ref());
    let start = message.len();
    message.extend_from_slice(content);
    let tag = frames.seal(last, message.get_mut(start..).unwrap_or_default())?;
    message.extend_from_slice(&tag);
    Ok(())
}

/// Returns the length of the data, and checks the structure of the body.
pub(crate) fn data_length(message: &[u8], header: &Header) -> Result<usize> {
    let mut body = message.get(header.length()..).ok_or_else(Error::truncated)?;
    let frame_length = usize::try_from(header.frame_length).unwrap_or(usize::MAX);
    let mut length = 0;
    loop {
        let frame = Frame::split(&mut body, frame_length)?;
        length += frame.content.len();
        if frame.is_last() {
            break;
        }
    }
    if body.is_empty() { Ok(length) } else { Err(trailing()) }
}

pub(crate) fn trailing() -> Error {
    Error::new(ErrorKind::Trailing, "bytes follow the end of the message")
}

/// Opens the body of a message whose header was verified with this key.
pub(crate) fn open(message: &[u8], header: &Header, key: MessageKey, length: usize) -> Result<SecretBytes> {
    let mut body = message.get(header.length()..).ok_or_else(Error::truncated)?;
    let mut frames = Frames::new(key, header.id, header.frame_length);
    // Zeroized if a frame turns out to be forged; never reallocated, which would leave a copy.
    let mut data = Zeroizing::new(Vec::with_capacity(length));
    loop {
        let frame = Frame::split(&mut body, frames.frame_length())?;
        frame.check(&mut frames)?;
        let start = data.len();
        data.extend_from_slice(frame.content);
        let content = data.get_mut(start..).unwrap_or_default();
        frames.open(frame.is_last(), frame.tag, content)?;
        if frame.is_last() {
            return Ok(SecretBytes::from(std::mem::take(&mut *data)));
        }
    }
}

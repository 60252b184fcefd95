//! The header of a message, version 2: encryption context, wrapped data keys, frame length, commitment, and a tag.
//!
//! Specification: `data-format/message-header.md`.

use cloud_core::WrappedKey;

use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::suite::{COMMITMENT_LENGTH, Commitment, IV_LENGTH, MessageId, MessageKey, SUITE, TAG_LENGTH, TagBytes};

const VERSION: u8 = 2;
const VERSION_1: u8 = 1;
const FRAMED: u8 = 2;
const NOT_FRAMED: u8 = 1;
/// The header is authenticated with this IV; frames are counted from one.
const HEADER_IV: [u8; IV_LENGTH] = [0; IV_LENGTH];
/// What follows the wrapped keys: content type, frame length, commitment and tag.
pub(crate) const END_LENGTH: usize = 1 + 4 + COMMITMENT_LENGTH + TAG_LENGTH;
/// How messages of versions 1 and 2 begin as Base64.
const BASE64: [&[u8]; 3] = [b"AYAD", b"AgR4", b"AgV4"];

/// A header that was read. Nothing in it may be trusted before [`verify`](Self::verify).
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) id: MessageId,
    pub(crate) context: Context,
    /// The context as it is written.
    pub(crate) serialized_context: Vec<u8>,
    pub(crate) keys: Vec<WrappedKey>,
    pub(crate) frame_length: u32,
    pub(crate) commitment: Commitment,
    tag: TagBytes,
    /// How many bytes the tag covers.
    covered: usize,
}

/// Writes a header with its tag into a buffer with this much room for what follows.
pub(crate) fn write(
    key: &MessageKey,
    commitment: &Commitment,
    id: &MessageId,
    (context, keys): (&[u8], &[u8]),
    frame_length: u32,
    room: usize,
) -> Result<Vec<u8>> {
    let input = |text| Error::new(ErrorKind::Input, text);
    let too_long = |_| input("the encryption context is longer than 65,535 bytes");
    let context_length = u16::try_from(context.len()).map_err(too_long)?.to_be_bytes();
    let frame_length = frame_length.to_be_bytes();
    let parts: [&[u8]; 9] =
        [&[VERSION], &SUITE, id, &context_length, context, keys, &[FRAMED], &frame_length, commitment];
    let length = parts.iter().map(|part| part.len()).sum::<usize>() + TAG_LENGTH;
    let mut header = Vec::new();
    let reserved = length.checked_add(room).is_some_and(|total| header.try_reserve_exact(total).is_ok());
    if !reserved {
        return Err(input("the message does not fit into memory: use a stream"));
    }
    for part in parts {
        header.extend_from_slice(part);
    }
    let tag = key.seal(HEADER_IV, &header, &mut [])?;
    header.extend_from_slice(&tag);
    Ok(header)
}

/// Serializes wrapped keys: their number, and the parts of each.
pub(crate) fn write_keys(keys: &[WrappedKey]) -> Result<Vec<u8>> {
    let too_long = |_| Error::new(ErrorKind::Config, "a wrapped data key is longer than the format allows");
    let mut bytes = Vec::new();
    bytes.extend(u16::try_from(keys.len()).map_err(too_long)?.to_be_bytes());
    for part in keys.iter().flat_map(|key| [key.provider.as_bytes(), &key.info, &key.ciphertext]) {
        bytes.extend(u16::try_from(part.len()).map_err(too_long)?.to_be_bytes());
        bytes.extend_from_slice(part);
    }
    Ok(bytes)
}

impl Header {
    /// Reads a header from the beginning of a message.
    pub(crate) fn parse(message: &[u8], max_keys: usize) -> Result<Box<Self>> {
        let reader = &mut Reader { bytes: message, at: 0 };
        check_version(reader.byte()?, message)?;
        check_suite(reader.array()?)?;
        let id = reader.array()?;
        let serialized_context = reader.with_length()?;
        let context = Context::decode(serialized_context)?;
        let keys = read_keys(reader, max_keys)?;
        match reader.byte()? {
            FRAMED => {}
            NOT_FRAMED => return Err(unsupported("messages without frames are not supported")),
            _ => return Err(malformed("the message has an unknown content type")),
        }
        let frame_length = u32::from_be_bytes(reader.array()?);
        if frame_length == 0 {
            return Err(malformed("the frame length of the message is 0"));
        }
        let commitment = reader.array()?;
        let covered = reader.at;
        let tag = reader.array()?;
        let serialized_context = serialized_context.to_vec();
        Ok(Box::new(Self { id, context, serialized_context, keys, frame_length, commitment, tag, covered }))
    }

    /// How many bytes the header has.
    pub(crate) fn length(&self) -> usize {
        self.covered + TAG_LENGTH
    }

    /// Checks the tag of the header that was read from `message`.
    pub(crate) fn verify(&self, message: &[u8], key: &MessageKey) -> Result<()> {
        let covered = message.get(..self.covered).ok_or_else(Error::truncated)?;
        let forged = |_| Error::new(ErrorKind::Header, "the header of the message was changed");
        key.open(HEADER_IV, covered, self.tag, &mut []).map_err(forged)
    }
}

fn read_keys(reader: &mut Reader<'_>, max_keys: usize) -> Result<Vec<WrappedKey>> {
    let count = check_count(reader.array()?, max_keys)?;
    let mut keys = Vec::with_capacity(count);
    for _ in 0..count {
        let provider = std::str::from_utf8(reader.with_length()?);
        let provider = provider.map_err(|_| malformed("the provider of a wrapped data key is not UTF-8"))?;
        keys.push(WrappedKey::new(provider, reader.with_length()?, reader.with_length()?));
    }
    Ok(keys)
}

/// Checks the first byte of a message.
pub(crate) fn check_version(version: u8, message: &[u8]) -> Result<()> {
    let foreign = |text| Err(Error::new(ErrorKind::Foreign, text));
    match version {
        VERSION => Ok(()),
        VERSION_1 => Err(unsupported("version 1 of the message format is not supported: it commits to no key")),
        _ if BASE64.iter().any(|beginning| message.starts_with(beginning)) => {
            foreign("the message is encoded as Base64: decode it first")
        }
        _ => foreign("these bytes are not a message of the AWS Encryption SDK"),
    }
}

pub(crate) fn check_suite(suite: [u8; 2]) -> Result<()> {
    if suite == SUITE { Ok(()) } else { Err(unsupported("the message has another algorithm suite than 0x0478")) }
}

/// Checks and returns the number of wrapped keys.
pub(crate) fn check_count(count: [u8; 2], max_keys: usize) -> Result<usize> {
    let count = usize::from(u16::from_be_bytes(count));
    if count == 0 {
        return Err(malformed("the message has no wrapped data key"));
    }
    if count > max_keys {
        let text = "the message has more wrapped data keys than the sealer allows: raise `max_wrapped_keys`";
        return Err(Error::new(ErrorKind::Limit, text));
    }
    Ok(count)
}

fn unsupported(text: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, text)
}

fn malformed(text: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, text)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..);
        let taken = rest.and_then(|rest| rest.get(..length)).ok_or_else(Error::truncated)?;
        self.at += length;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| Error::truncated())
    }

    /// Reads what is preceded by its length.
    fn with_length(&mut self) -> Result<&'a [u8]> {
        let length = u16::from_be_bytes(self.array()?);
        self.take(usize::from(length))
    }
}

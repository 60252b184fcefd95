//! Messages of any length, from a reader to a writer, in the memory of two frames.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::frame::{FINAL_MARK, FINAL_PREFIX, Frames, REGULAR_PREFIX};
use crate::header::{END_LENGTH, Header, check_count, check_suite, check_version};
use crate::keys::SealingKey;
use crate::message::{self, trailing};
use crate::suite::{MessageId, MessageKey, TAG_LENGTH, TagBytes};

/// The bytes of one frame, with room for the longest prefix and the tag, so that a frame is one write. Zeroized when
/// dropped, and never reallocated.
struct FrameBuffer(Zeroizing<Vec<u8>>);

impl FrameBuffer {
    fn new(frame_length: usize) -> Result<Self> {
        let mut bytes = Zeroizing::new(Vec::new());
        let length = frame_length.checked_add(FINAL_PREFIX + TAG_LENGTH);
        let length = length.filter(|length| bytes.try_reserve_exact(*length).is_ok());
        let too_long = || Error::new(ErrorKind::Limit, "the frames of the message do not fit into memory");
        bytes.resize(length.ok_or_else(too_long)?, 0);
        Ok(Self(bytes))
    }

    /// The place of this many bytes of content.
    fn content(&mut self, length: usize) -> &mut [u8] {
        self.0.get_mut(FINAL_PREFIX..FINAL_PREFIX + length).unwrap_or_default()
    }

    /// The place of the content and its tag.
    fn content_and_tag(&mut self, length: usize) -> &mut [u8] {
        self.content(length + TAG_LENGTH)
    }

    /// Encrypts the content as the next frame. Returns the frame.
    fn seal(&mut self, frames: &mut Frames, last: bool, length: usize) -> Result<&[u8]> {
        let prefix = frames.next_prefix(last, length)?;
        let tag = frames.seal(last, self.content(length))?;
        let (prefix, end) = (prefix.as_ref(), FINAL_PREFIX + length);
        let start = FINAL_PREFIX - prefix.len();
        for (place, bytes) in [(start..FINAL_PREFIX, prefix), (end..end + TAG_LENGTH, &tag)] {
            self.0.get_mut(place).unwrap_or_default().copy_from_slice(bytes);
        }
        Ok(self.0.get(start..end + TAG_LENGTH).unwrap_or_default())
    }
}

/// Fills a buffer. Returns how many bytes there were before the end.
async fn fill<R: AsyncRead + Unpin>(reader: &mut R, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest).await {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::reading(error)),
        }
    }
    Ok(filled)
}

async fn array<const N: usize, R: AsyncRead + Unpin>(reader: &mut R) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    if fill(reader, &mut bytes).await? == N { Ok(bytes) } else { Err(Error::truncated()) }
}

async fn write<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> Result<()> {
    writer.write_all(bytes).await.map_err(Error::writing)
}

/// Encrypts what a reader returns. Returns the number of bytes read.
pub(crate) async fn seal<R, W>(
    key: &SealingKey,
    context: &[u8],
    frame_length: u32,
    mut reader: R,
    mut writer: W,
) -> Result<u64>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (header, mut frames) = message::begin(key, context, frame_length, 0)?;
    write(&mut writer, &header).await?;
    // Only the end of the data tells which frame is the last, so one frame is read ahead.
    let step = frames.frame_length();
    let (mut frame, mut ahead) = (FrameBuffer::new(step)?, FrameBuffer::new(step)?);
    let mut length = fill(&mut reader, frame.content(step)).await?;
    let mut total = 0;
    loop {
        let next = if length == step { fill(&mut reader, ahead.content(step)).await? } else { 0 };
        let last = next == 0;
        write(&mut writer, frame.seal(&mut frames, last, length)?).await?;
        key.count_bytes(length);
        total += length as u64;
        if last {
            writer.flush().await.map_err(Error::writing)?;
            return Ok(total);
        }
        std::mem::swap(&mut frame, &mut ahead);
        length = next;
    }
}

/// Appends this many bytes of a reader. Returns them.
async fn append<'a, R: AsyncRead + Unpin>(reader: &mut R, bytes: &'a mut Vec<u8>, length: usize) -> Result<&'a [u8]> {
    let start = bytes.len();
    bytes.resize(start + length, 0);
    let appended = bytes.get_mut(start..).unwrap_or_default();
    if fill(reader, appended).await? == length { Ok(appended) } else { Err(Error::truncated()) }
}

/// Appends a length of two bytes.
async fn append_length<R: AsyncRead + Unpin>(reader: &mut R, bytes: &mut Vec<u8>) -> Result<[u8; 2]> {
    append(reader, bytes, 2).await?.try_into().map_err(|_| Error::truncated())
}

/// Appends what is preceded by its length.
async fn append_with_length<R: AsyncRead + Unpin>(reader: &mut R, bytes: &mut Vec<u8>) -> Result<()> {
    let length = u16::from_be_bytes(append_length(reader, bytes).await?);
    append(reader, bytes, usize::from(length)).await.map(drop)
}

/// Reads a header, and no byte of what follows it. Returns it with its bytes.
pub(crate) async fn header<R: AsyncRead + Unpin>(reader: &mut R, max_keys: usize) -> Result<(Box<Header>, Vec<u8>)> {
    let mut bytes = Vec::new();
    // What is decided early costs no reading; the rest is parsed once.
    append(reader, &mut bytes, 1).await?;
    check_version(bytes.first().copied().unwrap_or_default(), &bytes)?;
    check_suite(append_length(reader, &mut bytes).await?)?;
    append(reader, &mut bytes, MessageId::default().len()).await?;
    append_with_length(reader, &mut bytes).await?;
    let keys = check_count(append_length(reader, &mut bytes).await?, max_keys)?;
    for _ in 0..keys {
        // Provider, key and wrapped key.
        for _ in 0..3 {
            append_with_length(reader, &mut bytes).await?;
        }
    }
    append(reader, &mut bytes, END_LENGTH).await?;
    Ok((Header::parse(&bytes, max_keys)?, bytes))
}

/// The frames of a message that a reader returns, decrypted one at a time.
pub(crate) struct Opening<R> {
    reader: R,
    frames: Frames,
    frame: FrameBuffer,
}

impl<R: AsyncRead + Unpin> Opening<R> {
    pub(crate) fn new(reader: R, header: &Header, key: MessageKey) -> Result<Self> {
        let frames = Frames::new(key, header.id, header.frame_length);
        let frame = FrameBuffer::new(frames.frame_length())?;
        Ok(Self { reader, frames, frame })
    }

    /// Reads the next frame and checks it. Returns the length of its content, and whether it is the last.
    async fn next(&mut self) -> Result<(usize, bool)> {
        let reader = &mut self.reader;
        let start: [u8; REGULAR_PREFIX] = array(reader).await?;
        let last = start.starts_with(&FINAL_MARK);
        let length = if last {
            let end: [u8; FINAL_PREFIX - REGULAR_PREFIX] = array(reader).await?;
            let mut prefix = [0; FINAL_PREFIX];
            prefix[..REGULAR_PREFIX].copy_from_slice(&start);
            prefix[REGULAR_PREFIX..].copy_from_slice(&end);
            self.frames.expect_last(&prefix)?
        } else {
            self.frames.expect_regular(&start)?
        };
        let bytes = self.frame.content_and_tag(length);
        if fill(reader, bytes).await? < bytes.len() {
            return Err(Error::truncated());
        }
        let (content, tag) = bytes.split_at_mut(length);
        let tag = TagBytes::try_from(&*tag).map_err(|_| Error::truncated())?;
        self.frames.open(last, tag, content)?;
        if last && fill(reader, &mut [0]).await? > 0 {
            return Err(trailing());
        }
        Ok((length, last))
    }

    /// Writes the data.
    pub(crate) async fn copy_to<W: AsyncWrite + Unpin>(self, writer: W) -> Result<u64> {
        self.write_to(writer, None).await
    }

    /// Writes the data as another message, which is complete only if this one is.
    pub(crate) async fn seal_to<W: AsyncWrite + Unpin>(
        self,
        key: &SealingKey,
        context: &[u8],
        mut writer: W,
    ) -> Result<u64> {
        let (header, frames) = message::begin(key, context, self.frames.frame_length, 0)?;
        write(&mut writer, &header).await?;
        self.write_to(writer, Some((key, frames))).await
    }

    /// Writes each frame once it is checked, the last once the reader has ended: its data, or as a frame of another message.
    async fn write_to<W: AsyncWrite + Unpin>(
        mut self,
        mut writer: W,
        mut sealing: Option<(&SealingKey, Frames)>,
    ) -> Result<u64> {
        let mut total = 0;
        loop {
            let (length, last) = self.next().await?;
            total += length as u64;
            let bytes = match &mut sealing {
                Some((key, frames)) => {
                    key.count_bytes(length);
                    self.frame.seal(frames, last, length)?
                }
                None => self.frame.content(length),
            };
            write(&mut writer, bytes).await?;
            if last {
                writer.flush().await.map_err(Error::writing)?;
                return Ok(total);
            }
        }
    }
}

//! Seals and opens messages.

use std::fmt;
use std::sync::Arc;

use cloud_core::{DataKeySource, SecretBytes};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::builder::SealerBuilder;
use crate::context::{self, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::check_length;
use crate::header::Header;
use crate::keys::Keys;
use crate::suite::{self, MessageKey};
use crate::{message, stream};

/// What is written, and the most that is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Formats {
    pub(crate) frame_length: u32,
    pub(crate) max_frame_length: u32,
    pub(crate) max_keys: usize,
}

/// Encrypts data of any size under a key of a cloud service, and decrypts it.
///
/// Data is encrypted here, under data keys that the service wraps. A data key is used for many messages within
/// [`Limits`](crate::Limits), so that most messages cost no request. Clones share their data keys.
///
/// Sealing and opening in memory runs on the calling task: for much data, use a stream or a thread of its own.
#[derive(Clone)]
pub struct Sealer {
    keys: Arc<Keys>,
    formats: Formats,
}

/// An opened message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The data, zeroized when dropped.
    pub data: SecretBytes,
    /// The encryption context that the message was sealed with.
    pub context: Context,
}

/// The result of opening a stream.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenedStream {
    /// How many bytes of data were written.
    pub bytes: u64,
    /// The encryption context that the message was sealed with.
    pub context: Context,
}

impl Sealer {
    /// Starts a sealer with this key, such as `scp.kms().key(id)`.
    pub fn builder(source: impl DataKeySource + 'static) -> SealerBuilder {
        SealerBuilder::new(Arc::new(source))
    }

    pub(crate) fn new(keys: Arc<Keys>, formats: Formats) -> Self {
        Self { keys, formats }
    }

    /// Encrypts data. The message contains the pairs of the encryption context in the clear, and protects them from
    /// changes.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if the context does not fit the format, and [`ErrorKind::KeyService`] if the service made no
    /// data key.
    pub async fn seal(&self, data: impl AsRef<[u8]>, context: &[(&str, &str)]) -> Result<Vec<u8>> {
        self.seal_message(data.as_ref(), &context::encode(context)?).await
    }

    async fn seal_message(&self, data: &[u8], context: &[u8]) -> Result<Vec<u8>> {
        check_length(data.len(), usize::try_from(self.formats.frame_length).unwrap_or(usize::MAX))?;
        let key = self.keys.to_seal(data.len() as u64).await?;
        message::seal(&key, context, self.formats.frame_length, data)
    }

    /// Decrypts a message, whatever its encryption context.
    ///
    /// # Errors
    /// Each fault of a message has a kind of its own: see [`ErrorKind`]. No data is returned unless all of it is genuine.
    pub async fn open(&self, message: impl AsRef<[u8]>) -> Result<Opened> {
        self.open_expecting(message, &[]).await
    }

    /// Decrypts a message whose encryption context has these pairs, and possibly others.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`ErrorKind::Context`] if a pair is missing. The context is compared first, and is
    /// authenticated before any data is decrypted.
    pub async fn open_expecting(&self, message: impl AsRef<[u8]>, expected: &[(&str, &str)]) -> Result<Opened> {
        let (header, data) = self.open_message(message.as_ref(), expected).await?;
        Ok(Opened { data, context: header.context })
    }

    async fn open_message(&self, message: &[u8], expected: &[(&str, &str)]) -> Result<(Box<Header>, SecretBytes)> {
        let header = Header::parse(message, self.formats.max_keys)?;
        // Before a request: a damaged message costs none.
        let length = message::data_length(message, &header)?;
        header.context.expect(expected)?;
        let key = self.message_key(&header, message).await?;
        let data = message::open(message, &header, key, length)?;
        Ok((header, data))
    }

    /// Encrypts what a reader returns, in the memory of two frames. Returns the number of bytes read.
    ///
    /// The writer is flushed, not shut down: pass `&mut writer`, and shut it down if it needs that to store what was written.
    ///
    /// # Errors
    /// As [`seal`](Self::seal), and [`ErrorKind::Io`]. What was written is then not a complete message, and does not open.
    pub async fn seal_stream<R, W>(&self, reader: R, writer: W, context: &[(&str, &str)]) -> Result<u64>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let context = context::encode(context)?;
        let key = self.keys.to_seal(0).await?;
        stream::seal(&key, &context, self.formats.frame_length, reader, writer).await
    }

    /// Decrypts a message from a reader, in the memory of one frame.
    ///
    /// The reader is read to its end, which tells that nothing follows the message. The writer is flushed, not shut down.
    /// Each frame is written once it is known to be genuine. **After an error, discard what was written**: only a success
    /// means that the data is complete.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`ErrorKind::Io`].
    pub async fn open_stream<R, W>(&self, reader: R, writer: W) -> Result<OpenedStream>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        self.open_stream_expecting(reader, writer, &[]).await
    }

    /// Decrypts a message from a reader whose encryption context has these pairs, and possibly others. Nothing is written
    /// if it does not.
    ///
    /// # Errors
    /// As [`open_stream`](Self::open_stream), and [`ErrorKind::Context`] if a pair is missing.
    pub async fn open_stream_expecting<R, W>(
        &self,
        reader: R,
        writer: W,
        expected: &[(&str, &str)],
    ) -> Result<OpenedStream>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let (header, opening) = self.begin_opening(reader, expected).await?;
        let bytes = opening.copy_to(writer).await?;
        Ok(OpenedStream { bytes, context: header.context })
    }

    /// Encrypts a message again, with the same encryption context, so that it depends on the sealer's keys alone and on
    /// their newest versions. After a rotation of a key, call [`invalidate`](Self::invalidate) first.
    ///
    /// The data is encrypted again. The format does not allow replacing only the wrapped keys: the old and the new header
    /// would be authenticated with the same key and IV, and an attacker who has both could change frames unnoticed.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`seal`](Self::seal).
    pub async fn rewrap(&self, message: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        let (header, data) = self.open_message(message.as_ref(), &[]).await?;
        self.seal_message(data.expose_secret(), &header.serialized_context).await
    }

    /// Encrypts a message from a reader again, as [`rewrap`](Self::rewrap) does, with frames of the same length. Returns
    /// the number of bytes of data.
    ///
    /// # Errors
    /// As [`open_stream`](Self::open_stream). What was written is then not a complete message, and does not open.
    pub async fn rewrap_stream<R, W>(&self, reader: R, writer: W) -> Result<u64>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let (header, opening) = self.begin_opening(reader, &[]).await?;
        let key = self.keys.to_seal(0).await?;
        opening.seal_to(&key, &header.serialized_context, writer).await
    }

    /// Forgets the data keys of the service's key with this ID: the next message needs a request. Call it when the key
    /// was rotated, disabled or deleted. If the service refuses a request for the key, this happens by itself.
    pub fn invalidate(&self, key_id: &str) {
        self.keys.invalidate(key_id);
    }

    async fn begin_opening<R>(
        &self,
        mut reader: R,
        expected: &[(&str, &str)],
    ) -> Result<(Box<Header>, stream::Opening<R>)>
    where
        R: AsyncRead + Unpin,
    {
        let (header, bytes) = stream::header(&mut reader, self.formats.max_keys).await?;
        if header.frame_length > self.formats.max_frame_length {
            let text = "the message has longer frames than the sealer allows: raise `max_frame_length`";
            return Err(Error::new(ErrorKind::Limit, text));
        }
        header.context.expect(expected)?;
        let key = self.message_key(&header, &bytes).await?;
        let opening = stream::Opening::new(reader, &header, key)?;
        Ok((header, opening))
    }

    /// The key of a message, once its header is known to be genuine.
    async fn message_key(&self, header: &Header, message: &[u8]) -> Result<MessageKey> {
        let data_key = self.keys.to_open(&header.keys, &header.serialized_context).await?;
        let key = suite::derive_committed(&data_key, &header.id, &header.commitment)?;
        header.verify(message, &key)?;
        Ok(key)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("formats", &self.formats).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use cloud_core::{BoxFuture, DataKey, WrappedKey};

    use super::*;

    /// A service that knows one data key.
    #[derive(Debug)]
    struct Fixed;

    impl DataKeySource for Fixed {
        fn provider(&self) -> &str {
            "test"
        }

        fn key_id(&self) -> &str {
            "key-1"
        }

        fn generate(&self) -> BoxFuture<'_, cloud_core::Result<Option<DataKey>>> {
            Box::pin(async { Ok(Some(DataKey::new([7; 32], b"wrapped".to_vec()))) })
        }

        fn wrap_key<'a>(&'a self, _: &'a SecretBytes) -> BoxFuture<'a, cloud_core::Result<Vec<u8>>> {
            Box::pin(async { Ok(b"wrapped".to_vec()) })
        }

        fn unwrap_key<'a>(&'a self, _: &'a WrappedKey, _: &'a [u8]) -> BoxFuture<'a, cloud_core::Result<SecretBytes>> {
            Box::pin(async { Ok(SecretBytes::from([7; 32])) })
        }
    }

    #[tokio::test]
    async fn rewrapped_message_keeps_the_context_that_another_writer_has_written() {
        let sealer = Sealer::builder(Fixed).build().unwrap();
        let contexts: [&[u8]; 2] = [
            b"\0\x01\0\x0caws-crypto-x\0\x011",
            // Ordered by the rules of a language.
            b"\0\x02\0\x01a\0\0\0\x01B\0\0",
        ];
        for context in contexts {
            let message = sealer.seal_message(b"data", context).await.unwrap();
            let mut streamed = Vec::new();
            sealer.rewrap_stream(message.as_slice(), &mut streamed).await.unwrap();
            for rewrapped in [sealer.rewrap(&message).await.unwrap(), streamed] {
                assert_eq!(Header::parse(&rewrapped, 1).unwrap().serialized_context, context);
                assert_eq!(sealer.open(&rewrapped).await.unwrap().data.expose_secret(), b"data");
            }
        }
    }
}

//! What can go wrong, each cause with a kind of its own.

use std::error::Error as StdError;
use std::{fmt, io};

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of sealing or opening a message.
///
/// `Display` is one line. It contains no data, no key and no value of the message or its context.
pub struct Error {
    kind: ErrorKind,
    text: &'static str,
    source: Option<Source>,
}

enum Source {
    Service(cloud_core::Error),
    Io(io::Error),
}

/// What went wrong.
///
/// The kinds tell apart what anyone who holds the message can tell: they are of no use to a forger. Only [`NoKey`] and
/// [`KeyService`] depend on more: on the keys of the sealer, and on the response of the service.
///
/// [`NoKey`]: ErrorKind::NoKey
/// [`KeyService`]: ErrorKind::KeyService
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting of the builder is missing or cannot be used.
    ///
    /// What to do: correct the setting.
    Config,
    /// The encryption context or the size of the data breaks a limit of the format.
    ///
    /// What to do: correct the argument. No request was sent.
    Input,
    /// The bytes are not a message of this format.
    ///
    /// What to do: check which file was read, and whether it is encoded, for example as Base64.
    Foreign,
    /// The message uses a version, an algorithm suite or a content type of the format that is not supported.
    ///
    /// What to do: read it with an implementation of the AWS Encryption SDK.
    Unsupported,
    /// The header has an impossible structure.
    ///
    /// What to do: get the message again from where it is stored.
    Malformed,
    /// The message ends early.
    ///
    /// What to do: get the whole message. Discard what a stream has written.
    Truncated,
    /// Bytes follow the end of the message.
    ///
    /// What to do: separate the message from what follows. Discard what a stream has written.
    Trailing,
    /// The header asks for more than the limits of the sealer allow.
    ///
    /// What to do: raise the limit if the message comes from a trusted writer.
    Limit,
    /// None of the sealer's keys has wrapped the data key of the message.
    ///
    /// What to do: add the key that the message was sealed with.
    NoKey,
    /// The service that holds the key did not make, wrap or unwrap a data key. [`Error::service_error`] says why.
    ///
    /// What to do: as the service's error says.
    KeyService,
    /// The data key is not the one that the message was sealed with, or its commitment was changed.
    ///
    /// What to do: treat the message as forged.
    WrongKey,
    /// The header was changed: for example the encryption context, or one of several wrapped keys.
    ///
    /// What to do: treat the message as forged.
    Header,
    /// A frame of the data was changed, moved, repeated or left out.
    ///
    /// What to do: treat the message as forged. Discard what a stream has written.
    Frame,
    /// The encryption context lacks a pair that the caller expects. Nothing was authenticated yet.
    ///
    /// What to do: check which message was read.
    Context,
    /// The reader or writer of a stream failed.
    ///
    /// What to do: repeat the operation from the start. Discard what was written.
    Io,
    /// The cryptographic library failed.
    ///
    /// What to do: check that the operating system has random numbers.
    Crypto,
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind, text: &'static str) -> Self {
        Self { kind, text, source: None }
    }

    pub(crate) fn service(error: cloud_core::Error) -> Self {
        let text = "the service of the key did not provide the data key";
        Self { kind: ErrorKind::KeyService, text, source: Some(Source::Service(error)) }
    }

    pub(crate) fn reading(error: io::Error) -> Self {
        Self { kind: ErrorKind::Io, text: "reading failed", source: Some(Source::Io(error)) }
    }

    pub(crate) fn writing(error: io::Error) -> Self {
        Self { kind: ErrorKind::Io, text: "writing failed", source: Some(Source::Io(error)) }
    }

    pub(crate) const fn truncated() -> Self {
        Self::new(ErrorKind::Truncated, "the message ends early")
    }

    pub(crate) const fn crypto() -> Self {
        Self::new(ErrorKind::Crypto, "the cryptographic library failed")
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the error of the service that holds the key, for the kind [`ErrorKind::KeyService`].
    #[must_use]
    pub fn service_error(&self) -> Option<&cloud_core::Error> {
        match &self.source {
            Some(Source::Service(error)) => Some(error),
            _ => None,
        }
    }

    /// Returns whether the message itself is at fault: it is not of this format, incomplete, damaged or forged. To open the
    /// same bytes again cannot help.
    #[must_use]
    pub fn is_message_at_fault(&self) -> bool {
        use ErrorKind::{Foreign, Frame, Header, Malformed, Trailing, Truncated, Unsupported, WrongKey};
        matches!(self.kind, Foreign | Unsupported | Malformed | Truncated | Trailing | WrongKey | Header | Frame)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.kind).field("text", &self.text);
        match &self.source {
            Some(Source::Service(error)) => debug.field("source", error).finish(),
            Some(Source::Io(error)) => debug.field("source", &error.kind()).finish(),
            None => debug.finish(),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.source {
            Some(Source::Service(error)) => Some(error),
            Some(Source::Io(error)) => Some(error),
            None => None,
        }
    }
}

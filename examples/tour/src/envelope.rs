//! Envelope encryption: a file that is sealed under a key, opened, and not opened once it was changed.

use std::error::Error;
use std::io::Cursor;

use cloud_envelope::Sealer;
use scp_security::Scp;

use crate::Settings;
use crate::show::{heading, line, more};

/// What the message says in the clear, protected from changes.
const CONTEXT: &[(&str, &str)] = &[("file", "orders.csv")];
/// A key of the sandbox that encrypts.
const NAME: &str = "kmsname";
const LENGTH: usize = 1_000_000;

pub(crate) async fn run(settings: &Settings) -> Result<(), Box<dyn Error>> {
    heading("Data of any size under a key", "envelope.rs");
    let kms = Scp::builder()
        .endpoint(settings.get("SCP_ENDPOINT"))
        .credentials(settings.get("SCP_ACCESS_KEY"), settings.get("SCP_SECRET_KEY"))
        .build()?
        .kms();
    let key = kms.key_by_name(NAME).await?;
    let sealer = Sealer::builder(kms.key(key.id)).build()?;

    // A file, read and written in frames of 64 KiB.
    let file: Vec<u8> = b"id,item\n".iter().copied().cycle().take(LENGTH).collect();
    let mut sealed = Vec::new();
    sealer.seal_stream(file.as_slice(), &mut sealed, CONTEXT).await?;
    line("sealer.seal_stream", format!("{LENGTH} bytes became {}, with one request for a data key", sealed.len()));
    let mut opened = Vec::new();
    let stream = sealer.open_stream_expecting(Cursor::new(&sealed), &mut opened, CONTEXT).await?;
    line("sealer.open_stream", format!("{} bytes, the same: {}", stream.bytes, opened == file));

    if let Some(byte) = sealed.get_mut(LENGTH / 2) {
        *byte ^= 1;
    }
    if let Err(error) = sealer.open(&sealed).await {
        line("sealer.open, one bit changed", &error);
        more(format!("{:?}; the message is at fault: {}", error.kind(), error.is_message_at_fault()));
    }
    Ok(())
}

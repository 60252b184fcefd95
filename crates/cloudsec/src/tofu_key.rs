//! `tofu-key`: the external key provider of OpenTofu's state encryption.
//!
//! The protocol is OpenTofu's, version 1: a header on the standard output, the metadata of the last key or `null` on
//! the standard input, then keys and metadata on the standard output. OpenTofu 1.11 and earlier send
//! `{"external_data":null}` in place of `null`. The key is random, and the metadata is an envelope of it, which only the
//! keys of the cloud open.

use std::io::{self, IsTerminal, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use cloud_core::{SecretBytes, SecretString, secret};
use cloud_envelope::Sealer;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::exit::{self, Failure, Result};
use crate::output;
use crate::reference::{KeyRef, Pair, sealer};

/// The arguments of `tofu-key`.
#[derive(Args, Debug)]
pub(crate) struct TofuKeyArgs {
    /// A key: scp:ID or nhn:ID. Any of several keys decrypts
    #[arg(long, required = true, value_name = "KEY")]
    key: Vec<KeyRef>,
    /// A pair of the encryption context, such as the name of the project. State of another context is rejected
    #[arg(long, value_name = "NAME=VALUE")]
    context: Vec<Pair>,
}

/// The header of the protocol.
const HEADER: &[u8] = b"{\"magic\":\"OpenTofu-External-Key-Provider\",\"version\":1}\n";
/// The most metadata that is read: it holds one envelope.
const MAX_INPUT: u64 = 1 << 20;
/// The pair of the encryption context that tells these envelopes from others.
const PURPOSE: (&str, &str) = ("purpose", "opentofu-state");

/// What OpenTofu stores beside the encrypted state.
#[derive(Deserialize, Serialize)]
struct Metadata<D = External> {
    external_data: D,
}

#[derive(Deserialize, Serialize)]
struct External {
    /// The key in an envelope, as Base64.
    envelope: String,
}

pub(crate) async fn run(arguments: TofuKeyArgs) -> Result<u8> {
    if io::stdout().is_terminal() {
        return Err(Failure::usage("tofu-key prints keys for OpenTofu, and does not print them to a terminal"));
    }
    output::write(HEADER)?;
    let stored = read(io::stdin().lock())?;
    let sealer = sealer(&arguments.key)?;
    let context: Vec<_> = arguments.context.iter().map(|Pair(name, value)| (&**name, &**value)).collect();
    let context = [&[PURPOSE], &*context].concat();
    let decryption = match stored {
        Some(metadata) => Some(opened(&sealer, &metadata, &context).await?),
        None => None,
    };
    let (key, metadata) = made(&sealer, &context).await?;
    output::write(answer(&key, decryption.as_ref(), &metadata)?.expose_secret().as_bytes())?;
    Ok(exit::OK)
}

/// Reads the metadata; `None` if there is none, because nothing is encrypted yet.
fn read(input: impl Read) -> Result<Option<Metadata>> {
    let mut text = Vec::new();
    let read = input.take(MAX_INPUT + 1).read_to_end(&mut text);
    read.map_err(|error| Failure::io("the standard input", &error))?;
    if text.len() as u64 > MAX_INPUT {
        return Err(Failure::new("the metadata of OpenTofu is larger than 1 MiB"));
    }
    // The error does not quote the input.
    let foreign = |_| Failure::new("the metadata of OpenTofu is from another key provider");
    let stored: Option<Metadata<Option<External>>> = serde_json::from_slice(&text).map_err(foreign)?;
    Ok(stored.and_then(|stored| stored.external_data).map(|external_data| Metadata { external_data }))
}

/// Opens the key that the state was encrypted with.
async fn opened(sealer: &Sealer, metadata: &Metadata, context: &[(&str, &str)]) -> Result<SecretString> {
    let message = STANDARD.decode(&metadata.external_data.envelope);
    let message = message.map_err(|_| Failure::new("the metadata of OpenTofu has an envelope that is not Base64"))?;
    let opened = sealer.open_expecting(&message, context).await;
    let opened = opened.map_err(|error| Failure::from(error).context("the key of the stored state"))?;
    Ok(secret::to_base64(opened.data.expose_secret()))
}

/// Makes a key for what is written now, and its metadata.
async fn made(sealer: &Sealer, context: &[(&str, &str)]) -> Result<(SecretString, Metadata)> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|_| Failure::new("the system has no random numbers"))?;
    let key = SecretBytes::from(*bytes);
    let envelope = STANDARD.encode(sealer.seal(key.expose_secret(), context).await?);
    Ok((secret::to_base64(key.expose_secret()), Metadata { external_data: External { envelope } }))
}

/// The output of the protocol. Base64 needs no escapes in JSON.
fn answer(key: &SecretString, decryption: Option<&SecretString>, metadata: &Metadata) -> Result<SecretString> {
    let failed = |error| Failure::new(format!("the metadata cannot be encoded: {error}"));
    let metadata = serde_json::to_string(metadata).map_err(failed)?;
    let (before, decryption) = match decryption {
        Some(key) => ("\",\"decryption_key\":\"", key.expose_secret()),
        None => ("", ""),
    };
    let encryption = key.expose_secret();
    Ok(secret::join(&[
        "{\"keys\":{\"encryption_key\":\"",
        encryption,
        before,
        decryption,
        "\"},\"meta\":",
        &metadata,
        "}\n",
    ]))
}

//! `encrypt` and `decrypt`: files and standard streams through envelope encryption.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, BufWriter};

use crate::exit::{self, Failure, Result};
use crate::output;
use crate::private::Pending;
use crate::reference::{KeyRef, Pair, sealer};
use crate::signals::Stop;

/// The arguments of `encrypt` and `decrypt`.
#[derive(Args, Debug)]
pub(crate) struct CryptArgs {
    /// The file to read; the standard input if it is missing or `-`
    #[arg(value_name = "FILE")]
    input: Option<PathBuf>,
    /// The file to write; the standard output if it is missing or `-`. It gets its name when it is complete
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A key: scp:ID or nhn:ID. Any of several keys decrypts
    #[arg(long, required = true, value_name = "KEY")]
    key: Vec<KeyRef>,
    /// A pair of the encryption context, which is readable in the message; `decrypt` demands it
    #[arg(long, value_name = "NAME=VALUE")]
    context: Vec<Pair>,
    /// Replace a file that exists
    #[arg(long, short)]
    force: bool,
}

/// Which way the data goes.
#[derive(Clone, Copy)]
enum Way {
    Encrypt,
    Decrypt,
}

pub(crate) async fn encrypt(arguments: CryptArgs, quiet: bool) -> Result<u8> {
    if arguments.out.as_deref().is_none_or(is_standard) && std::io::stdout().is_terminal() {
        return Err(Failure::usage("the message is binary: write it with --out FILE, or to a pipe"));
    }
    run(arguments, Way::Encrypt, quiet).await
}

pub(crate) async fn decrypt(arguments: CryptArgs, quiet: bool) -> Result<u8> {
    run(arguments, Way::Decrypt, quiet).await
}

/// Returns whether a path means a standard stream.
fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

async fn run(arguments: CryptArgs, way: Way, quiet: bool) -> Result<u8> {
    let CryptArgs { input, out, key, context, force } = arguments;
    let mut stop = Stop::listen().map_err(|error| Failure::io("signals", &error))?;
    let mut names: Vec<_> = context.iter().map(|Pair(name, _)| name).collect();
    names.sort();
    if names.windows(2).any(|two| two[0] == two[1]) {
        return Err(Failure::usage("the context has the same name twice"));
    }
    let (reader, length) = tokio::select! {
        // A FIFO is opened once it has a writer.
        found = opened(input.as_deref()) => found?,
        status = stop.received() => return Ok(status),
    };
    let bar = output::bytes_bar(length, quiet);
    let reader = bar.wrap_async_read(reader);
    let pending = out.filter(|path| !is_standard(path)).map(|path| Pending::create(&path, force)).transpose()?;
    let (pending, writer): (_, Box<dyn AsyncWrite + Unpin + Send>) = match pending {
        Some((pending, file)) => (Some(pending), Box::new(tokio::fs::File::from_std(file))),
        None => (None, Box::new(tokio::io::stdout())),
    };
    let work = copy(way, &key, &context, reader, writer);
    let done = tokio::select! {
        done = work => done,
        // Dropping `pending` removes the file.
        status = stop.received() => return Ok(status),
    };
    bar.finish_and_clear();
    done?;
    pending.map_or(Ok(()), Pending::keep)?;
    Ok(exit::OK)
}

/// Opens the input, and returns its length if that is known.
async fn opened(input: Option<&Path>) -> Result<(Box<dyn AsyncRead + Unpin + Send>, Option<u64>)> {
    let Some(path) = input.filter(|path| !is_standard(path)) else {
        return Ok((Box::new(tokio::io::stdin()), None));
    };
    let failed = |error| Failure::io(&path.display().to_string(), &error);
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let found = file.metadata().await.map_err(failed)?;
    Ok((Box::new(file), found.is_file().then_some(found.len())))
}

async fn copy(
    way: Way,
    keys: &[KeyRef],
    context: &[Pair],
    reader: impl AsyncRead + Unpin,
    writer: impl AsyncWrite + Unpin,
) -> Result<()> {
    let sealer = sealer(keys)?;
    let context: Vec<_> = context.iter().map(|Pair(name, value)| (&**name, &**value)).collect();
    let (reader, mut writer) = (BufReader::new(reader), BufWriter::new(writer));
    match way {
        Way::Encrypt => drop(sealer.seal_stream(reader, &mut writer, &context).await?),
        Way::Decrypt => drop(sealer.open_stream_expecting(reader, &mut writer, &context).await?),
    }
    writer.shutdown().await.map_err(|error| Failure::io("writing", &error))
}

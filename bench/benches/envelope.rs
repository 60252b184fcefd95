//! Measures envelope encryption beside AES-256-GCM of ring by hand, which does the same work: a copy into a new buffer,
//! frame by frame; and the memory of long streams.
//!
//! `-- --check` fails where a target is missed.
#![allow(clippy::print_stdout, reason = "prints a table")]
#![allow(clippy::disallowed_methods, clippy::cast_precision_loss, reason = "measures real time, shown with few digits")]

use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bench::by_hand::Result;
use cloud_core::{BoxFuture, DataKey, DataKeySource, SecretBytes, WrappedKey};
use cloud_envelope::{Limits, Sealer};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};

const FRAME: usize = 64 * 1024;
const TAG: usize = 16;
/// Pairs of samples, of which the median is taken.
const SAMPLES: usize = 41;
/// About this much data in a sample.
const SAMPLE_BYTES: usize = 32 << 20;
const SMALL: usize = 1024;
const SMALL_MESSAGES: usize = 10_000;
const STREAM: u64 = 10 << 30;

/// The targets.
const THROUGHPUT: f64 = 0.95;
const MICROS_BEYOND: f64 = 5.0;
const STREAM_KIB: u64 = 1024;

const KEY: [u8; 32] = [7; 32];
const CONTEXT: &[(&str, &str)] = &[("table", "orders")];

/// A service that knows one data key.
#[derive(Debug)]
struct Source(Arc<AtomicU64>);

impl DataKeySource for Source {
    fn provider(&self) -> &str {
        "bench"
    }

    fn key_id(&self) -> &str {
        "3265ab469f0d406d83073da3e11e7a6c"
    }

    fn generate(&self) -> BoxFuture<'_, cloud_core::Result<Option<DataKey>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(Some(DataKey::new(KEY, b"wrapped".to_vec()))) })
    }

    fn wrap_key<'a>(&'a self, _: &'a SecretBytes) -> BoxFuture<'a, cloud_core::Result<Vec<u8>>> {
        Box::pin(async { Ok(b"wrapped".to_vec()) })
    }

    fn unwrap_key<'a>(&'a self, _: &'a WrappedKey, _: &'a [u8]) -> BoxFuture<'a, cloud_core::Result<SecretBytes>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(SecretBytes::from(KEY)) })
    }
}

/// The same work by hand.
struct ByHand(LessSafeKey);

fn nonce(frame: usize) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&(frame as u64).to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

impl ByHand {
    fn new() -> Result<Self> {
        Ok(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).map_err(|_| "the key")?)))
    }

    fn seal(&self, data: &[u8]) -> Result<Vec<u8>> {
        let frames = data.len().div_ceil(FRAME);
        let mut sealed = Vec::with_capacity(data.len() + frames * TAG);
        for (number, frame) in data.chunks(FRAME).enumerate() {
            let start = sealed.len();
            sealed.extend_from_slice(frame);
            let tag = self.0.seal_in_place_separate_tag(nonce(number), Aad::empty(), &mut sealed[start..]);
            sealed.extend_from_slice(tag.map_err(|_| "sealing")?.as_ref());
        }
        Ok(sealed)
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        let frames = sealed.len().div_ceil(FRAME + TAG);
        let mut data = Vec::with_capacity(sealed.len() - frames * TAG);
        for (number, frame) in sealed.chunks(FRAME + TAG).enumerate() {
            let (content, tag) = frame.split_at(frame.len() - TAG);
            let start = data.len();
            data.extend_from_slice(content);
            let tag = Tag::try_from(tag).map_err(|_| "the tag")?;
            let opened = self.0.open_in_place_separate_tag(nonce(number), Aad::empty(), tag, &mut data[start..], 0..);
            opened.map_err(|_| "opening")?;
        }
        Ok(data)
    }
}

/// Runs the work so often, and returns the time of each.
fn time<T>(repeat: usize, mut run: impl FnMut() -> Result<T>) -> Result<Duration> {
    let start = Instant::now();
    for _ in 0..repeat {
        black_box(run()?);
    }
    Ok(start.elapsed() / u32::try_from(repeat)?)
}

/// The same for a future, within one runtime: a program enters it once, not for each message.
fn time_async<T, F: Future<Output = Result<T>>>(
    runtime: &Runtime,
    repeat: usize,
    mut run: impl FnMut() -> F,
) -> Result<Duration> {
    runtime.block_on(async {
        let start = Instant::now();
        for _ in 0..repeat {
            black_box(run().await?);
        }
        Ok(start.elapsed() / u32::try_from(repeat)?)
    })
}

/// The medians of both times, measured in turns, and of their quotient.
fn compare(
    mut ours: impl FnMut() -> Result<Duration>,
    mut hand: impl FnMut() -> Result<Duration>,
) -> Result<(Duration, Duration, f64)> {
    let mut samples = Vec::with_capacity(SAMPLES);
    ours()?;
    for number in 0..SAMPLES {
        // Each goes first as often as the other.
        let (one, other) = if number % 2 == 0 {
            let one = ours()?;
            (one, hand()?)
        } else {
            let other = hand()?;
            (ours()?, other)
        };
        samples.push((one, other));
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    let ours = median(samples.iter().map(|(ours, _)| ours.as_secs_f64()).collect());
    let hand = median(samples.iter().map(|(_, hand)| hand.as_secs_f64()).collect());
    let quotient = median(samples.iter().map(|(ours, hand)| hand.as_secs_f64() / ours.as_secs_f64()).collect());
    Ok((Duration::from_secs_f64(ours), Duration::from_secs_f64(hand), quotient))
}

/// One data key for all, so that no request is measured.
fn sealer(requests: &Arc<AtomicU64>) -> Result<Sealer> {
    let limits = Limits { messages: 1 << 32, bytes: u64::MAX, ..Limits::default() };
    Ok(Sealer::builder(Source(Arc::clone(requests))).reuse(limits).build()?)
}

struct Table {
    check: bool,
    missed: Vec<String>,
}

impl Table {
    fn row(&mut self, what: &str, value: f64, unit: &str, target: Option<(f64, bool)>) {
        let (text, missed) = match target {
            Some((least, true)) => (format!("at least {least}"), value < least),
            Some((most, false)) => (format!("at most {most}"), value > most),
            None => (String::new(), false),
        };
        println!("{what:<46} {value:>10.3} {unit:<6} {text}");
        if missed {
            self.missed.push(what.to_owned());
        }
    }
}

fn throughput(table: &mut Table, runtime: &Runtime) -> Result<()> {
    let (sealer, hand) = (sealer(&Arc::default())?, ByHand::new()?);
    for (name, length) in [("64 KiB", 64 << 10), ("1 MiB", 1 << 20), ("16 MiB", 16 << 20)] {
        let data: Vec<u8> = (0..=250).cycle().take(length).collect();
        let repeat = (SAMPLE_BYTES / length).clamp(1, 200);
        let target = (length >= 1 << 20).then_some((THROUGHPUT, true));
        let gib = |time: Duration| length as f64 / time.as_secs_f64() / f64::from(1 << 30);
        let seal = || time_async(runtime, repeat, async || Ok(sealer.seal(&data, CONTEXT).await?));
        let (ours, by_hand, quotient) = compare(seal, || time(repeat, || hand.seal(&data)))?;
        println!("{name}: sealed at {:.2} GiB/s, by hand {:.2}", gib(ours), gib(by_hand));
        table.row(&format!("seal {name}, of ring's throughput"), quotient, "", target);
        let (message, sealed) = (runtime.block_on(sealer.seal(&data, CONTEXT))?, hand.seal(&data)?);
        let open = || time_async(runtime, repeat, async || Ok(sealer.open(&message).await?.data));
        let wiped = || time(repeat, || hand.open(&sealed).map(SecretBytes::from));
        let (ours, by_hand, quotient) = compare(open, wiped)?;
        println!("{name}: opened and wiped at {:.2} GiB/s, by hand {:.2}", gib(ours), gib(by_hand));
        table.row(&format!("open {name}, of ring's throughput"), quotient, "", target);
        let (_, _, quotient) = compare(open, || time(repeat, || hand.open(&sealed)))?;
        table.row(&format!("open {name}, by hand without a wipe"), quotient, "", None);
    }
    Ok(())
}

fn small_messages(table: &mut Table, runtime: &Runtime) -> Result<()> {
    let requests = Arc::default();
    let (sealer, hand) = (sealer(&requests)?, ByHand::new()?);
    let data = [7; SMALL];
    let seal = |repeat| time_async(runtime, repeat, async || Ok(sealer.seal(data, CONTEXT).await?));
    seal(SMALL_MESSAGES)?;
    let requests = requests.load(Ordering::Relaxed) as f64;
    table.row("10,000 messages of 1 KiB", requests, "calls", Some((1.0, false)));
    let beyond = |ours: Duration, hand: Duration| (ours.as_secs_f64() - hand.as_secs_f64()) * 1e6;
    let (ours, by_hand, _) = compare(|| seal(2_000), || time(2_000, || hand.seal(&data)))?;
    table.row("seal 1 KiB, beyond ring", beyond(ours, by_hand), "us", Some((MICROS_BEYOND, false)));
    let (message, sealed) = (runtime.block_on(sealer.seal(data, CONTEXT))?, hand.seal(&data)?);
    let open = || time_async(runtime, 2_000, async || Ok(sealer.open(&message).await?.data));
    let (ours, by_hand, _) = compare(open, || time(2_000, || hand.open(&sealed)))?;
    table.row("open 1 KiB, beyond ring", beyond(ours, by_hand), "us", Some((MICROS_BEYOND, false)));
    Ok(())
}

/// As many zeros as are left.
struct Zeros(u64);

impl AsyncRead for Zeros {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let now = usize::try_from(self.0).unwrap_or(usize::MAX).min(buf.remaining());
        buf.initialize_unfilled_to(now).fill(0);
        buf.advance(now);
        self.0 -= now as u64;
        Poll::Ready(Ok(()))
    }
}

struct Nowhere;

impl AsyncWrite for Nowhere {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(black_box(bytes).len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The most memory that the process has had, in KiB.
fn peak_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Seals a stream and opens it at the same time.
async fn pipe(sealer: &Sealer, length: u64) -> Result<u64> {
    let (writer, reader) = tokio::io::duplex(2 * FRAME);
    let (sealed, opened) =
        tokio::join!(sealer.seal_stream(Zeros(length), writer, &[]), sealer.open_stream(reader, Nowhere));
    sealed?;
    Ok(opened?.bytes)
}

fn streams(table: &mut Table, runtime: &Runtime) -> Result<()> {
    let sealer = sealer(&Arc::default())?;
    runtime.block_on(pipe(&sealer, 64 << 20))?;
    let (before, start) = (peak_kib()?, Instant::now());
    let bytes = runtime.block_on(pipe(&sealer, STREAM))?;
    let (grown, seconds) = (peak_kib()? - before, start.elapsed().as_secs_f64());
    println!("a stream of {} GiB sealed and opened in {seconds:.1} s", bytes >> 30);
    table.row("memory of 10 GiB beyond that of 64 MiB", grown as f64, "KiB", Some((STREAM_KIB as f64, false)));
    Ok(())
}

fn main() -> Result<()> {
    let check = std::env::args().any(|argument| argument == "--check");
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let mut table = Table { check, missed: Vec::new() };
    // First, while the process has had little memory.
    streams(&mut table, &runtime)?;
    small_messages(&mut table, &runtime)?;
    throughput(&mut table, &runtime)?;
    if table.check && !table.missed.is_empty() {
        return Err(format!("missed: {}", table.missed.join(", ")).into());
    }
    Ok(())
}

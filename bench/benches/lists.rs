//! Measures memory per item of long lists, and the gain of requesting the next page early. The transport is not real, so
//! that only the SDK is measured.
#![allow(clippy::print_stdout, reason = "prints a table")]
#![allow(clippy::disallowed_methods, reason = "measures real time")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use allocation_counter::measure;
use bench::by_hand::Result;
use bench::data;
use bytes::Bytes;
use cloud_core::BoxFuture;
use cloud_core::transport::{Transport, TransportError};
use scp_security::Scp;
use scp_security::kms::Client;
use scp_security::kms::v1_4::ListKeys;
use tokio::runtime::{Builder, Runtime};

const PAGE: usize = 1_000;

/// Returns pages of keys with IDs of their own, each after this time.
#[derive(Debug)]
struct Keys {
    /// A page whose IDs begin with [`PREFIX`].
    page: String,
    latency: Duration,
    requests: Arc<AtomicU64>,
}

/// What the IDs of the template begin with, up to the 16 digits that tell the items of a page apart.
const PREFIX: &str = "\"id\":\"0000000000000000";

impl Transport for Keys {
    fn send(
        &self,
        _: http::Request<Bytes>,
    ) -> BoxFuture<'_, std::result::Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            if !self.latency.is_zero() {
                tokio::time::sleep(self.latency).await;
            }
            let page = self.requests.fetch_add(1, Ordering::Relaxed);
            let body = self.page.replace(PREFIX, &format!("\"id\":\"{page:016x}"));
            Ok(http::Response::new(Bytes::from(body)))
        })
    }
}

fn keys(total: usize, latency: Duration) -> Result<(Client, Arc<AtomicU64>)> {
    let requests = Arc::new(AtomicU64::new(0));
    let page = data::page(PAGE).replace(&format!("\"count\":{PAGE},"), &format!("\"count\":{total},"));
    let transport = Keys { page, latency, requests: Arc::clone(&requests) };
    let scp =
        Scp::builder().endpoint("http://127.0.0.1:1").credentials("access", "secret").transport(transport).build()?;
    Ok((scp.kms(), requests))
}

fn list(kms: &Client) -> ListKeys {
    kms.list_keys().size(1_000)
}

fn main() -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    memory(&runtime)?;
    overlap(&runtime)
}

/// Takes all items of lists of different lengths and lets go of each.
fn memory(runtime: &Runtime) -> Result<()> {
    println!(
        "{:<22} {:>12} {:>14} {:>16} {:>10}",
        "items", "most bytes", "bytes an item", "pages at item 1", "ns an item"
    );
    let mut last = None;
    for total in [10_000, 100_000, 1_000_000] {
        let (kms, requests) = keys(total, Duration::ZERO)?;
        let (mut received, mut asked, start) = (0, 0, Instant::now());
        let spent = measure(|| {
            received = runtime.block_on(async {
                let (mut items, mut count) = (list(&kms).items(), 0);
                while let Some(item) = items.next().await {
                    count += usize::from(black_box(item).is_ok());
                    if count == 1 {
                        asked = requests.load(Ordering::Relaxed);
                    }
                }
                count
            });
        });
        if received != total {
            return Err(format!("{received} of {total} items").into());
        }
        let grown = last.map(|(items, bytes)| growth(total - items, spent.bytes_max.saturating_sub(bytes)));
        let nanos = start.elapsed().as_nanos() / u128::try_from(total)?;
        println!("{total:<22} {:>12} {:>14} {asked:>16} {nanos:>10}", spent.bytes_max, grown.unwrap_or_default());
        last = Some((total, spent.bytes_max));
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "shown with few digits")]
fn growth(items: usize, bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / items as f64)
}

/// Works on each page, with and without the request for the next page under way.
fn overlap(runtime: &Runtime) -> Result<()> {
    let (latency, work, pages) = (Duration::from_millis(20), Duration::from_millis(10), 30);
    let (kms, _) = keys(PAGE * pages, latency)?;
    let one_by_one = time(runtime, async {
        let mut list = list(&kms).pages();
        while let Some(page) = list.next().await {
            black_box(page?);
            spin(work);
        }
        Ok(())
    })?;
    let (kms, _) = keys(PAGE * pages, latency)?;
    let ahead = time(runtime, async {
        let mut list = list(&kms).pages();
        let mut page = list.next().await;
        while let Some(current) = page {
            black_box(current?);
            (page, ()) = tokio::join!(list.next(), async { spin(work) });
        }
        Ok(())
    })?;
    println!(
        "\n{pages} pages, {latency:?} each, {work:?} of work: {one_by_one:.0?} one by one, {ahead:.0?} with `join!`"
    );
    Ok(())
}

fn time(runtime: &Runtime, work: impl Future<Output = Result<()>>) -> Result<Duration> {
    let start = Instant::now();
    runtime.block_on(work)?;
    Ok(start.elapsed())
}

fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

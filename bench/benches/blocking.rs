//! What it adds to a call to block a thread with it, beside what `reqwest::blocking` adds to reqwest.
#![allow(clippy::print_stdout, reason = "prints a table")]
#![allow(clippy::disallowed_methods, clippy::cast_precision_loss, reason = "measures real time, shown with few digits")]

use std::hint::black_box;
use std::time::Instant;

use bench::by_hand::Result;
use bench::{data, server, setup};
use scp_security::kms::types::EncryptRequest;
use tokio::runtime::Builder;

/// How many calls a side makes in its turn, how often it takes one, and how many turns before that are not counted.
const CALLS: u32 = 500;
const ROUNDS: usize = 40;
const WARM_UP: usize = 4;

fn main() -> Result<()> {
    // For reqwest, whose features are the SDK's here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let base = format!("http://{}", server::start(data::ENCRYPTED, "{}")?);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let kms = setup::clients(&base)?.sdk;
    let (client, blocking) = (reqwest::Client::builder().build()?, reqwest::blocking::Client::builder().build()?);
    let request = EncryptRequest::new(data::PLAINTEXT);
    let mut sides: [(&str, Box<dyn FnMut() -> Result<()>>); 4] = [
        ("sdk, .await", Box::new(|| Ok(drop(black_box(runtime.block_on(kms.encrypt(data::KEY_ID, &request))?))))),
        ("sdk, .wait()", Box::new(|| Ok(drop(black_box(kms.encrypt(data::KEY_ID, &request).wait()?))))),
        (
            "reqwest",
            Box::new(|| {
                Ok(drop(black_box(runtime.block_on(async { client.get(&base).send().await?.bytes().await })?)))
            }),
        ),
        ("reqwest::blocking", Box::new(|| Ok(drop(black_box(blocking.get(&base).send()?.bytes()?))))),
    ];
    let mut times = [const { Vec::new() }; 4];
    for round in 0..WARM_UP + ROUNDS {
        for ((_, call), times) in sides.iter_mut().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..CALLS {
                call()?;
            }
            if round >= WARM_UP {
                times.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
            }
        }
    }
    let medians = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    });
    for ((name, _), median) in sides.iter().zip(medians) {
        println!("{name:<20} {median:>8.1} us");
    }
    let [awaited, waited, plain, blocked] = medians;
    println!("{:<20} {:>8.1} us, reqwest's {:.1} us", "added by blocking", waited - awaited, blocked - plain);
    Ok(())
}

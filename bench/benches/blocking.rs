//! Compares the overhead of `.wait()` with that of `reqwest::blocking`.
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

/// Makes one call and returns whether it succeeded.
type Call<'a> = Box<dyn FnMut() -> Result<bool> + 'a>;

fn main() -> Result<()> {
    // For reqwest, whose features are the SDK's here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let base = format!("http://{}", server::start(data::ENCRYPTED, "{}")?);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let kms = setup::clients(&base)?.sdk;
    let (client, blocking) = (reqwest::Client::builder().build()?, reqwest::blocking::Client::builder().build()?);
    let request = EncryptRequest::new(data::PLAINTEXT);
    let encrypt = || kms.encrypt(data::KEY_ID, &request);
    let get = async || client.get(&base).send().await?.bytes().await;
    let mut sides: [(&str, Call<'_>); 4] = [
        ("sdk, .await", Box::new(|| Ok(runtime.block_on(encrypt()).map(black_box).is_ok()))),
        ("sdk, .wait()", Box::new(|| Ok(encrypt().wait().map(black_box).is_ok()))),
        ("reqwest", Box::new(|| Ok(runtime.block_on(get()).map(black_box).is_ok()))),
        ("reqwest::blocking", Box::new(|| Ok(blocking.get(&base).send()?.bytes().map(black_box).is_ok()))),
    ];
    let mut times = [const { Vec::new() }; 4];
    for round in 0..WARM_UP + ROUNDS {
        for ((_, call), times) in sides.iter_mut().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..CALLS {
                if !call()? {
                    return Err("a call failed".into());
                }
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

//! Counts the allocations of each call on the caller's thread, including those of the connection.
#![allow(clippy::print_stdout, reason = "prints a table")]

use std::hint::black_box;

use allocation_counter::measure;
use bench::by_hand::Result;
use bench::setup::Setup;

const CALLS: u64 = 200;

fn main() -> Result<()> {
    let setup = Setup::new()?;
    println!("{:<28} {:>12} {:>14} {:>14}", "per call", "allocations", "bytes", "bytes at once");
    count("encrypt: sdk", || setup.encrypt_with_sdk().map(black_box).is_ok())?;
    count("encrypt: by hand", || setup.encrypt_by_hand().map(black_box).is_ok())?;
    count("encrypt: by hand, no limit", || setup.encrypt_by_hand_without_limit().map(black_box).is_ok())?;
    count("encrypt: sdk, hyper", || setup.encrypt_with_sdk_on_hyper().map(black_box).is_ok())?;
    count("encrypt: by hand, hyper", || setup.encrypt_by_hand_on_hyper().map(black_box).is_ok())?;
    count("list_keys: sdk", || setup.list_with_sdk().map(black_box).is_ok())?;
    count("list_keys: by hand", || setup.list_by_hand().map(black_box).is_ok())?;
    count("decode: Timestamp", || setup.decode_timestamps().map(black_box).is_ok())?;
    count("decode: String", || setup.decode_strings().map(black_box).is_ok())?;
    Ok(())
}

fn count(name: &str, mut call: impl FnMut() -> bool) -> Result<()> {
    let mut good = true;
    // The first calls open a connection and allocate its buffers.
    for _ in 0..20 {
        good &= call();
    }
    let spent = measure(|| {
        for _ in 0..CALLS {
            good &= call();
        }
    });
    if !good {
        return Err(format!("{name} failed").into());
    }
    let (allocations, bytes) = (spent.count_total / CALLS, spent.bytes_total / CALLS);
    println!("{name:<28} {allocations:>12} {bytes:>14} {:>14}", spent.bytes_max);
    Ok(())
}

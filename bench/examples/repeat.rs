//! Repeats one kind of call, for a profiler or an instruction counter.

use std::hint::black_box;

use bench::by_hand::Result;
use bench::setup::Setup;

const USAGE: &str = "usage: repeat encrypt-sdk|encrypt-hand|encrypt-hand-no-limit|encrypt-sdk-hyper|encrypt-hand-hyper|list-sdk|list-hand|decode-timestamp|decode-string COUNT";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(what), Some(count)) = (arguments.next(), arguments.next()) else { return Err(USAGE.into()) };
    let setup = Setup::new()?;
    for _ in 0..count.parse::<u64>()? {
        match what.as_str() {
            "encrypt-sdk" => drop(black_box(setup.encrypt_with_sdk()?)),
            "encrypt-hand" => drop(black_box(setup.encrypt_by_hand()?)),
            "encrypt-hand-no-limit" => drop(black_box(setup.encrypt_by_hand_without_limit()?)),
            "encrypt-sdk-hyper" => drop(black_box(setup.encrypt_with_sdk_on_hyper()?)),
            "encrypt-hand-hyper" => drop(black_box(setup.encrypt_by_hand_on_hyper()?)),
            "list-sdk" => drop(black_box(setup.list_with_sdk()?)),
            "list-hand" => drop(black_box(setup.list_by_hand()?)),
            "decode-timestamp" => drop(black_box(setup.decode_timestamps()?)),
            "decode-string" => drop(black_box(setup.decode_strings()?)),
            _ => return Err(USAGE.into()),
        }
    }
    Ok(())
}

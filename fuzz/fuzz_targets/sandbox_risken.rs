//! Calls of RISKEN, good and spoiled, at the sandbox.
#![no_main]

use fuzz::sandbox::{Vendor, play};

libfuzzer_sys::fuzz_target!(|data: &[u8]| play(Vendor::Risken, data));

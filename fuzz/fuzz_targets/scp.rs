//! Any bytes as the answer to any operation of Samsung Cloud Platform.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::call_one_of("scp", data));

//! Any bytes at the sandbox's admin path, as its seed data and as its state file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::sandbox::play_control(data));

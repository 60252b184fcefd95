//! Any bytes over a connection to a running sandbox, which goes on answering others.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::sandbox::play_socket(data));

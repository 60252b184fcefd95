//! Any bytes as `Retry-After`, `Date` and `Age`: no wait goes past the call's limit, and no clock is broken.
#![no_main]

use std::future::IntoFuture;
use std::time::Duration;

use cloud_core::retry::retry_after;
use fuzz::{Answers, finish, is_one_line};
use http::HeaderValue;
use time::OffsetDateTime;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [status, rest @ ..] = data else { return };
    if let Ok(text) = std::str::from_utf8(rest) {
        let wait = retry_after(text, OffsetDateTime::UNIX_EPOCH);
        let digits = text.trim();
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            assert_eq!(wait, Some(Duration::from_secs(digits.parse().unwrap_or(u64::MAX))));
        }
    }
    let mut lines = rest.split(|byte| *byte == b'\n');
    let status = [401, 429, 503, 502][usize::from(status & 3)];
    let mut answers = Answers::new(status, b"{}");
    for name in ["retry-after", "date", "age"] {
        if let Some(Ok(value)) = lines.next().map(HeaderValue::from_bytes) {
            answers.headers.push((name, value));
        }
    }
    let error = finish(fuzz::scp(answers).kms().show_key("key").into_future()).expect_err("a failure");
    is_one_line(&error.to_string());
});

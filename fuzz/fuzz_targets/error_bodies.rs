//! Any bytes as a refusal or failure: the error is one line, and holds nothing of what was sent.
#![no_main]

use std::future::IntoFuture;

use fuzz::{Answers, CANARY, finish, is_one_line, nhn, risken, scp};
use nhn_security::{Language, Region};
use scp_security::kms::types::EncryptRequest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [vendor, status, body @ ..] = data else { return };
    let status =
        [400, 401, 403, 404, 406, 413, 429, 500, 502, 503, 504, 302, 418, 200, 499, 599][usize::from(*status & 15)];
    let mut answers = Answers::new(status, body);
    answers.tokens_too = status & 16 != 0;
    if status & 32 != 0 {
        answers.headers.push(("content-type", http::HeaderValue::from_static("text/plain")));
    }
    let error = match vendor % 4 {
        0 => finish(scp(answers).kms().encrypt("key", &EncryptRequest::new(CANARY)).into_future()).err(),
        1 => finish(
            nhn(answers)
                .security_advisor()
                .expect("an app key")
                .list_inspection_results(Region::Kr1, Language::En)
                .into_future(),
        )
        .err(),
        2 => finish(nhn(answers).secure_key_manager_v1_0().expect("an app key").show_secret("key").into_future()).err(),
        _ => finish(risken(answers).aws().list_aws(7.try_into().expect("an ID")).into_future()).err(),
    };
    let Some(error) = error else { return };
    let text = error.to_string();
    is_one_line(&text);
    assert!(!text.contains(CANARY), "a credential in {text:?}");
    assert!(!format!("{error:?}").contains(CANARY), "a credential in {error:?}");
});

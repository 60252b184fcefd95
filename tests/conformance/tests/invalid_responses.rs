//! Invalid responses to every operation: each is an error, never a partial value.

#![cfg(test)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use conformance::harness::{Recorder, Reply, Secrets};
use conformance::{Context, Entry, fixture};
use scp_security::kms::types::EncryptRequest;
use scp_security::{ErrorKind, Scp};
use serde_json::{Value, json};

async fn call(entry: &'static Entry, reply: Reply) -> Result<(), String> {
    let secrets = Secrets { mark: "" };
    let transport = Recorder::replying(secrets, reply);
    let context = Context::new(secrets.clients(&transport));
    (entry.call)(&context).await
}

#[tokio::test]
async fn error_status_with_success_envelope_returns_error() {
    for entry in conformance::entries() {
        let (_, answer) = fixture::find(entry).unwrap().response();
        let answer = answer.unwrap_or_else(|| json!({"header": {"isSuccessful": true}, "data": null}));
        for status in [400, 500, 501] {
            let error = call(entry, Reply::answer(status, Some(&answer))).await.unwrap_err();
            assert!(error.contains(&format!("status {status}")), "{entry}: {error}");
        }
    }
}

/// Failures in each vendor's envelope.
fn failures() -> [Value; 2] {
    let errors = json!([{"code": "Refused", "title": "no"}]);
    let header = json!({"isSuccessful": false, "resultCode": -5, "resultMessage": "no"});
    [
        json!({"errors": errors, "header": header, "error": "no"}),
        json!({"errors": errors, "header": header, "error": {"code": "x", "message": "no"}, "data": {}, "body": {}}),
    ]
}

#[tokio::test]
async fn failed_envelope_with_success_status_returns_error() {
    for entry in conformance::entries() {
        if fixture::find(entry).unwrap().response().1.is_none() {
            continue;
        }
        for failure in failures() {
            for text in [failure.to_string(), serde_json::to_string_pretty(&failure).unwrap()] {
                let error = call(entry, Reply::Answer(200, text.clone())).await;
                assert!(error.is_err(), "{entry} took {text} for an answer");
            }
        }
    }
}

#[tokio::test]
async fn array_in_place_of_an_object_returns_error() {
    let mut refused = 0;
    for entry in conformance::entries() {
        let (status, answer) = fixture::find(entry).unwrap().response();
        let Some(mut answer) = answer else { continue };
        let payload = match entry.vendor {
            "nhn" if answer.get("body").is_some() => &mut answer["body"],
            "risken" if answer["data"].is_object() => &mut answer["data"],
            "scp" => &mut answer,
            _ => continue,
        };
        let Some(members) = payload.as_object() else { continue };
        let list = members.values().cloned().collect();
        *payload = 7.into();
        let ignored = call(entry, Reply::answer(status, Some(&answer))).await.is_ok();
        // Some answers are documented and hold nothing that a caller wants.
        if ignored {
            continue;
        }
        let payload = match entry.vendor {
            "nhn" => &mut answer["body"],
            "risken" => &mut answer["data"],
            _ => &mut answer,
        };
        *payload = list;
        let outcome = call(entry, Reply::answer(status, Some(&answer))).await;
        let error = outcome.err().unwrap_or_else(|| panic!("{entry} took a list for an object"));
        assert!(error.contains("is not"), "{entry}: {error}");
        refused += 1;
    }
    assert!(refused > 75, "only {refused} payloads were tried");
}

#[tokio::test]
async fn deeply_nested_json_returns_error() {
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    let texts = [
        deep.clone(),
        format!(r#"{{"header":{deep},"data":{deep},"errors":{deep}}}"#),
        format!(r#"{{"header":{{"isSuccessful":true}},"body":{deep},"data":{deep},"keys":{deep}}}"#),
    ];
    for entry in conformance::entries() {
        let documented = fixture::find(entry).unwrap();
        for (text, status) in texts.iter().zip([200, 400, 200]) {
            let outcome = call(entry, Reply::Answer(status, text.clone())).await;
            if let Err(error) = &outcome {
                assert!(error.len() < 600 && !error.contains('\n'), "{entry}: {error}");
            }
            assert!(outcome.is_err() || documented.response().1.is_none() || status == 200, "{entry}");
        }
    }
}

#[test]
fn string_of_a_hundred_megabytes_is_rejected_at_the_limit() {
    const SIZE: usize = 100 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 4096]).unwrap();
        // Without a length, so that only counting tells.
        socket.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"ciphertext\":\"").unwrap();
        let block = vec![b'x'; 1 << 20];
        let mut sent = 0;
        while sent < SIZE && socket.write_all(&block).is_ok() {
            sent += block.len();
        }
        sent
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(async {
        let scp = Scp::builder().endpoint(&url).credentials("key", "secret").build().unwrap();
        scp.kms().encrypt("k", &EncryptRequest::new(b"x")).await.unwrap_err()
    });
    drop(runtime);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1), "{error}");
    assert!(error.to_string().contains("exceeds the limit of 16777216 bytes"), "{error}");
    let sent = server.join().unwrap();
    assert!(sent < SIZE / 2, "the server could send {sent} bytes");
}

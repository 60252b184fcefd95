//! `tofu-key`: the protocol of OpenTofu's external key provider, version 1.
//!
//! What OpenTofu sends and accepts is replayed from its source, `internal/encryption/keyprovider/external` of 1.11.0 and
//! 1.12.6.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::world::{KEYS, Ran, command, run_with};

const HEADER: &str = "{\"magic\":\"OpenTofu-External-Key-Provider\",\"version\":1}";

/// Runs the command as OpenTofu does: it waits for the header before it sends the metadata.
fn provide(arguments: &[&str], metadata: &Value) -> Value {
    let mut command = command(&[&["tofu-key"], arguments].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut header = String::new();
    out.read_line(&mut header).unwrap();
    assert_eq!(header, format!("{HEADER}\n"));
    child.stdin.take().unwrap().write_all(metadata.to_string().as_bytes()).unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    serde_json::from_str(&rest).unwrap()
}

#[test]
fn key_of_the_stored_state_comes_back_and_each_write_has_another_one() {
    let both = ["--key", KEYS[0], "--key", KEYS[1], "--context", "project=web"];
    let first = provide(&both, &Value::Null);
    assert!(first["keys"]["decryption_key"].is_null(), "nothing is encrypted yet");
    let key = first["keys"]["encryption_key"].as_str().unwrap();
    // 32 bytes in Base64, as AES-256-GCM needs.
    assert_eq!(key.len(), 44);
    assert!(!first["meta"].to_string().contains(key));
    for one in [&both[..2], &both[2..4]] {
        let again = provide(&[one, &both[4..]].concat(), &first["meta"]);
        assert_eq!(again["keys"]["decryption_key"], key);
        assert_ne!(again["keys"]["encryption_key"], key);
        let third = provide(&[one, &both[4..]].concat(), &again["meta"]);
        assert_eq!(third["keys"]["decryption_key"], again["keys"]["encryption_key"]);
    }
}

#[test]
fn foreign_metadata_is_rejected_and_not_quoted() {
    let key = ["tofu-key", "--key", KEYS[0]];
    let stored = provide(&key[1..], &Value::Null)["meta"].to_string();
    let cut = json!({ "external_data": { "envelope": "AgV4" } }).to_string();
    for (arguments, input, wanted) in [
        (&key[..], "", "metadata of OpenTofu"),
        (&key, "canary-of-16-let", "metadata of OpenTofu"),
        (&key, "{\"external_data\":{\"canary-of-16-let\":1}}", "metadata of OpenTofu"),
        // The state of another key provider.
        (&key, "{\"external_data\":{}}", "metadata of OpenTofu"),
        (&key, "{\"external_data\":{\"envelope\":\"canary-of-16-let!\"}}", "not Base64"),
        (&key, &*cut, "the message"),
        (&[&key[..], &["--context", "project=other"]].concat(), &*stored, "key of the stored state"),
        (&["tofu-key", "--key", KEYS[1]], &*stored, "key of the stored state"),
    ] {
        let ran: Ran = run_with(arguments, input.as_bytes());
        assert_eq!((ran.status, ran.text()), (1, &*format!("{HEADER}\n")), "{input}: {ran:?}");
        assert!(ran.errors.contains(wanted) && !ran.errors.contains("canary"), "{input}: {ran:?}");
    }
}

/// The header; other fields are allowed.
#[derive(Deserialize)]
struct Header {
    magic: String,
    version: i64,
}

/// The output; other fields are an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    keys: Keys,
    meta: Metadata,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    encryption_key: String,
    decryption_key: Option<String>,
}

/// What is stored beside the state, and what is sent to the next process.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    external_data: Option<BTreeMap<String, Value>>,
}

/// The keys in bytes, and the metadata.
struct Provided {
    encryption: Vec<u8>,
    decryption: Option<Vec<u8>>,
    metadata: Metadata,
}

/// Runs the command as OpenTofu does: it sends the input at once, reads to the end, and demands the exit status 0, then a
/// first line that is the header, then one JSON value with keys in Base64.
fn replay(input: &str) -> Provided {
    let ran = run_with(&["tofu-key", "--key", KEYS[0], "--context", "project=web"], input.as_bytes());
    assert_eq!((ran.status, ran.errors.as_str()), (0, ""), "{input}: {ran:?}");
    let (first, rest) = ran.text().split_once('\n').unwrap();
    let header: Header = serde_json::from_str(first).unwrap();
    assert_eq!((header.magic.as_str(), header.version), ("OpenTofu-External-Key-Provider", 1));
    let output: Output = serde_json::from_str(rest).unwrap();
    let bytes = |key: &String| STANDARD.decode(key).unwrap();
    Provided {
        encryption: bytes(&output.keys.encryption_key),
        decryption: output.keys.decryption_key.as_ref().map(bytes),
        metadata: output.meta,
    }
}

#[test]
fn replayed_runs_of_opentofu_encrypt_and_decrypt_its_state() {
    // With nothing to decrypt, 1.12 sends the first, and earlier versions the second. Neither has a line break.
    for nothing in ["null", "{\"external_data\":null}"] {
        // The first apply has no state: the key for writing alone.
        let first = replay(nothing);
        assert_eq!((first.encryption.len(), first.decryption.as_ref()), (32, None), "AES-256 needs 32 bytes");
        // The metadata is stored as JSON beside the state, and is an object, which is never sent as null.
        let stored = serde_json::to_string(&first.metadata).unwrap();
        assert!(first.metadata.external_data.is_some_and(|data| !data.is_empty()));
        // The second apply asks for a key for writing, then for the one that opens the state.
        let (second, opening) = (replay(nothing), replay(&stored));
        assert_eq!(opening.decryption, Some(first.encryption));
        // Its state is written with the key and the metadata of its first question.
        assert_ne!(second.encryption, opening.encryption);
        let stored = serde_json::to_string(&second.metadata).unwrap();
        assert_eq!(replay(&stored).decryption, Some(second.encryption));
    }
}

//! `tofu-key`: the protocol of OpenTofu's external key provider, version 1.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

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

//! The AWS Encryption SDK for Python reads what this crate has sealed, and the other way round.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cloud_envelope::{ErrorKind, Sealer};
use envelope::{NHN_KEY, RawKey, SCP_KEY, World, pattern};
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

#[derive(Deserialize)]
struct Entry {
    name: String,
    length: usize,
    context: BTreeMap<String, String>,
    keys: Vec<String>,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[tokio::test]
async fn messages_of_the_python_package_are_opened_with_each_of_their_keys() {
    let index = std::fs::read_to_string(folder("messages/index.json")).unwrap();
    let entries: Vec<Entry> = serde_json::from_str(&index).unwrap();
    assert!(!entries.is_empty());
    for Entry { name, length, context, keys } in entries {
        let message = std::fs::read(folder("messages").join(format!("{name}.msg"))).unwrap();
        let data = pattern(length);
        let pairs: Vec<_> = context.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for key in ["one", "other", "third"] {
            let sealer = Sealer::builder(RawKey::named(key).unwrap()).build().unwrap();
            let opened = sealer.open(&message).await;
            if !keys.iter().any(|known| known == key) {
                assert_eq!(opened.unwrap_err().kind(), ErrorKind::NoKey, "{name} with {key}");
                continue;
            }
            let opened = opened.unwrap();
            assert_eq!(opened.data.expose_secret(), data, "{name} with {key}");
            assert_eq!(opened.context.iter().collect::<Vec<_>>(), pairs, "{name}");
            let mut streamed = Vec::new();
            sealer.open_stream(message.as_slice(), &mut streamed).await.unwrap();
            assert_eq!(streamed, data, "{name} with {key}");
        }
    }
}

/// The interpreter that has this module: `PYTHON`, or `python3`.
#[allow(clippy::disallowed_methods, reason = "not a setting of the SDK")]
async fn python(module: &str, remedy: &str) -> Option<String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = format!("import {module}");
    let found = Command::new(&python).args(["-c", &import]).stderr(Stdio::null()).status().await;
    if found.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    // Not through the macro, whose output a test that passes does not show.
    let text = format!("\nSKIPPED: {python} cannot import {module}: {remedy}, or set PYTHON\n\n");
    std::io::stderr().write_all(text.as_bytes()).unwrap();
    None
}

/// Runs the script with the sandbox's settings. Returns what it wrote; none if it failed.
async fn run(python: &str, world: &World, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new(python);
    command.arg(folder("python/scp_kms.py")).args(arguments);
    command.env("SCP_KMS_ENDPOINT", world.scp.kms().endpoint().to_string());
    command.envs(&world.settings).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (written, output) = tokio::join!(
        async {
            let written = stdin.write_all(input).await;
            drop(stdin);
            written
        },
        child.wait_with_output()
    );
    let output = output.unwrap();
    (output.status.success() && written.is_ok()).then_some(output.stdout)
}

#[tokio::test]
async fn python_opens_what_is_sealed_here_and_the_other_way_round() {
    let remedy = "`pip install aws-encryption-sdk==4.0.7`";
    let Some(python) = python("aws_encryption_sdk", remedy).await else { return };
    let world = World::start().await;
    let context = [("table", "orders"), ("열", "값")];
    for (length, frame_length) in [(0, 4096), (1, 4096), (4096, 4096), (10_000, 4096), (200_000, 65_536)] {
        let sealer = Sealer::builder(world.scp.kms().key(SCP_KEY)).frame_length(frame_length).build().unwrap();
        let data = pattern(length);
        let message = sealer.seal(&data, &context).await.unwrap();
        let opened = run(&python, &world, &["open", SCP_KEY, "table=orders", "열=값"], &message).await;
        assert!(opened.is_some_and(|opened| opened == data), "{length} bytes");

        let mut streamed = Vec::new();
        sealer.seal_stream(data.as_slice(), &mut streamed, &context).await.unwrap();
        let opened = run(&python, &world, &["open", SCP_KEY], &streamed).await;
        assert!(opened.is_some_and(|opened| opened == data), "{length} bytes as a stream");

        let sealed = run(&python, &world, &["seal", SCP_KEY, "table=orders", "열=값"], &data).await.unwrap();
        let opened = sealer.open_expecting(&sealed, &context).await.unwrap();
        assert!(opened.data.expose_secret() == data, "{length} bytes of Python");
    }
    let sealer = Sealer::builder(world.scp.kms().key(SCP_KEY)).build().unwrap();
    let both = Sealer::builder(world.nhn.secure_key_manager().unwrap().key(NHN_KEY)).also(world.scp.kms().key(SCP_KEY));
    let message = both.build().unwrap().seal("data", &context).await.unwrap();
    let opened = run(&python, &world, &["open", SCP_KEY], &message).await;
    assert!(opened.is_some_and(|opened| opened == b"data"), "the second of two wrapped keys");

    let mut message = sealer.seal("data", &context).await.unwrap();
    assert!(run(&python, &world, &["open", SCP_KEY, "table=customers"], &message).await.is_none());
    let last = message.len() - 1;
    if let Some(byte) = message.get_mut(last) {
        *byte ^= 1;
    }
    assert!(run(&python, &world, &["open", SCP_KEY], &message).await.is_none(), "Python notices a changed byte");
}

/// Imports the client without PyArrow, and prints the URL of each call, or that there was none.
const CALLS: &str = r#"
import io, json, sys, types, urllib.request

for name in ["pyarrow", "pyarrow.compute", "pyarrow.parquet", "pyarrow.parquet.encryption"]:
    sys.modules[name] = types.ModuleType(name)
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, sys.modules[name])
sys.modules["pyarrow.parquet.encryption"].KmsClient = object

def urlopen(request, timeout):
    print(request.full_url)
    return io.BytesIO(b'{"ciphertext": "wrapped", "plaintext": "a2V5"}')

urllib.request.urlopen = urlopen
sys.path.insert(0, sys.argv[1])
import scp_kms

client = scp_kms.ScpKmsClient(None)
for key_id in json.loads(sys.argv[2]):
    for call in [lambda: client.wrap_key(b"key", key_id), lambda: client.unwrap_key(b"wrapped", key_id)]:
        try:
            call()
        except ValueError:
            print("rejected")
"#;

#[tokio::test]
async fn clients_of_parquet_readers_put_only_ids_of_keys_into_urls() {
    let folder = folder("../../examples/parquet");
    // Both compare the whole ID with it.
    for client in ["scp_kms.py", "spark/ScpKmsClient.java"] {
        let source = std::fs::read_to_string(folder.join(client)).unwrap();
        assert!(source.contains(r#""[0-9a-zA-Z-]+""#), "{client}");
    }
    let Some(python) = python("hmac", "install Python 3").await else { return };
    let rejected = ["", "../v1/keys", "key/../other", "key?x=1", "key#x", "key%2F", "key\n", "\nkey", "키", "a b", "."];
    let ids: Vec<_> = [SCP_KEY, "3265ab46-9f0d"].into_iter().chain(rejected).collect();
    let mut command = Command::new(python);
    command.args(["-B", "-c", CALLS]).arg(&folder).arg(serde_json::to_string(&ids).unwrap());
    command.env("SCP_KMS_ENDPOINT", "https://kms.test/");
    let output = command.env("SCP_ACCESS_KEY", "a").env("SCP_SECRET_KEY", "b").output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let calls = String::from_utf8(output.stdout).unwrap();
    let expected = ids.iter().flat_map(|id| {
        let url = |operation| format!("https://kms.test/v1/kms/openapi/{operation}/{id}");
        let calls = ["encrypt", "decrypt"].map(url);
        if rejected.contains(id) { ["rejected", "rejected"].map(str::to_owned) } else { calls }
    });
    assert_eq!(calls.lines().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

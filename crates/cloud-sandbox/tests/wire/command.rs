//! The command: its options, its streams, its exit status and the files that it leaves.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use cloud_sandbox::Sandbox;

use super::raw::{Call, setting};

#[tokio::test]
async fn command_prints_the_variables_of_the_library() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-sandbox"));
    let command = command.args(["--port", "0", "--answers", "unknown"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let endpoint = first.strip_prefix("listening on ").unwrap();

    let sandbox = Sandbox::start().await.unwrap();
    for (name, value) in sandbox.env_vars() {
        let value = value.replace(sandbox.endpoint(), endpoint);
        assert_eq!(lines.next().unwrap(), format!("export {name}={value}"));
    }
    let key = setting(&sandbox, "NHN_CLOUD_SKM_APP_KEY");
    let call = Call::new("GET", format!("/keymanager/v1.0/appkey/{key}/confirm"));
    let response = call.send(endpoint).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(response.expect(200).json()["body"]["xSandboxUnknown"].is_string());
}

/// The exit status, what was printed and what was complained of.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cloud-sandbox")).args(arguments).output().unwrap();
    let [printed, complained] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.code(), printed, complained)
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("cloud-sandbox-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn command_prints_help_and_refuses_invalid_options() {
    let (status, help, _) = run(&["--help"]);
    assert!(status == Some(0) && help.contains("--answers"));
    let (status, version, _) = run(&["--version"]);
    assert_eq!((status, &*version), (Some(0), concat!("cloud-sandbox ", env!("CARGO_PKG_VERSION"), "\n")));
    for (arguments, word) in [
        (vec!["--port", "99999"], "--port takes a number"),
        (vec!["--port"], "--port needs a value"),
        (vec!["--state="], "--state needs a value"),
        (vec!["--answers=none"], "unknown answers"),
        (vec!["serve"], "unknown argument \"serve\""),
        (vec!["--bind", "here"], "--bind takes an IP address"),
        (vec!["--clock", "noon"], "--clock takes a time"),
        (vec!["--clock", "9999-01-01T00:00:00Z"], "years from now"),
        (vec!["--nhn-statuses", "none"], "--nhn-statuses takes service, ok or real"),
        (vec!["--token-lifetime", "long"], "--token-lifetime takes seconds"),
        (vec!["--timestamp-tolerance", "-1"], "--timestamp-tolerance takes seconds"),
        (vec!["--admin=no"], "--admin takes no value"),
        (vec!["--mutual-tls-port", "8443"], "goes with --mutual-tls"),
    ] {
        let (status, printed, complained) = run(&arguments);
        assert_eq!((status, printed.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(complained.contains(word) && complained.lines().count() == 1, "{complained}");
    }
}

#[cfg(unix)]
#[test]
fn argument_that_is_not_utf8_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"\xff");
    for (arguments, status) in [(vec![odd], 2), (vec!["--port".as_ref(), odd], 2), (vec!["--seed".as_ref(), odd], 1)] {
        let output = Command::new(env!("CARGO_BIN_EXE_cloud-sandbox")).args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
    }
}

#[tokio::test]
async fn startup_error_is_one_line() {
    let folder = folder("refused");
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (broken, typing) = (file("broken.json", "{"), file("typing.json", r#"{"scp":{"kmz":{}}}"#));
    let (secret, other) = (file("secret.json", r#"{"nhn":"hunter2"}"#), file("other.json", r#"{"format":9}"#));
    let nowhere = folder.join("nowhere").join("file.json");
    let (nowhere, taken) = (nowhere.to_str().unwrap(), Sandbox::start().await.unwrap());
    let port = taken.endpoint().rsplit_once(':').unwrap().1;
    for (arguments, words) in [
        (["--port", port], ["cannot listen on 127.0.0.1:", port]),
        (["--seed", nowhere], ["--seed ", nowhere]),
        (["--seed", &broken], [&broken, "is not JSON"]),
        (["--seed", &typing], ["/scp/kmz", "does not have"]),
        (["--seed", &secret], ["do not fit", "nhn"]),
        (["--state", nowhere], ["state file", "nowhere"]),
        (["--state", &broken], [&broken, "is not JSON"]),
        (["--state", &other], ["format", "remove it"]),
        (["--mutual-tls", &broken], ["--mutual-tls", &broken]),
    ] {
        let (status, printed, complained) = run(&arguments);
        assert_eq!((status, printed.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(words.iter().all(|word| complained.contains(word)), "{complained}");
        assert!(complained.lines().count() == 1 && !complained.contains("hunter2"), "{complained}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Starts the command, and waits until it says where it listens.
fn serving(arguments: &[&Path]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-sandbox"));
    let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // The rest of what it prints is not read.
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("listening on "), "{first:?}");
    child
}

fn stop(mut child: Child) {
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn private_key_files_are_readable_by_the_owner_only() {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("identities");
    let (keys, state) = (folder.join("keys"), folder.join("state.json"));
    std::fs::create_dir(&keys).unwrap();
    // What an earlier run left behind may be open to everybody.
    std::fs::write(keys.join("partner.pem"), "old").unwrap();
    set_permissions(keys.join("partner.pem"), Permissions::from_mode(0o644)).unwrap();
    stop(serving(&["--mutual-tls".as_ref(), &keys, "--state".as_ref(), &state]));
    let mut private = vec![state];
    for name in ["certificate1", "certificate2", "partner"] {
        private.extend(["pem", "p12", "legacy.p12"].map(|kind| keys.join(name).with_extension(kind)));
    }
    for file in private {
        assert_eq!(metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    assert!(std::fs::read_to_string(keys.join("partner.pem")).unwrap().contains("PRIVATE KEY"));
    assert!(std::fs::read_to_string(keys.join("authority.pem")).unwrap().starts_with("-----BEGIN CERTIFICATE"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[cfg(unix)]
#[test]
fn command_warns_beyond_loopback_and_saves_state_on_sigterm() {
    let file = std::env::temp_dir().join(format!("cloud-sandbox-command-{}.json", std::process::id()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-sandbox"));
    let command = command.args(["--bind", "0.0.0.0", "--admin", "--state"]).arg(&file);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("listening on http://127.0.0.1:"));
    assert!(lines.any(|line| line.starts_with("export RISKEN_ACCESS_TOKEN=")));
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let warning = errors.next().unwrap();
    assert!(warning.contains("warning") && warning.contains("use and control"), "{warning}");
    assert!(errors.next().unwrap().ends_with("/_sandbox/"));
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(kept["format"], 1);
}

//! `sandbox`, `doctor`, `bridge`, `completions`, `man`, and arguments that are not valid.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::world::{CLOUDSEC, Folder, Ran, command, run};

/// A process that is killed when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts the command without any setting, and returns its first lines.
fn start(arguments: &[&str], last: &str) -> (Running, Vec<String>) {
    let mut command = Command::new(CLOUDSEC);
    let mut child = command.args(arguments).env_clear().stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        lines.push(line.unwrap());
        if lines.last().unwrap().starts_with(last) {
            break;
        }
    }
    (Running(child), lines)
}

#[test]
fn sandbox_prints_exports_for_every_command_and_ends_with_sigterm() {
    let (mut running, lines) = start(&["sandbox"], ": listening on ");
    let exports = lines.iter().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
    let output = Command::new(CLOUDSEC).arg("doctor").env_clear().envs(exports).output().unwrap();
    assert_eq!(Ran::from(output).status, 0);
    #[cfg(unix)]
    {
        let pid = running.0.id().to_string();
        assert!(lines.last().unwrap().ends_with(&format!(" as process {pid}")), "{lines:?}");
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        assert_eq!(running.0.wait().unwrap().code(), Some(0));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn sandbox_in_the_background_works_with_eval_and_has_a_session_of_its_own() {
    let script = format!("eval \"$('{CLOUDSEC}' sandbox --background)\" && '{CLOUDSEC}' doctor --output json && env");
    let output = Command::new("sh").arg("-c").arg(script).env_clear().env("PATH", "/usr/bin:/bin").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let address = text.lines().find_map(|line| line.strip_prefix("SCP_ENDPOINT=http://")).unwrap();
    let address: SocketAddr = address.parse().unwrap();
    // It still serves after the shell has ended.
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 "), "{response}");
    let pid = listener(address.port());
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let session = stat.rsplit_once(") ").unwrap().1.split(' ').nth(3).unwrap().to_owned();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    assert_eq!(session, pid);
    assert!(output.status.success() && text.contains("\"state\": \"working\""), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn sandbox_in_the_background_keeps_no_variable_of_the_caller() {
    let mut command = Command::new(CLOUDSEC);
    command.args(["sandbox", "--background"]).env_clear().env("SCP_SECRET_KEY", "canary-of-16-let");
    let ran = Ran::from(command.output().unwrap());
    let pid = ran.text().trim_end().rsplit_once(" as process ").unwrap().1;
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    assert_eq!((String::from_utf8_lossy(&environment).as_ref(), folder.to_str()), ("", Some("/")));
}

#[cfg(target_os = "linux")]
#[test]
fn sandbox_whose_address_cannot_be_printed_does_not_stay() {
    // A port that is free now; the sandbox would still listen on it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    for out in [Stdio::from(full), Stdio::from(writer)] {
        let mut command = Command::new(CLOUDSEC);
        command.args(["sandbox", "--background", "--port", &port.to_string()]).env_clear().stdout(out);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert!(ran.status == 1 && ran.errors.contains("the standard output"), "{ran:?}");
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}

/// The process whose arguments have the marks of a background sandbox and that owns the socket of this port.
#[cfg(target_os = "linux")]
pub(crate) fn listener(port: u16) -> String {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let wanted = format!("0100007F:{port:04X}");
    let row = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = row.into_iter().find(|row| row.get(1) == Some(&&*wanted) && row.get(3) == Some(&"0A")).unwrap();
    let socket = format!("socket:[{}]", row[9]);
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(handles) = std::fs::read_dir(entry.path().join("fd")) else { continue };
        if handles.flatten().any(|own| std::fs::read_link(own.path()).is_ok_and(|to| to.to_str() == Some(&*socket))) {
            return entry.file_name().into_string().unwrap();
        }
    }
    panic!("nobody listens on {port}");
}

#[test]
fn doctor_calls_each_vendor_and_knows_its_clock() {
    let ran = run(&["doctor", "--output", "json"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let found: Value = serde_json::from_slice(&ran.out).unwrap();
    let calls: Vec<_> = found.as_array().unwrap().iter().flat_map(|own| own["calls"].as_array().unwrap()).collect();
    let names: Vec<_> = calls.iter().map(|call| call["call"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "kms list_keys",
            "secure_key_manager list_key_stores",
            "security_advisor list_inspection_results",
            "server_security_check list_inspection_summaries",
            "aws list_aws"
        ]
    );
    assert!(calls.iter().all(|call| call["error"].is_null() && call["clock_offset_s"].is_i64()), "{calls:?}");
}

#[test]
fn doctor_says_what_to_do() {
    let unreachable = "http://127.0.0.1:1";
    for (changes, status, state, wanted) in [
        (&[][..], 4, "not_configured", "set SCP_ACCESS_KEY"),
        (&[("SCP_ACCESS_KEY", "canary-of-16-let")], 4, "wrong_settings", "SCP_SECRET_KEY"),
        (
            &[("SCP_ACCESS_KEY", "canary-of-16-let"), ("SCP_SECRET_KEY", "b"), ("SCP_ENDPOINT", unreachable)],
            4,
            "failing",
            "could not connect",
        ),
    ] {
        let mut command = Command::new(CLOUDSEC);
        command.args(["doctor", "--vendor", "scp", "--output", "json"]).env_clear().env("HOME", "/nonexistent");
        let ran = Ran::from(command.envs(changes.iter().copied()).output().unwrap());
        assert_eq!(ran.status, status, "{ran:?}");
        let found: Value = serde_json::from_slice(&ran.out).unwrap();
        assert_eq!(found[0]["state"], state, "{found}");
        assert!(ran.text().contains(wanted) && !ran.text().contains("canary"), "{ran:?}");
    }
    let refused = Ran::from(command(&["doctor", "--vendor", "scp"]).env("SCP_SECRET_KEY", "wrong").output().unwrap());
    assert_eq!(refused.status, 4);
    assert!(refused.text().contains("refused") && refused.text().contains("try: "), "{refused:?}");
    let offline = Command::new(CLOUDSEC);
    let mut offline = offline;
    offline.args(["doctor", "--offline", "--vendor", "risken"]).env_clear();
    offline.envs([("RISKEN_URL", unreachable), ("RISKEN_ACCESS_TOKEN", "a")]);
    assert_eq!(Ran::from(offline.output().unwrap()).status, 0);
}

#[test]
fn bridge_is_the_command_of_cloud_bridge() {
    let ran = run(&["bridge", "--help"]);
    assert!(ran.status == 0 && ran.text().contains("usage: cloud-bridge"), "{ran:?}");
    assert_eq!(run(&["bridge", "--unheard-of"]).status, 2);
    let (_running, lines) = start(&["bridge", "--sandbox"], "export VAULT_TOKEN=");
    assert!(lines[0].starts_with("listening on http://127.0.0.1:"), "{lines:?}");
}

#[test]
fn completions_and_man_pages_name_every_command() {
    let commands = ["doctor", "exec", "encrypt", "decrypt", "findings", "certs", "bridge", "tofu-key", "sandbox"];
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell]);
        assert!(ran.status == 0 && commands.iter().all(|name| ran.text().contains(name)), "{shell}: {ran:?}");
    }
    let folder = Folder::new();
    assert_eq!(run(&["man", "--directory", folder.path().to_str().unwrap()]).status, 0);
    let names = folder.names();
    for name in commands {
        assert!(names.contains(&format!("cloudsec-{name}.1")), "{name}: {names:?}");
    }
    let page = run(&["man"]);
    assert!(page.text().starts_with(".") && page.text().contains(".TH cloudsec 1"), "{page:?}");
}

#[test]
fn wrong_arguments_end_with_status_2_and_say_why() {
    let folder = Folder::new();
    let file = folder.write("a", "a");
    for (arguments, wanted) in [
        (&["--unheard-of"][..], "unexpected argument"),
        (&["encrypt"], "--key"),
        (&["encrypt", "--key", "risken:1"], "a key is scp:ID or nhn:ID"),
        (&["encrypt", "--key", "scp:1", "--context", "a"], "NAME=VALUE"),
        (&["encrypt", "--key", "scp:1", "--context", "a=1", "--context", "a=2", &file], "the same name twice"),
        (&["encrypt", "--key", "scp:1", "--out", &file, &file], "--force"),
        (&["decrypt", "--key", "scp:1", "--force", "--out", "/dev/null", &file], "not a regular file"),
        (&["exec", "--secret", "A=scp:", "--", "true"], "a secret is"),
        (&["certs", "--expiring", "60"], "such as 60d"),
        (&["findings", "--shard", "4/4"], "does not exist"),
        (&["findings", "--max-age", "1d"], "--checkpoint"),
        (&["findings", "--checkpoint", "a", "--max-age", "1"], "such as 60d"),
        (&["findings", "--from", "2025-02-30"], "YYYY-MM-DD"),
        (&["findings", "--language", "latin"], "language"),
        (&["findings", "--from", "2025-01-01", "--to", "2025-06-01"], "31 days"),
        (&["findings", "--fail-on", "bad"], "a severity is"),
        (&["doctor", "--vendor", "aws"], "scp, nhn or risken"),
    ] {
        let ran = run(arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {ran:?}");
        assert!(ran.errors.contains(wanted), "{arguments:?}: {ran:?}");
    }
}

//! The command: its options, its sandbox, its tokens, and a policy file that changes under load.
#![cfg(test)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

#[path = "common/folder.rs"]
mod folder;

use folder::Folder;

const BRIDGE: &str = env!("CARGO_BIN_EXE_cloud-bridge");

/// A process that is killed when this is dropped, and the first lines that it printed.
struct Running {
    child: Child,
    lines: Vec<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Running {
    fn start(arguments: &[&str], variables: &[(&str, String)], lines: usize) -> Self {
        let mut command = Command::new(BRIDGE);
        command.args(arguments).env_clear().envs(variables.iter().map(|(name, value)| (*name, value)));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut first = Vec::new();
        for _ in 0..lines {
            let mut line = String::new();
            if output.read_line(&mut line).unwrap() == 0 {
                let mut errors = String::new();
                child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
                panic!("it ended early: {errors}");
            }
            first.push(line.trim_end().to_owned());
        }
        Self { child, lines: first }
    }

    fn value(&self, start: &str) -> String {
        self.lines.iter().find_map(|line| line.strip_prefix(start)).unwrap().to_owned()
    }
}

fn request(address: &str, head: &str) -> String {
    let address: SocketAddr = address.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(format!("{head}\r\nHost: b\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).unwrap();
    received
}

/// Writes a file into the folder, and returns its path.
fn file(folder: &Folder, name: &str, text: &str) -> String {
    let path = folder.0.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn sandbox_needs_no_account_and_prints_a_token() {
    let running = Running::start(&["--sandbox"], &[], 3);
    let (address, token) = (running.value("export VAULT_ADDR="), running.value("export VAULT_TOKEN="));
    assert_eq!(running.lines[0], format!("listening on {address}"));
    let read = request(&address, &format!("GET /v1/secret/data/team/db HTTP/1.1\r\nX-Vault-Token: {token}"));
    assert!(read.starts_with("HTTP/1.1 200") && read.contains(r#""data":{"key1":"value1","key2":"value2"}"#), "{read}");
    let read = request(&address, &format!("GET /v1/nhn-secret/data/mail HTTP/1.1\r\nAuthorization: Bearer {token}"));
    assert!(read.contains(r#""username":"mailer""#), "{read}");
    assert!(request(&address, "GET /v1/secret/data/team/db HTTP/1.1").starts_with("HTTP/1.1 403"));
}

#[cfg(unix)]
#[test]
fn sigterm_ends_with_status_0() {
    let mut running = Running::start(&["--sandbox"], &[], 3);
    let killed = Command::new("kill").arg(running.child.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

#[test]
fn wrong_options_end_with_a_line_that_says_why() {
    let folder = Folder::new("command-options");
    let policies = file(&folder, "policies.toml", "");
    let good = file(&folder, "good.toml", &format!("[[token]]\nname = \"a\"\nsha256 = \"{}\"\n", "0".repeat(64)));
    for (arguments, status, wanted) in [
        (&["--unheard-of"][..], 2, "unknown argument"),
        (&["--listen"], 2, "--listen needs a value"),
        (&["--writable=yes"], 2, "--writable takes no value"),
        (&["token"], 2, "token takes the name"),
        (&["token", "a b"], 2, "a name of a token"),
        (&[], 1, "no policy file"),
        (&["--policies", "/no/such/file", "--vendor", "scp"], 1, "SCP_"),
        (&["--policies", &good, "--vendor", "aws"], 1, "--vendor takes scp or nhn"),
        (&["--policies", &good, "--vendor", "nhn"], 1, "--key-store"),
        (&["--policies", &good], 1, "there is no mount"),
        (&["--policies", &policies, "--sandbox"], 1, "--sandbox goes without"),
        (&["--sandbox", "--tls-cert", "a", "--tls-key", "b"], 1, "without TLS"),
        (&["--policies", &good, "--vendor", "scp", "--tls-cert", "a"], 1, "go together"),
        (&["--config", "/no/such/file"], 1, "/no/such/file"),
        (&["--sandbox", "--listen", "0.0.0.0:0"], 1, "configure TLS"),
        (&["--sandbox", "--listen", "nowhere"], 1, "--listen takes an address"),
    ] {
        let output = Command::new(BRIDGE).args(arguments).env_clear().output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {errors}");
        assert!(errors.contains(wanted) && errors.lines().count() == 1, "{arguments:?}: {errors}");
    }
    for (argument, wanted) in [("--help", "usage: cloud-bridge"), ("--version", "cloud-bridge 0")] {
        let output = Command::new(BRIDGE).arg(argument).output().unwrap();
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains(wanted));
    }
}

/// A new token, and the lines of the policy file that know it.
fn token(name: &str) -> (String, String) {
    let output = Command::new(BRIDGE).args(["token", name]).output().unwrap();
    let (lines, token) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let token = token.trim_end().to_owned();
    assert!(token.len() == 67 && !lines.contains(&token), "{lines}");
    (token, lines)
}

#[test]
fn policy_file_that_changes_under_load_is_in_force_within_a_second() {
    let sandbox = cloud_sandbox::Sandbox::builder().start_in_thread().unwrap();
    let folder = Folder::new("command-policies");
    let ((first, first_lines), (second, second_lines)) = (token("first"), token("second"));
    let policies = file(&folder, "policies.toml", &first_lines);
    let audit = folder.0.join("audit.jsonl");
    let arguments = ["--vendor", "scp", "--policies", &policies, "--listen", "127.0.0.1:0"];
    let arguments = [&arguments[..], &["--audit", audit.to_str().unwrap()]].concat();
    let running = Running::start(&arguments, &sandbox.env_vars(), 1);
    let address = running.value("listening on ");
    let read = |token: &str| {
        let head = format!("GET /v1/secret/data/my-secret-name HTTP/1.1\r\nX-Vault-Token: {token}");
        request(&address, &head)[9..12].to_owned()
    };
    assert_eq!((read(&first), read(&second)), ("200".to_owned(), "403".to_owned()));
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    // One of the two is always known, and nothing else ever happens.
                    let both = (read(&first), read(&second));
                    assert!(
                        [&both.0, &both.1].iter().all(|status| ["200", "403"].contains(&status.as_str())),
                        "{both:?}"
                    );
                }
            });
        }
        for (lines, allowed, denied) in
            [(&second_lines, &second, &first), (&first_lines, &first, &second), (&second_lines, &second, &first)]
        {
            // Half of a file is never in force: the last good one is.
            file(&folder, "policies.toml", &lines[..lines.len() / 2]);
            file(&folder, "policies.toml", lines);
            while read(allowed) != "200" {}
            assert_eq!(read(denied), "403");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let log = fs::read_to_string(&audit).unwrap();
    assert!(log.lines().count() > 10 && !log.contains(&first) && !log.contains(&second));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&audit).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[cfg(unix)]
#[test]
fn plugin_of_kubernetes_serves_its_socket_until_a_signal() {
    let sandbox = cloud_sandbox::Sandbox::builder().start_in_thread().unwrap();
    let folder = Folder::new("command-kubernetes");
    let socket = folder.0.join("kms.sock");
    let key = "--key=scp:3265ab469f0d406d83073da3e11e7a6c";
    let arguments =
        ["k8s-kms", key, "--key", "nhn:8e4fcb30af5d4fa2cd64a3f71b9c5e4a", "--socket", socket.to_str().unwrap()];
    let mut running = Running::start(&arguments, &sandbox.env_vars(), 1);
    assert_eq!(running.value("listening on unix:"), socket.to_str().unwrap());
    assert!(std::os::unix::net::UnixStream::connect(&socket).is_ok());
    let again = Command::new(BRIDGE).args(arguments).env_clear().envs(sandbox.env_vars()).output().unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("another process serves it"));
    assert!(Command::new("kill").arg(running.child.id().to_string()).status().unwrap().success());
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    assert!(!socket.exists());
    for (arguments, status, wanted) in [
        (&["k8s-kms", "--socket", "a"][..], 2, "needs --key"),
        (&["k8s-kms", key], 2, "needs --key VENDOR:ID and --socket PATH"),
        (&["k8s-kms", "--key", "scp:short", "--socket", "a"], 1, "32 hexadecimal digits"),
        (&["k8s-kms", "--key", "aws:3265ab469f0d406d83073da3e11e7a6c", "--socket", "a"], 1, "a key is scp:ID"),
        (&["k8s-kms", key, "--socket", "a"], 1, "SCP_"),
    ] {
        let output = Command::new(BRIDGE).args(arguments).env_clear().output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {errors}");
        assert!(errors.contains(wanted), "{arguments:?}: {errors}");
    }
}

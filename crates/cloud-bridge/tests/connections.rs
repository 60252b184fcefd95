//! Ten thousand connections from two processes, which send nothing, half of a head, or a request without a token.
//!
//! ```sh
//! cargo test --release -p cloud-bridge --test connections -- --ignored --nocapture
//! ```
//!
//! Each process needs 12,000 open files (`ulimit -Hn`).
#![cfg(test)]
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

#[path = "common/folder.rs"]
mod folder;

use folder::Folder;

/// Connections of each process: together as many as the server serves.
const EACH: usize = 5_000;

/// The address for a process that holds connections.
const ADDRESS: &str = "BRIDGE_TEST_ADDRESS";

/// The memory limit of the recipe.
const LIMIT: u64 = 256 * 1024 * 1024;

/// A process that is killed when this is dropped.
struct Running(Child, BufReader<ChildStdout>);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Running {
    fn start(program: &str, arguments: &[&str], variables: &[(&str, String)]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n 12000 && exec \"$@\"", "sh", program]).args(arguments);
        command.envs(variables.iter().map(|(name, value)| (*name, value)));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self(child, output)
    }

    /// The rest of the first line that begins so.
    fn line(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.1.read_line(&mut line).unwrap() > 0, "it ended before {start:?}");
            if let Some((_, rest)) = line.split_once(start) {
                return rest.trim_end().to_owned();
            }
        }
    }
}

/// A process that holds connections until its standard input ends. It is started by the test below.
#[test]
#[ignore = "is a part of the other test"]
#[allow(clippy::disallowed_methods, reason = "the other test says where the bridge is")]
fn holder() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let address: SocketAddr = address.parse().unwrap();
    let half = format!("GET /v1/sys/health HTTP/1.1\r\nHost: b\r\nX-Filler: {}", "a".repeat(15 * 1024));
    let whole = "GET /v1/secret/data/my-secret-name HTTP/1.1\r\nHost: b\r\n\r\n";
    let mut held = Vec::with_capacity(EACH);
    for index in 0..EACH {
        let mut stream = TcpStream::connect(address).unwrap();
        let bytes = ["", half.as_str(), whole][index % 3];
        stream.write_all(bytes.as_bytes()).unwrap();
        held.push((stream, bytes == whole));
    }
    for (stream, asks) in &mut held {
        if *asks {
            let mut start = [0; 12];
            stream.read_exact(&mut start).unwrap();
            assert_eq!(&start, b"HTTP/1.1 403");
        }
    }
    println!("holding {EACH}");
    let _ = std::io::stdin().read(&mut [0]);
}

fn request(address: SocketAddr, token: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "GET /v1/secret/data/my-secret-name HTTP/1.1\r\nHost: b\r\nX-Vault-Token: {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).unwrap();
    received
}

/// The most memory that a process has used.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
#[ignore = "opens 20,000 files"]
fn ten_thousand_connections_of_two_processes_exhaust_nothing() {
    let sandbox = cloud_sandbox::Sandbox::builder().start_in_thread().unwrap();
    let folder = Folder::new("connections");
    let made = Command::new(env!("CARGO_BIN_EXE_cloud-bridge")).args(["token", "app"]).output().unwrap();
    let token = String::from_utf8(made.stderr).unwrap().trim_end().to_owned();
    let (policies, audit) = (folder.0.join("policies.toml"), folder.0.join("audit.jsonl"));
    fs::write(&policies, made.stdout).unwrap();
    let arguments = ["--vendor", "scp", "--listen", "127.0.0.1:0", "--policies", policies.to_str().unwrap()];
    let arguments = [&arguments[..], &["--audit", audit.to_str().unwrap()]].concat();
    let mut bridge = Running::start(env!("CARGO_BIN_EXE_cloud-bridge"), &arguments, &sandbox.env_vars());
    let address: SocketAddr = bridge.line("listening on http://").parse().unwrap();
    assert!(request(address, &token).starts_with("HTTP/1.1 200"));
    let before = peak(bridge.0.id());

    let own = std::env::current_exe().unwrap();
    let start = || {
        let arguments = ["--ignored", "--exact", "holder", "--nocapture"];
        Running::start(own.to_str().unwrap(), &arguments, &[(ADDRESS, address.to_string())])
    };
    let mut holders = [start(), start()];
    for holder in &mut holders {
        assert_eq!(holder.line("holding "), EACH.to_string());
    }
    let during = peak(bridge.0.id());
    println!("peak memory: {} MiB before, {} MiB with {} connections", before >> 20, during >> 20, 2 * EACH);
    // Waits for a place, which the end of the first process makes.
    let waiting = std::thread::spawn({
        let token = token.clone();
        move || request(address, &token)
    });
    let [first, second] = holders;
    drop(first);
    assert!(waiting.join().unwrap().starts_with("HTTP/1.1 200"));
    drop(second);
    assert!(request(address, &token).starts_with("HTTP/1.1 200"));
    assert!(peak(bridge.0.id()) < LIMIT, "{during} bytes");
    let log = fs::read_to_string(&audit).unwrap();
    // A line for each request, and none for what was no request.
    assert_eq!(log.lines().count(), 3 + 2 * (EACH / 3), "{}", log.lines().count());
    assert_eq!(log.lines().filter(|line| line.contains("\"status\":200")).count(), 3);
}

//! Secrets are searched in the output, in the arguments and environments of all processes, and in the debug log.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use cloud_core::testing::find_leak;

use crate::world::{KEYS, PERIOD, Ran, SANDBOX, SECRETS, command};

/// Returns the processes that have a text in a file of `/proc`.
fn processes_with(text: &str, file: &str) -> BTreeSet<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|pid| {
            let content = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            content.windows(text.len()).any(|own| own == text.as_bytes())
        })
        .collect()
}

/// The password of a secret of the sandbox.
fn password(secret: &str) -> &'static str {
    SECRETS.iter().find(|(name, _)| *name == secret).unwrap().1
}

/// Runs a program that waits, looks at all processes meanwhile, and returns those with the secret in `environ`.
fn while_running(option: &str, secret: &str) -> (u32, BTreeSet<u32>) {
    let password = password(secret);
    let binding = format!("DB_PASSWORD=scp:{secret}#password");
    let mut command = command(&["exec", option, &binding, "--", "sh", "-c", "echo ready; read line; exit 0"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("RUST_LOG", "trace");
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let found = processes_with(password, "environ");
    assert_eq!(processes_with(password, "cmdline"), BTreeSet::new(), "{option}");
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("DEBUG") || errors.contains("TRACE"), "there is a log to search: {errors}");
    assert_eq!(find_leak(password, &errors), None);
    (pid, found)
}

#[test]
fn secret_is_in_the_environment_of_the_program_alone() {
    let (pid, found) = while_running("--secret", "leak-environment");
    assert_eq!(found, BTreeSet::from([pid]));
}

#[test]
fn secret_in_a_file_is_in_no_environment() {
    let (_, found) = while_running("--file", "leak-file");
    assert_eq!(found, BTreeSet::new());
}

#[test]
fn no_command_logs_credentials_or_secrets() {
    let variables = SANDBOX.env_vars();
    let secret = |name: &str| name.contains("KEY") || name.contains("TOKEN") || name.contains("VAULT_ID");
    let mut needles: Vec<_> = variables.iter().filter(|(name, _)| secret(name)).map(|(_, value)| &**value).collect();
    needles.push(password("leak-log"));
    for arguments in [
        &["doctor"][..],
        &["exec", "--secret", "A=scp:leak-log#password", "--", "true"],
        &["exec", "--file", "A=scp:leak-log", "--", "true"],
        &["exec", "--secret", "A=scp:leak-log#no-member", "--", "true"],
        &[&["findings"], &PERIOD[..]].concat(),
        &["certs"],
        &["encrypt", "--key", KEYS[0], "--out", "/no/such/folder/file"],
    ] {
        let ran = Ran::from(command(arguments).env("RUST_LOG", "trace").output().unwrap());
        assert!(
            ran.errors.contains("DEBUG") || ran.errors.contains("TRACE") || ran.status == 1,
            "{arguments:?}: {ran:?}"
        );
        for needle in &needles {
            let found = find_leak(needle, &format!("{}{}", ran.errors, ran.text()));
            assert_eq!(found, None, "{arguments:?}");
        }
    }
}

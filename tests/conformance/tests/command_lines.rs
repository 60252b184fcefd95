//! First calls without an SDK: the `curl` lines of RISKEN's page, and a signed call from a Python script.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails or says so"
)]

use std::path::Path;
use std::process::{Command, Output};

use cloud_sandbox::Sandbox;
use serde_json::{Value, json};

/// The lines as the page prints them, and where the answer holds what it promises.
const LINES: [(&str, &str, &str); 7] = [
    (
        r#"curl -XGET \
    --header 'Authorization: Bearer xxx' \
    'https://{your-site}/api/v1/aws/list-aws/?project_id=1001&aws_account_id=123456789012'"#,
        "/data/aws/0/aws_account_id",
        r#""123456789012""#,
    ),
    (
        r#"curl -XPOST \
    --header 'Authorization: Bearer xxx' \
    --header 'Content-Type: application/json' \
    --data '{"project_id":1001, "aws":{"name":"Production AWS Account", "project_id":1001, "aws_account_id":"123456789012"}}' \
    'https://{your-site}/api/v1/aws/put-aws/'"#,
        "/data/aws/aws_id",
        "2001",
    ),
    (
        r#"curl -XPOST \
    --header 'Authorization: Bearer xxx' \
    --header 'Content-Type: application/json' \
    --data '{"project_id":1001, "aws_id":1001}' \
    'https://{your-site}/api/v1/aws/delete-aws/'"#,
        "/data",
        "{}",
    ),
    (
        r#"curl -XGET \
    --header 'Authorization: Bearer xxx' \
    'https://{your-site}/api/v1/aws/list-datasource/?project_id=1001&aws_id=1001'"#,
        "/data/data_source/4/external_id",
        r#""unique-external-id""#,
    ),
    (
        r#"curl -XPOST \
    --header 'Authorization: Bearer xxx' \
    --header 'Content-Type: application/json' \
    --data '{"project_id":1001, "attach_data_source":{"aws_id":1001, "aws_data_source_id":1001, "project_id":1001, "assume_role_arn":"arn:aws:iam::123456789012:role/RiskenRole", "external_id":"unique-external-id", "status":1, "status_detail":"OK"}}' \
    'https://{your-site}/api/v1/aws/attach-datasource/'"#,
        "/data/data_source/status",
        "1",
    ),
    (
        r#"curl -XPOST \
    --header 'Authorization: Bearer xxx' \
    --header 'Content-Type: application/json' \
    --data '{"project_id":1001, "aws_id":1001, "aws_data_source_id":1001}' \
    'https://{your-site}/api/v1/aws/detach-datasource/'"#,
        "/data",
        "{}",
    ),
    (
        r#"curl -XPOST \
    --header 'Authorization: Bearer xxx' \
    --header 'Content-Type: application/json' \
    --data '{"project_id":1001, "aws_id":1001, "aws_data_source_id":1001, "scan_only":false}' \
    'https://{your-site}/api/v1/aws/invoke-scan/'"#,
        "/data",
        "{}",
    ),
];

/// The page numbers projects, accounts and data sources alike; in the sandbox they differ.
const IDS: [(&str, &str); 3] = [
    (r#""aws_id":1001"#, r#""aws_id":2001"#),
    ("&aws_id=1001", "&aws_id=2001"),
    (r#""aws_data_source_id":1001"#, r#""aws_data_source_id":3001"#),
];

/// Whether a command can be run here; a test that needs it passes without having looked where it is missing.
fn has(command: &str) -> bool {
    let there = Command::new(command).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("not checked: there is no {command} here");
    }
    there
}

/// Runs a command apart from the runtime that the sandbox needs.
async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn documented_curl_lines_work_with_the_ids_of_the_seed() {
    if !has("curl") {
        return;
    }
    for (line, place, wanted) in LINES {
        let sandbox = Sandbox::start().await.unwrap();
        let token = sandbox.env_vars().into_iter().find(|(name, _)| *name == "RISKEN_ACCESS_TOKEN").unwrap().1;
        let line =
            line.replace("https://{your-site}", sandbox.endpoint()).replace("Bearer xxx", &format!("Bearer {token}"));
        let line = IDS.iter().fold(line, |line, (page, seed)| line.replace(page, seed));
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(line.replacen("curl", "curl --silent --show-error --noproxy '*'", 1));
        let output = run(shell).await;
        assert!(output.status.success(), "{line}: {output:?}");
        let answer: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        let wanted: Value = serde_json::from_str(wanted).unwrap();
        assert_eq!(answer.pointer(place), Some(&wanted), "{line}: {answer}");
        assert_eq!(sandbox.calls()[0].note, None, "{line}");
    }
}

#[tokio::test]
async fn python_script_signs_a_call() {
    if !has("python3") {
        return;
    }
    let sandbox = Sandbox::start().await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/cloud-sandbox/examples/sign.py");
    let source = std::fs::read_to_string(&script).unwrap();
    let lines = source.lines().skip(1).filter(|line| !line.is_empty()).count();
    assert!(lines <= 10, "{lines} lines");
    let python = |secret: Option<&str>| {
        let mut python = Command::new("python3");
        python.arg(&script).envs(sandbox.env_vars()).env("no_proxy", "*");
        python.envs(secret.map(|secret| ("SCP_SECRET_KEY", secret)));
        python
    };
    let output = run(python(None)).await;
    assert!(output.status.success(), "{output:?}");
    let keys: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(keys["page"], json!(0));
    assert!(!keys["keys"].as_array().unwrap().is_empty(), "{keys}");

    let refused = run(python(Some("another secret"))).await;
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("401"), "{refused:?}");
}

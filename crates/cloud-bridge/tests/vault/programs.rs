//! Programs that others wrote, against a bridge. Each is skipped with a message where it is not installed.

use std::process::{Command, Output};

use crate::world::{ROOT, World, skipped};

/// The interpreter: one of a virtual environment, or the system's.
#[allow(clippy::disallowed_methods, reason = "only says which program the test runs")]
fn python() -> String {
    std::env::var("BRIDGE_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Whether the interpreter has a module; says so if not.
fn has(module: &str) -> bool {
    let imported = Command::new(python()).args(["-c", &format!("import {module}")]).output();
    let found = imported.is_ok_and(|output| output.status.success());
    if !found {
        skipped(&format!("{} has no {module}; set BRIDGE_PYTHON to an interpreter that has it", python()));
    }
    found
}

async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn hvac_sees_a_vault() {
    if !has("hvac") {
        return;
    }
    let world = World::start().await;
    let mut command = Command::new(python());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/hvac_client.py"));
    command.env("VAULT_ADDR", world.server.address()).env("VAULT_TOKEN", ROOT);
    let output = run(command).await;
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && printed.ends_with("calls as expected\n"), "{printed}{errors}");
    println!("{printed}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn grpcio_sees_a_plugin() {
    if !has("grpc, google.protobuf") {
        return;
    }
    let own = crate::k8s::Plugin::start("grpcio", &["scp", "nhn"]).await;
    let mut command = Command::new(python());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/grpc_client.py"));
    command.env("SOCKET", own.folder.0.join("kms.sock"));
    let output = run(command).await;
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && printed.ends_with("calls as expected\n"), "{printed}{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_vault_sees_a_vault() {
    // `NODE_PATH` says where the package is.
    let found = Command::new("node").args(["-e", "require('node-vault')"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        skipped("node has no node-vault; set NODE_PATH to a folder node_modules that has it");
        return;
    }
    let world = World::start().await;
    let mut command = Command::new("node");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/node_client.js"));
    command.env("VAULT_ADDR", world.server.address()).env("VAULT_TOKEN", ROOT);
    let output = run(command).await;
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && printed.ends_with("calls as expected\n"), "{printed}{errors}");
}

/// It is a package of its own, which needs a build: `BRIDGE_VAULTRS` names the program.
#[allow(clippy::disallowed_methods, reason = "only says which program the test runs")]
#[tokio::test(flavor = "multi_thread")]
async fn vaultrs_sees_a_vault() {
    let Ok(program) = std::env::var("BRIDGE_VAULTRS") else {
        skipped(
            "vaultrs is not built; run `cargo build --manifest-path \
             crates/cloud-bridge/tests/programs/vaultrs/Cargo.toml`, and set BRIDGE_VAULTRS to the program",
        );
        return;
    };
    let world = World::start().await;
    let mut command = Command::new(program);
    command.env("VAULT_ADDR", world.server.address()).env("VAULT_TOKEN", ROOT);
    let output = run(command).await;
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && printed.ends_with("calls as expected\n"), "{printed}{errors}");
    println!("{printed}");
}

#[test]
fn manifests_fit_the_schemas_of_kubernetes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/bridge");
    if !std::path::Path::new(folder).exists() || !has("kubernetes_validate, yaml") {
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/manifests.py");
    let output = Command::new(python()).args([script, folder]).output().unwrap();
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && printed.ends_with("manifests as expected\n"), "{printed}{errors}");
}

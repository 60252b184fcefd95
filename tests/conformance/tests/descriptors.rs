//! Many calls at once in a process that may open few files: they wait for a descriptor and all succeed.

#![cfg(all(test, unix))]

use std::process::Command;

use cloud_sandbox::Sandbox;

/// Set in the process that may open few files.
const CHILD: &str = "CONFORMANCE_TEST_FEW_FILES";
const CALLS: usize = 200;

#[tokio::test]
async fn calls_beyond_the_limit_of_open_files_wait_and_succeed() {
    // A name is looked up by the system, which needs a descriptor as well.
    for host in ["127.0.0.1", "localhost"] {
        let sandbox = Sandbox::start().await.unwrap();
        let mut child = Command::new("sh");
        child.args(["-c", "ulimit -n 64 && exec \"$0\" --exact child --nocapture"]);
        child.arg(std::env::current_exe().unwrap()).env(CHILD, "1").envs(sandbox.env_vars());
        child.env("SCP_ENDPOINT", sandbox.endpoint().replace("127.0.0.1", host));
        let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
        let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{host}: {shown}");
        let rotations = sandbox.calls().into_iter().filter(|call| call.operation.contains("rotate_key")).count();
        assert_eq!(rotations, CALLS / 4, "each is executed once");
    }
}

#[allow(clippy::disallowed_methods, reason = "is told by the test that started it")]
#[tokio::test]
async fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let kms = scp_security::Scp::from_env().unwrap().kms();
    let calls: Vec<_> = (0..CALLS)
        .map(|number| {
            let kms = kms.clone();
            tokio::spawn(async move {
                match number % 4 {
                    1..4 => kms.list_keys().first_page().await.map(drop),
                    _ => kms.rotate_key("3265ab469f0d406d83073da3e11e7a6c").await.map(drop),
                }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

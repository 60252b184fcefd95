//! Many calls at once in a process that may open few files: they wait for a descriptor and all succeed.

#![cfg(test)]
#![cfg(unix)]

use std::process::Command;

use cloud_core::transport::{BuiltInTransport, TransportBuilder};
use cloud_sandbox::Sandbox;

conformance::each_transport!(async calls_beyond_the_limit_of_open_files_wait_and_succeed, child);

/// Set in the process that may open few files.
const CHILD: &str = "CONFORMANCE_TEST_FEW_FILES";
const CALLS: usize = 200;

async fn calls_beyond_the_limit_of_open_files_wait_and_succeed<T: BuiltInTransport + 'static>() {
    // The child of this test has its name but for the last part.
    let (transport, _) = std::any::type_name::<T>().rsplit_once("::").unwrap();
    let test = format!("{}::child", transport.rsplit("::").next().unwrap());
    // A name is looked up by the system, which needs a descriptor as well.
    for host in ["127.0.0.1", "localhost"] {
        let sandbox = Sandbox::start().await.unwrap();
        let mut child = Command::new("sh");
        child.args(["-c", "ulimit -n 64 && exec \"$0\" --exact \"$1\" --nocapture"]);
        child.arg(std::env::current_exe().unwrap()).arg(&test).env(CHILD, "1").envs(sandbox.env_vars());
        child.env("SCP_ENDPOINT", sandbox.endpoint().replace("127.0.0.1", host));
        let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
        let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{host}: {shown}");
        let rotations = sandbox.calls().into_iter().filter(|call| call.operation.contains("rotate_key")).count();
        assert_eq!(rotations, CALLS / 4, "each is executed once");
    }
}

#[allow(clippy::disallowed_methods, reason = "is told by the test that started it")]
async fn child<T: BuiltInTransport + 'static>() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let transport = TransportBuilder::<T>::default().build().unwrap();
    let kms = scp_security::Scp::builder().env().transport(transport).build().unwrap().kms();
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

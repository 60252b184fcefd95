//! The sandbox that the tests share, folders of their own, and runs of the command.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use cloud_core::ConfigSource;
use cloud_core::config::ProcessEnv;
use cloud_sandbox::Sandbox;
use scp_security::secrets_manager::types::CreateSecretRequest;
use scp_security::{Networks, Scp, SecretJson};

/// The command.
pub(crate) const CLOUDSEC: &str = env!("CARGO_BIN_EXE_cloudsec");
/// A symmetric key of Key Management Service in the sandbox, and an RSA key.
pub(crate) const KEYS: [&str; 2] = ["scp:3265ab469f0d406d83073da3e11e7a6c", "scp:0fdd87aab8cb46f59b7c1f81ed03fb3e"];
/// The period in which the sandbox has results of Server Security Check.
pub(crate) const PERIOD: [&str; 4] = ["--from", "2025-07-01", "--to", "2025-07-28"];

/// The sandbox, with the secrets of `SECRETS`.
pub(crate) static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let sandbox = Sandbox::builder().accounts(2).start_in_thread().unwrap();
    let settings: BTreeMap<_, _> = sandbox.env_vars().into_iter().collect();
    let scp = Scp::builder()
        .endpoint(&*settings["SCP_ENDPOINT"])
        .credentials(&*settings["SCP_ACCESS_KEY"], &*settings["SCP_SECRET_KEY"])
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (name, password) in SECRETS {
        let request = CreateSecretRequest::builder()
            .name(name)
            .kms_id(KEYS[0].trim_start_matches("scp:"))
            .acl_cidr("127.0.0.1/32".parse::<Networks>().unwrap())
            .secret_value(SecretJson::from_pairs([("user", "app"), ("password", password)]).unwrap())
            .build();
        runtime.block_on(async { scp.secrets_manager().create_secret(&request).await }).unwrap();
    }
    sandbox
});

/// Secrets with a user `app`, and their passwords. Each of the tests that search for one has its own.
pub(crate) const SECRETS: [(&str, &str); 4] = [
    ("database", "canary-of-database"),
    ("leak-environment", "canary-4b1f-environment"),
    ("leak-file", "canary-9c3d-file"),
    ("leak-log", "canary-e07a-log"),
];

/// The variables of the sandbox's first account, with a path and a home folder without files.
pub(crate) fn variables() -> BTreeMap<String, String> {
    let own = SANDBOX.env_vars().into_iter().map(|(name, value)| (name.to_owned(), value));
    own.chain([
        ("RISKEN_PROJECT_ID".to_owned(), "1001".to_owned()),
        ("PATH".to_owned(), search_path()),
        ("HOME".to_owned(), "/nonexistent".to_owned()),
    ])
    .collect()
}

/// Where programs are searched.
pub(crate) fn search_path() -> String {
    ProcessEnv.variable("PATH").unwrap()
}

/// The command with these arguments, in the environment of the sandbox.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(CLOUDSEC);
    command.args(arguments).env_clear().envs(variables()).stdin(Stdio::null());
    command
}

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) errors: String,
}

impl Ran {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }
}

impl fmt::Debug for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, out, errors } = self;
        write!(f, "status {status}\n{}\n{errors}", String::from_utf8_lossy(out))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let errors = String::from_utf8(output.stderr).unwrap();
        Self { status: output.status.code().unwrap_or(-1), out: output.stdout, errors }
    }
}

pub(crate) fn run(arguments: &[&str]) -> Ran {
    command(arguments).output().unwrap().into()
}

/// Runs the command with this on its standard input.
pub(crate) fn run_with(arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // The command may have ended before it has read everything.
        drop(to.write_all(&input));
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output.into()
}

/// A folder that is removed when this is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("cloudsec-test-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.file(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// The names of the files.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

//! The `sh` examples of the README and of the guide run against the sandbox as they are.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::world::{CLOUDSEC, Folder, Ran, search_path, variables};

/// The blocks of a document in `sh`.
fn examples(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1);
    blocks.map(|block| block.split_once("\n```").unwrap().0.to_owned()).collect()
}

fn run(example: &str) {
    let folder = Folder::new();
    let bin = Path::new(CLOUDSEC).parent().unwrap().to_str().unwrap();
    let mut command = Command::new("sh");
    // A sandbox that the example starts ends with it.
    let end = "\nif [ -n \"$SCP_ENDPOINT\" ] && [ \"$SCP_ENDPOINT\" != \"$BEFORE\" ]; then echo \"$SCP_ENDPOINT\"; fi";
    command.args(["-e", "-c", &format!("BEFORE=$SCP_ENDPOINT\n{example}{end}")]);
    command.current_dir(folder.path()).env_clear().envs(variables());
    command.env("PATH", format!("{bin}:{}", search_path()));
    let ran = Ran::from(command.output().unwrap());
    if let Some(port) = ran.text().lines().last().and_then(|line| line.strip_prefix("http://127.0.0.1:")) {
        let pid = crate::basics::listener(port.parse().unwrap());
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
    }
    assert_eq!(ran.status, 0, "{example}\n{ran:?}");
}

#[test]
fn examples_of_the_documents_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = examples(&fs::read_to_string(root.join("README.md")).unwrap());
    assert!(all.len() >= 2);
    // A packaged crate has no guide.
    if let Ok(guide) = fs::read_to_string(root.join("../../docs/cloudsec.md")) {
        all.extend(examples(&guide));
    }
    all.iter().for_each(|example| run(example));
}

//! Finds the programs that do not come with Rust, or installs them below `target/ci/tools`.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use super::process::{command, output, run};
use super::workspace::Workspace;

/// Versions and checksums, in the format of pip.
const REQUIREMENTS: &str = ".ci/tools.txt";

/// Returns a program that runs: the installed one, or else a wheel from PyPI.
pub(super) fn find(workspace: &Workspace, program: &str) -> Option<PathBuf> {
    let works = |path: &OsStr| output(command(&workspace.root, path, &["--version"])).is_some();
    if works(OsStr::new(program)) {
        return Some(program.into());
    }
    let tools = workspace.folder("tools");
    let own = tools.join("bin").join(program);
    let wanted = fs::read(workspace.root.join(REQUIREMENTS)).ok()?;
    let stamp = tools.join("installed.txt");
    if fs::read(&stamp).ok().as_ref() != Some(&wanted) {
        let folder = tools.to_string_lossy();
        let options = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"];
        let place = ["--upgrade", "--target", &folder, "--require-hashes", "--requirement", REQUIREMENTS];
        let arguments = [["-m", "pip"].as_slice(), &options, &place].concat();
        let mut install = command(&workspace.root, "python3", &arguments);
        install.env("PIP_ROOT_USER_ACTION", "ignore");
        if let Err(error) = run(install) {
            println!("{error}");
            return None;
        }
        // Without the stamp, the next run installs again.
        let _ = fs::write(stamp, wanted);
    }
    works(own.as_os_str()).then_some(own)
}

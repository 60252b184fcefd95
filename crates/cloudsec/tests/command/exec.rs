//! `exec`: what the program gets, and how it ends.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::world::{CLOUDSEC, Folder, Ran, command, run, variables};

/// The variables of the program.
fn environment(arguments: &[&str]) -> BTreeMap<String, String> {
    let ran = run(&[arguments, &["--", "env"]].concat());
    assert_eq!((ran.status, ran.errors.as_str()), (0, ""), "{arguments:?}");
    let lines = ran.text().lines().map(|line| line.split_once('=').unwrap());
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn secrets_become_variables_and_credentials_of_the_sdks_vanish() {
    let found = environment(&[
        "exec",
        "--secret",
        "DB_PASSWORD=scp:database#password",
        "--secret",
        "DB=scp:database",
        "--secret",
        "MAIL_USER=nhn:servers/mail#username",
        "--secret",
        "BY_ID=nhn:id=2d8f6ba1e4c95073bf18054d9e3ac764",
    ]);
    assert_eq!(found["DB_PASSWORD"], "canary-of-database");
    assert!(found["DB"].contains(r#""password":"canary-of-database""#), "{found:?}");
    assert_eq!((found["MAIL_USER"].as_str(), found["BY_ID"].as_str()), ("mailer", "data"));
    let own = ["DB_PASSWORD", "DB", "MAIL_USER", "BY_ID"];
    let public = ["PATH", "HOME", "RISKEN_PROJECT_ID", "SCP_ENDPOINT", "SCP_REGION", "SCP_ENVIRONMENT"];
    let public = [&public[..], &["NHN_CLOUD_ENDPOINT", "RISKEN_URL"]].concat();
    for name in found.keys() {
        assert!(own.contains(&&**name) || public.contains(&&**name), "{name} was not asked for");
    }
    let kept = environment(&["exec", "--keep-credentials"]);
    assert_eq!(kept, variables());
}

#[test]
fn credentials_in_any_variable_vanish_alone_and_together() {
    let names = [
        "SCP_ACCESS_KEY",
        "SCP_SECRET_KEY",
        "SCP_TF_ACCESS_KEY",
        "SCP_TF_SECRET_KEY",
        "SCP_VAULT_TOKEN_ID",
        "SCP_VAULT_TOKEN_SECRET",
        "SCP_SECRET_VAULT_ID",
        "NHN_CLOUD_USER_ACCESS_KEY_ID",
        "NHN_CLOUD_USER_SECRET_ACCESS_KEY",
        "NHN_CLOUD_SECURITY_ADVISOR_APP_KEY",
        "NHN_CLOUD_SERVER_SECURITY_CHECK_APP_KEY",
        "NHN_CLOUD_SKM_APP_KEY",
        "NHN_CLOUD_SKM_MAC_ADDRESS",
        "RISKEN_ACCESS_TOKEN",
        "RISKEN_API_TOKEN",
    ];
    // Half of a pair and a malformed value are credentials, too.
    for value in ["canary-of-16-let", " canary\tof 16"] {
        for set in names.chunks(1).chain([&names[..]]) {
            let mut command = Command::new(CLOUDSEC);
            command.args(["exec", "--", "env"]).env_clear().env("PATH", crate::world::search_path());
            let ran = Ran::from(command.envs(set.iter().map(|name| (name, value))).output().unwrap());
            assert!(ran.status == 0 && !ran.text().contains("canary"), "{set:?}: {ran:?}");
        }
    }
}

#[test]
fn variable_that_is_set_is_not_replaced_unless_asked() {
    for arguments in [
        &["exec", "--secret", "HOME=scp:database", "--", "env"][..],
        &["exec", "--secret", "A=scp:database", "--file", "A=scp:database", "--", "env"],
    ] {
        let ran = run(arguments);
        assert_eq!((ran.status, ran.out.len()), (125, 0), "{ran:?}");
    }
    let found = environment(&["exec", "--override", "--secret", "HOME=scp:database#user"]);
    assert_eq!(found["HOME"], "app");
}

#[test]
fn missing_secret_is_left_out_or_fails_when_strict() {
    let missing = ["--secret", "A=scp:no-such-secret", "--secret", "B=scp:database#user"];
    let script = ["--", "sh", "-c", "echo ${A-unset} $B"];
    let ran = run(&[&["exec"][..], &missing, &script].concat());
    assert_eq!((ran.status, ran.text()), (0, "unset app\n"));
    assert!(ran.errors.contains("A is left out"), "{ran:?}");
    let quiet = run(&[&["exec", "--quiet"][..], &missing, &script].concat());
    assert_eq!((quiet.status, quiet.errors.as_str()), (0, ""));
    let ran = run(&[&["exec", "--strict"][..], &missing, &script].concat());
    assert_eq!((ran.status, ran.text()), (125, ""));
    // What cannot be read fails in any case.
    let member = run(&["exec", "--secret", "A=scp:database#no-member", "--", "true"]);
    assert!(member.status == 125 && member.errors.contains("no member \"no-member\""), "{member:?}");
    let mut unreachable = command(&["exec", "--secret", "A=scp:database", "--", "true"]);
    let ran = Ran::from(unreachable.env("SCP_ENDPOINT", "http://127.0.0.1:1").output().unwrap());
    assert!(ran.status == 125 && ran.errors.contains("could not connect"), "{ran:?}");
}

#[test]
fn variable_to_replace_is_left_out_if_its_secret_is_missing() {
    for option in ["--secret", "--file"] {
        let mut command =
            command(&["exec", "--override", option, "A=scp:no-such-secret", "--", "sh", "-c", "echo ${A-unset}"]);
        let ran = Ran::from(command.env("A", "an-old-value").output().unwrap());
        assert_eq!((ran.status, ran.text()), (0, "unset\n"), "{option}: {ran:?}");
    }
}

#[test]
fn program_that_removes_its_files_keeps_its_status() {
    let folder = Folder::new();
    let script = "rm -r \"$(dirname \"$A\")\"; exit 7";
    let mut command = command(&["exec", "--file", "A=scp:database", "--", "sh", "-c", script]);
    let ran = Ran::from(command.env("XDG_RUNTIME_DIR", folder.path()).output().unwrap());
    assert_eq!((ran.status, ran.errors.as_str(), folder.names()), (7, "", Vec::new()));
}

#[test]
fn status_is_that_of_the_program() {
    let folder = Folder::new();
    let text = folder.write("text", "no program");
    for files in [&[][..], &["--file", "A=scp:database"]] {
        for (program, status) in
            [(&["sh", "-c", "exit 7"][..], 7), (&["/no/such/program"], 127), (&[&*text], 126), (&["true"], 0)]
        {
            let ran = run(&[&["exec"][..], files, &["--"], program].concat());
            assert_eq!(ran.status, status, "{files:?} {program:?}: {ran:?}");
        }
    }
    let ran = run(&["exec", "--file", "A=scp:database", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(ran.status, 137);
    let ran = run(&["exec"]);
    assert_eq!(ran.status, 2, "{ran:?}");
}

#[test]
fn program_replaces_the_command_unless_there_are_files() {
    let spawned = command(&["exec", "--", "sh", "-c", "echo $$"]).stdout(Stdio::piped()).spawn().unwrap();
    let pid = spawned.id().to_string();
    let output = spawned.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), pid);
}

#[test]
fn files_are_private_and_vanish() {
    let folder = Folder::new();
    let mut command = command(&[
        "exec",
        "--file",
        "A=scp:database#password",
        "--file",
        "B=scp:database",
        "--",
        "sh",
        "-c",
        "echo $A; echo $B; read line; exit 3",
    ]);
    command.env("XDG_RUNTIME_DIR", folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let paths = [lines.next().unwrap().unwrap(), lines.next().unwrap().unwrap()];
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for path in &paths {
        let path = Path::new(path);
        assert_eq!((mode(path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(path.parent().unwrap().parent(), Some(folder.path()));
    }
    assert_eq!(fs::read_to_string(&paths[0]).unwrap(), "canary-of-database");
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn files_vanish_if_the_program_does_not_start() {
    let folder = Folder::new();
    let mut command = command(&["exec", "--file", "A=scp:database", "--", "/no/such/program"]);
    let ran = Ran::from(command.env("XDG_RUNTIME_DIR", folder.path()).output().unwrap());
    assert_eq!((ran.status, folder.names()), (127, Vec::new()), "{ran:?}");
}

#[test]
fn signals_reach_the_program_and_files_vanish_then() {
    for (signal, handled) in [("TERM", true), ("INT", true), ("HUP", true), ("USR1", true), ("TERM", false)] {
        let folder = Folder::new();
        let trap = if handled { format!("trap 'echo got {signal}; exit 9' {signal}; ") } else { String::new() };
        let script = format!("{trap}echo ready; while true; do sleep 0.01; done");
        let mut command = command(&["exec", "--file", "A=scp:database", "--", "sh", "-c", &script]);
        // A group of its own is in the foreground of no terminal.
        command.env("XDG_RUNTIME_DIR", folder.path()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "ready");
        let killed = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = child.wait().unwrap().code();
        assert_eq!(status, Some(if handled { 9 } else { 143 }), "{signal}");
        if handled {
            assert_eq!(lines.next().unwrap().unwrap(), format!("got {signal}"));
        }
        assert_eq!(folder.names(), [""; 0], "{signal}");
    }
}

#[test]
fn nothing_is_configured_and_nothing_is_asked() {
    let output = Command::new(CLOUDSEC).args(["exec", "--", "/bin/echo", "a"]).env_clear().output().unwrap();
    assert_eq!(Ran::from(output).text(), "a\n");
    let mut bare = Command::new(CLOUDSEC);
    bare.args(["exec", "--secret", "A=scp:database", "--", "/bin/echo", "a"]).env_clear();
    let ran = Ran::from(bare.output().unwrap());
    assert!(ran.status == 125 && ran.errors.contains("SCP_ACCESS_KEY") && ran.errors.contains("doctor"), "{ran:?}");
}

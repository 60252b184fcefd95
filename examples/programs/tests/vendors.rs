//! Each vendor's program runs against a sandbox, with the variables that the sandbox exports and no others.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::{Command, Output};

use cloud_sandbox::{Fault, Sandbox};

/// The secret that every sandbox has.
const SECRET: &str = "04fde6d8ee604cbe8fa7abe135a7dc3e";

fn sandbox() -> Sandbox {
    Sandbox::builder().seed(7).start_in_thread().unwrap()
}

fn run(program: &str, arguments: &[&str], variables: &[(&str, String)]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(variables.iter().cloned()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn programs_of_the_guides_run_with_what_the_sandbox_exports() {
    let sandbox = sandbox();
    let variables = sandbox.env_vars();
    for (program, arguments, lines) in [
        (
            env!("CARGO_BIN_EXE_scp"),
            &["programs"][..],
            &["key programs", "encrypted and decrypted 11 bytes", "secret programs: user app, password of 15 bytes"][..],
        ),
        (
            env!("CARGO_BIN_EXE_nhn"),
            &[SECRET],
            &[
                "inspected at ",
                "checks weak",
                "sees this machine as 127.0.0.1",
                "secret: user app, password of 7 bytes",
            ],
        ),
        (
            env!("CARGO_BIN_EXE_risken"),
            &["1001"],
            &["scanning 123456789012 with aws:guard-duty", "1 finding of own:scanner"],
        ),
    ] {
        // Twice: what the first run has made is found by the second.
        for _ in 0..2 {
            let output = run(program, arguments, &variables);
            let (printed, errors) = (text(&output.stdout), text(&output.stderr));
            assert!(output.status.success() && errors.is_empty(), "{program}: {printed} {errors}");
            for line in lines {
                assert!(printed.contains(line), "{program}: {printed}");
            }
            assert!(!printed.contains("horse"), "{program}: {printed}");
        }
    }
}

#[test]
fn refused_program_says_what_to_do() {
    let sandbox = sandbox();
    let variables = sandbox.env_vars();
    let viewer = sandbox.risken_tokens().into_iter().find(|(name, _)| *name == "project-viewer").unwrap().1;
    let mut as_viewer = variables.clone();
    as_viewer
        .iter_mut()
        .filter(|(name, _)| *name == "RISKEN_ACCESS_TOKEN")
        .for_each(|(_, token)| token.clone_from(&viewer));
    sandbox.fault(Fault::status(403).on("scp/kms/list_keys").unwrap().always()).unwrap();
    for (program, argument, variables, lines) in [
        (
            env!("CARGO_BIN_EXE_scp"),
            "programs",
            &variables[..],
            &["status 403", "- the policy of the access key needs the action kms:ListKeys"][..],
        ),
        (
            env!("CARGO_BIN_EXE_risken"),
            "1001",
            &as_viewer,
            &["status 403", "a role whose policy allows this action", "action_ptn ^aws/put-aws$"],
        ),
        (env!("CARGO_BIN_EXE_nhn"), SECRET, &[], &["- correct the setting that the message names"]),
    ] {
        let output = run(program, &[argument], variables);
        let errors = text(&output.stderr);
        assert!(!output.status.success(), "{program}");
        for line in lines {
            assert!(errors.contains(line), "{program}: {errors}");
        }
        assert!(!errors.contains(&viewer), "{errors}");
    }
}

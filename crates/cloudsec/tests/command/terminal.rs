//! On a terminal: tables, bars and no binary data. `script` of util-linux makes the terminal; without it, the test says
//! so and passes.

use std::process::Command;

use crate::world::{CLOUDSEC, Folder, KEYS, Ran, run, variables};

/// Runs the command on a terminal. `None` if there is no `script`.
fn on_terminal(arguments: &str) -> Option<Ran> {
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &format!("'{CLOUDSEC}' {arguments}"), "/dev/null"]);
    command.env_clear().envs(variables()).env("TERM", "xterm");
    match command.output() {
        Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("unrecognized option") => Some(output.into()),
        _ => {
            eprintln!("skipped: there is no `script` of util-linux");
            None
        }
    }
}

#[test]
fn terminal_gets_a_table_and_a_pipe_gets_json_lines() {
    assert!(run(&["certs"]).text().starts_with("{\"name\""));
    let Some(ran) = on_terminal("certs") else { return };
    assert!(ran.status == 0 && ran.text().starts_with("NAME "), "{ran:?}");
}

#[test]
fn bar_is_drawn_on_a_terminal_unless_quiet() {
    let folder = Folder::new();
    let plain = folder.write("plain", vec![7; 8 << 20]);
    let arguments = format!("encrypt '{plain}' --force --key {} --out '{}'", KEYS[0], folder.file("out"));
    let Some(ran) = on_terminal(&arguments) else { return };
    assert!(ran.status == 0 && ran.text().contains("8.00 MiB"), "{ran:?}");
    let quiet = on_terminal(&format!("--quiet {arguments}")).unwrap();
    assert_eq!((quiet.status, quiet.text()), (0, ""));
}

#[test]
fn targets_are_counted_on_a_terminal_unless_quiet() {
    // The sandbox has five services with findings, and one of them is incomplete.
    let Some(ran) = on_terminal("findings") else { return };
    assert!(ran.status == 3 && ran.text().contains("/5 ") && ran.text().contains("SEVERITY"), "{ran:?}");
    let quiet = on_terminal("--quiet findings").unwrap();
    assert!(quiet.status == 3 && !quiet.text().contains("/5 ") && !quiet.text().contains("open findings"), "{quiet:?}");
}

#[test]
fn interrupt_from_the_terminal_is_not_sent_twice() {
    // The standard input is not the terminal, and the terminal still sends its signals.
    let script = "trap \"echo interrupted\" INT; trap \"echo ended; exit 9\" USR1; \
                  kill -INT $PPID; kill -USR1 $PPID; while true; do sleep 0.01; done";
    let arguments = format!("exec --file A=scp:database -- sh -c '{script}' < /dev/null");
    let Some(ran) = on_terminal(&arguments) else { return };
    assert_eq!((ran.status, ran.text().trim_end()), (9, "ended"));
}

#[test]
fn binary_data_and_keys_are_not_printed_to_a_terminal() {
    let folder = Folder::new();
    let plain = folder.write("plain", "a");
    let Some(ran) = on_terminal(&format!("encrypt '{plain}' --key {}", KEYS[0])) else { return };
    assert!(ran.status == 2 && ran.text().contains("the message is binary"), "{ran:?}");
    let standard = on_terminal(&format!("encrypt '{plain}' --out - --key {}", KEYS[0])).unwrap();
    assert!(standard.status == 2 && standard.text().contains("the message is binary"), "{standard:?}");
    let keys = on_terminal(&format!("tofu-key --key {}", KEYS[0])).unwrap();
    assert!(keys.status == 2 && !keys.text().contains("magic"), "{keys:?}");
}

//! `encrypt` and `decrypt`.

use std::fs;

use crate::world::{Folder, KEYS, run, run_with};

/// Data of several frames.
fn data() -> Vec<u8> {
    (0..200_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn files_and_streams_round_trip_with_any_of_several_keys() {
    let folder = Folder::new();
    let plain = folder.write("plain", data());
    let (sealed, opened) = (folder.file("sealed"), folder.file("opened"));
    let context = ["--context", "table=orders"];
    let both = ["--key", KEYS[0], "--key", KEYS[1]];
    let ran = run(&[&["encrypt", &plain, "--out", &sealed][..], &both, &context].concat());
    assert_eq!((ran.status, ran.errors.as_str(), ran.out.len()), (0, "", 0));
    for key in KEYS {
        let ran = run(&[&["decrypt", &sealed, "--out", &opened, "--force", "--key", key][..], &context].concat());
        assert_eq!((ran.status, ran.errors.as_str()), (0, ""));
        assert!(fs::read(&opened).unwrap() == data());
    }
    let message = run_with(&[&["encrypt"][..], &both[..2]].concat(), &data());
    assert_eq!((message.status, message.errors.as_str()), (0, ""));
    let ran = run_with(&[&["decrypt", "-", "--out", "-"][..], &both[..2]].concat(), &message.out);
    assert!(ran.status == 0 && ran.out == data());
    assert_eq!(folder.names(), ["opened", "plain", "sealed"]);
}

#[test]
fn keys_of_both_clouds_wrap_one_message() {
    let nhn = "nhn:035a0ffa16a64bbf8171c4bdcea37bbf";
    let message = run_with(&["encrypt", "--key", KEYS[0], "--key", nhn], b"canary-of-16-let");
    for key in [KEYS[0], nhn] {
        assert_eq!(run_with(&["decrypt", "--key", key], &message.out).out, b"canary-of-16-let");
    }
    // The service's refusal has its name, and not the data.
    let ran = run_with(&["encrypt", "--key", "nhn:no-such-key"], b"canary-of-16-let");
    assert!(ran.status == 1 && ran.errors.contains("nhn") && !ran.errors.contains("canary"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn output_is_private_and_appears_only_when_it_is_complete() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let plain = folder.write("plain", data());
    let sealed = folder.file("sealed");
    let key = ["--key", KEYS[0]];
    assert_eq!(run(&[&["encrypt", &plain, "-o", &sealed][..], &key].concat()).status, 0);
    assert_eq!(fs::metadata(&sealed).unwrap().permissions().mode() & 0o777, 0o600);
    let message = fs::read(&sealed).unwrap();
    let mut damaged = message.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let (cut, damaged) = (folder.write("cut", &message[..message.len() / 2]), folder.write("damaged", damaged));
    let before = folder.names();
    for (input, wanted) in [(&cut, "ends early"), (&damaged, "")] {
        let out = folder.file("out");
        let ran = run(&[&["decrypt", input, "--out", &out][..], &key].concat());
        assert!(ran.status == 1 && ran.errors.contains(wanted), "{ran:?}");
        // Neither the output nor its temporary file is left.
        assert_eq!(folder.names(), before);
        let ran = run(&[&["decrypt", input, "--force", "--out", &plain][..], &key].concat());
        assert_eq!(ran.status, 1);
        assert!(fs::read(&plain).unwrap() == data(), "an output that fails replaces nothing");
    }
}

#[test]
fn decrypt_demands_the_context() {
    let key = ["--key", KEYS[0]];
    let context = ["--context", "env=prod", "--context", "name=canary-of-16-let"];
    let message = run_with(&[&["encrypt"][..], &key, &context].concat(), b"data").out;
    for (expected, status) in
        [(&[][..], 0), (&["--context", "env=prod"], 0), (&["--context", "env=test"], 1), (&["--context", "other=1"], 1)]
    {
        let ran = run_with(&[&["decrypt"][..], &key, expected].concat(), &message);
        assert_eq!(ran.status, status, "{expected:?}: {ran:?}");
        assert_eq!(ran.out, if status == 0 { &b"data"[..] } else { b"" }, "{expected:?}");
        assert!(!ran.errors.contains("canary"), "{ran:?}");
    }
    let ran = run_with(&["decrypt", "--key", KEYS[1]], &message);
    assert_eq!((ran.status, ran.out.len()), (1, 0), "another key opens nothing");
}

#[cfg(target_os = "linux")]
#[test]
fn signal_ends_the_wait_for_a_writer_of_a_fifo() {
    use std::process::{Command, Stdio};

    let folder = Folder::new();
    let fifo = folder.file("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let out = folder.file("out");
    let mut command = crate::world::command(&["encrypt", &fifo, "--key", KEYS[0], "--out", &out]);
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    // The signal is caught from then on.
    let status = format!("/proc/{}/status", child.id());
    let catches_term = || {
        let text = fs::read_to_string(&status).unwrap();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << 14) != 0
    };
    while !catches_term() {}
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert_eq!(folder.names(), ["fifo"]);
}

#[cfg(unix)]
#[test]
fn signal_leaves_no_file_and_does_not_wait_for_the_input() {
    use std::process::{Command, Stdio};

    let folder = Folder::new();
    let mut command = crate::world::command(&["encrypt", "--key", KEYS[0], "--out", &folder.file("out")]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // The temporary file is there, and the input stays open.
    while folder.names().is_empty() {}
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let input = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert_eq!(folder.names(), [""; 0]);
    drop(input);
}

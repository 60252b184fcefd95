//! The admin path, seed data and state files, of the fuzzer's bytes.

use std::fs;
use std::path::PathBuf;

use arbitrary::Unstructured;

use super::change::node;
use super::text::Memory;
use super::{Player, Vendor, with_kept};

/// All of them, for what a seed or a fault may do to any.
const VENDORS: [Vendor; 3] = [Vendor::Scp, Vendor::Nhn, Vendor::Risken];

/// The calls below the admin path.
const CALLS: [(&str, &str); 12] = [
    ("POST", "faults"),
    ("POST", "clock"),
    ("GET", "log"),
    ("GET", "state"),
    ("GET", "faults"),
    ("GET", "clock"),
    ("DELETE", "faults"),
    ("DELETE", "faults/1"),
    ("DELETE", "log"),
    ("GET", ""),
    ("GET", "watch.js"),
    ("PATCH", "state"),
];

/// The first byte says what the second to last are: a body for the admin path, seed data, a state file, or changes to
/// the file that a fresh sandbox writes.
///
/// # Panics
/// If the sandbox does.
pub fn play_control(data: &[u8]) {
    let [how, rest @ ..] = data else { return };
    match how % 4 {
        0 => admin(rest),
        1 => {
            if let Ok(seed) = serde_json::from_slice(rest) {
                use_it(Player::new(Player::settings().admin(true).seed_data(seed), &VENDORS), rest);
            }
        }
        2 => restore(rest, rest),
        _ => {
            let fresh = Player::new(Player::settings(), &[]).expect("a sandbox");
            let mut state = serde_json::json!({ "format": 1, "ahead_millis": 0, "held": null });
            state["held"] = serde_json::from_str(&fresh.state()).expect("what was just written");
            let mut input = Unstructured::new(rest);
            // What is left of the input after the changes says what is done with it.
            for _ in 0..input.arbitrary::<u8>().unwrap_or(0) % 8 {
                let (place, how) = (input.arbitrary::<u16>().unwrap_or(0), input.arbitrary::<u8>().unwrap_or(0) % 16);
                if node(&mut input, &Memory::default(), &mut state, usize::from(place), how).is_err() {
                    break;
                }
            }
            restore(state.to_string().as_bytes(), input.take_rest());
        }
    }
}

fn admin(rest: &[u8]) {
    with_kept(
        || Player::new(Player::settings().admin(true), &VENDORS),
        |player| {
            // One call a line, and calls of the vendors in between.
            for (line, text) in rest.split(|byte| *byte == b'\n').take(8).enumerate() {
                let [which, body @ ..] = text else { continue };
                if line % 2 == 1 {
                    player.play(text);
                    continue;
                }
                let (method, path) = CALLS[usize::from(*which) % CALLS.len()];
                match std::str::from_utf8(body) {
                    Ok(query) if method == "GET" && !body.is_empty() => {
                        player.control(method, &format!("{path}?{query}"), &[]);
                    }
                    _ => player.control(method, path, body),
                }
            }
            player.control("GET", "log", &[]);
            player.control("GET", "state", &[]);
        },
    );
}

fn restore(file: &[u8], then: &[u8]) {
    let path = path();
    fs::write(&path, file).expect("a place for the file");
    use_it(Player::new(Player::settings().admin(true).state_file(&path), &VENDORS), then);
}

fn path() -> PathBuf {
    std::env::temp_dir().join(format!("cloud-sandbox-fuzz-{}.json", std::process::id()))
}

/// Makes calls on a state that may be odd.
fn use_it(player: Option<Player>, calls: &[u8]) {
    let Some(mut player) = player else { return };
    player.read_all();
    player.play(calls);
    player.control("GET", "state", &[]);
    player.check_state();
}

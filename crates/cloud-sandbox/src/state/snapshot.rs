//! What a sandbox starts with, from default seed, seed data and state file, and what it leaves behind.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::file;
use crate::clock::Clock;
use crate::rng::Rng;
use crate::settings::Settings;
use crate::state::{Held, State};

/// The form of state files; another number is refused instead of misread.
const FORMAT: u64 = 1;

/// The state file's content where there is one; else the default seed with the seed data over it.
pub(crate) fn load(settings: &mut Settings) -> Result<Held, String> {
    let saved = match &settings.state_file {
        Some(path) => {
            let read = file::read(path).and_then(|saved| file::check_writable(path).map(|()| saved));
            read.map_err(|error| format!("state file {error}"))?
        }
        None => None,
    };
    if let Some(saved) = saved {
        return restored(settings, saved);
    }
    let state = match &settings.seed_data {
        Some(data) => seeded(data)?,
        None => State::default(),
    };
    Ok(Held { state, others: BTreeMap::new(), rng: Rng::new(settings.random_seed)? })
}

fn restored(settings: &mut Settings, mut saved: Value) -> Result<Held, String> {
    if saved.get("format").and_then(Value::as_u64) != Some(FORMAT) {
        return Err(format!("the state file is not of format {FORMAT}: remove it to start with the default seed"));
    }
    let ahead = saved.get("ahead_millis").and_then(Value::as_i64).unwrap_or(0);
    settings.clock.start_ahead(ahead);
    let held = saved.get_mut("held").map(Value::take).unwrap_or_default();
    typed(held).map_err(|reason| format!("the state file cannot be restored: {reason}"))
}

/// Reads a value, or says where it does not fit. The value itself, which may be a secret, is not repeated.
fn typed<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let place = error.path().to_string();
        let text = error.into_inner().to_string();
        let reason = match text.rsplit_once(", expected ") {
            Some((found, expected)) if !found.starts_with("unknown field") => format!("expected {expected}"),
            _ => text,
        };
        format!("{place}: {reason}")
    })
}

fn seeded(data: &Value) -> Result<State, String> {
    let wrong = |error: serde_json::Error| format!("the seed data do not fit the state: {error}");
    let mut value = serde_json::to_value(State::default()).map_err(wrong)?;
    file::merge(&mut value, data.clone());
    let state: State = typed(value).map_err(|reason| format!("the seed data do not fit the state: {reason}"))?;
    let kept = serde_json::to_value(&state).map_err(wrong)?;
    match unknown(data, &kept, "") {
        Some(path) => Err(format!("the seed data set {path}, which the state does not have")),
        None => Ok(state),
    }
}

/// The first name of a patch that did not arrive: most likely a spelling mistake.
fn unknown(patch: &Value, kept: &Value, path: &str) -> Option<String> {
    if let (Value::Array(patch), Value::Array(kept)) = (patch, kept) {
        let mut pairs = patch.iter().zip(kept).enumerate();
        return pairs.find_map(|(index, (patch, kept))| unknown(patch, kept, &format!("{path}/{index}")));
    }
    patch.as_object()?.iter().filter(|(_, value)| !value.is_null()).find_map(|(name, value)| {
        let path = format!("{path}/{name}");
        match kept.get(name) {
            Some(kept) => unknown(value, kept, &path),
            None => Some(path),
        }
    })
}

/// Writes everything that the next start needs. The file holds secrets.
pub(crate) fn save(path: &Path, held: &Value, clock: &Clock) -> io::Result<()> {
    let ahead = clock.ahead_of_callers();
    file::write(path, &json!({ "format": FORMAT, "ahead_millis": ahead, "held": held }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_seed_data_is_refused() {
        assert!(seeded(&json!({})).is_ok());
        assert!(seeded(&json!({ "scp": {}, "nhn": {}, "risken": {} })).is_ok());
        let error = seeded(&json!({ "scp": { "kmz": { "keys": {} } } })).err().unwrap();
        assert!(error.contains("/scp/kmz"), "{error}");
        assert!(seeded(&json!({ "scp": 1 })).is_err());
        for (part, place) in [
            (json!("hunter2"), "nhn.skm.keyStores.7"),
            (json!({ "name": "s", "macAuthUse": "hunter2" }), "nhn.skm.keyStores.7.macAuthUse"),
            (json!({ "name": "s", "keys": "hunter2" }), "nhn.skm.keyStores.7.keys"),
            (json!({ "name": ["hunter2"] }), "nhn.skm.keyStores.7.name"),
        ] {
            let error = seeded(&json!({ "nhn": { "skm": { "keyStores": { "7": part } } } })).err().unwrap();
            assert!(error.contains(&format!(" {place}: expected ")) && !error.contains("hunter2"), "{error}");
        }
        let store = |keys: Value| json!({ "nhn": { "skm": { "keyStores": { "7": { "name": "s", "keys": keys } } } } });
        let key = json!({ "keyId": "k", "name": "k", "keyType": "SYMMETRIC_KEY" });
        assert!(seeded(&store(json!([key]))).is_ok());
        let mut misspelt = key.clone();
        misspelt["autorotationPeriod"] = 30.into();
        let error = seeded(&store(json!([key, misspelt]))).err().unwrap();
        assert!(error.contains("/nhn/skm/keyStores/7/keys/1/autorotationPeriod"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn state_file_that_cannot_be_saved_is_refused_at_the_start() {
        let mut settings = Settings { state_file: Some("/proc/state.json".into()), ..Settings::default() };
        assert!(load(&mut settings).err().unwrap().starts_with("state file /proc/state.json cannot be saved"));
    }

    #[test]
    fn state_file_of_another_format_is_refused() {
        let mut settings = Settings::default();
        for saved in [json!({}), json!({ "format": 2 }), json!({ "format": 1, "held": {} })] {
            assert!(restored(&mut settings, saved).is_err());
        }
    }
}

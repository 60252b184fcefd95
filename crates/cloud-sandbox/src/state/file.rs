//! Reads JSON files that a person names, and writes the state so that no half of it is ever seen.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::private_file;

/// Reads a file; nothing when there is none.
pub(crate) fn read(path: &Path) -> io::Result<Option<Value>> {
    // Reading a pipe would wait for a writer for ever.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(named(path, &io::Error::other("not a regular file")));
    }
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(named(path, &error)),
    };
    let value = serde_json::from_slice(&text);
    let wrong = |error| format!("{} is not JSON: {error}", path.display());
    value.map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, wrong(error)))
}

/// Checks that [`write`] can replace this file later. At the end of a run it is too late to report that it cannot.
pub(crate) fn check_writable(path: &Path) -> io::Result<()> {
    let (_, new) = places(path);
    private_file::create(&new).and_then(|_| fs::remove_file(&new)).map_err(|error| {
        let folder = new.parent().unwrap_or(path).display();
        io::Error::new(
            error.kind(),
            format!("{} cannot be saved: no file can be made in {folder}: {error}", path.display()),
        )
    })
}

/// Where a file is, and the new file that is to replace it.
fn places(path: &Path) -> (PathBuf, PathBuf) {
    static WRITES: AtomicU32 = AtomicU32::new(0);
    // A link stays: what it leads to is replaced.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let path = fs::canonicalize(&path).unwrap_or(path);
    // Sandboxes that share a state file may stop at the same time.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{}.new", std::process::id(), WRITES.fetch_add(1, Ordering::Relaxed)));
    let new = path.with_file_name(name);
    (path, new)
}

/// Replaces a file as a whole. It holds secrets, so only its owner may read it.
pub(crate) fn write(path: &Path, value: &Value) -> io::Result<()> {
    let (path, new) = places(path);
    let written = private_file::create(&new).and_then(|mut file| {
        // The serializer writes each token by itself.
        let mut buffered = io::BufWriter::new(&mut file);
        serde_json::to_writer(&mut buffered, value)?;
        buffered.flush()?;
        drop(buffered);
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&new, &path)).map_err(|error| named(&path, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Lays a JSON Merge Patch (RFC 7386) over a value: objects merge, null removes, the rest replaces.
pub(crate) fn merge(into: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *into = patch;
        return;
    };
    if !into.is_object() {
        *into = Value::Object(serde_json::Map::new());
    }
    let Some(target) = into.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(&name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn concurrent_writers_of_one_file_all_succeed() {
        let path = std::env::temp_dir().join(format!("cloud-sandbox-shared-{}.json", std::process::id()));
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8)
                .map(|number| {
                    scope.spawn({
                        let path = &path;
                        move || write(path, &json!(number))
                    })
                })
                .collect();
            assert!(writers.into_iter().all(|writer| writer.join().unwrap().is_ok()));
        });
        assert!(read(&path).unwrap().unwrap().is_u64());
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn state_file_that_is_not_regular_is_refused() {
        assert!(read(&std::env::temp_dir()).unwrap_err().to_string().contains("not a regular file"));
    }

    /// A folder in which nobody can make a file, as on a read-only file system.
    #[cfg(target_os = "linux")]
    #[test]
    fn state_file_in_a_read_only_folder_is_refused_at_the_start() {
        let path = Path::new("/proc/state.json");
        assert!(read(path).unwrap().is_none());
        let error = check_writable(path).unwrap_err().to_string();
        assert!(error.starts_with("/proc/state.json cannot be saved: no file can be made in /proc: "), "{error}");
    }

    #[test]
    fn merge_follows_rfc_7386() {
        for (target, patch, expected) in [
            (json!({ "a": "b" }), json!({ "a": "c" }), json!({ "a": "c" })),
            (json!({ "a": "b", "b": "c" }), json!({ "a": null }), json!({ "b": "c" })),
            (json!({ "a": [{ "b": "c" }] }), json!({ "a": [1] }), json!({ "a": [1] })),
            (json!({ "a": "c" }), json!({ "a": { "bb": { "ccc": null } } }), json!({ "a": { "bb": {} } })),
            (json!(["a"]), json!({ "a": { "b": 1 } }), json!({ "a": { "b": 1 } })),
        ] {
            let mut merged = target;
            merge(&mut merged, patch);
            assert_eq!(merged, expected);
        }
    }

    #[test]
    fn state_file_round_trips_and_is_private() {
        let path = std::env::temp_dir().join(format!("cloud-sandbox-file-{}.json", std::process::id()));
        assert!(read(&path).unwrap().is_none());
        for value in [json!({ "a": [1, 2] }), json!({})] {
            write(&path, &value).unwrap();
            assert_eq!(read(&path).unwrap(), Some(value));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        #[cfg(unix)]
        {
            let link = path.with_extension("link");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            write(&link, &json!({ "through": "link" })).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(read(&path).unwrap(), Some(json!({ "through": "link" })));
            fs::remove_file(&link).unwrap();
        }
        fs::write(&path, "{").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("cloud-sandbox-file"));
        assert!(read(&path.join("deeper.json")).is_err());
        check_writable(&path).unwrap();
        let missing = path.with_file_name("no-such-folder").join("state.json");
        let error = check_writable(&missing).unwrap_err().to_string();
        assert!(error.contains("no-such-folder: "), "{error}");
        fs::remove_file(&path).unwrap();
    }
}

//! What is served under which path.

use std::fmt;

use crate::keys::NamedKeys;
use crate::kv::Kv;

/// What a mount serves.
pub(crate) enum Engine {
    Transit(NamedKeys),
    Kv(Kv),
}

/// An engine and the path under which it is served.
#[derive(Debug)]
pub(crate) struct Mount {
    /// Without slashes at its ends; it may have several parts.
    pub(crate) path: String,
    pub(crate) engine: Engine,
}

impl Engine {
    /// The type in Vault's words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Transit(_) => "transit",
            Self::Kv(_) => "kv",
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// All mounts. No path of one is the beginning of another's.
#[derive(Debug, Default)]
pub(crate) struct Mounts(Vec<Mount>);

/// Paths that Vault keeps for itself.
const RESERVED: [&str; 4] = ["sys", "auth", "identity", "cubbyhole"];

impl Mounts {
    /// Adds a mount.
    ///
    /// # Errors
    /// If the path cannot be used.
    pub(crate) fn add(&mut self, path: &str, engine: Engine) -> Result<(), String> {
        let path = path.trim_end_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(plain);
        if !path.split('/').all(part) {
            return Err(format!("the mount {path:?} must have parts of letters, digits, `-`, `_` and `.`"));
        }
        if path.split('/').next().is_some_and(|first| RESERVED.contains(&first)) {
            return Err(format!("the mount {path:?} begins with a path that Vault keeps for itself"));
        }
        let within = |one: &str, other: &str| format!("{one}/").starts_with(&format!("{other}/"));
        if self.0.iter().any(|mount| within(&mount.path, path) || within(path, &mount.path)) {
            return Err(format!("the mount {path:?} is, or is within, another one"));
        }
        self.0.push(Mount { path: path.to_owned(), engine });
        Ok(())
    }

    pub(crate) fn all(&self) -> &[Mount] {
        &self.0
    }

    /// The mount of a path, and the parts of the path within it.
    pub(crate) fn find<'m, 'p, 's>(&'m self, parts: &'p [&'s str]) -> Option<(&'m Mount, &'p [&'s str])> {
        self.0.iter().find_map(|mount| {
            let length = mount.path.split('/').count();
            let (own, rest) = parts.split_at_checked(length)?;
            mount.path.split('/').eq(own.iter().copied()).then_some((mount, rest))
        })
    }
}

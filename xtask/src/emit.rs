//! From tokens to files: formatting, comparing with what is there, and writing without half-written files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use proc_macro2::TokenStream;

/// What the generator wants to be on disk, relative to the root.
#[derive(Debug, Default)]
pub(crate) struct Output {
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// Folders that hold generated files and nothing else.
    folders: Vec<PathBuf>,
}

/// How the disk differs from the output.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    pub(crate) missing: Vec<PathBuf>,
    pub(crate) stale: Vec<PathBuf>,
    pub(crate) orphans: Vec<PathBuf>,
}

/// Why tokens are no file.
#[derive(Debug, thiserror::Error)]
#[error("{path}: the generated source is not valid Rust: {source}")]
pub(crate) struct Malformed {
    path: String,
    source: syn::Error,
}

impl Output {
    /// Adds a file as it is.
    pub(crate) fn add(&mut self, path: impl Into<PathBuf>, content: Vec<u8>) {
        self.files.insert(path.into(), content);
    }

    /// Adds a Rust file: what it is about, for rustdoc, and where it comes from, for who reads the file.
    pub(crate) fn add_rust(
        &mut self,
        path: &str,
        about: &str,
        origin: &str,
        tokens: TokenStream,
    ) -> Result<(), Malformed> {
        let file = syn::parse2(tokens).map_err(|source| Malformed { path: path.to_owned(), source })?;
        let mut text = String::new();
        for line in wrap(about, 116) {
            // A String takes everything.
            let _ = writeln!(text, "//! {line}");
        }
        text.push('\n');
        for line in wrap(origin, 117) {
            let _ = writeln!(text, "// {line}");
        }
        text.push('\n');
        text.push_str(&spread(&prettyplease::unparse(&file)));
        self.add(path, text.into_bytes());
        Ok(())
    }

    /// The files as text.
    #[cfg(test)]
    pub(crate) fn texts(&self) -> impl Iterator<Item = (String, String)> {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        self.files.iter().map(move |(path, bytes)| (path.to_string_lossy().into_owned(), text(bytes)))
    }

    /// Says that a folder holds generated files only.
    pub(crate) fn own(&mut self, folder: impl Into<PathBuf>) {
        self.folders.push(folder.into());
    }

    /// How the files below `root` differ.
    pub(crate) fn compare(&self, root: &Path) -> io::Result<Differences> {
        let mut differences = Differences::default();
        for (path, content) in &self.files {
            match fs::read(root.join(path)) {
                Ok(found) if found == *content => {}
                Ok(_) => differences.stale.push(path.clone()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => differences.missing.push(path.clone()),
                Err(error) => return Err(error),
            }
        }
        for folder in &self.folders {
            for path in files_below(root, folder)? {
                if !self.files.contains_key(&path) {
                    differences.orphans.push(path);
                }
            }
        }
        Ok(differences)
    }

    /// Writes what differs and removes orphans.
    pub(crate) fn write(&self, root: &Path, differences: &Differences) -> io::Result<()> {
        for path in differences.missing.iter().chain(&differences.stale) {
            if let Some(content) = self.files.get(path) {
                replace(&root.join(path), content)?;
            }
        }
        differences.orphans.iter().try_for_each(|path| fs::remove_file(root.join(path)))
    }
}

impl Differences {
    pub(crate) fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.stale.is_empty() && self.orphans.is_empty()
    }

    /// One line a file.
    pub(crate) fn lines(&self) -> Vec<String> {
        let named = |word: &'static str, paths: &[PathBuf]| {
            paths.iter().map(|path| format!("{word}: {}", path.display())).collect::<Vec<_>>()
        };
        let lists = [named("missing", &self.missing), named("stale", &self.stale), named("orphan", &self.orphans)];
        lists.concat()
    }
}

/// A rename is atomic, so a reader never sees half a file.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    fs::write(&fresh, content)?;
    fs::rename(&fresh, path)
}

fn files_below(root: &Path, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// An empty line between items and between methods, which the formatter leaves out.
fn spread(source: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let mut out = String::with_capacity(source.len() + source.len() / 16);
    for (index, line) in lines.iter().enumerate() {
        out.push_str(line);
        out.push('\n');
        let Some(next) = lines.get(index + 1) else {
            continue;
        };
        let indent = |line: &str| line.len() - line.trim_start().len();
        let closes = matches!(line.trim(), "}" | "};") || (indent(line) == 0 && line.ends_with(';'));
        let opens = !next.trim_start().starts_with(['}', ')', ']']) && !next.is_empty();
        let both_use = line.trim_start().starts_with("use ") && next.trim_start().starts_with("use ");
        let both_mod = is_module(line) && is_module(next);
        if closes && opens && indent(line) <= 4 && indent(line) == indent(next) && !both_use && !both_mod {
            out.push('\n');
        }
    }
    out
}

fn is_module(line: &str) -> bool {
    line.ends_with(';')
        && (line.starts_with("pub mod ") || line.starts_with("pub(crate) mod ") || line.starts_with("mod "))
}

/// Breaks text at spaces so that no line is longer than `width`, unless a word is.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("aa\n\nlonger-than-that b", 4), ["aa", "", "longer-than-that", "b"]);
    }

    #[test]
    fn items_are_spread() {
        let source = "use a;\nuse b;\npub mod x;\npub mod y;\nstruct A {\n    a: u8,\n}\nimpl A {\n    fn a() {\n    }\n    fn b() {\n    }\n}\n";
        let expected = "use a;\nuse b;\n\npub mod x;\npub mod y;\n\nstruct A {\n    a: u8,\n}\n\nimpl A {\n    fn a() {\n    }\n\n    fn b() {\n    }\n}\n";
        assert_eq!(spread(source), expected);
    }
}

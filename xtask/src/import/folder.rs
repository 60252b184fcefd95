//! Finds the pages in a folder: the vendor is the beginning of a file's name.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// Pages that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The vendor's name, as in `fixtures`.
    pub vendor: &'static str,
    /// Their paths, by name.
    pub files: Vec<PathBuf>,
}

impl Group {
    /// The text of each page.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(&self) -> Result<Vec<String>, Box<dyn Error>> {
        let read = |path: &PathBuf| {
            fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()).into())
        };
        self.files.iter().map(read).collect()
    }
}

/// Vendors with the kinds of files that their pages have, and whether all pages describe one thing.
const LAYOUTS: [(&str, &[&str], bool); 4] =
    // The newer reference of a service builds upon what the older page says.
    [
        ("scp", &["txt"], false),
        ("scp", &["json"], false),
        ("nhn", &["md", "txt"], true),
        ("risken", &["md", "txt"], true),
    ];

/// The pages of a folder, in the order in which they are imported, and the files that are none.
///
/// # Errors
/// A folder that cannot be read, or one without pages.
pub fn groups(folder: &Path) -> Result<(Vec<Group>, Vec<PathBuf>), Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.map(|own| own.path())).collect::<Result<_, _>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    let mut groups = Vec::new();
    for (vendor, kinds, together) in LAYOUTS {
        let is_page = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let kind = path.extension().unwrap_or_default().to_string_lossy();
            name.starts_with(&format!("{vendor}-")) && kinds.contains(&kind.as_ref())
        };
        let (own, others): (Vec<PathBuf>, Vec<PathBuf>) = files.into_iter().partition(|path| is_page(path));
        files = others;
        match together {
            true if own.is_empty() => {}
            true => groups.push(Group { vendor, files: own }),
            false => groups.extend(own.into_iter().map(|path| Group { vendor, files: vec![path] })),
        }
    }
    match groups.is_empty() {
        true => {
            Err(format!("no page in {}: the name of one begins with its vendor, as `nhn-`", folder.display()).into())
        }
        false => Ok((groups, files)),
    }
}

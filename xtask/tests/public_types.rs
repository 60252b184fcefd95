//! Public types of the SDKs can grow: structs with public fields and enums are `#[non_exhaustive]`.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

/// Types whose cases are complete by their meaning, and one that programs write as a literal.
const COMPLETE: [&str; 3] = ["Limits", "OneOrMany", "Patch"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_path_buf()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => found.extend(path.extension().is_some_and(|own| own == "rs").then_some(path)),
            }
        }
    }
    found
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

/// The names of the types of a file that a new field or case would break.
fn closed(file: &syn::File) -> Vec<String> {
    let open = |attributes: &[syn::Attribute]| attributes.iter().any(|own| own.path().is_ident("non_exhaustive"));
    let name = |item: &syn::Item| match item {
        syn::Item::Struct(own) if is_public(&own.vis) && !open(&own.attrs) => {
            let named = own.fields.iter().any(|field| field.ident.is_some());
            (named && own.fields.iter().all(|field| is_public(&field.vis))).then(|| own.ident.to_string())
        }
        // An enum without cases is a marker.
        syn::Item::Enum(own) if is_public(&own.vis) && !open(&own.attrs) && !own.variants.is_empty() => {
            Some(own.ident.to_string())
        }
        _ => None,
    };
    file.items.iter().filter_map(name).collect()
}

#[test]
fn public_types_of_the_sdks_can_grow() {
    let mut read = 0;
    let crates = [
        "cloud-core",
        "scp-security",
        "nhn-security",
        "risken-aws",
        "cloud-secrets",
        "cloud-envelope",
        "cloud-findings",
        "cloud-bridge",
    ];
    for name in crates {
        for path in sources(&xtask::root().join("crates").join(name).join("src")) {
            let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            let mut closed = closed(&file);
            closed.retain(|name| !COMPLETE.contains(&name.as_str()));
            assert_eq!(closed, Vec::<String>::new(), "{}", path.display());
            read += 1;
        }
    }
    assert!(read > 100, "{read} files");
}

#[test]
fn closed_types_are_found() {
    let file = syn::parse_file(
        "pub struct A { pub a: u8 } #[non_exhaustive] pub struct B { pub b: u8 } pub struct C { c: u8 } pub enum D { E } \
         pub(crate) enum F { G } pub enum H {} pub struct I(pub u8);",
    );
    assert_eq!(closed(&file.unwrap()), ["A", "D"]);
}

//! Matches operations whose path changed: renamed placeholders, a trailing slash, or a new path under the same title.

use std::collections::{BTreeMap, BTreeSet};

use crate::openapi::{Document, Operation};

/// An operation as documents and pages name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    /// In lower case.
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) title: Option<String>,
}

impl Call {
    pub(crate) fn new(method: &str, path: &str, title: Option<&str>) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), title: title.map(str::to_owned) }
    }
}

/// An operation with both of its paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) method: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Moved {
    /// The difference in words.
    pub(crate) fn told(&self) -> String {
        format!("path `{}` in the page, `{}` in the fixture", self.to, self.from)
    }
}

/// The titles of each call by method and path: pages of two realms can give one call two titles.
type Titles<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>;

/// What a call can be matched by: its path and titles give any number of keys.
type Keys = fn(&str, &BTreeSet<&str>) -> Vec<String>;

fn titles(calls: &[Call]) -> Titles<'_> {
    let mut found = Titles::new();
    for call in calls {
        found.entry((&call.method, &call.path)).or_default().extend(call.title.as_deref());
    }
    found
}

/// Pairs what only one side has, where there is one candidate on each.
pub(crate) fn between(old: &[Call], new: &[Call]) -> Vec<Moved> {
    let (mut before, mut after) = (titles(old), titles(new));
    let both: Vec<(&str, &str)> = before.keys().filter(|call| after.contains_key(*call)).copied().collect();
    for call in both {
        before.remove(&call);
        after.remove(&call);
    }
    let mut found = Vec::new();
    let keys: [Keys; 2] =
        [|path, _| vec![without_names(path)], |_, titles| titles.iter().map(|title| (*title).to_owned()).collect()];
    for keys in keys {
        for (method, from, to) in paired(&unique(&before, keys), &unique(&after, keys)) {
            before.remove(&(method, from));
            after.remove(&(method, to));
            found.push(Moved { method: method.to_owned(), from: from.to_owned(), to: to.to_owned() });
        }
    }
    found
}

/// The path of each method and key; a key of several paths says nothing.
fn unique<'a>(calls: &Titles<'a>, keys: Keys) -> BTreeMap<(&'a str, String), &'a str> {
    let mut found: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for ((method, path), titles) in calls {
        for key in keys(path, titles) {
            found.entry((method, key)).or_default().push(path);
        }
    }
    let one = |(key, paths): (_, Vec<&'a str>)| match paths.as_slice() {
        [path] => Some((key, *path)),
        _ => None,
    };
    found.into_iter().filter_map(one).collect()
}

/// Method and both paths of what has a key in common; a path with two partners has none.
fn paired<'a, 'b>(
    before: &BTreeMap<(&'a str, String), &'a str>,
    after: &BTreeMap<(&'b str, String), &'b str>,
) -> Vec<(&'a str, &'a str, &'b str)> {
    let pairs: BTreeSet<(&str, &str, &str)> =
        before.iter().filter_map(|(key, from)| Some((key.0, *from, *after.get(key)?))).collect();
    let is_only = |(method, from, to): &&(&str, &str, &str)| {
        let partners = pairs.iter().filter(|own| own.0 == *method && (own.1 == *from || own.2 == *to));
        partners.count() == 1
    };
    pairs.iter().filter(is_only).copied().collect()
}

/// Whether only placeholders and the slash at the end differ.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    without_names(one) == without_names(other)
}

/// The path without the names of its placeholders and the slash at its end.
fn without_names(path: &str) -> String {
    let (texts, _) = pieces(path);
    texts.join("{}").trim_end_matches('/').to_owned()
}

/// The texts between the placeholders, and their names.
fn pieces(path: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut texts, mut names, mut rest) = (Vec::new(), Vec::new(), path);
    while let Some((text, tail)) = rest.split_once('{') {
        let (name, tail) = tail.split_once('}').unwrap_or((tail, ""));
        texts.push(text);
        names.push(name);
        rest = tail;
    }
    texts.push(rest);
    (texts, names)
}

/// The new name of each placeholder that has another one.
pub(crate) fn renamed<'a>(from: &'a str, to: &'a str) -> BTreeMap<&'a str, &'a str> {
    let (one, other) = (pieces(from).1, pieces(to).1);
    match one.len() == other.len() {
        true => one.into_iter().zip(other).filter(|(one, other)| one != other).collect(),
        false => BTreeMap::new(),
    }
}

/// The names of the path's placeholders, in their order.
pub(crate) fn placeholders(path: &str) -> Vec<&str> {
    pieces(path).1
}

/// The operations of a document.
pub(crate) fn calls(document: &Document) -> Vec<Call> {
    let operations = document.operations();
    operations.map(|(path, method, own)| Call::new(method, path, own.sdk.title.as_deref())).collect()
}

/// The document with the paths of `new` in the order of the old ones, and what has moved.
pub(crate) fn followed(document: &Document, new: &[Call]) -> (Document, Vec<Moved>) {
    let moved = between(&calls(document), new);
    (follow(document, &moved), moved)
}

/// The document after the moves.
pub(crate) fn follow(document: &Document, moved: &[Moved]) -> Document {
    let mut followed = document.clone();
    followed.paths.clear();
    for (path, method, own) in document.operations() {
        let found = moved.iter().find(|moved| moved.method == method && moved.from == path);
        let to = found.map_or(path, |moved| moved.to.as_str());
        if let Some(slot) = followed.paths.entry(to.to_owned()).or_default().slot(method) {
            *slot = Some(readdressed(own, path, to));
        }
    }
    followed
}

/// The operation with the placeholders of its new path.
pub(crate) fn readdressed(own: &Operation, from: &str, to: &str) -> Operation {
    let (mut own, names) = (own.clone(), renamed(from, to));
    for parameter in own.parameters.iter_mut().filter(|own| own.place == "path") {
        if let Some(name) = names.get(parameter.name.as_str()) {
            (*name).clone_into(&mut parameter.name);
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_paired_where_nothing_else_can_be_meant() {
        let call = |text: &str| {
            let words: Vec<&str> = text.splitn(3, ' ').collect();
            Call::new(words[0], words[1], words.get(2).copied())
        };
        for (old, new, moved) in [
            (&["get /keys/{key_id}"][..], &["get /keys/{keyId}"][..], &["get /keys/{key_id} /keys/{keyId}"][..]),
            (&["get /keys"], &["get /keys/"], &["get /keys /keys/"]),
            (&["get /a/{b}/c/{d}/"], &["get /a/{x}/c/{y}"], &["get /a/{b}/c/{d}/ /a/{x}/c/{y}"]),
            (&["get /key List keys"], &["get /keys List keys"], &["get /key /keys"]),
            (&["get /keys"], &["get /keys"], &[]),
            (&["get /keys/{key_id}"], &["put /keys/{keyId}"], &[]),
            (&["get /keys/{key_id}"], &["get /keys/key_id"], &[]),
            (&["get /key List keys"], &["post /keys List keys"], &[]),
            (&["get /key"], &["get /keys"], &[]),
            (&["get /a/{b}", "get /a/{c}"], &["get /a/{d}"], &[]),
            (&["get /a Show", "get /b Show"], &["get /c Show"], &[]),
            // The pages of two realms have titles of their own.
            (&["get /key Show"], &["get /keys Show", "get /keys Show key"], &["get /key /keys"]),
            (&["get /key/{a} Show"], &["get /key/{b} One", "get /key/{b} Two"], &["get /key/{a} /key/{b}"]),
            (&["get /a Show", "get /a Read"], &["get /b Show", "get /b Read"], &["get /a /b"]),
            (&["get /a Show", "get /b Read"], &["get /c Show", "get /c Read"], &[]),
            (&["get /a Show", "get /a Read"], &["get /b Show", "get /c Read"], &[]),
            (&["get /a/{b} Show", "get /a"], &["get /a/{c}", "get /d Show"], &["get /a/{b} /a/{c}"]),
        ] {
            let calls = |own: &[&str]| own.iter().map(|text| call(text)).collect::<Vec<_>>();
            let found = between(&calls(old), &calls(new));
            let found: Vec<String> =
                found.iter().map(|own| format!("{} {} {}", own.method, own.from, own.to)).collect();
            assert_eq!(found, moved, "{old:?} {new:?}");
        }
    }

    #[test]
    fn placeholders_are_renamed_by_their_place() {
        let pairs = |from, to| renamed(from, to).into_iter().collect::<Vec<_>>();
        assert_eq!(pairs("/a/{b}/c/{d}", "/a/{x}/c/{d}/"), [("b", "x")]);
        assert_eq!(pairs("/a/{b}/{c}", "/a/{c}/{b}"), [("b", "c"), ("c", "b")]);
        assert_eq!(pairs("/a/{b}", "/a/{b}/{c}"), []);
        assert_eq!(pairs("/a/{b}:{c}", "/a/{x}:{c}"), [("b", "x")]);
    }
}

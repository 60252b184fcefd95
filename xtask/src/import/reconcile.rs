//! Lays what pages state over fixtures, fact by fact: one walk finds the differences and removes them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::facts::{Page, Realm, Stated};
use super::known::Known;
use super::location::Location;
use super::{Fixtures, Outcome, ancestor, hand, usual};
use crate::names;
use crate::openapi::{Document, Operation, Server, Split};

mod absent;
mod apart;
mod fields;
mod parameters;
mod paths;
mod renumber;
mod skeleton;

/// Compares pages of one vendor with its fixtures. Pages of one version belong together, whatever their realm.
pub(super) fn outcome(mut pages: Vec<Page>, fixtures: &Fixtures, known: &Known) -> Outcome {
    let mut outcome = Outcome::default();
    // The pages that describe a version as a whole come first, the public ones before the others.
    pages.sort_by_key(|page| (!page.whole, page.realm));
    let mut versions: BTreeMap<(String, String), Vec<Page>> = BTreeMap::new();
    for page in pages {
        versions.entry((page.service.clone(), page.version.clone())).or_default().push(page);
    }
    let mut all = fixtures.clone();
    for (key, mut pages) in versions {
        let fixture = fixtures.get(&key).cloned();
        let fresh = fixture.is_none();
        let base = fixture.or_else(|| ancestor(&all, &key.0, &key.1).map(|old| renumber::renumbered(old, &key.1)));
        let scope = format!("{} {}", key.0, key.1);
        if fresh {
            outcome.differ(known, &scope, "in the page, no fixture".to_owned());
        }
        let Some(mut document) = base.or_else(|| skeleton::document(&key, &pages)) else {
            continue;
        };
        let older: Vec<&Document> = older(&all, &key).collect();
        let mut walk = Walk::new(scope, &mut document, known, older);
        walk.moved(&mut pages);
        for page in &pages {
            walk.page(page);
        }
        walk.absent(&pages);
        let (lines, used) = (walk.lines, walk.used);
        // A new document differs as a whole.
        if !fresh {
            outcome.lines.extend(lines);
        }
        outcome.known.extend(used);
        if fresh {
            renumber::keep_order(&mut document, &pages);
        }
        usual::add_effects(&mut document);
        all.insert(key.clone(), document.clone());
        outcome.documents.insert(key, document);
    }
    let services: BTreeSet<String> = outcome.documents.keys().map(|(service, _)| service.clone()).collect();
    for service in services {
        apart::apart(&service, fixtures, &mut outcome.documents);
    }
    outcome
}

/// The other versions of a service, the newest first.
fn older<'a>(fixtures: &'a Fixtures, key: &(String, String)) -> impl Iterator<Item = &'a Document> {
    let wanted = names::version_parts(&key.1);
    let mut found: Vec<(Vec<u64>, &Document)> = fixtures
        .iter()
        .filter(|((service, version), _)| *service == key.0 && names::version_parts(version) < wanted)
        .map(|((_, version), document)| (names::version_parts(version), document))
        .collect();
    found.sort_by(|one, other| other.0.cmp(&one.0));
    found.into_iter().map(|(_, document)| document)
}

impl Outcome {
    /// Notes a difference, unless it is a known one; returns whether the fixture is to follow the page.
    fn differ(&mut self, known: &Known, scope: &str, what: String) -> bool {
        let line = format!("{scope}: {what}");
        let new = !known.contains(&line);
        match new {
            true => self.lines.push(line),
            false => _ = self.known.insert(line),
        }
        new
    }
}

struct Walk<'a> {
    scope: String,
    document: &'a mut Document,
    known: &'a Known,
    /// Older versions, for operations that the version before lacks.
    older: Vec<&'a Document>,
    lines: Vec<String>,
    used: BTreeSet<String>,
    realm: Realm,
    whole: bool,
    /// Number of the page.
    index: usize,
    /// Facts with the page that settled them.
    settled: BTreeMap<String, usize>,
    /// Which pages state an operation, parameter or field: the realms of the whole pages.
    stated: BTreeMap<Location, BTreeSet<Realm>>,
    /// Models that the walk has compared, with the realms of the whole pages.
    models: BTreeMap<String, BTreeSet<Realm>>,
    /// Examples that pages show, by place.
    examples: BTreeMap<String, Vec<Value>>,
}

impl<'a> Walk<'a> {
    fn new(scope: String, document: &'a mut Document, known: &'a Known, older: Vec<&'a Document>) -> Self {
        Self {
            scope,
            document,
            known,
            older,
            lines: Vec::new(),
            used: BTreeSet::new(),
            realm: Realm::Public,
            whole: true,
            index: 0,
            settled: BTreeMap::new(),
            stated: BTreeMap::new(),
            models: BTreeMap::new(),
            examples: BTreeMap::new(),
        }
    }

    /// Notes a difference; returns whether the fixture is to follow the page.
    fn differ(&mut self, place: &str, what: &str) -> bool {
        let line = format!("{} {place}: {what}", self.scope);
        if self.known.contains(&line) {
            self.used.insert(line);
            return false;
        }
        if !self.lines.contains(&line) {
            self.lines.push(line);
        }
        true
    }

    /// Notes that a fact differs. What an earlier page has settled stays, because pages of one version can disagree.
    fn fact(&mut self, place: &str, name: &str, page: &str, fixture: &str) -> bool {
        let first = *self.settled.entry(format!("{place} {name}")).or_insert(self.index) == self.index;
        if page == fixture {
            return false;
        }
        let realm = if first { String::new() } else { format!(" ({} realm)", self.realm.name()) };
        self.differ(place, &format!("{name} {page} in the page{realm}, {fixture} in the fixture")) && first
    }

    /// Notes that the page states this place.
    fn note(&mut self, place: Location) {
        let realms = self.stated.entry(place).or_default();
        if self.whole {
            realms.insert(self.realm);
        }
    }

    fn page(&mut self, page: &Page) {
        (self.realm, self.whole) = (page.realm, page.whole);
        self.index += 1;
        for host in &page.hosts {
            let known = self.document.servers.iter().any(|server| server.url == *host);
            if !known && self.differ(&format!("host {host}"), "in the page, absent in the fixture") {
                self.document.servers.push(Server { url: host.clone(), ..Server::default() });
            }
        }
        for (place, what) in &page.faults {
            // It is the page that is wrong, so there is nothing to change in the fixture.
            self.differ(place, &format!("{what} ({} page)", page.realm.name()));
        }
        for stated in &page.operations {
            self.operation(stated);
        }
    }

    fn operation(&mut self, stated: &Stated) {
        let place = format!("{} {}", stated.method, stated.path);
        let before = self.lines.len();
        let mut new = false;
        if self.find(stated).is_none() {
            if !self.differ(&place, "operation in the page, absent in the fixture") {
                return;
            }
            let borrowed = self.older.iter().find_map(|old| {
                let (operation, models) = renumber::borrowed(old, stated, self.document)?;
                Some((*old, operation, models))
            });
            match borrowed {
                Some((old, operation, models)) => {
                    renumber::add(self.document, stated, operation, models);
                    hand::keep_enumerations(self.document, old);
                }
                None => skeleton::operation(self.document, stated),
            }
            new = true;
        }
        let plain = self.is_plain(stated);
        if !plain && self.split(stated).is_none() {
            let what =
                format!("format of `{}` in the page, absent in the fixture", stated.select.as_deref().unwrap_or(""));
            if !self.differ(&place, &what) {
                return;
            }
            skeleton::split(self.document, stated);
            new = true;
        }
        self.note(match plain {
            true => Location::operation(&stated.path, &stated.method),
            false => Location::split(&stated.path, &stated.method),
        });
        self.heading(stated, plain);
        self.parameters(stated, plain);
        self.bodies(stated, plain);
        if new {
            self.lines.truncate(before + 1);
        }
    }

    fn find(&self, stated: &Stated) -> Option<&Operation> {
        self.document.operation(&stated.path, &stated.method)
    }

    fn find_mut(&mut self, stated: &Stated) -> Option<&mut Operation> {
        self.document.operation_mut(&stated.path, &stated.method)
    }

    /// Whether the call is the operation itself and not its second format.
    fn is_plain(&self, stated: &Stated) -> bool {
        stated.select.is_none()
    }

    fn split(&self, stated: &Stated) -> Option<&Split> {
        let split = self.find(stated)?.sdk.split.as_ref();
        split.filter(|split| Some(&split.parameter) == stated.select.as_ref())
    }

    /// Name of the operation in messages.
    fn name(&self, stated: &Stated) -> String {
        let id = match self.is_plain(stated) {
            true => self.find(stated).map(|own| &own.operation_id),
            false => self.split(stated).map(|own| &own.operation_id),
        };
        id.cloned().unwrap_or_else(|| stated.key())
    }

    fn heading(&mut self, stated: &Stated, plain: bool) {
        if !plain || stated.headers.is_empty() {
            return;
        }
        let name = self.name(stated);
        let Some(operation) = self.find(stated) else { return };
        let own = &operation.sdk.headers;
        let headers = if own.is_empty() { &self.document.sdk.headers } else { own };
        let show = |headers: &[crate::openapi::Header]| -> String {
            let pairs: Vec<String> = headers.iter().map(|own| format!("`{}: {}`", own.name, own.value)).collect();
            pairs.join(" ")
        };
        let (page, fixture) = (show(&stated.headers), show(headers));
        let (title, old) = (stated.title.clone(), operation.sdk.title.clone());
        if self.fact(&name, "headers", &page, &fixture)
            && let Some(operation) = self.find_mut(stated)
        {
            operation.sdk.headers.clone_from(&stated.headers);
        }
        let quoted = |text: &Option<String>| text.as_ref().map_or_else(|| "none".to_owned(), |own| format!("`{own}`"));
        if self.fact(&name, "title", &quoted(&title), &quoted(&old))
            && let Some(operation) = self.find_mut(stated)
        {
            operation.sdk.title = title;
        }
    }
}

#[cfg(test)]
mod tests;

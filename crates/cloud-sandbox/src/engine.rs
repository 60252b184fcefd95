//! What all requests share: the operations, the settings, the state, and how a checked call is performed.

use std::collections::btree_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::accounts::Account;
use crate::admin::log::Log;
use crate::admin::redact;
use crate::call::{Call, Handler, Handlers};
use crate::faults::{Fault, Faults, RefusedFault};
use crate::http::{HttpRequest, HttpResponse};
use crate::ids::Ids;
use crate::rng::Rng;
use crate::rsa_keys::{KeyGenerator, ReadyKeys};
use crate::settings::Settings;
use crate::spec::{Catalogue, Content, Document, Hit, example, project};
use crate::state::{Held, State, snapshot};
use crate::vendors::VENDORS;

/// A part of the name of an operation that is not known.
pub(crate) const UNKNOWN: &str = "-";

/// The sandbox without its listeners.
pub(crate) struct Engine {
    pub(crate) catalogue: Catalogue,
    pub(crate) settings: Settings,
    pub(crate) ids: Ids,
    /// The address of the server, without a trailing slash.
    pub(crate) endpoint: String,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    /// The names under which the state shows its strings.
    pub(crate) public_names: redact::PublicNames,
    pub(crate) key_generator: KeyGenerator,
    /// The state with which further accounts begin, where there are some.
    seed: Option<Value>,
    held: Mutex<Held>,
}

/// A service by its name in the fixtures, and its handlers.
pub(crate) type NamedService<S, E> = (&'static str, Handlers<S, E>);

/// The services of one vendor: their state, their handlers and their errors.
pub(crate) trait Services {
    type State: 'static;
    type Error: 'static;

    /// Every service of the vendor.
    const SERVICES: &'static [NamedService<Self::State, Self::Error>];

    /// The vendor's part of the state.
    fn state(state: &mut State) -> &mut Self::State;

    /// The error of an operation that has no handler; a test keeps it from happening.
    fn not_implemented() -> Self::Error;

    /// The error of a machine that cannot make an RSA key.
    fn no_key(reason: String) -> Self::Error;
}

/// A successful response.
pub(crate) struct Success {
    status: u16,
    /// The body, where one is documented.
    pub(crate) body: Option<Value>,
    note: Option<&'static str>,
}

impl Success {
    pub(crate) fn into_response(self) -> HttpResponse {
        let mut response = match self.body {
            Some(body) => HttpResponse::json(self.status, body),
            None => HttpResponse::empty(self.status),
        };
        response.note = self.note;
        response
    }
}

impl Engine {
    pub(crate) fn new(mut settings: Settings, endpoint: String) -> Result<Self, String> {
        let mut held = snapshot::load(&mut settings)?;
        held.state.nhn.skm.complete(&mut held.rng, settings.clock.utc())?;
        let seed = (settings.accounts > 0).then(|| serde_json::to_value(&held.state)).transpose();
        let seed = seed.map_err(|error| error.to_string())?;
        let catalogue = Catalogue::embedded()?;
        let schemas = catalogue.operations().map(|operation| &operation.document.schemas);
        Ok(Self {
            faults: Faults::default(),
            log: Log::default(),
            public_names: redact::public_names(schemas),
            catalogue,
            settings,
            ids: Ids::default(),
            endpoint,
            key_generator: KeyGenerator::default(),
            seed,
            held: Mutex::new(held),
        })
    }

    /// Locks the state; nothing may be awaited while it is locked.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account that a request is for, by its credentials.
    pub(crate) fn account(&self, request: &HttpRequest) -> Account {
        let account = Account::of(request);
        if account.0 <= self.settings.accounts { account } else { Account::default() }
    }

    /// Does something with the state of an account, which is made from that of the start when it is first used.
    pub(crate) fn with_account<T>(&self, account: Account, act: impl FnOnce(&mut State, &mut Rng) -> T) -> T {
        let mut held = self.lock();
        let Held { state, others, rng } = &mut *held;
        if account == Account::default() {
            return act(state, rng);
        }
        let own = match others.entry(account) {
            Entry::Occupied(own) => own.into_mut(),
            Entry::Vacant(place) => match self.seed.as_ref().and_then(|seed| account.seeded(seed).ok()) {
                Some(seeded) => place.insert(seeded),
                None => return act(state, rng),
            },
        };
        act(own, rng)
    }

    /// Every operation by its name in faults and in the log, and whether it has pages.
    pub(crate) fn operations(&self) -> Vec<(String, bool)> {
        let documented = self.catalogue.operations().flat_map(|operation| {
            let Document { vendor, service, version, .. } = &*operation.document;
            let split = operation.split.as_ref().map(|split| &split.name);
            let names = [Some(&operation.name), split].into_iter().flatten();
            names.map(move |name| (format!("{vendor}/{service}/{name}/{version}"), operation.page.is_some()))
        });
        let gateways = VENDORS.iter().flat_map(|vendor| {
            let own = vendor.gateway_operations().iter();
            own.map(|(service, name)| (format!("{}/{service}/{name}/{UNKNOWN}", vendor.name()), false))
        });
        documented.chain(gateways).collect()
    }

    /// Adds faults and returns their ids, or adds none if one of them could never strike.
    pub(crate) fn inject(&self, faults: Vec<Fault>) -> Result<Vec<u64>, RefusedFault> {
        let mut known = self.operations();
        // What a path that leads nowhere is called.
        let vendors = VENDORS.iter().map(|vendor| vendor.name()).chain([UNKNOWN]);
        known.extend(vendors.map(|vendor| ([vendor, UNKNOWN, UNKNOWN, UNKNOWN].join("/"), false)));
        for fault in &faults {
            fault.check(&known)?;
        }
        self.faults.set(faults)
    }

    /// Performs a checked call, or returns its documented example where that was asked for.
    pub(crate) async fn perform<V: Services>(
        &self,
        hit: &Hit<'_>,
        request: &HttpRequest,
        body: Option<Value>,
        credential: &str,
    ) -> Result<Success, V::Error> {
        let operation = hit.operation;
        let query = request.query_pairs().unwrap_or_default();
        let split = operation.split.as_ref().filter(|split| split.is_chosen(&query));
        let content = split.map(|split| &split.content).or(operation.success.content.as_ref());
        let name = split.map_or(&*operation.name, |split| &*split.name);
        let document = &operation.document;
        let status = operation.success.status;
        if let Some(answers) = self.settings.answers {
            let render = |content: &Content| example::render(answers, document, content);
            return Ok(Success { status, body: content.map(render), note: None });
        }
        let handler = handler::<V>(&document.service, name).ok_or_else(V::not_implemented)?;
        let checked = Checked { hit, request, query, body: body.unwrap_or_default(), credential };
        let mut keys = ReadyKeys::default();
        let (payload, note) = loop {
            match self.attempt::<V>(handler, &checked, &mut keys) {
                Attempt::Done(outcome) => break outcome?,
                Attempt::NeedsKey(rng) => keys.add(self.key_generator.key(*rng).await.map_err(V::no_key)?),
            }
        };
        let body = content.map(|content| project::response(document, content, payload));
        Ok(Success { status, body, note })
    }

    /// Calls the handler with the state.
    fn attempt<V: Services>(
        &self,
        handler: Handler<V::State, V::Error>,
        checked: &Checked<'_>,
        keys: &mut ReadyKeys,
    ) -> Attempt<V::Error> {
        let account = self.account(checked.request);
        self.with_account(account, |state, rng| {
            let arguments = checked.hit.arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let mut call = Call {
                arguments: arguments.collect(),
                query: &checked.query,
                body: &checked.body,
                now: self.settings.clock.utc(),
                rng,
                keys,
                credential: checked.credential,
                settings: &self.settings,
                request: checked.request,
                endpoint: &self.endpoint,
                note: None,
            };
            let mut outcome = handler(V::state(state), &mut call);
            if let Ok(payload) = &mut outcome
                && account != Account::default()
            {
                // Handlers show the ID of the first account, which is a constant.
                account.rewrite(payload);
            }
            let note = call.note;
            match keys.take_missing() && outcome.is_err() {
                true => Attempt::NeedsKey(Box::new(rng.fork())),
                false => Attempt::Done(outcome.map(|payload| (payload, note))),
            }
        })
    }
}

/// The handler of an operation.
fn handler<V: Services>(service: &str, operation: &str) -> Option<Handler<V::State, V::Error>> {
    let (_, handlers) = V::SERVICES.iter().find(|(name, _)| *name == service)?;
    handlers.iter().find(|(name, _)| *name == operation).map(|(_, handler)| *handler)
}

/// What is the same however often a handler is called.
struct Checked<'a> {
    hit: &'a Hit<'a>,
    request: &'a HttpRequest,
    query: Vec<(String, String)>,
    body: Value,
    credential: &'a str,
}

/// The outcome of calling a handler.
enum Attempt<E> {
    Done(Result<(Value, Option<&'static str>), E>),
    /// The handler is to be called again with a key made from this source.
    NeedsKey(Box<Rng>),
}

#[cfg(test)]
mod tests;

//! What all requests share: the catalogue, the settings and what is remembered.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rsa::PrivateKey as RsaPrivateKey;
use serde_json::Value;

use crate::call::{Call, Handler, Principal};
use crate::catalogue::{Content, Hit};
use crate::control::{self, Control};
use crate::forge::Forge;
use crate::ids::Ids;
use crate::refusal::Refusal;
use crate::rng::Rng;
use crate::settings::Settings;
use crate::state::Held;
use crate::wire::Received;
use crate::{answers, catalogue, project, registry};

/// The sandbox behind the socket.
pub(crate) struct World {
    pub(crate) catalogue: catalogue::Catalogue,
    pub(crate) settings: Settings,
    pub(crate) ids: Ids,
    /// The address of the server, without a trailing slash.
    pub(crate) endpoint: String,
    pub(crate) control: Control,
    pub(crate) forge: Forge,
    held: Mutex<Held>,
}

/// A good answer: the status, and the body where one is documented.
pub(crate) type Good = (u16, Option<Value>);

impl World {
    pub(crate) fn new(mut settings: Settings, endpoint: String) -> Result<Self, String> {
        let mut held = control::held(&mut settings)?;
        held.state.nhn.skm.complete(&mut held.rng, settings.clock.utc())?;
        let catalogue = catalogue::Catalogue::embedded()?;
        Ok(Self {
            control: Control::new(&catalogue),
            catalogue,
            settings,
            ids: Ids::default(),
            endpoint,
            forge: Forge::default(),
            held: Mutex::new(held),
        })
    }

    /// The state; nothing may be awaited while it is held.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Performs a call that was found good, or answers its documented example where that was asked for.
    pub(crate) async fn perform(
        &self,
        hit: &Hit<'_>,
        received: &Received,
        body: Option<Value>,
        principal: Principal,
    ) -> Result<Good, Refusal> {
        let operation = hit.operation;
        let query = received.query_pairs().unwrap_or_default();
        let split = operation.split.as_ref().filter(|split| query.iter().any(|(name, _)| *name == split.parameter));
        let content = split.map(|split| &split.content).or(operation.success.content.as_ref());
        let name = split.map_or(&*operation.name, |split| &*split.name);
        let document = &operation.document;
        let status = operation.success.status;
        if let Some(answers) = self.settings.answers {
            let render = |content: &Content| answers::render(answers, document, content);
            return Ok((status, content.map(render)));
        }
        let Some(handler) = registry::find(document.vendor, &document.service, name) else {
            return Err(Refusal::not_built(document.vendor));
        };
        let asked = Asked { hit, received, query, body: body.unwrap_or_default(), principal };
        let mut keys = Vec::new();
        let payload = loop {
            match self.attempt(handler, &asked, &mut keys) {
                Attempt::Done(outcome) => break outcome?,
                Attempt::NeedsKey(rng) => keys.push(self.forge.key(*rng).await.map_err(Refusal::scp_broken)?),
            }
        };
        Ok((status, content.map(|content| project::answer(document, content, payload))))
    }

    /// Lets the handler do its work on the state.
    fn attempt(&self, handler: Handler, asked: &Asked<'_>, keys: &mut Vec<RsaPrivateKey>) -> Attempt {
        let mut held = self.lock();
        let Held { state, rng } = &mut *held;
        let arguments = asked.hit.arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let mut call = Call {
            arguments: arguments.collect(),
            query: &asked.query,
            body: &asked.body,
            now: self.settings.clock.utc(),
            rng,
            keys,
            principal: &asked.principal,
            settings: &self.settings,
            received: asked.received,
            endpoint: &self.endpoint,
        };
        match handler(state, &mut call) {
            Err(Refusal::NeedsKey) => Attempt::NeedsKey(Box::new(rng.fork())),
            outcome => Attempt::Done(outcome),
        }
    }
}

/// What is the same however often a handler is called.
struct Asked<'a> {
    hit: &'a Hit<'a>,
    received: &'a Received,
    query: Vec<(String, String)>,
    body: Value,
    principal: Principal,
}

/// How far a handler got.
enum Attempt {
    Done(Result<Value, Refusal>),
    /// It is to be called again with a key made from this source.
    NeedsKey(Box<Rng>),
}

#[cfg(test)]
mod tests;

//! What all requests share: the catalogue, the settings and what is remembered.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::call::{Call, Principal};
use crate::catalogue::{Content, Hit};
use crate::control::{self, Control};
use crate::ids::Ids;
use crate::refusal::Refusal;
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
            held: Mutex::new(held),
        })
    }

    /// The state; nothing may be awaited while it is held.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Performs a call that was found good, or answers its documented example where that was asked for.
    pub(crate) fn perform(
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
        let mut held = self.lock();
        let Held { state, rng } = &mut *held;
        let arguments = hit.arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let mut call = Call {
            arguments: arguments.collect(),
            query,
            body: body.unwrap_or_default(),
            now: self.settings.clock.utc(),
            rng,
            principal,
            settings: &self.settings,
            received,
            endpoint: &self.endpoint,
        };
        let payload = handler(state, &mut call)?;
        Ok((status, content.map(|content| project::answer(document, content, payload))))
    }
}

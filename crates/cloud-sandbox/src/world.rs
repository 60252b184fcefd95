//! What all requests share: the catalogue, the settings and the little that is remembered.

use serde_json::Value;

use crate::answers;
use crate::catalogue::{Catalogue, Operation};
use crate::ids::Ids;
use crate::settings::Settings;
use crate::wire::Received;
use crate::{nhn, scp};

/// The sandbox behind the socket.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) catalogue: Catalogue,
    pub(crate) settings: Settings,
    pub(crate) ids: Ids,
    pub(crate) scp: scp::Keys,
    pub(crate) nhn: nhn::Tokens,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Result<Self, String> {
        Ok(Self {
            catalogue: Catalogue::embedded()?,
            settings,
            ids: Ids::default(),
            scp: scp::Keys::default(),
            nhn: nhn::Tokens::default(),
        })
    }

    /// The documented good answer of an operation to this request.
    pub(crate) fn documented(&self, operation: &Operation, received: &Received) -> (u16, Option<Value>) {
        let pairs = received.query_pairs().unwrap_or_default();
        let split = operation.split.as_ref().filter(|split| pairs.iter().any(|(name, _)| *name == split.parameter));
        let content = split.map(|split| &split.content).or(operation.success.content.as_ref());
        let body = content.map(|content| answers::render(self.settings.answers, &operation.document, content));
        (operation.success.status, body)
    }
}

//! What a call does when the service refuses its signature: it corrects the clock or renews the credentials, once each.

use http::HeaderMap;
use time::OffsetDateTime;

use super::skew::{Correction, Skew};
use crate::auth::{Generation, Signer};
use crate::operation::Operation;

/// The corrections of one call.
pub(super) struct Recovery {
    correction: Correction,
    clock_corrected: bool,
    credentials_renewed: bool,
}

/// A response that refused the credentials.
pub(super) struct Refusal {
    pub(super) generation: Generation,
    pub(super) headers: HeaderMap,
    /// When the request was sent, by this machine's clock.
    pub(super) sent: OffsetDateTime,
}

/// What was corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovered {
    Clock,
    Credentials,
}

impl Recovery {
    /// Starts with the correction that the host has accepted before.
    pub(super) fn new(skew: &Skew) -> Self {
        Self { correction: skew.known(), clock_corrected: false, credentials_renewed: false }
    }

    /// Returns the time to sign with.
    pub(super) fn signing_time(&self, now: OffsetDateTime) -> OffsetDateTime {
        self.correction.apply(now)
    }

    /// Corrects the clock if the refusal's date asks for it, else renews the credentials; `None` if neither can help.
    ///
    /// A service that refuses a signature has not executed the request, so another attempt is safe for every
    /// operation. It does not count as a retry.
    pub(super) fn recover(
        &mut self,
        signer: &dyn Signer,
        operation: &'static Operation,
        refusal: &Refusal,
        now: OffsetDateTime,
    ) -> Option<Recovered> {
        if !self.clock_corrected
            && signer.signs_time(operation)
            && let Some(better) = self.correction.better(&refusal.headers, refusal.sent, now)
        {
            self.correction = better;
            self.clock_corrected = true;
            return Some(Recovered::Clock);
        }
        if !self.credentials_renewed && signer.invalidate(operation, refusal.generation) {
            self.credentials_renewed = true;
            return Some(Recovered::Credentials);
        }
        None
    }

    /// Keeps a correction of the clock for the host, now that the service has accepted a signature under it. Forgets it
    /// if the response's date contradicts it: the date that suggested it was wrong, or the clock was set meanwhile.
    pub(super) fn accepted(&self, skew: &Skew, headers: &HeaderMap, now: impl FnOnce() -> OffsetDateTime) {
        if !self.correction.agrees(headers, now) {
            skew.remember(Correction::default());
        } else if self.clock_corrected {
            skew.remember(self.correction);
        }
    }
}

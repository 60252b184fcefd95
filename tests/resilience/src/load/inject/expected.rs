//! The results allowed for a call with an injected fault, written independently of the SDKs' code.

use std::ops::RangeInclusive;

use cloud_core::{Authentication, CallContext, Error, ErrorKind, Idempotency, Method, Operation};

use super::InjectedFault;
use super::kind::Effect;

/// An allowed result of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Good,
    Bad { kind: ErrorKind, status: Option<u16>, transient: bool, attempts: u32 },
}

impl InjectedFault {
    /// Returns how often the service may have executed the call, or what is wrong with the result.
    pub(in crate::load) fn verify(
        &self,
        call: CallContext,
        error: Option<&Error>,
    ) -> Result<RangeInclusive<u64>, String> {
        let often = if self.always { "always" } else { "once" };
        let told = |what: String| format!("{call} with {} injected {often}: {what}", self.kind.name);
        let Some(error) = error else {
            return match self.ends(call).contains(&End::Good) {
                true => Ok(1..=1),
                false => Err(told("succeeded, expected an error".to_owned())),
            };
        };
        // The request was sent, unless the short limits expired while the call waited for a token.
        if error.is_unsent() {
            return match self.kind.effect_on_call == Effect::Late && error.is_transient() {
                true => Ok(0..=0),
                false => Err(told(format!("reported as not sent: {error}"))),
            };
        }
        let given = error.retry_after().map(|wait| wait.as_secs());
        let asked = match self.kind.effect_on_call {
            Effect::Status { retry_after, .. } => retry_after,
            _ => None,
        };
        if given != asked {
            return Err(told(format!("`Retry-After` was {asked:?} s, the error says {given:?}")));
        }
        let fits = |end: &End| match end {
            End::Good => false,
            End::Bad { kind, status, transient, attempts } => {
                (*kind, *status, *transient) == (error.kind(), error.status(), error.is_transient())
                    && error.attempts() == *attempts
            }
        };
        let ends = self.ends(call);
        // If the response of an attempt was lost, the next attempt finds the work done.
        let done = matches!(self.kind.effect_on_call, Effect::LostAfter | Effect::Cut | Effect::Late)
            && refuses_what_is_done(call.operation)
            && matches!((error.kind(), error.status(), error.attempts()), (ErrorKind::Service, Some(400 | 404), 2..=3));
        if done {
            return Ok(1..=1);
        }
        // A time limit may end a call on any attempt.
        let late =
            self.kind.effect_on_call == Effect::Late && error.kind() == ErrorKind::Timeout && error.is_transient();
        if ends.iter().any(fits) || (late && (1..=self.attempts(call)).contains(&error.attempts())) {
            Ok(self.carried_out(error))
        } else {
            let (kind, attempts) = (error.kind(), error.attempts());
            Err(told(format!("{kind:?} after {attempts} attempts, expected {ends:?}: {error}")))
        }
    }

    fn ends(&self, call: CallContext) -> Vec<End> {
        let bad = |kind, status, transient, attempts| vec![End::Bad { kind, status, transient, attempts }];
        let passing = |kind, status| match self.attempts(call) {
            attempts if self.always || attempts == 1 => bad(kind, status, true, attempts),
            _ => vec![End::Good],
        };
        // A response without a body cannot be truncated or invalid.
        let bodiless = call.version.vendor == "scp" && !call.operation.returns;
        match self.kind.effect_on_call {
            Effect::None => vec![End::Good],
            Effect::Cut | Effect::Garbled if bodiless => vec![End::Good],
            Effect::Status { code: 401, .. } | Effect::Revoked => self.refused(call),
            Effect::Status { code, retry_after: Some(60) } => bad(ErrorKind::Service, Some(code), true, 1),
            Effect::Status { code: code @ (408 | 429 | 502..=504), .. } => passing(ErrorKind::Service, Some(code)),
            Effect::Status { code, .. } => bad(ErrorKind::Service, Some(code), false, 1),
            Effect::LostBefore | Effect::LostAfter | Effect::Cut => passing(ErrorKind::Transport, None),
            // The limits expire before the delay ends.
            Effect::Late if self.always || self.attempts(call) == 1 => Vec::new(),
            Effect::Late => vec![End::Good],
            Effect::Garbled => bad(ErrorKind::Decode, Some(good_status(call.operation)), false, 1),
            Effect::Huge => bad(ErrorKind::Transport, None, false, 1),
            Effect::Envelope => bad(ErrorKind::Service, Some(200), false, 1),
            Effect::Page => {
                vec![End::Good, End::Bad { kind: ErrorKind::Incomplete, status: None, transient: false, attempts: 0 }]
            }
        }
    }

    /// Credentials that were refused are renewed once per call, if they can be renewed.
    fn refused(&self, call: CallContext) -> Vec<End> {
        let renewed = call.version.vendor == "nhn" && call.version.service != "secure-key-manager";
        match (renewed, self.always) {
            (true, false) => vec![End::Good],
            (true, true) => {
                vec![End::Bad { kind: ErrorKind::Service, status: Some(401), transient: false, attempts: 2 }]
            }
            // An operation without a token cannot be affected by its revocation.
            (false, _)
                if self.kind.effect_on_call == Effect::Revoked
                    && call.operation.authentication == Authentication::None =>
            {
                vec![End::Good]
            }
            (false, _) => vec![End::Bad { kind: ErrorKind::Service, status: Some(401), transient: false, attempts: 1 }],
        }
    }

    /// The number of attempts when each ends in a transient error.
    fn attempts(&self, call: CallContext) -> u32 {
        if call.operation.idempotency == Idempotency::Unsafe { 1 } else { 3 }
    }

    /// How often the service may have executed a failed call.
    fn carried_out(&self, error: &Error) -> RangeInclusive<u64> {
        match self.kind.effect_on_call {
            Effect::LostAfter | Effect::Cut | Effect::Garbled => {
                u64::from(error.attempts().min(1))..=error.attempts().into()
            }
            // A request that timed out may still be executed.
            Effect::Late => 0..=error.attempts().into(),
            _ => 0..=0,
        }
    }
}

/// Idempotent operations that the service refuses the second time.
fn refuses_what_is_done(operation: &Operation) -> bool {
    operation.method == Method::Delete || operation.name == "set_version_label"
}

fn good_status(operation: &Operation) -> u16 {
    operation.success.first().copied().unwrap_or(200)
}

//! What may come of a call that a fault struck: the SDKs' promises, written down once more and apart from their code.

use std::ops::RangeInclusive;

use cloud_core::{Authentication, CallContext, Error, ErrorKind, Idempotency, Method, Operation};

use super::Strike;
use super::kind::Harm;

/// How a call may end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Good,
    Bad { kind: ErrorKind, status: Option<u16>, retryable: bool, attempts: u32 },
}

impl Strike {
    /// How often the service may have carried the call out, or what is wrong with how it ended.
    pub(in crate::load) fn judge(
        &self,
        call: CallContext,
        error: Option<&Error>,
    ) -> Result<RangeInclusive<u64>, String> {
        let often = if self.always { "always" } else { "once" };
        let told = |what: String| format!("{call}, struck by {} {often}: {what}", self.kind.name);
        let Some(error) = error else {
            return match self.ends(call).contains(&End::Good) {
                true => Ok(1..=1),
                false => Err(told("succeeded, which cannot be".to_owned())),
            };
        };
        // A struck call has reached the service, unless its short limits passed while it waited for a token.
        if error.is_unsent() {
            return match self.kind.harm == Harm::Late && error.is_retryable() {
                true => Ok(0..=0),
                false => Err(told(format!("said to be unsent: {error}"))),
            };
        }
        let given = error.retry_after().map(|wait| wait.as_secs());
        let asked = match self.kind.harm {
            Harm::Status { retry_after, .. } => retry_after,
            _ => None,
        };
        if given != asked {
            return Err(told(format!("asked to wait {asked:?} s, the error says {given:?}")));
        }
        let fits = |end: &End| match end {
            End::Good => false,
            End::Bad { kind, status, retryable, attempts } => {
                (*kind, *status, *retryable) == (error.kind(), error.status(), error.is_retryable())
                    && error.attempts() == *attempts
            }
        };
        let ends = self.ends(call);
        // What an attempt did whose answer was lost, the next one finds done.
        let done = matches!(self.kind.harm, Harm::LostAfter | Harm::Cut | Harm::Late)
            && refuses_what_is_done(call.operation)
            && matches!((error.kind(), error.status(), error.attempts()), (ErrorKind::Service, Some(400 | 404), 2..=3));
        if done {
            return Ok(1..=1);
        }
        // A limit on time may end a call on any attempt.
        let late = self.kind.harm == Harm::Late && error.kind() == ErrorKind::Timeout && error.is_retryable();
        if ends.iter().any(fits) || (late && (1..=self.attempts(call)).contains(&error.attempts())) {
            Ok(self.carried_out(error))
        } else {
            let (kind, attempts) = (error.kind(), error.attempts());
            Err(told(format!("{kind:?} after {attempts} attempts, expected {ends:?}: {error}")))
        }
    }

    fn ends(&self, call: CallContext) -> Vec<End> {
        let bad = |kind, status, retryable, attempts| vec![End::Bad { kind, status, retryable, attempts }];
        let passing = |kind, status| match self.attempts(call) {
            attempts if self.always || attempts == 1 => bad(kind, status, true, attempts),
            _ => vec![End::Good],
        };
        // An answer without a body has nothing that could be cut or garbled.
        let bodiless = call.version.vendor == "scp" && !call.operation.returns;
        match self.kind.harm {
            Harm::None => vec![End::Good],
            Harm::Cut | Harm::Garbled if bodiless => vec![End::Good],
            Harm::Status { code: 401, .. } | Harm::Revoked => self.refused(call),
            Harm::Status { code, retry_after: Some(60) } => bad(ErrorKind::Service, Some(code), true, 1),
            Harm::Status { code: code @ (408 | 429 | 502..=504), .. } => passing(ErrorKind::Service, Some(code)),
            Harm::Status { code, .. } => bad(ErrorKind::Service, Some(code), false, 1),
            Harm::LostBefore | Harm::LostAfter | Harm::Cut => passing(ErrorKind::Transport, None),
            // Whatever the operation does, its limits may pass before the fault does.
            Harm::Late if self.always || self.attempts(call) == 1 => Vec::new(),
            Harm::Late => vec![End::Good],
            Harm::Garbled => bad(ErrorKind::Decode, Some(good_status(call.operation)), false, 1),
            Harm::Huge => bad(ErrorKind::Transport, None, false, 1),
            Harm::Envelope => bad(ErrorKind::Service, Some(200), false, 1),
            Harm::Page => {
                vec![End::Good, End::Bad { kind: ErrorKind::Incomplete, status: None, retryable: false, attempts: 0 }]
            }
        }
    }

    /// Credentials that are not accepted are renewed once a call, where they can be.
    fn refused(&self, call: CallContext) -> Vec<End> {
        let renewed = call.version.vendor == "nhn" && call.version.service != "secure-key-manager";
        match (renewed, self.always) {
            (true, false) => vec![End::Good],
            (true, true) => {
                vec![End::Bad { kind: ErrorKind::Service, status: Some(401), retryable: false, attempts: 2 }]
            }
            // Whoever asks for no token has none that could be revoked.
            (false, _) if self.kind.harm == Harm::Revoked && call.operation.authentication == Authentication::None => {
                vec![End::Good]
            }
            (false, _) => vec![End::Bad { kind: ErrorKind::Service, status: Some(401), retryable: false, attempts: 1 }],
        }
    }

    /// The most attempts that an operation is worth when each of them ends in a trouble that may pass.
    fn attempts(&self, call: CallContext) -> u32 {
        if call.operation.idempotency == Idempotency::Unsafe { 1 } else { 3 }
    }

    /// How often the service may have done what was asked, for a call of one attempt that failed.
    fn carried_out(&self, error: &Error) -> RangeInclusive<u64> {
        match self.kind.harm {
            Harm::LostAfter | Harm::Cut | Harm::Garbled => u64::from(error.attempts().min(1))..=error.attempts().into(),
            // A request that its caller gave up may still be under way.
            Harm::Late => 0..=error.attempts().into(),
            _ => 0..=0,
        }
    }
}

/// Operations that may be sent twice, for the same state comes of it, and that the service refuses the second time.
fn refuses_what_is_done(operation: &Operation) -> bool {
    operation.method == Method::Delete || operation.name == "set_version_label"
}

fn good_status(operation: &Operation) -> u16 {
    operation.success.first().copied().unwrap_or(200)
}

//! What can go wrong on purpose.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pattern::Pattern;
use super::refused::RefusedFault;

/// How large a huge body is unless told otherwise.
const HUGE: u64 = 64 << 20;

/// A fault for chosen operations; given to [`Sandbox::fault`](crate::Sandbox::fault).
///
/// A fault strikes once unless [`times`](Self::times) or [`always`](Self::always) says otherwise, and every operation
/// unless [`on`](Self::on) chooses. One fault strikes a request: the first that was set and still has a strike left, so
/// that faults set one after another make a sequence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    #[serde(default)]
    pub(crate) on: Pattern,
    pub(crate) effect: Effect,
    /// Wait this long before anything else happens; before the response, if the effect is to be late.
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// How many matching requests pass before the first strike.
    #[serde(default)]
    pub(crate) after: u32,
    /// How often it strikes; nothing means always.
    #[serde(default = "once")]
    pub(crate) times: Option<u32>,
}

#[expect(clippy::unnecessary_wraps, reason = "the type of the field whose default it is")]
fn once() -> Option<u32> {
    Some(1)
}

/// What the fault does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    Delay,
    Late,
    Status { code: u16, retry_after: Option<u64> },
    ResetBefore,
    ResetAfter,
    TruncatedBody,
    SlowBody { step_ms: u64 },
    NotJson,
    ProxyHtml,
    WrongContentType,
    HugeBody { bytes: u64 },
    SkewedDate { seconds: i64 },
    TokenRevoked,
    FailedEnvelope,
    PageMissing,
    PageRepeated,
    PageChanged,
}

impl Effect {
    /// Whether it changes the response of a list and nothing else.
    pub(crate) fn is_about_pages(&self) -> bool {
        matches!(self, Self::PageMissing | Self::PageRepeated | Self::PageChanged)
    }
}

impl Fault {
    fn new(effect: Effect) -> Self {
        Self { on: Pattern::default(), effect, delay_ms: 0, after: 0, times: once() }
    }

    /// The call is carried out after this delay, unless its caller has gone away by then.
    #[must_use]
    pub fn delay(delay: Duration) -> Self {
        Self::new(Effect::Delay).delayed(delay)
    }

    /// The call is carried out at once, whether or not its caller waits; the response comes after this delay.
    #[must_use]
    pub fn late(delay: Duration) -> Self {
        Self::new(Effect::Late).delayed(delay)
    }

    /// The call is not carried out; its response has this status, in the vendor's shape of errors.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::new(Effect::Status { code, retry_after: None })
    }

    /// The connection is reset once the head of the request has arrived: its body is not read and nothing is carried out.
    #[must_use]
    pub fn reset_before() -> Self {
        Self::new(Effect::ResetBefore)
    }

    /// The call is carried out and the connection is reset in place of a response.
    #[must_use]
    pub fn reset_after() -> Self {
        Self::new(Effect::ResetAfter)
    }

    /// The call is carried out; the connection ends in the middle of the response body.
    #[must_use]
    pub fn truncated_body() -> Self {
        Self::new(Effect::TruncatedBody)
    }

    /// The call is carried out; its response comes in eight pieces with this pause before each.
    #[must_use]
    pub fn slow_body(pause: Duration) -> Self {
        Self::new(Effect::SlowBody { step_ms: millis(pause) })
    }

    /// The call is carried out; half of the response's JSON arrives as if it were whole.
    #[must_use]
    pub fn not_json() -> Self {
        Self::new(Effect::NotJson)
    }

    /// The call does not get past a proxy, which responds 502 with a page of its own.
    #[must_use]
    pub fn proxy_html() -> Self {
        Self::new(Effect::ProxyHtml)
    }

    /// The call is carried out; its response has the content type `text/html`.
    #[must_use]
    pub fn wrong_content_type() -> Self {
        Self::new(Effect::WrongContentType)
    }

    /// The call is not carried out; its response is a JSON document of 64 MiB.
    #[must_use]
    pub fn huge_body() -> Self {
        Self::new(Effect::HugeBody { bytes: HUGE })
    }

    /// The call is carried out; the `Date` of the response is ahead by this much, in whole seconds.
    #[must_use]
    pub fn date_ahead(by: Duration) -> Self {
        Self::new(Effect::SkewedDate { seconds: seconds(by) })
    }

    /// The call is carried out; the `Date` of the response is behind by this much, in whole seconds.
    #[must_use]
    pub fn date_behind(by: Duration) -> Self {
        Self::new(Effect::SkewedDate { seconds: -seconds(by) })
    }

    /// The credentials that the request carries stop working, now and until the faults are cleared.
    #[must_use]
    pub fn token_revoked() -> Self {
        Self::new(Effect::TokenRevoked)
    }

    /// The call is not carried out; its response has the status 200 and an envelope that reports a failure.
    #[must_use]
    pub fn failed_envelope() -> Self {
        Self::new(Effect::FailedEnvelope)
    }

    /// A page of a list comes without its items; totals and links stay.
    #[must_use]
    pub fn page_missing() -> Self {
        Self::new(Effect::PageMissing)
    }

    /// A page of a list repeats the page before it. The first page is never affected.
    #[must_use]
    pub fn page_repeated() -> Self {
        Self::new(Effect::PageRepeated)
    }

    /// A page comes as if an item had been added in front since the page before it: everything has moved on by one.
    /// The first page never counts.
    #[must_use]
    pub fn page_changed() -> Self {
        Self::new(Effect::PageChanged)
    }

    /// Strikes only operations whose `vendor/service/operation/version` fits, such as `scp/kms/list_*/1.2`.
    ///
    /// `*` stands for any run of characters, and parts at the end may be left out.
    ///
    /// # Errors
    /// When the text has an empty part or more than four.
    pub fn on(mut self, pattern: &str) -> Result<Self, InvalidPattern> {
        self.on = pattern.parse().map_err(InvalidPattern)?;
        Ok(self)
    }

    /// Refuses a fault that can never strike one of these operations, given by name and whether they have pages.
    pub(crate) fn check(&self, operations: &[(String, bool)]) -> Result<(), RefusedFault> {
        let mut chosen = operations.iter().filter(|(name, _)| self.on.fits(name)).peekable();
        if chosen.peek().is_none() {
            return Err(RefusedFault::UnknownOperation(self.on.to_string()));
        }
        if self.effect.is_about_pages() && !chosen.any(|(_, has_pages)| *has_pages) {
            return Err(RefusedFault::NoPages(self.on.to_string()));
        }
        if self.times == Some(0) { Err(RefusedFault::NoStrikes) } else { Ok(()) }
    }

    /// Sends `Retry-After` in whole seconds with a [`status`](Self::status); ignored by other faults.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        if let Effect::Status { retry_after, .. } = &mut self.effect {
            *retry_after = Some(delay.as_secs());
        }
        self
    }

    /// Waits before the fault strikes; a [`late`](Self::late) response waits after it.
    #[must_use]
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay_ms = millis(delay);
        self
    }

    /// Lets this many matching requests pass first.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// Strikes this often.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes until the faults are cleared.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The error of a pattern that chooses no operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPattern(String);

impl std::fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidPattern {}

#[cfg(test)]
mod tests;

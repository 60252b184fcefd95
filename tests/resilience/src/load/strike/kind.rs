//! The kinds of faults: everything that the sandbox can do to a call.

use cloud_core::Operation;

/// What becomes of a call that is struck on every attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    /// Nothing: the answer is late or odd, and good.
    None,
    /// The service answers this status in its own shape or in a proxy's.
    Status { code: u16, retry_after: Option<u64> },
    /// The credentials of the call do not count any more.
    Revoked,
    /// The connection breaks before the service has acted.
    LostBefore,
    /// The connection breaks after the service has acted.
    LostAfter,
    /// The answer's body breaks off.
    Cut,
    /// No answer comes in time.
    Late,
    /// The body is no JSON.
    Garbled,
    /// The body is larger than any answer.
    Huge,
    /// The envelope tells of a failure under a good status.
    Envelope,
    /// A page of a list is not the one that was asked for.
    Page,
}

/// One kind of fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// The name in the report.
    pub(crate) name: &'static str,
    /// How often it is chosen.
    pub(super) weight: u64,
    /// The effect as the sandbox's admin path reads it.
    pub(super) effect: &'static str,
    pub(super) delay_ms: u64,
    pub(super) harm: Harm,
}

impl Kind {
    /// Whether it can strike the operation.
    pub(super) fn fits(&self, operation: &Operation) -> bool {
        self.harm != Harm::Page || PAGED.contains(&operation.name)
    }

    /// Whether credentials stop working for all callers.
    pub(super) fn revokes(&self) -> bool {
        self.harm == Harm::Revoked
    }

    /// Whether the call's time limits are short, so that nobody waits for them.
    pub(super) fn hurries(&self) -> bool {
        self.harm == Harm::Late
    }
}

/// The operations that the mix lists page by page, so that there always is a second page.
const PAGED: [&str; 5] =
    ["list_secrets", "list_secret_versions", "list_certificates", "show_diagnosis_result", "list_inspection_summaries"];

const fn kind(name: &'static str, weight: u64, effect: &'static str, harm: Harm) -> Kind {
    Kind { name, weight, effect, delay_ms: 0, harm }
}

const fn status(name: &'static str, effect: &'static str, code: u16, retry_after: Option<u64>) -> Kind {
    kind(name, 2, effect, Harm::Status { code, retry_after })
}

/// Every kind, the costly ones less often.
pub(super) const KINDS: &[Kind] = &[
    Kind { delay_ms: 20, ..kind("delay", 4, r#""delay""#, Harm::None) },
    Kind { delay_ms: 2000, ..kind("delay beyond the limits", 3, r#""delay""#, Harm::Late) },
    status("400", r#"{"status":{"code":400}}"#, 400, None),
    status("401", r#"{"status":{"code":401}}"#, 401, None),
    status("403", r#"{"status":{"code":403}}"#, 403, None),
    status("404", r#"{"status":{"code":404}}"#, 404, None),
    status("408", r#"{"status":{"code":408}}"#, 408, None),
    status("429", r#"{"status":{"code":429}}"#, 429, None),
    status("429, Retry-After 1", r#"{"status":{"code":429,"retry_after":1}}"#, 429, Some(1)),
    status("429, Retry-After 60", r#"{"status":{"code":429,"retry_after":60}}"#, 429, Some(60)),
    status("500", r#"{"status":{"code":500}}"#, 500, None),
    status("502", r#"{"status":{"code":502}}"#, 502, None),
    status("503", r#"{"status":{"code":503}}"#, 503, None),
    status("503, Retry-After 0", r#"{"status":{"code":503,"retry_after":0}}"#, 503, Some(0)),
    status("503, Retry-After 60", r#"{"status":{"code":503,"retry_after":60}}"#, 503, Some(60)),
    status("504", r#"{"status":{"code":504}}"#, 504, None),
    kind("proxy's HTML", 4, r#""proxy_html""#, Harm::Status { code: 502, retry_after: None }),
    kind("reset before", 5, r#""reset_before""#, Harm::LostBefore),
    kind("reset after", 5, r#""reset_after""#, Harm::LostAfter),
    kind("truncated body", 5, r#""truncated_body""#, Harm::Cut),
    kind("slow body", 3, r#"{"slow_body":{"step_ms":2}}"#, Harm::None),
    kind("not JSON", 4, r#""not_json""#, Harm::Garbled),
    kind("wrong content type", 4, r#""wrong_content_type""#, Harm::None),
    kind("huge body", 1, r#"{"huge_body":{"bytes":20000000}}"#, Harm::Huge),
    kind("Date ahead", 2, r#"{"skewed_date":{"seconds":3600}}"#, Harm::None),
    kind("Date behind", 2, r#"{"skewed_date":{"seconds":-3600}}"#, Harm::None),
    kind("token revoked", 1, r#""token_revoked""#, Harm::Revoked),
    kind("failed envelope", 4, r#""failed_envelope""#, Harm::Envelope),
    kind("page missing", 12, r#""page_missing""#, Harm::Page),
    kind("page repeated", 12, r#""page_repeated""#, Harm::Page),
    kind("page changed", 12, r#""page_changed""#, Harm::Page),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_is_one_that_the_sandbox_reads() {
        let mut effects = std::collections::BTreeSet::new();
        for kind in KINDS {
            let text = format!(r#"{{"effect":{},"delay_ms":{}}}"#, kind.effect, kind.delay_ms);
            let fault = serde_json::from_str::<cloud_sandbox::Fault>(&text);
            assert!(fault.is_ok(), "{}: {fault:?}", kind.name);
            effects.insert(kind.effect.split('{').nth(1).unwrap_or(kind.effect).split('"').nth(1).unwrap());
        }
        // All that the sandbox offers.
        assert_eq!(effects.len(), 16, "{effects:?}");
    }
}

//! The faults that the sandbox can inject into a call.

use cloud_core::Operation;

/// The effect on a call if every attempt has the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// None: the response is delayed or unusual, but valid.
    None,
    /// The service or a proxy returns this status.
    Status { code: u16, retry_after: Option<u64> },
    /// The call's credentials are revoked.
    Revoked,
    /// The connection closes before the service executes the call.
    LostBefore,
    /// The connection closes after the service executed the call.
    LostAfter,
    /// The response body is truncated.
    Cut,
    /// The response is later than the time limit.
    Late,
    /// The body is not JSON.
    Garbled,
    /// The body exceeds the size limit.
    Huge,
    /// A success status with a failure in the envelope.
    Envelope,
    /// A page of a list is not the requested one.
    Page,
}

/// One kind of fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultKind {
    /// The name in the report.
    pub(crate) name: &'static str,
    /// How often it is chosen.
    pub(super) weight: u64,
    /// The fault's effect in the JSON of the sandbox's admin path.
    pub(super) effect: &'static str,
    pub(super) delay_ms: u64,
    pub(super) effect_on_call: Effect,
}

impl FaultKind {
    /// Whether it can be injected into the operation.
    pub(super) fn fits(&self, operation: &Operation) -> bool {
        self.effect_on_call != Effect::Page || PAGED.contains(&operation.name)
    }

    /// Whether it revokes the credentials of all callers.
    pub(super) fn revokes(&self) -> bool {
        self.effect_on_call == Effect::Revoked
    }

    /// Whether the call needs short time limits, so that the run does not wait for them.
    pub(super) fn needs_short_limits(&self) -> bool {
        self.effect_on_call == Effect::Late
    }
}

/// The operations that the scenarios list in several pages.
const PAGED: [&str; 5] =
    ["list_secrets", "list_secret_versions", "list_certificates", "show_diagnosis_result", "list_inspection_summaries"];

const fn kind(name: &'static str, weight: u64, effect: &'static str, effect_on_call: Effect) -> FaultKind {
    FaultKind { name, weight, effect, delay_ms: 0, effect_on_call }
}

const fn status(name: &'static str, effect: &'static str, code: u16, retry_after: Option<u64>) -> FaultKind {
    kind(name, 2, effect, Effect::Status { code, retry_after })
}

/// All kinds; slow ones have a low weight.
pub(super) const KINDS: &[FaultKind] = &[
    FaultKind { delay_ms: 20, ..kind("delay", 4, r#""delay""#, Effect::None) },
    FaultKind { delay_ms: 2000, ..kind("delay beyond the limits", 3, r#""delay""#, Effect::Late) },
    FaultKind { delay_ms: 2000, ..kind("response beyond the limits", 3, r#""late""#, Effect::Late) },
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
    kind("proxy's HTML", 4, r#""proxy_html""#, Effect::Status { code: 502, retry_after: None }),
    kind("reset before", 5, r#""reset_before""#, Effect::LostBefore),
    kind("reset after", 5, r#""reset_after""#, Effect::LostAfter),
    kind("truncated body", 5, r#""truncated_body""#, Effect::Cut),
    kind("slow body", 3, r#"{"slow_body":{"step_ms":2}}"#, Effect::None),
    kind("not JSON", 4, r#""not_json""#, Effect::Garbled),
    kind("wrong content type", 4, r#""wrong_content_type""#, Effect::None),
    kind("huge body", 1, r#"{"huge_body":{"bytes":20000000}}"#, Effect::Huge),
    kind("Date ahead", 2, r#"{"skewed_date":{"seconds":3600}}"#, Effect::None),
    kind("Date behind", 2, r#"{"skewed_date":{"seconds":-3600}}"#, Effect::None),
    kind("token revoked", 1, r#""token_revoked""#, Effect::Revoked),
    kind("failed envelope", 4, r#""failed_envelope""#, Effect::Envelope),
    kind("page missing", 12, r#""page_missing""#, Effect::Page),
    kind("page repeated", 12, r#""page_repeated""#, Effect::Page),
    kind("page changed", 12, r#""page_changed""#, Effect::Page),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_accepted_by_the_sandbox() {
        let mut effects = std::collections::BTreeSet::new();
        for kind in KINDS {
            let text = format!(r#"{{"effect":{},"delay_ms":{}}}"#, kind.effect, kind.delay_ms);
            let fault = serde_json::from_str::<cloud_sandbox::Fault>(&text);
            assert!(fault.is_ok(), "{}: {fault:?}", kind.name);
            effects.insert(kind.effect.split('{').nth(1).unwrap_or(kind.effect).split('"').nth(1).unwrap());
        }
        // All effects of the sandbox.
        assert_eq!(effects.len(), 17, "{effects:?}");
    }
}

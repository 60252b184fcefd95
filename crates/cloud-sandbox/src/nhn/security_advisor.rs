//! Security Advisor: rules and what the last inspection found.

use serde_json::{Value, json};

use super::error::ErrorResponse;
use super::state::{Handlers, State};
use crate::call::Call;

mod rules;
pub(crate) mod store;

use rules::{Range, Rule};

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[
    ("show_last_inspection_date", show_last_date),
    ("show_auto_inspection_settings", show_setting),
    ("list_inspection_results", list_results),
];

fn show_last_date(state: &mut State, _: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let latest = &state.advisor.latest_inspection_time;
    Ok(latest.as_ref().map_or_else(|| json!({}), |time| json!({ "latestInspectionTime": time })))
}

fn show_setting(state: &mut State, _: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let setting = &state.advisor.setting;
    if !setting.is_enable_auto_inspect {
        return Ok(json!({ "emails": setting.emails, "isEnableAutoInspect": false }));
    }
    let cycle = &setting.inspection_cycle;
    Ok(json!({
        "emails": setting.emails,
        "isEnableAutoInspect": true,
        "inspectionList": setting.inspection_list,
        "inspectionCycle": { "isWeek": cycle.is_week, "time": cycle.time, "day": cycle.day },
        "isWhole": setting.is_whole,
    }))
}

/// Rules about the project come first, as in the page's example; the order promises nothing.
fn list_results(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let region = call.query("region").unwrap_or_default();
    let language = call.query("lang").unwrap_or_default();
    let shown = |(number, rule): (&u32, &Rule)| {
        let inspection = rule.inspected_in(*number, region)?;
        let mut row = json!({
            "ruleNo": number,
            "inspectRange": rule.inspect_range,
            "inspectContent": rule.inspect_content.in_language(language),
            "detectionCount": inspection.detection_count,
            "exceptionCount": inspection.exception_count,
        });
        // A rule that was never inspected has neither a status nor a time.
        if let Some((status, time)) = inspection.status.zip(inspection.inspect_time.as_ref()) {
            row["status"] = json!(status);
            row["inspectTime"] = json!(time);
        }
        Some((rule.inspect_range == Range::Org, row))
    };
    let mut rows: Vec<_> = state.advisor.rules.iter().filter_map(shown).collect();
    rows.sort_by_key(|(about_the_organization, _)| *about_the_organization);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

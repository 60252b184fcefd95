//! Security Advisor: rules and what the last inspection found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::registry::Handlers;
use crate::state::State;

mod rules;

use self::rules::{Range, Rule};

/// What the service remembers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Store {
    /// When the project was inspected last; nothing before the first time, and where seed data take it away.
    #[serde(default)]
    latest_inspection_time: Option<String>,
    setting: Setting,
    /// The rules by number.
    rules: BTreeMap<u32, Rule>,
}

/// How inspections run by themselves.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Setting {
    emails: Vec<String>,
    is_enable_auto_inspect: bool,
    inspection_list: Vec<u32>,
    inspection_cycle: Cycle,
    is_whole: bool,
}

/// When an inspection starts by itself.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Cycle {
    is_week: bool,
    time: String,
    day: u8,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            latest_inspection_time: Some("2025-03-11T16:00:32+09:00".to_owned()),
            setting: Setting::default(),
            rules: rules::seed(),
        }
    }
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            emails: vec!["nhncloud@nhn.com".to_owned()],
            is_enable_auto_inspect: true,
            inspection_list: (1..=9).collect(),
            inspection_cycle: Cycle::default(),
            is_whole: false,
        }
    }
}

impl Default for Cycle {
    fn default() -> Self {
        Self { is_week: true, time: "00:00".to_owned(), day: 2 }
    }
}

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[
    ("show_last_inspection_date", show_last_date),
    ("show_auto_inspection_settings", show_setting),
    ("list_inspection_results", list_results),
];

fn show_last_date(state: &mut State, _: &mut Call<'_>) -> Result<Value, Refusal> {
    let latest = &state.nhn.advisor.latest_inspection_time;
    Ok(latest.as_ref().map_or_else(|| json!({}), |time| json!({ "latestInspectionTime": time })))
}

fn show_setting(state: &mut State, _: &mut Call<'_>) -> Result<Value, Refusal> {
    let setting = &state.nhn.advisor.setting;
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
fn list_results(state: &mut State, call: &mut Call<'_>) -> Result<Value, Refusal> {
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
    let mut rows: Vec<_> = state.nhn.advisor.rules.iter().filter_map(shown).collect();
    rows.sort_by_key(|(about_the_organization, _)| *about_the_organization);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

//! Server Security Check: inspections of servers and their details.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::call::Call;
use crate::nhn::{BAD_REQUEST, korea};
use crate::refusal::Refusal;
use crate::registry::Handlers;
use crate::state::State;

mod items;
mod seed;

use self::items::{Item, Language, Level};

/// The regions whose instances can be asked for.
const REGIONS: [&str; 5] = ["KR1", "KR2", "KR3", "JP1", "US1"];

/// What the service remembers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Store {
    /// The inspections by number.
    inspections: BTreeMap<u32, Inspection>,
}

/// One inspection of one instance.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Inspection {
    region_code: String,
    instance_name: String,
    os: Os,
    #[serde(default)]
    kind: Kind,
    system_version: String,
    bss: String,
    script_version: String,
    #[serde(with = "time::serde::rfc3339")]
    execution_time: OffsetDateTime,
    /// The items that the instance did not pass.
    #[serde(default)]
    weak: Vec<String>,
}

/// The family of operating systems, spelled as the English page does.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Os {
    Window,
    Linux,
}

/// What was inspected.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    #[default]
    Os,
    Was,
}

impl Default for Store {
    fn default() -> Self {
        Self { inspections: seed::inspections() }
    }
}

/// The operations by name.
pub(crate) const HANDLERS: Handlers =
    &[("list_inspection_summaries", list_summaries), ("list_inspection_details", list_details)];

fn list_summaries(state: &mut State, call: &mut Call<'_>) -> Result<Value, Refusal> {
    let region = call.query("regionCode").unwrap_or_default();
    if !REGIONS.contains(&region) {
        return Err(bad(format!("regionCode must be one of {}", REGIONS.join(", "))));
    }
    let (from, to) = period(call)?;
    let page = positive(call, "page", 1)?;
    let limit = positive(call, "limit", 10)?;
    let fits = |inspection: &&Inspection| {
        inspection.region_code == region
            && (from..=to).contains(&inspection.execution_time)
            && call.query("kind").is_none_or(|kind| json!(inspection.kind) == kind)
            && call.query("bss").is_none_or(|bss| inspection.bss == bss)
    };
    let inspections = &state.nhn.check.inspections;
    let mut found: Vec<_> = inspections.iter().filter(|(_, inspection)| fits(inspection)).collect();
    // The page's example has the newest first.
    found.sort_by_key(|(number, inspection)| std::cmp::Reverse((inspection.execution_time, **number)));
    let results: Vec<_> = found
        .iter()
        .skip((page - 1).saturating_mul(limit))
        .take(limit)
        .map(|(number, inspection)| summary(**number, inspection))
        .collect();
    let place = json!({ "itemPerPage": limit, "page": page, "totalCount": found.len() });
    Ok(json!({ "results": results, "page": place }))
}

fn list_details(state: &mut State, call: &mut Call<'_>) -> Result<Value, Refusal> {
    let number = call.argument("usageStasNo").parse::<u32>().ok();
    let inspection = number.and_then(|number| state.nhn.check.inspections.get(&number));
    let inspection = inspection.ok_or_else(|| Refusal::nhn(404, 404, "the inspection result does not exist"))?;
    let language = Language::read(call.query("language"));
    let shown = |item: &Item| {
        json!({
            "categoryName": item.category(language),
            "resultId": item.id,
            "weakLevel": item.level.code(),
            "weakLevelName": item.level.name(language),
            "resultCode": if inspection.is_weak(item) { "X" } else { "O" },
            "itemName": item.name(language),
            "manageMethod": item.remedy(language),
        })
    };
    let results: Vec<_> = inspection.items().iter().map(shown).collect();
    Ok(json!({ "results": results }))
}

impl Inspection {
    fn items(&self) -> &'static [Item] {
        match self.os {
            Os::Linux => items::LINUX,
            Os::Window => items::WINDOWS,
        }
    }

    fn is_weak(&self, item: &Item) -> bool {
        self.weak.iter().any(|id| id == item.id)
    }

    fn weak_count(&self, level: Option<Level>) -> usize {
        let counts = |item: &&Item| self.is_weak(item) && level.is_none_or(|level| item.level == level);
        self.items().iter().filter(counts).count()
    }
}

fn summary(number: u32, inspection: &Inspection) -> Value {
    json!({
        "usageStasNo": number,
        "instanceName": inspection.instance_name,
        "os": inspection.os,
        "kind": inspection.kind,
        "systemVersion": inspection.system_version,
        "bss": inspection.bss,
        "scriptVersion": inspection.script_version,
        "executionTime": inspection.execution_time.format(&Rfc3339).unwrap_or_default(),
        "checkCount": inspection.items().len(),
        "weakCount": inspection.weak_count(None),
        "level3WeakCount": inspection.weak_count(Some(Level::High)),
        "level2WeakCount": inspection.weak_count(Some(Level::Medium)),
        "level1WeakCount": inspection.weak_count(Some(Level::Low)),
    })
}

/// The period that is asked for: both ends count, so it ends before the same moment of the month after.
fn period(call: &Call<'_>) -> Result<(OffsetDateTime, OffsetDateTime), Refusal> {
    let moment = |name: &str| {
        let text = call.query(name).unwrap_or_default();
        korea::read_offset(text).ok_or_else(|| bad(format!("{name} must have the form YYYY-MM-DDTHH:mm:ss±hh:mm")))
    };
    let (from, to) = (moment("from")?, moment("to")?);
    if to < from {
        return Err(bad("to must not be before from"));
    }
    match korea::month_later(from) {
        Some(end) if to >= end => Err(bad("the period must not be longer than one month")),
        // The month after the last one of the calendar is out of reach.
        _ => Ok((from, to)),
    }
}

fn positive(call: &Call<'_>, name: &str, otherwise: usize) -> Result<usize, Refusal> {
    let Some(text) = call.query(name) else { return Ok(otherwise) };
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| bad(format!("{name} must be at least 1")))
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::nhn(400, BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_the_items() {
        for (number, inspection) in &Store::default().inspections {
            let shown = summary(*number, inspection);
            let count = |name: &str| shown[name].as_u64().unwrap();
            let levels = count("level3WeakCount") + count("level2WeakCount") + count("level1WeakCount");
            assert_eq!(count("weakCount"), levels, "{number}");
            assert_eq!(count("weakCount"), inspection.weak.len() as u64, "{number}");
            assert!(count("weakCount") <= count("checkCount"));
        }
    }

    #[test]
    fn the_seed_holds_the_inspections_of_the_page() {
        let store = Store::default();
        let first = summary(1, &store.inspections[&1]);
        assert_eq!(first["instanceName"], "test-ubuntu-1");
        assert_eq!(first["executionTime"], "2025-07-17T11:42:20+09:00");
        assert_eq!((&first["os"], &first["kind"], &first["bss"]), (&json!("Linux"), &json!("OS"), &json!("M")));
    }
}

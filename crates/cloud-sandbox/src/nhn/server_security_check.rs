//! Server Security Check: inspections of servers and their details.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::error::{BAD_REQUEST, ErrorResponse};
use super::korean_time;
use super::state::{Handlers, State};
use crate::call::Call;

mod items;
mod seed;
pub(crate) mod store;

use items::{Item, Language};
use store::{Inspection, summary};

/// The regions whose instances can be asked for.
const REGIONS: [&str; 5] = ["KR1", "KR2", "KR3", "JP1", "US1"];

/// The operations by name.
pub(crate) const HANDLERS: Handlers =
    &[("list_inspection_summaries", list_summaries), ("list_inspection_details", list_details)];

fn list_summaries(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
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
    let inspections = &state.check.inspections;
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

fn list_details(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let number = call.argument("usageStasNo").parse::<u32>().ok();
    let inspection = number.and_then(|number| state.check.inspections.get(&number));
    let inspection = inspection.ok_or_else(|| ErrorResponse::new(404, 404, "the inspection result does not exist"))?;
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

/// The period that is asked for: both ends count, so it ends before the same moment of the month after.
fn period(call: &Call<'_>) -> Result<(OffsetDateTime, OffsetDateTime), ErrorResponse> {
    let moment = |name: &str| {
        let text = call.query(name).unwrap_or_default();
        korean_time::read_offset(text)
            .ok_or_else(|| bad(format!("{name} must have the form YYYY-MM-DDTHH:mm:ss±hh:mm")))
    };
    let (from, to) = (moment("from")?, moment("to")?);
    if to < from {
        return Err(bad("to must not be before from"));
    }
    match korean_time::month_later(from) {
        Some(end) if to >= end => Err(bad("the period must not be longer than one month")),
        // The month after the last one of the calendar is out of reach.
        _ => Ok((from, to)),
    }
}

fn positive(call: &Call<'_>, name: &str, otherwise: usize) -> Result<usize, ErrorResponse> {
    let Some(text) = call.query(name) else { return Ok(otherwise) };
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| bad(format!("{name} must be at least 1")))
}

fn bad(message: impl Into<String>) -> ErrorResponse {
    ErrorResponse::new(400, BAD_REQUEST, message)
}

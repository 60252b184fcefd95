//! Reports and differences as tables, CSV, JSON and OCSF events.

use std::cmp::Reverse;
use std::io::{self, IsTerminal};

use cloud_findings::{Diff, Event, Report, Severity, Status};
use serde_json::json;

use super::FindingsFormat as Format;
use crate::exit::{Failure, Result};
use crate::{output, vendors};

const HEAD: [&str; 7] = ["severity", "result", "service", "account", "resource", "title", "uid"];
/// The columns of the table: the uid is for programs.
const COLUMNS: usize = 6;

pub(super) fn default_format() -> Format {
    if io::stdout().is_terminal() { Format::Table } else { Format::Jsonl }
}

/// Prints a report.
pub(super) fn report(format: Format, report: &Report, all: bool) -> Result<()> {
    let failed = |error: io::Error| Failure::io("the output", &error);
    let mut text = Vec::new();
    match format {
        Format::Jsonl => report.write_jsonl(&mut text).map_err(failed)?,
        Format::Ocsf => report.write_events(&mut text).map_err(failed)?,
        Format::Json => json_line(&mut text, report)?,
        Format::Csv => text = output::csv(&HEAD, &report.events.iter().map(row).collect::<Vec<_>>()).into_bytes(),
        Format::Table => {
            let mut events: Vec<_> = report.events.iter().filter(|event| all || needs_attention(event)).collect();
            events.sort_by_key(|event| Reverse(rank(event)));
            let rows: Vec<_> = events.into_iter().map(|event| cut(row(event), COLUMNS)).collect();
            text = output::table(&HEAD[..COLUMNS], &rows).into_bytes();
        }
    }
    output::write(&text)
}

/// Prints the difference of two reports, and in JSON what was not read in either.
pub(super) fn difference(format: Format, found: Diff, before: &Report, after: &Report) -> Result<()> {
    let mut text = Vec::new();
    match format {
        // Events of the lifecycle: created, updated and closed.
        Format::Jsonl | Format::Ocsf => {
            let report = lifecycle(found);
            report.write_events(&mut text).map_err(|error| Failure::io("the output", &error))?;
        }
        Format::Json => {
            let changed: Vec<_> =
                found.changed.iter().map(|own| json!({ "before": own.before, "after": own.after })).collect();
            let value = json!({
                "new": found.new, "gone": found.gone, "changed": changed, "uncertain": found.uncertain,
                "unchanged": found.unchanged, "without_uid": found.without_uid,
                "incomplete": { "before": before.incomplete, "after": after.incomplete },
            });
            json_line(&mut text, &value)?;
        }
        Format::Csv | Format::Table => {
            let changed = found.changed.iter().map(|own| ("changed", &own.after));
            let new = found.new.iter().map(|event| ("new", event));
            let gone = found.gone.iter().map(|event| ("gone", event));
            let uncertain = found.uncertain.iter().map(|event| ("uncertain", event));
            let all = new.chain(changed).chain(gone).chain(uncertain);
            let rows: Vec<_> = all.map(|(what, event)| [vec![what.to_owned()], row(event)].concat()).collect();
            let head = [&["change"], &HEAD[..]].concat();
            text = match format {
                Format::Csv => output::csv(&head, &rows).into_bytes(),
                _ => {
                    let rows: Vec<_> = rows.into_iter().map(|row| cut(row, COLUMNS + 1)).collect();
                    output::table(&head[..=COLUMNS], &rows).into_bytes()
                }
            };
        }
    }
    output::write(&text)
}

fn lifecycle(found: Diff) -> Report {
    let mut report = Report::new();
    report.events = found.into_events(vendors::now());
    report
}

fn json_line(text: &mut Vec<u8>, value: &impl serde::Serialize) -> Result<()> {
    let failed = |error| Failure::new(format!("the output cannot be encoded: {error}"));
    serde_json::to_writer_pretty(&mut *text, value).map_err(failed)?;
    text.push(b'\n');
    Ok(())
}

fn cut(mut row: Vec<String>, columns: usize) -> Vec<String> {
    row.truncate(columns);
    row
}

/// An event as the cells of `HEAD`.
fn row(event: &Event) -> Vec<String> {
    let caption = |severity: Severity| severity.caption().map_or_else(|| severity.0.to_string(), str::to_owned);
    let cloud = event.cloud.as_ref();
    let account = cloud.and_then(|cloud| cloud.account.as_ref()).and_then(|own| own.uid.clone().or(own.name.clone()));
    let resource = event.resources.as_ref().and_then(|all| all.first());
    let title = event.finding_info.as_ref().and_then(|info| info.title.clone());
    vec![
        caption(event.severity_id),
        result(event),
        event.metadata.product.name.clone().unwrap_or_default(),
        account.unwrap_or_default(),
        resource.and_then(|own| own.name.clone().or(own.uid.clone())).unwrap_or_default(),
        title.unwrap_or_default(),
        event.uid().unwrap_or_default().to_owned(),
    ]
}

/// The result of a check, or the state of a finding.
fn result(event: &Event) -> String {
    let check = event.compliance.as_ref().and_then(|check| check.status.clone());
    let state = || event.status_id.and_then(Status::caption).map(str::to_owned);
    check.or_else(state).unwrap_or_default()
}

/// Returns whether somebody has to look at the event.
fn needs_attention(event: &Event) -> bool {
    event.is_open() && !event.is_suppressed()
}

/// Returns whether the event is an open finding of at least this severity.
pub(super) fn is_severe(event: &Event, least: Severity) -> bool {
    needs_attention(event) && rank(event) >= least
}

/// The severity that counts: a finding whose severity is not known, or not one of the schema, can be any, and counts as
/// low.
fn rank(event: &Event) -> Severity {
    match event.severity_id {
        own @ (Severity::INFORMATIONAL
        | Severity::LOW
        | Severity::MEDIUM
        | Severity::HIGH
        | Severity::CRITICAL
        | Severity::FATAL) => own,
        _ => Severity::LOW,
    }
}

/// What a report has, as a line.
pub(super) fn summary(report: &Report) -> String {
    let open = report.events.iter().filter(|event| needs_attention(event)).count();
    let mut text = format!("{} events, {open} open findings", report.events.len());
    for (reason, count) in &report.dropped {
        text += &format!("; {count} rows without an event: {reason}");
    }
    if !report.is_complete() {
        text += &format!("; INCOMPLETE: {} parts were not read", report.incomplete.len());
    }
    text
}

/// What a difference has, as a line.
pub(super) fn difference_summary(found: &Diff) -> String {
    let Diff { new, gone, changed, uncertain, unchanged, .. } = found;
    let (new, gone, changed, uncertain) = (new.len(), gone.len(), changed.len(), uncertain.len());
    format!("{new} new, {gone} gone, {changed} changed, {unchanged} unchanged, {uncertain} uncertain")
}

#[cfg(test)]
mod tests {
    use cloud_findings::{FindingInfo, Metadata, Millis};

    use super::*;

    #[test]
    fn unknown_severity_counts_as_low() {
        let (low, medium, critical) = (Severity::LOW, Severity::MEDIUM, Severity::CRITICAL);
        for (severity, state, wanted) in [
            (Severity::UNKNOWN, Status::NEW, [true, false, false]),
            (Severity::OTHER, Status::NEW, [true, false, false]),
            (Severity(42), Status::NEW, [true, false, false]),
            (Severity::INFORMATIONAL, Status::NEW, [false, false, false]),
            (Severity::LOW, Status::NEW, [true, false, false]),
            (Severity::HIGH, Status::NEW, [true, true, false]),
            (Severity::FATAL, Status::NEW, [true, true, true]),
            (Severity::HIGH, Status::SUPPRESSED, [false, false, false]),
            (Severity::UNKNOWN, Status::RESOLVED, [false, false, false]),
        ] {
            let info = FindingInfo::new("a".to_owned(), "a finding");
            let mut event = Event::detection(Metadata::new("RISKEN", "Finding"), info, severity, Millis::default());
            event.set_status(state);
            assert_eq!([low, medium, critical].map(|least| is_severe(&event, least)), wanted, "{severity:?} {state:?}");
        }
    }
}

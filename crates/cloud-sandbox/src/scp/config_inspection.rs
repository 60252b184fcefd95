//! Config Inspection: what is inspected, when, and what came out.

use super::state::Handlers;

mod checklist;
mod dates;
mod manage;
mod marker;
mod read;
mod run;
mod schedule;
mod seed;
pub(crate) mod store;

/// The operations by name.
pub(crate) const HANDLERS: Handlers = &[
    ("create_diagnosis", manage::create),
    ("delete_diagnosis", manage::delete),
    ("request_diagnosis", manage::request),
    ("show_diagnosis", read::show),
    ("list_diagnoses", read::list),
    ("show_diagnosis_result", read::result),
    ("list_diagnosis_results", read::results),
    ("list_checklist_versions", read::checklists),
];
